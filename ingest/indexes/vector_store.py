"""The index of vectors in a folder that can be replaced by a fresh one while it is in use.

Chroma gives no disk space back, and its graph walks through what was removed. So when much has been, a second
index is filled from the catalog beside the first; what changes meanwhile goes into both; then the second takes
over, and the first is deleted.

    chroma.json     which folder answers, and how many vectors have been removed from it
    chroma, chroma-2, chroma-3 …     one of them; another one is a renewal that was interrupted
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import Cancelled
from ingest.protocols import Vectors

if TYPE_CHECKING:
    from ingest.indexes.vectors import ChromaIndex

log = logging.getLogger("footnote.ingest")

FIRST = "chroma"
COPIED = 512  # vectors at a time: changes wait for no more


class VectorStore:
    """A `VectorIndex` below `home`, opened when it is first needed: importing Chroma takes a second."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._state_file = home / "chroma.json"
        self._folder, self._removed = self._read_state()
        self._index: ChromaIndex | None = None
        self._next: ChromaIndex | None = None  # is being filled: every change is made to it, too
        self._changing = threading.RLock()  # one change at a time
        self._renewing = threading.Lock()
        self._guard = threading.Condition()  # of _index and _asking
        self._asking = 0  # searches under way
        self._closed = False

    @property
    def removed(self) -> int:
        """How many vectors were removed since the folder was new: their space is still taken."""
        return self._removed

    # ------------------------------------------------------------------ as any index

    def add(self, library_id: int, chunk_ids: Sequence[int], vectors: Vectors) -> None:
        with self._changing:
            for index in self._changed():
                index.add(library_id, chunk_ids, vectors)

    def remove(self, library_id: int, chunk_ids: range) -> None:
        with self._changing:
            for index in self._changed():
                index.remove(library_id, chunk_ids)
            self._note(self._folder, self._removed + len(chunk_ids))

    def drop(self, library_id: int) -> None:
        with self._changing:
            count = len(self.ids(library_id))
            for index in self._changed():
                index.drop(library_id)
            self._note(self._folder, self._removed + count)

    def search(self, library_id: int, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        with self._used() as index:
            return index.search(library_id, vector, limit)

    def ids(self, library_id: int) -> set[int]:
        with self._used() as index:
            return index.ids(library_id)

    def close(self) -> None:
        with self._changing:
            self._closed = True
            index = self._put(None)
            if index is not None:
                index.close()

    # ------------------------------------------------------------------ a fresh folder

    def renew(
        self,
        libraries: Callable[[], Mapping[int, Sequence[int]]],
        read: Callable[[Sequence[int]], tuple[list[int], Vectors]],
        goes_on: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Fill a new folder, let it answer, delete the old one; False when `goes_on` has ended it.

        `libraries` gives the chunk ids by library; it is asked once changes go into both folders, so that nothing falls
        between. `read` gives the vectors of some as the catalog has them at that moment, [] for those that have gone.
        Searches and changes go on meanwhile. Raises DiskFull; the old folder then goes on answering.
        """
        with self._renewing:
            return self._renew(libraries, read, goes_on)

    def _renew(
        self,
        libraries: Callable[[], Mapping[int, Sequence[int]]],
        read: Callable[[Sequence[int]], tuple[list[int], Vectors]],
        goes_on: Callable[[], bool],
    ) -> bool:
        from ingest.indexes.vectors import ChromaIndex

        folder = self._free_folder()
        with self._changing:
            self._next = fresh = ChromaIndex(self._home / folder)
        try:
            for library_id, chunk_ids in libraries().items():
                for start in range(0, len(chunk_ids), COPIED):
                    if not goes_on():
                        return False
                    with self._changing:  # what is read here is not removed before it is written
                        ids, vectors = read(chunk_ids[start : start + COPIED])
                        if ids:
                            fresh.add(library_id, ids, vectors)
            with self._changing:
                old, old_folder = self._put(fresh), self._folder
                self._next = None
                self._note(folder, 0)
                if old is not None:
                    old.close()
            self._delete(old_folder)
        finally:
            with self._changing:
                if self._next is not None:
                    self._next.close()
                    self._next = None
                    self._delete(folder)
        return True

    def _free_folder(self) -> str:
        """The name of the next folder; what an interrupted renewal has left is deleted."""
        for path in self._home.glob(f"{FIRST}*"):
            if path.is_dir() and path.name != self._folder:
                self._delete(path.name)
        number = int(self._folder.removeprefix(FIRST).removeprefix("-") or 1)
        return f"{FIRST}-{number + 1}"

    def _delete(self, folder: str) -> None:
        shutil.rmtree(
            self._home / folder, ignore_errors=True
        )  # what cannot go now goes before the next renewal

    # ------------------------------------------------------------------ inside

    def _changed(self) -> list[ChromaIndex]:
        """The indexes that a change is made to; only under `_changing`."""
        return [self._opened(), *([self._next] if self._next is not None else [])]

    @contextmanager
    def _used(self) -> Iterator[ChromaIndex]:
        """The index that answers; it is not closed while somebody asks it."""
        with self._guard:
            index = self._opened()
            self._asking += 1
        try:
            yield index
        finally:
            with self._guard:
                self._asking -= 1
                self._guard.notify_all()

    def _opened(self) -> ChromaIndex:
        with self._guard:
            if self._closed:
                raise Cancelled("Footnote is closing. Start it again.")
            if self._index is None:
                from ingest.indexes.vectors import ChromaIndex

                self._index = ChromaIndex(self._home / self._folder)
            return self._index

    def _put(self, index: ChromaIndex | None) -> ChromaIndex | None:
        """Let another index answer; returns the one before, which nobody asks any more."""
        with self._guard:
            self._guard.wait_for(lambda: not self._asking)
            before, self._index = self._index, index
            return before

    def _read_state(self) -> tuple[str, int]:
        try:
            kept = json.loads(self._state_file.read_text(encoding="utf-8"))
            return str(kept["folder"]), int(kept["removed"])
        except FileNotFoundError:
            return FIRST, 0
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is not readable (%s).", self._state_file, error)
            there = [path.name for path in self._home.glob(f"{FIRST}*") if path.is_dir()]
            return (there[0] if len(there) == 1 else FIRST), 0

    def _note(self, folder: str, removed: int) -> None:
        """Which folder answers, from now on and after a restart."""
        draft = self._state_file.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file:
            json.dump({"folder": folder, "removed": removed}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._state_file)
        self._folder, self._removed = folder, removed

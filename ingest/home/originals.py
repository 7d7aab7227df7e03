"""The files themselves, content-addressed: one copy of each, named by its SHA-256."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.errors import DiskFull, Unreadable

BLOCK_BYTES = 1 << 20
CHANGED = "This file changed while it was being stored. Add it again when it is finished."


class Originals:
    """`folder`/ab/abcdef… ; client file names are never used as paths. Safe for threads.

    `in_use` says whether the catalog needs a content; it is asked before anything is thrown away.
    """

    def __init__(self, folder: Path, in_use: Callable[[str], bool]) -> None:
        self._folder = folder
        self._in_use = in_use
        self._guard = threading.Lock()  # of the three below, and of unlinking
        self._keeping = 0
        self._due: set[str] = set()  # to be thrown away
        self._fresh: set[str] = set()  # stored since the keeping began; the catalog may not name them yet

    def path(self, content_hash: str) -> Path:
        return self._folder / content_hash[:2] / content_hash

    def put(self, source: Path, size_bytes: int, move: bool = False) -> str:
        """Store a file of that size, durable on return; returns its content hash (SHA-256, hex).

        With `move` the source is used up. Raises Unreadable (also for a file that has grown meanwhile) or
        DiskFull; then nothing is kept.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f"partial-{secrets.token_hex(8)}"
        digest = hashlib.sha256()
        try:
            with source.open("rb") as read, partial.open("xb") as write:
                left = size_bytes
                while block := read.read(BLOCK_BYTES):
                    left -= len(block)
                    if left < 0:
                        raise Unreadable(CHANGED)
                    digest.update(block)
                    write.write(block)
                write.flush()
                os.fsync(write.fileno())
            target = self.path(digest.hexdigest())
            target.parent.mkdir(exist_ok=True)
            with self._guard:
                if self._keeping:
                    self._fresh.add(target.name)
            partial.replace(target)
        except Unreadable:
            partial.unlink(missing_ok=True)
            raise
        except OSError as error:
            partial.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(
                    "The disk is full. Free some space, then add the file again; nothing was lost."
                ) from error
            raise Unreadable(
                f"This file cannot be read ({error.strerror}). Check that it exists and that you may open it."
            ) from error
        if move:
            source.unlink(missing_ok=True)
        return digest.hexdigest()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """While it is open nothing is thrown away; what was to be is looked at again when it ends.

        For a file that is stored before the catalog names it, and for a backup.
        """
        with self._guard:
            self._keeping += 1
        try:
            yield
        finally:
            with self._guard:
                self._keeping -= 1
                if not self._keeping:
                    self._fresh.clear()
                self._throw_away()

    def discard(self, hashes: Iterable[str]) -> int:
        """Throw contents away that nothing needs; returns how many files went just now."""
        with self._guard:
            self._due.update(each for each in hashes if each)
            return self._throw_away()

    def _throw_away(self) -> int:
        if self._keeping:
            return 0
        gone = 0
        for content_hash in self._due:
            path = self.path(content_hash)
            if path.exists() and not self._in_use(content_hash):
                path.unlink()
                gone += 1
        self._due.clear()
        return gone

    def hashes(self) -> set[str]:
        return {path.name for path in self._folder.glob("??/*")}

    def unneeded(self, needed: set[str]) -> set[str]:
        """Contents that are not among `needed` and not just being stored."""
        with self._guard:
            return self.hashes() - needed - self._fresh

    def sweep(self) -> None:
        """Remove what an interrupted `put` has left."""
        for path in self._folder.glob("partial-*"):
            path.unlink(missing_ok=True)


def hash_of(path: Path) -> str:
    """The content hash of the file at `path`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

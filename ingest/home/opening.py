"""Home: the folder that holds everything, opened by the one process that owns it.

`open_home` takes the lock, opens the catalog and finishes what a killed process has left. Models
and Chroma are loaded when first needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from ingest.catalog import Catalog
from ingest.errors import NotFound
from ingest.follow.follower import Followers
from ingest.home.backup import write_backup
from ingest.home.lock import HomeLock
from ingest.home.originals import Originals
from ingest.indexes.checking import check_library, check_originals, find_remains
from ingest.indexes.lexical import TantivyIndex
from ingest.indexes.outbox import Outbox
from ingest.indexes.reclaim import Reclaiming
from ingest.indexes.vector_store import VectorStore
from ingest.library import LocalLibrary
from ingest.model.documents import LibraryInfo
from ingest.model.upkeep import BackupInfo, Fault, Remains
from ingest.pipeline import Parts, Pipeline
from ingest.processes.limits import give_freed_back
from ingest.processes.sandbox import SandboxPool
from ingest.protocols import OWNER, Caller, LexicalIndex
from ingest.queue.jobs import JobQueue
from ingest.queue.keys import clean_name
from ingest.settings import Settings
from ingest.shelf.alike import Comparing


def open_home(settings: Settings) -> LocalHome:
    """Own the home folder. Raises HomeBusy when another process does."""
    give_freed_back()
    lock = HomeLock.acquire(settings.home)
    try:
        return LocalHome(settings, lock)
    except BaseException:
        lock.release()
        raise


class LocalHome:
    """`ingest.protocols.Home` over the folder itself. Safe for threads."""

    def __init__(self, settings: Settings, lock: HomeLock) -> None:
        self.settings = settings
        self.lock = lock
        self.catalog = Catalog(settings.home / "catalog.sqlite")
        self.originals = Originals(settings.home / "originals", self.catalog.documents.hash_in_use)
        self.sandbox = SandboxPool(settings)
        self.comparing = Comparing(self.catalog)
        self.queue = JobQueue(self.catalog)
        self.words: LexicalIndex = TantivyIndex(settings.home / "lexical")
        self.vectors = VectorStore(settings.home)
        self.passwords: dict[int, str] = {}  # document id → password, for this process only
        self.outbox = Outbox(self.catalog, self.words, self.vectors, self.originals)
        self.reclaiming = Reclaiming(settings.home, self.catalog, self.vectors, self.queue)
        self.pipeline = Pipeline(
            Parts(
                settings=settings,
                catalog=self.catalog,
                queue=self.queue,
                outbox=self.outbox,
                originals=self.originals,
                sandbox=self.sandbox,
                passwords=self.passwords,
                comparing=self.comparing,
                embedder=lambda: self.embedder,
            )
        )
        self.followers = Followers(self)
        self._renew_words()
        self.pipeline.recover()
        self.reclaiming.look()

    def _renew_words(self) -> None:
        """Post the words of libraries whose index is of an older analysis, or gone."""
        for library_id in self.catalog.libraries.ids().values():
            if not self.words.exists(library_id) and self.catalog.passages.ids(library_id):
                self.catalog.outbox.rebuild(library_id, "words")

    @cached_property
    def embedder(self) -> str:
        """Identity of the embedder chosen now."""
        from ingest.embedder import embedder_identity

        return embedder_identity(self.settings)

    # ------------------------------------------------------------------ libraries

    def libraries(self, caller: Caller = OWNER) -> list[LibraryInfo]:
        return [
            self.catalog.libraries.info(library_id)
            for name, library_id in self.catalog.libraries.ids().items()
            if caller.may_see(name)
        ]

    def create(self, name: str) -> LibraryInfo:
        return self.catalog.libraries.info(self.catalog.libraries.create(clean_name(name), self.embedder))

    def rename(self, old: str, new: str) -> LibraryInfo:
        library_id = self._id(old)
        self.catalog.libraries.rename(library_id, clean_name(new))
        return self.catalog.libraries.info(library_id)

    def delete(self, name: str) -> None:
        library_id = self._id(name)
        self.queue.cancel([row.id for row in self.queue.rows(library_id)])
        self.originals.discard(self.catalog.libraries.delete(library_id))
        self.followers.refresh()
        self.outbox.drain()
        self.reclaiming.look()

    def library(self, name: str, caller: Caller = OWNER) -> LocalLibrary:
        if not caller.may_see(name):
            raise NotFound(_no_library(name))
        return LocalLibrary(self, self._id(name), name)

    def _id(self, name: str) -> int:
        library_id = self.catalog.libraries.id_of(name)
        if library_id is None:
            raise NotFound(_no_library(name))
        return library_id

    # ------------------------------------------------------------------ care

    @contextmanager
    def asking(self) -> Iterator[None]:
        self.pipeline.question_begins()
        try:
            yield
        finally:
            self.pipeline.question_ends()

    def paused(self) -> bool:
        return self.queue.paused

    def pause(self, paused: bool = True) -> None:
        self.queue.pause(paused)

    def check(self, library: str | None = None) -> list[Fault]:
        faults: list[Fault] = []
        with self.outbox.still():
            for name, library_id in self.catalog.libraries.ids().items():
                if library is None or name.casefold() == library.casefold():
                    faults += check_library(name, library_id, self.catalog, self.words, self.vectors)
            if library is None:
                faults += check_originals(self.catalog, self.originals)
            elif self.catalog.libraries.id_of(library) is None:
                raise NotFound(_no_library(library))
        return faults

    def remains(self) -> Remains:
        with self.outbox.still():
            return find_remains(self.catalog, self.words, self.vectors, self.originals)

    def rebuild(self, library: str | None = None) -> None:
        if library:
            self.catalog.outbox.rebuild(self._id(library))
        else:
            for library_id in self.catalog.libraries.ids().values():
                self.catalog.outbox.rebuild(library_id, "words")
            self.reclaiming.renew_vectors()
        self.outbox.drain()

    def backup(self, path: str) -> BackupInfo:
        return write_backup(self.settings.home, self.originals, Path(path))

    def close(self) -> None:
        """Let the work at hand stop, close the stores, give the folder back."""
        self.followers.close()
        self.reclaiming.close()
        self.pipeline.close()
        self.sandbox.close()
        self.words.close()
        self.vectors.close()
        self.catalog.close()
        self.lock.release()


def _no_library(name: str) -> str:
    return f"There is no library “{name}”. `python -m ingest libraries` lists them; `add` makes a new one."

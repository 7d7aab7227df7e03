"""Nearest neighbours by cosine: one Chroma collection per library, vectors and ids only.

Chroma is derived state: the catalog holds every vector, so the folder can be deleted and built anew.
The only module that imports chromadb, and only when an index is opened (0.6 s).

Not covered: Chroma gives no disk space back after removals and drops (`ingest.indexes.vector_store` fills a new
folder), and its embedded client is safe for threads, not for processes; whoever opens an index owns
the home folder.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from ingest.errors import DiskFull, HomeBusy
from ingest.protocols import Vectors

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection
    from chromadb.api.types import QueryResult


class ChromaIndex:
    """A `VectorIndex` in `folder`, which is made when missing.

    Raises HomeBusy when another process is writing to it, DiskFull when there is no space.
    """

    # HNSW, chosen by recall@60 against the exact neighbours (rag/evaluate/LOG.md, "Chroma").
    MAX_NEIGHBORS = 16  # M
    EF_CONSTRUCTION = 100
    EF_SEARCH = 200
    SYNC_THRESHOLD = 1_000  # vectors between two writes of the graph; a start replays at most these
    LOCK_TIMEOUT_SECONDS = 5.0
    LEAST_FREE_BYTES = 16 * 2**20  # a fault with less than this left is a full disk's
    PAGE = 5_000  # ids fetched at a time
    TRIES = 3  # of a search that meets a change of another thread half done

    _open: ClassVar[Counter[Path]] = Counter()  # folders open in this process

    def __init__(self, folder: Path) -> None:
        import chromadb
        from chromadb.config import Settings

        self._folder = folder.resolve()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._refuse_locked()
        with self._faults():
            client = chromadb.PersistentClient(
                str(self._folder), settings=Settings(anonymized_telemetry=False)
            )
        self._client = cast("Client", client)  # the declared ClientAPI has no close()
        self._open[self._folder] += 1
        self._batch = self._client.get_max_batch_size()
        self._collections: dict[int, Collection] = {}
        self._guard = threading.Lock()  # of _collections
        self._writing = threading.RLock()  # one change at a time; ids() pages through a still picture
        self._closed = False

    # ------------------------------------------------------------------ changes

    def add(self, library_id: int, chunk_ids: Sequence[int], vectors: Vectors) -> None:
        """Add or replace; `vectors` has shape (len(chunk_ids), dimensions). Durable on return."""
        if len(chunk_ids) != len(vectors):
            raise ValueError(f"{len(chunk_ids)} ids, {len(vectors)} vectors")
        if not len(chunk_ids):
            return
        with self._faults(), self._writing:
            collection = self._collection(library_id, create=True)
            assert collection is not None
            for start in range(0, len(chunk_ids), self._batch):
                batch = slice(start, start + self._batch)
                ids = [str(i) for i in chunk_ids[batch]]
                # Removed first: a vector moved within the graph may cut its neighbours off from it.
                if held := collection.get(ids=ids, include=[])["ids"]:
                    collection.delete(ids=held)
                collection.upsert(ids=ids, embeddings=vectors[batch])

    def remove(self, library_id: int, chunk_ids: range) -> None:
        """Remove the ids of a range; what is not there is no fault."""
        with self._faults(), self._writing:
            collection = self._collection(library_id)
            if collection is None or not chunk_ids:
                return
            doomed: Sequence[int] = chunk_ids
            if len(chunk_ids) > collection.count():
                doomed = sorted(i for i in self.ids(library_id) if i in chunk_ids)
            for start in range(0, len(doomed), self._batch):
                collection.delete(ids=[str(i) for i in doomed[start : start + self._batch]])

    def drop(self, library_id: int) -> None:
        """Forget a library; one that is not there is no fault."""
        from chromadb.errors import NotFoundError

        with self._faults(), self._writing, self._guard:
            self._collections.pop(library_id, None)
            try:
                self._client.delete_collection(_name(library_id))
            except NotFoundError:
                return

    # ------------------------------------------------------------------ looking

    def search(self, library_id: int, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        """(chunk id, cosine similarity -1 to 1), best first, equal ones by id.

        `vector` has shape (dimensions,). Empty for a library without vectors.
        """
        from chromadb.errors import ChromaError

        if limit < 1:
            return []
        with self._faults():
            collection = self._collection(library_id)
            if collection is None:
                return []
            for left in reversed(range(self.TRIES)):
                try:
                    found = _nearest(collection, vector, limit)
                    break
                except ChromaError:
                    if self._is_void(library_id, collection):
                        return []
                    if not left:
                        raise
        distances = found["distances"]
        assert distances is not None
        hits = [(int(i), 1.0 - float(d)) for i, d in zip(found["ids"][0], distances[0], strict=True)]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))

    def ids(self, library_id: int) -> set[int]:
        with self._faults(), self._writing:
            collection = self._collection(library_id)
            found: set[int] = set()
            while collection is not None:
                page = collection.get(limit=self.PAGE, offset=len(found), include=[])["ids"]
                found.update(map(int, page))
                if len(page) < self.PAGE:
                    break
            return found

    def close(self) -> None:
        """Release files and memory; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._collections.clear()
        self._client.close()
        self._open[self._folder] -= 1

    # ------------------------------------------------------------------ inside

    def _collection(self, library_id: int, create: bool = False) -> Collection | None:
        """The library's collection, looked up once; None when there is none and `create` is False."""
        from chromadb.errors import NotFoundError

        with self._guard:
            if library_id not in self._collections:
                name = _name(library_id)
                try:
                    found = self._client.get_collection(name, embedding_function=None)
                except NotFoundError:
                    if not create:
                        return None
                    found = self._client.create_collection(
                        name,
                        embedding_function=None,
                        configuration={
                            "hnsw": {
                                "space": "cosine",
                                "max_neighbors": self.MAX_NEIGHBORS,
                                "ef_construction": self.EF_CONSTRUCTION,
                                "ef_search": self.EF_SEARCH,
                                "sync_threshold": self.SYNC_THRESHOLD,
                            }
                        },
                    )
                self._collections[library_id] = found
            return self._collections[library_id]

    def _is_void(self, library_id: int, collection: Collection) -> bool:
        """Whether another thread has dropped it, or has made it and not yet written its first vectors: no graph."""
        from chromadb.errors import NotFoundError

        with self._guard:
            if self._collections.get(library_id) is not collection:
                return True
        try:
            return not collection.count()
        except NotFoundError:
            return True

    def _refuse_locked(self) -> None:
        """Raise HomeBusy if another process holds the database: Chroma itself would wait 1,000 s.

        Only before the first client of this process opens the file: closing a second descriptor
        drops the POSIX locks of the first.
        """
        database = self._folder / "chroma.sqlite3"
        if self._open[self._folder] or not database.exists():
            return
        try:
            with closing(sqlite3.connect(database, timeout=self.LOCK_TIMEOUT_SECONDS)) as probe:
                probe.execute("BEGIN IMMEDIATE")
                probe.rollback()
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise _busy(self._folder) from error
            raise

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """What a person can mend, in their words; the rest passes as it is."""
        from chromadb.errors import InternalError

        try:
            yield
        except InternalError as error:
            # Chroma often does not say why it failed ("Failed to apply logs to the hnsw segment writer").
            if shutil.disk_usage(self._folder).free < self.LEAST_FREE_BYTES:
                raise DiskFull(f"No space left for {self._folder}. Free some and try again.") from error
            if "is locked" in str(error):
                raise _busy(self._folder) from error
            raise


def _nearest(collection: Collection, vector: Vectors, limit: int) -> QueryResult:
    return collection.query(query_embeddings=vector[None, :], n_results=limit, include=["distances"])


def _name(library_id: int) -> str:
    return f"library-{library_id}"


def _busy(folder: Path) -> HomeBusy:
    return HomeBusy(f"Another process is using {folder}. Close it and try again.")

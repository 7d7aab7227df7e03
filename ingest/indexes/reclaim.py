"""Disk space comes back after removals, on its own, when it is worthwhile and nothing else is to be done.

Chroma's folder is filled anew (`ingest.indexes.vector_store`), the catalog is vacuumed; BM25 merges its segments by itself.
Questions and changes go on meanwhile. Both need space for a second copy; without it nothing is begun.
"""

from __future__ import annotations

import logging
import shutil
import threading
from pathlib import Path

from ingest.catalog import Catalog
from ingest.errors import DiskFull
from ingest.indexes.vector_store import VectorStore
from ingest.model.adding import UNFINISHED
from ingest.queue.jobs import JobQueue

log = logging.getLogger("footnote.ingest")

LEAST_REMOVED = 2_000  # vectors: less is not worth a second copy …
REMOVED_SHARE = 0.5  # … nor is less than this share of all that the folder has held
LEAST_FREE_BYTES = 32 * 2**20  # of the catalog …
FREE_SHARE = 0.33  # … and of its file
VECTOR_BYTES = 2_000  # of 384 dimensions in Chroma: the graph, its log, ids (rag/evaluate/LOG.md)
SPARE_BYTES = 64 * 2**20  # that stay free on the disk
LOOK_SECONDS = 1.0


class Reclaiming:
    """Looks whether space is to be had back, and fetches it in a thread of its own."""

    def __init__(self, home: Path, catalog: Catalog, vectors: VectorStore, queue: JobQueue) -> None:
        self._home = home
        self._catalog = catalog
        self._vectors = vectors
        self._queue = queue
        self._closing = threading.Event()
        self._lock = threading.Lock()  # of _thread
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        """After a removal, and at a start: begin where it is worthwhile. Returns at once."""
        with self._lock:
            running = self._thread is not None and self._thread.is_alive()
            if (
                not running
                and not self._closing.is_set()
                and (self._vectors_waste() or self._catalog_wastes())
            ):
                self._thread = threading.Thread(target=self._run, name="reclaim", daemon=True)
                self._thread.start()

    def renew_vectors(self) -> None:
        """Fill the vectors' folder anew now, whatever it holds; searches go on meanwhile."""
        passages, libraries = self._catalog.passages, self._catalog.libraries
        renewed = self._vectors.renew(
            lambda: {each: passages.with_vectors(each) for each in libraries.ids().values()},
            passages.vectors,
            lambda: not self._closing.is_set(),
        )
        if renewed:
            log.info("the vectors' folder was made anew")

    def close(self) -> None:
        """Stop after the block at hand; what is half done is thrown away."""
        self._closing.set()
        with self._lock:
            if self._thread is not None:
                self._thread.join()

    def _run(self) -> None:
        while self._queue.rows(stages=UNFINISHED, limit=1) and not self._queue.paused:
            if self._closing.wait(LOOK_SECONDS):
                return
        try:
            if self._vectors_waste():
                self.renew_vectors()
            if self._catalog_wastes() and not self._closing.is_set():
                before = self._catalog.size_bytes()
                self._catalog.vacuum()
                log.info("the catalog gave %d MiB back", (before - self._catalog.size_bytes()) >> 20)
        except DiskFull as error:
            log.warning("disk space could not be reclaimed: %s", error)

    def _vectors_waste(self) -> bool:
        removed = self._vectors.removed
        if removed < LEAST_REMOVED:
            return False
        live = self._catalog.passages.count()
        needed = live * VECTOR_BYTES + SPARE_BYTES
        return removed >= REMOVED_SHARE * (removed + live) and self._spare() > needed

    def _catalog_wastes(self) -> bool:
        whole, free = self._catalog.size_bytes(), self._catalog.free_bytes()
        needed = 2 * (whole - free) + SPARE_BYTES  # the copy, and as much again in the log
        return free >= max(LEAST_FREE_BYTES, FREE_SHARE * whole) and self._spare() > needed

    def _spare(self) -> int:
        return shutil.disk_usage(self._home).free

"""Outbox → Chroma and BM25: the indexes follow the catalog, in the order of its commits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import groupby

from ingest.catalog import Catalog, OutboxRow
from ingest.home.originals import Originals
from ingest.protocols import LexicalIndex, VectorIndex, WordsEntry


class Outbox:
    """Works off the outbox. Both targets may be drained at the same time, each by one thread."""

    def __init__(
        self, catalog: Catalog, words: LexicalIndex, vectors: VectorIndex, originals: Originals
    ) -> None:
        self._catalog = catalog
        self._words = words
        self._vectors = vectors
        self._originals = originals
        self._locks = {"words": threading.RLock(), "vectors": threading.RLock()}

    def drain(self, *targets: str) -> None:
        """Finish all index work that is posted; repeating a step that was done before is harmless."""
        for target in targets or ("words", "vectors"):
            with self._locks[target]:
                while rows := self._catalog.outbox.oldest(target):
                    for (library_id, action), group in groupby(rows, lambda r: (r.library_id, r.action)):
                        self._apply(target, library_id, action, list(group))

    @contextmanager
    def still(self) -> Iterator[None]:
        """Drained, and while it is open neither the catalog nor an index changes: all can be compared."""
        with ExitStack() as held:
            for target in ("words", "vectors"):  # always in this order
                held.enter_context(self._locks[target])
            while True:
                self.drain()
                with self._catalog.transaction():
                    if not self._catalog.outbox.oldest("words", 1) and not self._catalog.outbox.oldest(
                        "vectors", 1
                    ):
                        yield
                        return

    def _apply(self, target: str, library_id: int, action: str, rows: list[OutboxRow]) -> None:
        index = self._words if target == "words" else self._vectors
        if action == "drop":
            index.drop(library_id)
        elif action == "remove":
            for row in rows:
                if row.chunk_ids:
                    index.remove(library_id, row.chunk_ids)
        elif target == "words":
            self._add_words(library_id, rows)
        else:
            ids, vectors = self._catalog.passages.vectors([i for row in rows for i in row.chunk_ids])
            if ids:
                self._vectors.add(library_id, ids, vectors)
        self._originals.discard(self._catalog.outbox.finish(rows))

    def _add_words(self, library_id: int, rows: list[OutboxRow]) -> None:
        entries = [
            WordsEntry(chunk.id, chunk.text, chunk.context)
            for row in rows
            for chunk in self._catalog.passages.to_index(row.chunk_ids)
        ]
        if entries:
            self._words.add(library_id, entries)

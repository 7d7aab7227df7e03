"""A scope, resolved: the documents and passages of a library that a question may look at.

Filtering an HNSW graph loses neighbours (what it walks through is mostly out of scope), so a small scope is
searched exactly: every vector of it, read from the catalog.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.catalog import SWITCHED_OFF, Catalog
from ingest.errors import NotFound
from ingest.model.documents import Listed
from ingest.protocols import LexicalIndex, VectorIndex, Vectors
from ingest.shelf.aside import aside
from ingest.shelf.scope import Choosable, Scope, chosen, unmatched
from ingest.shelf.tags import tagged

EXACT_CHUNKS = 10_000  # up to here every vector is looked at: less than 0.1 s
OVERFETCH, MOST_FETCHED = 4, 4_000  # what an index is asked for before its hits are held against the scope
BLOCK = 8_192  # vectors in memory at a time


@dataclass(frozen=True, slots=True)
class Within:
    """`ranges` are the chunk ids of the documents, ascending, apart from each other."""

    documents: frozenset[int]
    origins: int
    ranges: tuple[range, ...]

    @property
    def chunks(self) -> int:
        return sum(map(len, self.ranges))

    @property
    def ids(self) -> list[int]:
        return [chunk_id for each in self.ranges for chunk_id in each]

    def holding(self, hits: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
        """Those of the hits, (chunk id, score), that are in the scope."""
        starts = [each.start for each in self.ranges]

        def inside(chunk_id: int) -> bool:
            place = bisect_right(starts, chunk_id) - 1
            return place >= 0 and chunk_id in self.ranges[place]

        return [hit for hit in hits if inside(hit[0])]


def listed(catalog: Catalog, library_id: int) -> list[Listed]:
    """Every origin of a library by key, with as little as is needed to choose among ten thousand."""
    return marked(catalog, library_id, catalog.documents.listed(library_id))


def marked(catalog: Catalog, library_id: int, listed: Sequence[Choosable]) -> list[Choosable]:
    """Origins of a library with their tags, and whether their documents are set aside."""
    away = aside(catalog, library_id)
    found = tagged(catalog, library_id, listed)
    return [replace(each, aside=True) if each.document_id in away else each for each in found]


def resolve(catalog: Catalog, library_id: int, name: str, scope: Scope) -> Within:
    """Raises NotFound when no document fits, WrongUsage for a scope that means nothing."""
    everything = listed(catalog, library_id)
    found = chosen(scope, everything)
    if not found:
        missing = unmatched(scope, everything)
        raise NotFound(
            f"No document of “{name}” fits “{missing[0].strip('/')}”. The Library page, or `python -m ingest list`, "
            "shows what is there."
            if missing
            else f"No document of “{name}” is in this scope. Choose others, or ask all of them."
        )
    documents = frozenset(each.document_id for each in found)
    rows = catalog.read(
        "SELECT min(id), max(id) FROM chunks WHERE document_id IN (SELECT value FROM json_each(?)) "
        "GROUP BY document_id ORDER BY 1",
        (json.dumps(sorted(documents)),),
    )
    return Within(documents, len(found), tuple(_joined(rows)))


def _joined(rows: Sequence[tuple[int, int]]) -> Iterator[range]:
    """(first, last) as ranges, neighbours as one."""
    start = end = 0
    for first, last in rows:
        if first != end:
            if end:
                yield range(start, end)
            start = first
        end = last + 1
    if end:
        yield range(start, end)


def search_words(
    index: LexicalIndex, library_id: int, within: Within, query: str, limit: int
) -> list[tuple[int, float]]:
    """BM25's best of the scope, best first; the same as if all hits had been held against it."""
    fetched = limit * OVERFETCH
    hits = index.search(library_id, query, fetched)
    found = within.holding(hits)
    if len(found) >= limit or len(hits) < fetched:
        return found[:limit]
    return index.search(library_id, query, limit, within.ids)


def search_vectors(
    catalog: Catalog,
    index: VectorIndex,
    library_id: int,
    within: Within,
    vector: Vectors,
    limit: int,
    total: int,
) -> list[tuple[int, float]]:
    """The nearest of the scope, best first, of `total` passages in the library.

    Exact up to EXACT_CHUNKS passages; above, what the index finds of them, and exact again where it finds
    too few.
    """
    if within.chunks > EXACT_CHUNKS:
        fetched = min(MOST_FETCHED, OVERFETCH * limit * max(1, total // within.chunks))
        found = within.holding(index.search(library_id, vector, fetched))
        if len(found) >= limit:
            return found[:limit]
    return nearest(catalog, within, vector, limit)


def nearest(catalog: Catalog, within: Within, vector: Vectors, limit: int) -> list[tuple[int, float]]:
    """(chunk id, cosine) of the nearest by looking at every vector, best first, equal ones by id."""
    ids = np.zeros(0, np.int64)
    scores = np.zeros(0, np.float32)
    for block, vectors in _blocks(catalog, within):
        ids = np.concatenate([ids, block])
        scores = np.concatenate([scores, vectors @ vector])
        order = np.lexsort((ids, -scores))[:limit]
        ids, scores = ids[order], scores[order]
    return list(zip(ids.tolist(), scores.tolist(), strict=True))


def _blocks(catalog: Catalog, within: Within) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
    """Ids and vectors, shape (ids, dimensions), some thousands at a time; ids without one are left out."""
    rows: list[tuple[int, bytes]] = []
    for wanted in within.ranges:
        for start in range(wanted.start, wanted.stop, BLOCK):
            last = min(start + BLOCK, wanted.stop) - 1
            found = (
                "SELECT chunk_id, vector FROM vectors WHERE chunk_id BETWEEN ? AND ? "
                f"AND chunk_id NOT IN {SWITCHED_OFF} ORDER BY chunk_id"
            )
            rows += [(chunk_id, vector) for chunk_id, vector in catalog.read(found, (start, last))]
            if len(rows) >= BLOCK:
                yield _matrix(rows)
                rows = []
    if rows:
        yield _matrix(rows)


def _matrix(rows: Sequence[tuple[int, bytes]]) -> tuple[NDArray[np.int64], Vectors]:
    halves = np.frombuffer(b"".join(vector for _, vector in rows), np.float16).reshape(len(rows), -1)
    return np.array([chunk_id for chunk_id, _ in rows], np.int64), halves.astype(np.float32)

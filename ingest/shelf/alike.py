"""Near duplicates: documents of a library whose text is almost the same, or stands in another one.

Each document is held against the others once, when it is complete, and the pairs are kept. Candidates come
from the fingerprints of `ingest.text.likeness` in the catalog; each is then compared word for word. A library
that is older than this is caught up with in the background.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.text.likeness import VERSION, Runs, fingerprints, runs, shares

if TYPE_CHECKING:
    from ingest.catalog import Catalog

LEAST_WORDS = 20  # shorter texts are alike by chance
ALIKE = 0.8  # share of a document's words that must stand in the other one
HOLDERS = 100  # newest documents looked at for each fingerprint: boilerplate stands in thousands
LEAST_SHARED = 0.15  # of the fewer fingerprints, for a comparison word for word
COMPARED = 16  # candidates compared for a document, those that share most


@dataclass(frozen=True, slots=True)
class Alike:
    """Two files of a library. `first_share` of the words of the first stand in the second, and the other
    way round, 0 to 1. Either may be set aside."""

    first: str  # keys
    second: str
    first_share: float
    second_share: float
    first_aside: bool = False
    second_aside: bool = False

    @property
    def likeness(self) -> float:
        """How much of both is the same: of the one that has more of its own."""
        return min(self.first_share, self.second_share)

    def seen_from(self, key: str) -> Alike:
        """The same pair with `key` as the first."""
        if key == self.first:
            return self
        return Alike(
            self.second, self.first, self.second_share, self.first_share, self.second_aside, self.first_aside
        )

    @property
    def words(self) -> str:
        """What the first is to the second: "93% the same text as", "contained in", "contains"."""
        if self.likeness >= ALIKE:
            return f"{percent(self.likeness)} the same text as"
        if self.first_share >= ALIKE:
            return f"{percent(self.first_share)} contained in"
        return f"contains {percent(self.second_share)} of"


def percent(share: float) -> str:
    """100% is kept for what is the same word for word."""
    return f"{100 if share >= 1 else min(99, round(100 * share))}%"


class Comparing:
    """Holds documents against the others. Safe for threads: one works at a time."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._working = threading.Lock()

    def waiting(self, limit: int = 1_000) -> list[int]:
        """Complete documents that have not been held against the others, oldest first."""
        rows = self._catalog.read(
            "SELECT d.id FROM documents d LEFT JOIN sketches s ON s.document_id = d.id AND s.version = ? "
            "WHERE d.state = 'complete' AND s.document_id IS NULL ORDER BY d.id LIMIT ?",
            (VERSION, limit),
        )
        return [row[0] for row in rows]

    def catch_up(self, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Every document that waits, for as long as `goes_on` says."""
        while found := self.waiting():
            for document_id in found:
                if not goes_on():
                    return
                self.take_in(document_id)

    def take_in(self, document_id: int) -> None:
        """Hold a document against those that were before; again, if it was held before."""
        with self._working:
            self._compare(document_id)

    def _compare(self, document_id: int) -> None:
        own = self._runs(document_id)
        prints = fingerprints(own)
        library_id = self._library_of(document_id)
        pairs: list[tuple[int, float, float]] = []
        if len(own) >= LEAST_WORDS and library_id is not None:
            for other in self._candidates(library_id, document_id, prints):
                mine, theirs = shares(own, self._runs(other))
                if max(mine, theirs) >= ALIKE:
                    pairs.append((other, mine, theirs))
        with self._catalog.transaction() as db:
            there = {row[0] for row in db.execute(
                "SELECT id FROM documents WHERE id IN (SELECT value FROM json_each(?))",
                (str([document_id, *(pair[0] for pair in pairs)]),),
            )}  # fmt: skip
            if document_id not in there:
                return  # removed meanwhile
            db.execute("DELETE FROM fingerprints WHERE document_id = ?", (document_id,))
            db.execute(
                "INSERT OR REPLACE INTO sketches(document_id, version, fingerprints) VALUES (?, ?, ?)",
                (document_id, VERSION, len(prints)),
            )
            db.executemany(
                "INSERT INTO fingerprints(library_id, hash, document_id) VALUES (?, ?, ?)",
                [(library_id, each, document_id) for each in prints.tolist()],
            )
            db.executemany(
                "INSERT OR REPLACE INTO alike(first_id, second_id, first_share, second_share) "
                "VALUES (?, ?, ?, ?)",
                [
                    (document_id, other, mine, theirs)
                    if document_id < other
                    else (other, document_id, theirs, mine)
                    for other, mine, theirs in pairs
                    if other in there
                ],
            )

    def _candidates(self, library_id: int, document_id: int, prints: Runs) -> list[int]:
        """Documents that share enough of the fewer fingerprints, those first that share most of what few have."""
        shared: Counter[int] = Counter()
        weight: dict[int, float] = {}
        for each in prints.tolist():
            rows = self._catalog.read(
                "SELECT document_id FROM fingerprints WHERE library_id = ? AND hash = ? "
                "ORDER BY document_id DESC LIMIT ?",
                (library_id, each, HOLDERS),
            )
            for (other,) in rows:
                shared[other] += 1
                weight[other] = weight.get(other, 0.0) + 1 / len(rows)
        shared.pop(document_id, None)
        if not shared:
            return []
        sizes = dict(
            self._catalog.read(
                "SELECT document_id, fingerprints FROM sketches "
                "WHERE document_id IN (SELECT value FROM json_each(?))",
                (str(list(shared)),),
            )
        )
        likely = [
            other
            for other, count in shared.items()
            if other in sizes and count >= LEAST_SHARED * min(len(prints), sizes[other])
        ]
        return sorted(likely, key=lambda other: (-weight[other], -other))[:COMPARED]

    def _library_of(self, document_id: int) -> int | None:
        rows = self._catalog.read("SELECT library_id FROM documents WHERE id = ?", (document_id,))
        return rows[0][0] if rows else None

    def _runs(self, document_id: int) -> Runs:
        return runs(
            row[0]
            for row in self._catalog.read(
                "SELECT text FROM pages WHERE document_id = ? ORDER BY number", (document_id,)
            )
        )


# ------------------------------------------------------------------ what was found


def pairs(catalog: Catalog, library_id: int, aside: Collection[int], key: str | None = None) -> list[Alike]:
    """Pairs of a library, most alike first; those of `key` with it as the first. A document of several
    names has its oldest here. `aside` are the documents set aside."""
    rows = catalog.read(
        """SELECT a.first_id, a.second_id, a.first_share, a.second_share,
             (SELECT key FROM origins WHERE document_id = a.first_id ORDER BY id LIMIT 1),
             (SELECT key FROM origins WHERE document_id = a.second_id ORDER BY id LIMIT 1)
           FROM alike a JOIN documents d ON d.id = a.first_id JOIN documents e ON e.id = a.second_id
           WHERE d.library_id = ?1 AND d.live AND e.live AND d.content_hash <> e.content_hash
             AND (?2 IS NULL OR ?2 IN (a.first_id, a.second_id))
           ORDER BY min(a.first_share, a.second_share) DESC, max(a.first_share, a.second_share) DESC, 1, 2""",
        (library_id, _document(catalog, library_id, key) if key is not None else None),
    )
    found = [
        (first_id, Alike(first, second, mine, theirs, first_id in aside, second_id in aside))
        for first_id, second_id, mine, theirs, first, second in rows
        if first is not None and second is not None
    ]
    if key is None:  # what is contained comes first
        return [
            each.seen_from(each.second) if each.first_share < ALIKE <= each.second_share else each
            for _, each in found
        ]
    own = _document(catalog, library_id, key)
    return [each if first_id == own else each.seen_from(each.second) for first_id, each in found]


def _document(catalog: Catalog, library_id: int, key: str) -> int:
    """The document that an origin answers from; 0 for none."""
    rows = catalog.read(
        "SELECT coalesce(document_id, 0) FROM origins WHERE library_id = ? AND key = ?", (library_id, key)
    )
    return rows[0][0] if rows else 0

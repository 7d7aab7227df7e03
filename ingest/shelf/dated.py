"""Of when a document is, in the order of trust: what its text says, its name, its metadata, its file.

The text says from when it counts, when it was changed, or of when it is; the name is the file's, the title, or the
folder's. A file's own time tells when it was copied as often as when it was written, so it is held only against
another file's; the time of being added is what is left.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from ingest.text.dating import LOOKED_AT, Period, day, named, said

if TYPE_CHECKING:
    from ingest.catalog import Catalog

Order = Literal["told", "changed", "added"]


@dataclass(frozen=True, slots=True)
class Dated:
    """A document's first origin by `key`, with the period it tells by itself, where it does."""

    key: str
    added_at: float  # Unix seconds
    changed_ns: int = 0  # of the file, Unix nanoseconds; 0 is not known
    period: Period | None = None
    source: Literal["text", "name", "metadata", ""] = ""

    @property
    def in_words(self) -> str:
        """ "March 2026, says its name"; "" where it tells none."""
        return f"{self.period.shown}, says its {self.source}" if self.period else ""

    def order(self, other: Dated) -> Order | None:
        """By what one is newer than the other, by days; None where nothing tells them apart."""
        if (
            self.period
            and other.period
            and (self.period.after(other.period) or other.period.after(self.period))
        ):
            return "told"
        if (
            self.changed_ns
            and other.changed_ns
            and _day(self.changed_ns / 1e9) != _day(other.changed_ns / 1e9)
        ):
            return "changed"
        return "added" if _day(self.added_at) != _day(other.added_at) else None

    def is_older(self, other: Dated) -> bool:
        """Whether it is the older one; of one day the one that was changed, then added, then stands before."""
        order = self.order(other)
        if order == "told" and self.period and other.period:
            return other.period.after(self.period)
        if order != "added" and self.changed_ns and other.changed_ns and self.changed_ns != other.changed_ns:
            return self.changed_ns < other.changed_ns
        return (self.added_at, self.key) < (other.added_at, other.key)


def _day(moment: float) -> date:
    return date.fromtimestamp(moment)


def dates(catalog: Catalog, library_id: int, document_ids: Sequence[int]) -> dict[int, Dated]:
    """By document id; those that are not in the library are left out."""
    rows = catalog.read(
        """SELECT d.id, o.key, o.added_at, o.mtime_ns, d.title, d.made, substr(p.text, 1, ?3), CASE WHEN
             length(p.text) > ?3 THEN substr(p.text, -(?3 / 3)) ELSE '' END
           FROM documents d JOIN origins o ON o.document_id = d.id
           LEFT JOIN pages p ON p.document_id = d.id AND p.number = 1
           WHERE d.library_id = ?1 AND d.id IN (SELECT value FROM json_each(?2)) ORDER BY o.id DESC""",
        (library_id, json.dumps(list(document_ids)), LOOKED_AT),
    )
    return {
        document_id: _dated(key, added, changed, title, made, beginning or "", end or "")
        for document_id, key, added, changed, title, made, beginning, end in rows
    }


def _dated(
    key: str, added_at: float, changed_ns: int, title: str, made: str, beginning: str, end: str
) -> Dated:
    if period := said(beginning, end):
        return Dated(key, added_at, changed_ns, period, "text")
    if period := named(key, title):
        return Dated(key, added_at, changed_ns, period, "name")
    if period := day(made):
        return Dated(key, added_at, changed_ns, period, "metadata")
    return Dated(key, added_at, changed_ns)

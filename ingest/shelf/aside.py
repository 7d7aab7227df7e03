"""Documents set aside: there to be looked at, but not asked, because another one answers.

A person decides for a content, naming the file that answers instead. The decision holds through a reading
anew, and when the file that answers gets new content; it ends with that file, so that nothing is ever left
without an answer. Beside that a library may let the newest of near duplicates answer.

All that a question sees goes through `asked` or `Scope`s, which leave these documents out.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from ingest.errors import NotFound, WrongUsage
from ingest.shelf.dated import dates

if TYPE_CHECKING:
    from ingest.catalog import Catalog

SAME = 0.9  # likeness from which the newest of two documents answers, where a library says so


def set_aside(catalog: Catalog, library_id: int, keys: Sequence[str], instead: str) -> int:
    """Let `instead` answer in place of these files; returns how many contents were set aside.

    Raises NotFound when a key is not there, WrongUsage when a file would be set aside for itself. What
    answers is not set aside itself, from then on.
    """
    origin_id, answering = _origin(catalog, library_id, instead)
    hashes = {_origin(catalog, library_id, key)[1] for key in keys}
    if answering in hashes:
        raise WrongUsage(f"“{instead}” cannot answer instead of itself. Name another file.")
    with catalog.transaction() as db:
        db.execute("DELETE FROM set_aside WHERE library_id = ? AND content_hash = ?", (library_id, answering))
        db.executemany(
            "INSERT OR REPLACE INTO set_aside(library_id, content_hash, instead_id) VALUES (?, ?, ?)",
            [(library_id, each, origin_id) for each in hashes],
        )
    return len(hashes)


def bring_back(catalog: Catalog, library_id: int, keys: Sequence[str]) -> int:
    """Ask these files again, also where the library lets the newest answer; returns how many contents."""
    hashes = {_origin(catalog, library_id, key)[1] for key in keys}
    with catalog.transaction() as db:
        db.executemany(
            "INSERT OR REPLACE INTO set_aside(library_id, content_hash, instead_id) VALUES (?, ?, NULL)",
            [(library_id, each) for each in hashes],
        )
    return len(hashes)


def forget_removed(catalog: Catalog, library_id: int) -> None:
    """Drop decisions about contents that are not here any more."""
    with catalog.transaction() as db:
        db.execute(
            "DELETE FROM set_aside WHERE library_id = ?1 AND content_hash NOT IN "
            "(SELECT content_hash FROM documents WHERE library_id = ?1)",
            (library_id,),
        )


def let_newest_answer(catalog: Catalog, library_id: int, newest: bool) -> None:
    with catalog.transaction() as db:
        db.execute("UPDATE libraries SET newest_answers = ? WHERE id = ?", (newest, library_id))


def newest_answers(catalog: Catalog, library_id: int) -> bool:
    rows = catalog.read("SELECT newest_answers FROM libraries WHERE id = ?", (library_id,))
    return bool(rows and rows[0][0])


# ------------------------------------------------------------------ which they are


def aside(catalog: Catalog, library_id: int) -> dict[int, str]:
    """The documents set aside with the key of the file that answers instead."""
    by_hand: dict[int, tuple[int, str]] = {
        document_id: (instead_id, key)
        for document_id, instead_id, key in catalog.read(
            "SELECT d.id, o.document_id, o.key FROM set_aside s JOIN documents d ON d.library_id = s.library_id "
            "AND d.content_hash = s.content_hash JOIN origins o ON o.id = s.instead_id WHERE s.library_id = ?",
            (library_id,),
        )
    }
    found = {each: key for each, (_, key) in by_hand.items() if not _leads_back(each, by_hand)}
    if newest_answers(catalog, library_id):
        found |= _older(catalog, library_id, found.keys())
    return found


def _leads_back(document_id: int, instead: Mapping[int, tuple[int, str]]) -> bool:
    """Whether following who answers instead comes to no end: contents may have been replaced meanwhile."""
    seen: set[int] = set()
    while document_id in instead:
        if document_id in seen:
            return True
        seen.add(document_id)
        document_id = instead[document_id][0]
    return False


def _older(catalog: Catalog, library_id: int, by_hand: Collection[int]) -> dict[int, str]:
    """Near duplicates of newer documents, which a person has not decided about, with the newer one's key.

    Which is newer: `ingest.shelf.dated`. What is set aside `by_hand` answers for nothing.
    """
    rows = catalog.read(
        """WITH decided AS (SELECT content_hash FROM set_aside WHERE library_id = ?1)
           SELECT a.first_id, a.second_id, d.content_hash IN decided, e.content_hash IN decided
           FROM alike a JOIN documents d ON d.id = a.first_id JOIN documents e ON e.id = a.second_id
           WHERE d.library_id = ?1 AND d.live AND e.live AND d.content_hash <> e.content_hash
             AND min(a.first_share, a.second_share) >= ?2""",
        (library_id, SAME),
    )
    held = dates(catalog, library_id, sorted({document_id for row in rows for document_id in row[:2]}))
    found: dict[int, str] = {}
    for first, second, first_decided, second_decided in rows:
        if first not in held or second not in held:
            continue
        first_older = held[first].is_older(held[second])
        older, newer = (first, second) if first_older else (second, first)
        if newer not in by_hand and not (first_decided if first_older else second_decided):
            found[older] = held[newer].key
    return found


def _origin(catalog: Catalog, library_id: int, key: str) -> tuple[int, str]:
    """An origin's id and its content. Raises NotFound."""
    rows = catalog.read(
        "SELECT o.id, d.content_hash FROM origins o JOIN documents d ON d.id = o.document_id "
        "WHERE o.library_id = ? AND o.key = ?",
        (library_id, key),
    )
    if not rows:
        raise NotFound(f"“{key}” is not in this library. `list` shows what is.")
    origin_id, content_hash = rows[0]
    return int(origin_id), str(content_hash)


# ------------------------------------------------------------------ a search without them


def asked(
    catalog: Catalog,
    library_id: int,
    search: Callable[[int], list[tuple[int, float]]],
    limit: int,
) -> list[tuple[int, float]]:
    """What `search` finds, (chunk id, score), best first, without the passages set aside: `limit` of them,
    where there are as many. Nothing is searched twice unless something set aside was among the best."""
    ranges = _ranges(catalog, library_id)
    wanted = limit
    while True:
        hits = search(wanted)
        found = hits if not ranges else [hit for hit in hits if not _inside(ranges, hit[0])]
        if len(found) >= limit or len(hits) < wanted:
            return found[:limit]
        wanted += max(limit, 2 * (len(hits) - len(found)))


def _ranges(catalog: Catalog, library_id: int) -> list[tuple[int, int]]:
    """First and last chunk id of each document set aside, ascending."""
    documents = aside(catalog, library_id)
    if not documents:
        return []
    rows = catalog.read(
        "SELECT min(id), max(id) FROM chunks WHERE document_id IN (SELECT value FROM json_each(?)) "
        "GROUP BY document_id ORDER BY 1",
        (json.dumps(sorted(documents)),),
    )
    return [(first, last) for first, last in rows]


def _inside(ranges: Sequence[tuple[int, int]], chunk_id: int) -> bool:
    place = bisect_right(ranges, (chunk_id, float("inf"))) - 1
    return place >= 0 and chunk_id <= ranges[place][1]

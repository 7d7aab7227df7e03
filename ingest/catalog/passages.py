"""Pages, chunks and vectors, read by those who ask and those who index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ingest.catalog.columns import lines_from_blob, runs_from_blob
from ingest.catalog.database import Database
from ingest.model.chunks import StoredChunk
from ingest.model.pages import Heading, Page
from ingest.protocols import Vectors

_CHUNK_COLUMNS = """
    c.id, c.document_id,
    coalesce(
        (SELECT key FROM origins o WHERE o.document_id = d.id ORDER BY o.id LIMIT 1),
        (SELECT key FROM origins o WHERE o.pending_id = d.id ORDER BY o.id LIMIT 1)),
    d.title, d.media_type, d.paged, c.page,
    (SELECT label FROM pages p WHERE p.document_id = d.id AND p.number = c.page),
    c.start, c."end", coalesce(a.text, c.text), c.headings, c.ordinal,
    CASE WHEN a.text IS NOT NULL THEN c.text END, coalesce(a.off, 0),
    coalesce((SELECT place FROM origins o WHERE o.document_id = d.id
      AND (o.place LIKE 'https://%' OR o.place LIKE 'http://%') ORDER BY o.id LIMIT 1), '')"""
_CHUNKS = """chunks c JOIN documents d ON d.id = c.document_id
    LEFT JOIN amendments a ON a.chunk_id = c.id"""
SWITCHED_OFF = "(SELECT chunk_id FROM amendments WHERE off)"
_ON = f"c.id NOT IN {SWITCHED_OFF}"


class Passages:
    """What documents say, page by page and chunk by chunk.

    A chunk's text is what a person has corrected it to. One that is switched off is known to those who look
    after documents (`of_document`, `listing`, `one`) and to nobody who asks.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def pages(self, document_id: int, number: int | None = None) -> list[Page]:
        rows = self._db.reader.execute(
            "SELECT number, text, label, headings, runs, lines FROM pages WHERE document_id = ?1 "
            "AND (?2 IS NULL OR number = ?2) ORDER BY number",
            (document_id, number),
        )
        return [
            Page(
                n, text, label, tuple(Heading(*h) for h in json.loads(headings)),
                runs_from_blob(runs), lines_from_blob(lines),
            )
            for n, text, label, headings, runs, lines in rows
        ]  # fmt: skip

    def live(self, chunk_ids: Sequence[int]) -> dict[int, StoredChunk]:
        """The chunks of live documents among `chunk_ids`."""
        return {
            chunk.id: chunk
            for chunk in self._chunks(
                f"d.live AND {_ON} AND c.id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(chunk_ids)),),
            )
        }

    def complete_among(self, chunk_ids: Sequence[int]) -> set[int]:
        """Those of `chunk_ids` whose document has all its vectors in."""
        rows = self._db.reader.execute(
            "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id "
            f"WHERE d.state = 'complete' AND {_ON} AND c.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(chunk_ids)),),
        )
        return {row[0] for row in rows}

    def of_document(self, document_id: int) -> list[StoredChunk]:
        """All of them, switched off or not."""
        return self._chunks("d.id = ?", (document_id,))

    def one(self, library_id: int, chunk_id: int) -> StoredChunk | None:
        """Any chunk of a library, switched off or not."""
        return next(iter(self._chunks("d.library_id = ? AND c.id = ?", (library_id, chunk_id))), None)

    def to_index(self, chunk_ids: range) -> list[StoredChunk]:
        """Those in the range that questions may see, live or about to be."""
        return self._chunks(f"c.id BETWEEN ? AND ? AND {_ON}", (chunk_ids.start, chunk_ids.stop - 1))

    def listing(
        self, document_id: int, search: str, changed: bool, first: int, limit: int
    ) -> tuple[list[StoredChunk], int]:
        """Up to `limit` from the `first`-th (0-based) of a document's chunks that hold the words of `search`
        one after the other, and how many there are; with `changed` only those amended by hand."""
        only = "AND a.chunk_id IS NOT NULL" if changed else ""
        wanted = " ".join(search.casefold().split())
        rows = self._db.read(
            f"SELECT c.id{', coalesce(a.text, c.text)' if wanted else ''} FROM chunks c "
            f"LEFT JOIN amendments a ON a.chunk_id = c.id WHERE c.document_id = ? {only} ORDER BY c.ordinal",
            (document_id,),
        )
        if wanted:
            rows = [row for row in rows if wanted in " ".join(row[1].casefold().split())]
        shown = json.dumps([row[0] for row in rows[first : first + limit]])
        return self._chunks("c.id IN (SELECT value FROM json_each(?))", (shown,)), len(rows)

    def of_page(self, document_id: int, page: int, first: int, last: int) -> list[StoredChunk]:
        """Chunks of one page whose ordinal is in first..last, but for those switched off."""
        return self._chunks(
            f"d.id = ? AND c.ordinal BETWEEN ? AND ? AND c.page = ? AND {_ON}",
            (document_id, first, last, page),
        )

    def _chunks(self, condition: str, values: tuple[object, ...]) -> list[StoredChunk]:
        rows = self._db.reader.execute(
            f"SELECT {_CHUNK_COLUMNS} FROM {_CHUNKS} WHERE {condition} ORDER BY c.document_id, c.ordinal",
            values,
        )
        found: list[StoredChunk] = []
        for row in rows:
            columns: list[Any] = list(row)
            columns[2], columns[5], columns[11] = row[2] or "", bool(row[5]), tuple(json.loads(row[11]))
            columns[14] = bool(row[14])
            found.append(StoredChunk(*columns))
        return found

    def vectors(self, chunk_ids: Sequence[int]) -> tuple[list[int], Vectors]:
        """The ids that have vectors and are not switched off, ascending, and those as float32, shape (ids,
        dimensions)."""
        rows = self._db.reader.execute(
            "SELECT chunk_id, vector FROM vectors WHERE chunk_id IN (SELECT value FROM json_each(?)) "
            f"AND chunk_id NOT IN {SWITCHED_OFF} ORDER BY chunk_id",
            (json.dumps(list(chunk_ids)),),
        ).fetchall()
        if not rows:
            return [], np.zeros((0, 0), np.float32)
        matrix = np.frombuffer(b"".join(row[1] for row in rows), np.float16)
        return [row[0] for row in rows], matrix.reshape(len(rows), -1).astype(np.float32)

    def spans(self, library_id: int) -> dict[int, tuple[int, int]]:
        """First and last chunk id of every live document that has chunks, by its id."""
        rows = self._db.reader.execute(
            "SELECT d.id, min(c.id), max(c.id) FROM documents d JOIN chunks c ON c.document_id = d.id "
            "WHERE d.library_id = ? AND d.live GROUP BY d.id ORDER BY d.id",
            (library_id,),
        )
        return {document_id: (first, last) for document_id, first, last in rows}

    def ids(self, library_id: int, complete: bool = False) -> set[int]:
        """Chunk ids that the indexes of a library hold; with `complete` those whose vectors are in."""
        rows = self._db.reader.execute(
            f"SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id WHERE {_ON} AND d.library_id = ? "
            + ("AND d.state = 'complete'" if complete else "AND d.state <> 'pending'"),
            (library_id,),
        )
        return {row[0] for row in rows}

    def with_vectors(self, library_id: int) -> list[int]:
        """Ids of all chunks of a library whose vectors are here, ascending, complete documents or not."""
        rows = self._db.reader.execute(
            "SELECT v.chunk_id FROM vectors v JOIN chunks c ON c.id = v.chunk_id "
            "JOIN documents d ON d.id = c.document_id WHERE d.library_id = ? ORDER BY v.chunk_id",
            (library_id,),
        )
        return [row[0] for row in rows]

    def count(self) -> int:
        """All chunks of all libraries."""
        (found,) = self._db.reader.execute("SELECT count(*) FROM chunks").fetchone()
        return int(found)

    def without_vector(self, library_id: int) -> int:
        (count,) = self._db.reader.execute(
            "SELECT count(*) FROM chunks c JOIN documents d ON d.id = c.document_id "
            "WHERE d.library_id = ? AND d.state = 'complete' "
            "AND NOT EXISTS(SELECT 1 FROM vectors WHERE chunk_id = c.id)",
            (library_id,),
        ).fetchone()
        return int(count)

    def strays(self) -> int:
        """Passages of no document or of one that no origin leads to, and vectors of no passage."""
        (count,) = self._db.reader.execute(
            "SELECT (SELECT count(*) FROM chunks c WHERE NOT EXISTS(SELECT 1 FROM origins o "
            "WHERE o.document_id = c.document_id OR o.pending_id = c.document_id)) "
            "+ (SELECT count(*) FROM vectors v WHERE NOT EXISTS(SELECT 1 FROM chunks WHERE id = v.chunk_id))"
        ).fetchone()
        return int(count)

"""Pages, chunks and vectors, read by those who ask and those who index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ingest.catalog.columns import lines_from_blob, runs_from_blob
from ingest.catalog.database import Database
from ingest.model import Heading, Page, StoredChunk
from ingest.protocols import Vectors

_CHUNK_COLUMNS = """
    c.id, c.document_id,
    (SELECT key FROM origins o WHERE o.document_id = d.id ORDER BY o.id LIMIT 1),
    d.title, d.media_type, d.paged, c.page,
    (SELECT label FROM pages p WHERE p.document_id = d.id AND p.number = c.page),
    c.start, c."end", c.text, c.headings, c.ordinal"""


class Passages:
    """What documents say, page by page and chunk by chunk."""

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
                "d.live AND c.id IN (SELECT value FROM json_each(?))", (json.dumps(list(chunk_ids)),)
            )
        }

    def complete_among(self, chunk_ids: Sequence[int]) -> set[int]:
        """Those of `chunk_ids` whose document has all its vectors in."""
        rows = self._db.reader.execute(
            "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id "
            "WHERE d.state = 'complete' AND c.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(chunk_ids)),),
        )
        return {row[0] for row in rows}

    def of_document(self, document_id: int) -> list[StoredChunk]:
        return self._chunks("d.id = ?", (document_id,))

    def of_page(self, document_id: int, page: int, first: int, last: int) -> list[StoredChunk]:
        """Chunks of one page whose ordinal is in first..last."""
        return self._chunks(
            "d.id = ? AND c.ordinal BETWEEN ? AND ? AND c.page = ?", (document_id, first, last, page)
        )

    def _chunks(self, condition: str, values: tuple[object, ...]) -> list[StoredChunk]:
        rows = self._db.reader.execute(
            f"SELECT {_CHUNK_COLUMNS} FROM chunks c JOIN documents d ON d.id = c.document_id "
            f"WHERE {condition} ORDER BY c.document_id, c.ordinal",
            values,
        )
        found: list[StoredChunk] = []
        for row in rows:
            columns: list[Any] = list(row)
            columns[2], columns[5], columns[11] = row[2] or "", bool(row[5]), tuple(json.loads(row[11]))
            found.append(StoredChunk(*columns))
        return found

    def vectors(self, chunk_ids: Sequence[int]) -> tuple[list[int], Vectors]:
        """The ids that have vectors, ascending, and those as float32, shape (ids, dimensions)."""
        rows = self._db.reader.execute(
            "SELECT chunk_id, vector FROM vectors WHERE chunk_id IN (SELECT value FROM json_each(?)) "
            "ORDER BY chunk_id",
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
        """All chunk ids of a library; with `complete` those whose vectors are in."""
        rows = self._db.reader.execute(
            "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id WHERE d.library_id = ? "
            + ("AND d.state = 'complete'" if complete else "AND d.state <> 'pending'"),
            (library_id,),
        )
        return {row[0] for row in rows}

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

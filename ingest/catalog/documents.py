"""Origins and the documents they lead to, looked up. What changes them is in changes.py."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from ingest.catalog.columns import receipt_from_json
from ingest.catalog.database import Database
from ingest.catalog.rows import DocumentRow, OriginRow
from ingest.model import DocumentState, OriginInfo


class Documents:
    """Origins, documents, and the contents that are needed."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def origin(self, library_id: int, key: str) -> OriginRow | None:
        row = self._db.reader.execute(
            "SELECT id, key, place, document_id, pending_id, mtime_ns, size_bytes FROM origins "
            "WHERE library_id = ? AND key = ?",
            (library_id, key),
        ).fetchone()
        return OriginRow(*row) if row else None

    def origin_keys(self, library_id: int) -> set[str]:
        rows = self._db.reader.execute("SELECT key FROM origins WHERE library_id = ?", (library_id,))
        return {row[0] for row in rows}

    def by_id(self, document_id: int) -> DocumentRow | None:
        return self._document("d.id = ?", (document_id,))

    def by_content(self, library_id: int, content_hash: str, recipe: str) -> DocumentRow | None:
        return self._document(
            "d.library_id = ? AND d.content_hash = ? AND d.recipe = ?",
            (library_id, content_hash, recipe),
        )

    def _document(self, condition: str, values: tuple[object, ...]) -> DocumentRow | None:
        row = self._db.reader.execute(
            f"""SELECT d.id, d.library_id, d.content_hash, d.recipe, d.media_type, d.title, d.paged,
                  d.size_bytes, d.state, d.live, d.receipt, d.password,
                  (SELECT count(*) FROM pages WHERE document_id = d.id),
                  (SELECT count(*) FROM chunks WHERE document_id = d.id)
                FROM documents d WHERE {condition}""",
            values,
        ).fetchone()
        if row is None:
            return None
        columns: list[Any] = list(row)
        columns[6], columns[8], columns[9] = bool(row[6]), DocumentState(row[8]), bool(row[9])
        columns[10] = receipt_from_json(row[10])
        return DocumentRow(*columns)

    def keys_of(self, document_id: int) -> list[str]:
        rows = self._db.reader.execute(
            "SELECT key FROM origins WHERE document_id = ? ORDER BY id", (document_id,)
        )
        return [row[0] for row in rows]

    def origins(self, library_id: int, search: str = "", key: str | None = None) -> list[OriginInfo]:
        """Origins with what their documents hold, by key. A pending replacement is not shown."""
        rows = self._db.reader.execute(
            """SELECT o.key, d.id, d.title, d.media_type, d.size_bytes, o.added_at, d.state, o.place,
                 json_extract(d.receipt, '$.warnings'),
                 (SELECT count(*) FROM pages WHERE document_id = d.id),
                 (SELECT count(*) FROM chunks WHERE document_id = d.id)
               FROM origins o JOIN documents d ON d.id = o.document_id
               WHERE o.library_id = ?1 AND (?2 IS NULL OR o.key = ?2) ORDER BY o.key""",
            (library_id, key),
        ).fetchall()
        wanted = search.casefold()
        return [
            OriginInfo(
                key, document_id, title, media_type, pages, chunks, size, added,
                DocumentState(state), tuple(json.loads(warnings or "[]")), place,
            )
            for key, document_id, title, media_type, size, added, state, place, warnings, pages, chunks in rows
            if wanted in key.casefold() or wanted in title.casefold()
        ]  # fmt: skip

    def hash_in_use(self, content_hash: str, db: sqlite3.Connection | None = None) -> bool:
        """Whether any document or job needs this content; within a transaction hand on its `db`."""
        row = (
            (db or self._db.reader)
            .execute(
                "SELECT EXISTS(SELECT 1 FROM documents WHERE content_hash = ?1) "
                "OR EXISTS(SELECT 1 FROM jobs WHERE content_hash = ?1)",
                (content_hash,),
            )
            .fetchone()
        )
        return bool(row[0])

    def hashes(self) -> set[str]:
        rows = self._db.reader.execute(
            "SELECT content_hash FROM documents UNION SELECT content_hash FROM jobs"
        )
        return {row[0] for row in rows}

"""Origins and the documents they lead to, looked up. What changes them is in changes.py."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from ingest.catalog.columns import receipt_from_json
from ingest.catalog.database import Database
from ingest.catalog.rows import DocumentRow, OriginRow
from ingest.model.documents import DocumentDetail, DocumentState, Listed, OriginInfo
from ingest.recipe import choice_from_json

STATES = {state.value: state for state in DocumentState}


class Documents:
    """Origins, documents, and the contents that are needed."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def origin(self, library_id: int, key: str) -> OriginRow | None:
        row = self._db.reader.execute(
            "SELECT id, key, place, document_id, pending_id, mtime_ns, size_bytes, choice FROM origins "
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

    def origins(
        self, library_id: int, search: str = "", keys: Sequence[str] | None = None
    ) -> list[OriginInfo]:
        """Origins, or those of `keys`, with what their documents hold, by key. A pending replacement is not shown."""
        among = "" if keys is None else "AND o.key IN (SELECT value FROM json_each(?))"
        rows = self._db.reader.execute(
            f"""SELECT o.key, d.id, d.title, d.media_type, d.size_bytes, o.added_at, d.state, o.place,
                 json_extract(d.receipt, '$.warnings'),
                 (SELECT count(*) FROM pages WHERE document_id = d.id),
                 (SELECT count(*) FROM chunks WHERE document_id = d.id),
                 (SELECT count(*) FROM amendments WHERE document_id = d.id)
               FROM origins o JOIN documents d ON d.id = o.document_id
               WHERE o.library_id = ? {among} ORDER BY o.key""",
            (library_id, *([] if keys is None else [json.dumps(list(keys))])),
        ).fetchall()
        wanted = search.casefold()
        return [
            OriginInfo(
                key, document_id, title, media_type, pages, chunks, size, added,
                STATES[state], tuple(json.loads(warnings)) if warnings not in (None, "[]") else (), place, changed=changed,
            )
            for key, document_id, title, media_type, size, added, state, place, warnings, pages, chunks, changed in rows
            if wanted in key.casefold() or wanted in title.casefold()
        ]  # fmt: skip

    def listed(self, library_id: int) -> list[Listed]:
        """Origins by key with what stands in the rows themselves: nothing is counted, no receipt is read."""
        remarked = {
            row[0]
            for row in self._db.read(
                "SELECT id FROM documents WHERE library_id = ? AND remarked", (library_id,)
            )
        }
        rows = self._db.read(
            "SELECT o.key, d.id, d.title, d.media_type, o.added_at, o.place, d.size_bytes, d.state FROM origins o "
            "JOIN documents d ON d.id = o.document_id WHERE o.library_id = ? ORDER BY o.key",
            (library_id,),
        )
        return [
            Listed(
                key, document_id, title, media_type, added_at, place=place, size_bytes=size, state=STATES[state],
                remarked=document_id in remarked,
            )
            for key, document_id, title, media_type, added_at, place, size, state in rows
        ]  # fmt: skip

    def details(self, origins: Sequence[OriginInfo]) -> list[DocumentDetail]:
        """All that is known of the documents of some origins, in their order."""
        ids = json.dumps(sorted({each.document_id for each in origins}))
        among = "IN (SELECT value FROM json_each(?))"
        documents = {
            row[0]: row[1:]
            for row in self._db.read(
                f"SELECT id, content_hash, receipt, paged FROM documents WHERE id {among}", (ids,)
            )
        }
        keys: dict[int, dict[str, str]] = {}
        for document_id, key, choice in self._db.read(
            f"SELECT document_id, key, choice FROM origins WHERE document_id {among} ORDER BY id", (ids,)
        ):
            keys.setdefault(document_id, {})[key] = choice
        chunks = {
            (document_id, page): count
            for document_id, page, count in self._db.read(
                f"SELECT document_id, page, count(*) FROM chunks WHERE document_id {among} GROUP BY 1, 2",
                (ids,),
            )
        }
        found: list[DocumentDetail] = []
        for origin in origins:
            if origin.document_id not in documents:  # removed in this instant
                continue
            content_hash, raw, paged = documents[origin.document_id]
            receipt = receipt_from_json(raw)
            by_page = tuple(chunks.get((origin.document_id, page.number), 0) for page in receipt.pages)
            own = keys.get(origin.document_id, {})
            others = tuple(key for key in own if key != origin.key)
            chosen = choice_from_json(own.get(origin.key, "")).in_words
            found.append(DocumentDetail(origin, others, content_hash, receipt, bool(paged), by_page, chosen))
        return found

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

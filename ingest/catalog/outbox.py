"""The outbox: what the indexes still have to be told, and what becomes of documents once they know."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ingest.catalog.database import Database
from ingest.catalog.documents import Documents
from ingest.catalog.rows import OutboxRow


class OutboxTable:
    """Work for "words" (BM25) and "vectors" (Chroma), in the order of the commits that posted it."""

    def __init__(self, db: Database, documents: Documents) -> None:
        self._db = db
        self._documents = documents

    def oldest(self, target: str, limit: int = 64) -> list[OutboxRow]:
        """The oldest unfinished work of one index."""
        rows = self._db.reader.execute(
            "SELECT id, library_id, target, action, document_id, first_chunk, last_chunk FROM outbox "
            "WHERE target = ? ORDER BY id LIMIT ?",
            (target, limit),
        )
        return [
            OutboxRow(id_, library_id, target, action, document_id, range(first or 1, (last or 0) + 1))
            for id_, library_id, target, action, document_id, first, last in rows
        ]

    def finish(self, rows: Sequence[OutboxRow]) -> list[str]:
        """Strike finished work out; documents go live with it, replaced ones go.

        Returns content hashes to throw away.
        """
        with self._db.transaction() as db:
            hashes: list[str] = []
            for row in rows:
                db.execute("DELETE FROM outbox WHERE id = ?", (row.id,))
                if row.action != "add":
                    continue
                if row.target == "words":
                    db.execute(
                        "UPDATE documents SET state = 'words', live = EXISTS(SELECT 1 FROM origins "
                        "WHERE document_id = ?1) WHERE id = ?1 AND state = 'pending'",
                        (row.document_id,),
                    )
                else:
                    db.execute(
                        "UPDATE documents SET state = 'complete', live = 1 WHERE id = ?",
                        (row.document_id,),
                    )
                    hashes += self._swap_in(db, row.document_id)
            return hashes

    def _swap_in(self, db: sqlite3.Connection, document_id: int | None) -> list[str]:
        """Origins that waited for this document answer from it now."""
        before = [
            each
            for (each,) in db.execute("SELECT document_id FROM origins WHERE pending_id = ?", (document_id,))
            if each is not None
        ]
        db.execute(
            "UPDATE origins SET document_id = pending_id, pending_id = NULL WHERE pending_id = ?",
            (document_id,),
        )
        return self.drop_unused(db, before)

    def rebuild(self, library_id: int, *targets: str) -> None:
        """Post every document of a library anew for these indexes, or both; `drop` goes first."""
        with self._db.transaction() as db:
            rows = db.execute(
                "SELECT id, EXISTS(SELECT 1 FROM vectors v JOIN chunks c ON c.id = v.chunk_id "
                "WHERE c.document_id = d.id) OR NOT EXISTS(SELECT 1 FROM chunks WHERE document_id = d.id) "
                "FROM documents d WHERE library_id = ? ORDER BY id",
                (library_id,),
            ).fetchall()
            for target in targets or ("words", "vectors"):
                db.execute("DELETE FROM outbox WHERE library_id = ? AND target = ?", (library_id, target))
                db.execute(
                    "INSERT INTO outbox(library_id, target, action) VALUES (?, ?, 'drop')",
                    (library_id, target),
                )
                for document_id, embedded in rows:
                    if target == "words" or embedded:
                        self.post(db, library_id, target, "add", document_id)

    def drop_unused(self, db: sqlite3.Connection, document_ids: Sequence[int]) -> list[str]:
        """Delete those documents no origin points at; their index entries go through the outbox."""
        hashes: list[str] = []
        for document_id in document_ids:
            row = db.execute(
                "SELECT library_id, content_hash FROM documents WHERE id = ?1 AND NOT EXISTS("
                "SELECT 1 FROM origins WHERE document_id = ?1 OR pending_id = ?1)",
                (document_id,),
            ).fetchone()
            if row is None:
                continue
            db.execute("DELETE FROM outbox WHERE document_id = ? AND action = 'add'", (document_id,))
            self.post(db, row[0], "words", "remove", document_id)
            self.post(db, row[0], "vectors", "remove", document_id)
            db.execute("DELETE FROM documents WHERE id = ?", (document_id,))
            hashes.append(row[1])
        return [each for each in hashes if not self._documents.hash_in_use(each, db)]

    def post(
        self, db: sqlite3.Connection, library_id: int, target: str, action: str, document_id: int
    ) -> None:
        db.execute(
            "INSERT INTO outbox(library_id, target, action, document_id, first_chunk, last_chunk) "
            "SELECT ?, ?, ?, ?, coalesce(min(id), 1), coalesce(max(id), 0) FROM chunks "
            "WHERE document_id = ?",
            (library_id, target, action, document_id, document_id),
        )

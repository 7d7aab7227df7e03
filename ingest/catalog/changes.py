"""Changes of documents and origins, each one commit that also writes the outbox."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence

import numpy as np

from ingest.catalog.columns import lines_to_blob, receipt_to_json, runs_to_blob
from ingest.catalog.database import Database
from ingest.catalog.outbox import OutboxTable
from ingest.catalog.rows import DocumentRow, JobRow, OriginRow
from ingest.errors import NotFound
from ingest.model.chunks import Chunk
from ingest.model.documents import DocumentState
from ingest.model.pages import FileText
from ingest.protocols import Vectors


class Changes:
    """What takes a document in, lets an origin point at it, and removes both."""

    def __init__(self, db: Database, outbox: OutboxTable) -> None:
        self._db = db
        self._outbox = outbox

    def add_words(
        self,
        job: JobRow,
        key: str,
        recipe: str,
        text: FileText,
        title: str,
        chunks: Sequence[Chunk],
        result: str,
    ) -> int:
        """First commit of a change: the document with pages and chunks, and its words in the outbox.

        A new origin answers from it as soon as it is live; an origin that has a document keeps
        answering from that one until this is complete. `result` is the job's, as JSON. Returns the
        document's id.
        """
        with self._db.transaction() as db:
            cursor = db.execute(
                "INSERT INTO documents(library_id, content_hash, recipe, media_type, title, paged, "
                "size_bytes, state, receipt, password, created_at, remarked, made) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (job.library_id, job.content_hash, recipe, text.media_type, title, text.paged,
                 job.size_bytes, DocumentState.PENDING, receipt_to_json(text.receipt),
                 job.password if job.keep_password else None, time.time(), bool(text.receipt.warnings), text.made),
            )  # fmt: skip
            document_id = cursor.lastrowid
            assert document_id is not None
            db.executemany(
                "INSERT INTO pages(document_id, number, label, text, headings, runs, lines) "
                "VALUES (?,?,?,?,?,?,?)",
                [(document_id, p.number, p.label, p.text,
                  json.dumps([[h.start, h.level, h.text] for h in p.headings], ensure_ascii=False),
                  runs_to_blob(p.runs), lines_to_blob(p.lines)) for p in text.pages],
            )  # fmt: skip
            db.executemany(
                'INSERT INTO chunks(document_id, ordinal, page, start, "end", text, headings) '
                "VALUES (?,?,?,?,?,?,?)",
                [(document_id, c.ordinal, c.page, c.start, c.end, c.text,
                  json.dumps(c.headings, ensure_ascii=False)) for c in chunks],
            )  # fmt: skip
            self._point(db, job, key, document_id, complete=False)
            self._outbox.post(db, job.library_id, "words", "add", document_id)
            db.execute(
                "UPDATE jobs SET document_id = ?, key = ?, stage = 'embedding', result = ? WHERE id = ?",
                (document_id, key, result, job.id),
            )
            return document_id

    def add_vectors(self, document_id: int, chunk_ids: Sequence[int], vectors: Vectors) -> None:
        """Second commit: the vectors of all chunks of a document, and them in the outbox.

        `vectors` has shape (len(chunk_ids), dimensions) and is kept as float16. A document removed
        meanwhile is left removed.
        """
        with self._db.transaction() as db:
            row = db.execute("SELECT library_id FROM documents WHERE id = ?", (document_id,)).fetchone()
            if row is None:
                return
            db.executemany(
                "INSERT OR REPLACE INTO vectors(chunk_id, vector) VALUES (?, ?)",
                [(c, v.tobytes()) for c, v in zip(chunk_ids, vectors.astype(np.float16), strict=True)],
            )
            self._outbox.post(db, row[0], "vectors", "add", document_id)

    def attach(self, job: JobRow, key: str, document: DocumentRow, result: str) -> list[str]:
        """Let an origin point at a document that is there; returns content hashes to throw away."""
        with self._db.transaction() as db:
            complete = document.state is DocumentState.COMPLETE
            unused = self._point(db, job, key, document.id, complete)
            db.execute(
                "UPDATE documents SET live = 1 WHERE id = ?1 AND state <> 'pending' AND EXISTS("
                "SELECT 1 FROM origins WHERE document_id = ?1)",
                (document.id,),
            )
            db.execute(
                "UPDATE jobs SET document_id = ?, key = ?, stage = 'embedding', result = ? WHERE id = ?",
                (document.id, key, result, job.id),
            )
            return unused

    def _point(
        self, db: sqlite3.Connection, job: JobRow, key: str, document_id: int, complete: bool
    ) -> list[str]:
        """Point the origin at the document: at once when it is new or the document is complete.

        Returns content hashes to throw away: what it pointed at before may have been its last use.
        """
        row = db.execute(
            "SELECT id, document_id, pending_id FROM origins WHERE library_id = ? AND key = ?",
            (job.library_id, key),
        ).fetchone()
        if row is None:
            db.execute(
                "INSERT INTO origins(library_id, key, place, document_id, mtime_ns, size_bytes, added_at, "
                "choice) VALUES (?,?,?,?,?,?,?,?)",
                (job.library_id, key, job.place, document_id, job.mtime_ns, job.size_bytes, time.time(),
                 job.choice),
            )  # fmt: skip
            return []
        origin_id, serving, pending = row
        at_once = complete or serving == document_id
        serving_now, pending_now = (document_id, None) if at_once else (serving, document_id)
        db.execute(
            "UPDATE origins SET document_id = ?, pending_id = ?, place = ?, mtime_ns = ?, "
            "size_bytes = ?, added_at = ?, choice = ? WHERE id = ?",
            (serving_now, pending_now, job.place, job.mtime_ns, job.size_bytes, time.time(), job.choice,
             origin_id),
        )  # fmt: skip
        return self._outbox.drop_unused(
            db, [each for each in (serving, pending) if each not in (None, document_id)]
        )

    def touch_origin(self, origin_id: int, mtime_ns: int, size_bytes: int) -> None:
        with self._db.transaction() as db:
            db.execute(
                "UPDATE origins SET mtime_ns = ?, size_bytes = ? WHERE id = ?",
                (mtime_ns, size_bytes, origin_id),
            )

    def move_origin(
        self, library_id: int, origin: OriginRow, key: str, place: str, mtime_ns: int, size_bytes: int
    ) -> bool:
        """Let an origin stand for its file's new path; False where the key is taken, or the origin has changed
        meanwhile or is being replaced. The words of its passages are indexed anew, for they hold its name's."""
        with self._db.transaction() as db:
            moved = db.execute(
                "UPDATE origins SET key = ?1, place = ?2, mtime_ns = ?3, size_bytes = ?4 WHERE id = ?5 "
                "AND key = ?6 AND document_id = ?7 AND pending_id IS NULL AND NOT EXISTS("
                "SELECT 1 FROM origins WHERE library_id = ?8 AND key = ?1)",
                (key, place, mtime_ns, size_bytes, origin.id, origin.key, origin.document_id, library_id),
            ).rowcount
            if moved and origin.document_id is not None:
                self._outbox.post(db, library_id, "words", "add", origin.document_id)
            return bool(moved)

    def remove(self, library_id: int, keys: Sequence[str]) -> list[str]:
        """Remove origins, and documents with their last origin; returns hashes to throw away.

        Raises NotFound when one is not there; then nothing is removed.
        """
        with self._db.transaction() as db:
            candidates: list[int] = []
            for key in keys:
                row = db.execute(
                    "DELETE FROM origins WHERE library_id = ? AND key = ? RETURNING document_id, pending_id",
                    (library_id, key),
                ).fetchone()
                if row is None:
                    raise NotFound(f"“{key}” is not in this library. `list` shows what is.")
                candidates.extend(each for each in row if each is not None)
            return self._outbox.drop_unused(db, candidates)

    def abandon(self, library_id: int, key: str, document_id: int) -> list[str]:
        """Undo an origin's unfinished document: the origin falls back to what it had before."""
        with self._db.transaction() as db:
            db.execute(
                "UPDATE origins SET pending_id = NULL WHERE library_id = ? AND key = ? AND pending_id = ?",
                (library_id, key, document_id),
            )
            db.execute(
                "DELETE FROM origins WHERE library_id = ?1 AND key = ?2 AND document_id = ?3 AND EXISTS("
                "SELECT 1 FROM documents WHERE id = ?3 AND state <> 'complete')",
                (library_id, key, document_id),
            )
            return self._outbox.drop_unused(db, [document_id])

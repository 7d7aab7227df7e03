"""Passages that a person has switched off or corrected: what is kept beside the chunk, per library.

The chunk itself, its page and its offsets stay as they were read. A correction's vector takes the place of
the chunk's in the same commit that keeps its text and posts it to the indexes.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.catalog.database import Database
from ingest.catalog.outbox import OutboxTable
from ingest.errors import NotFound, WrongUsage
from ingest.model.chunks import Chunk
from ingest.protocols import Vectors

PASSAGE_GONE = "This passage is no longer in the library. Look at the document again."


@dataclass(frozen=True, slots=True)
class Lost:
    """An amendment whose passage is not in the document's new version."""

    page: int
    text: str  # as it was read
    corrected: bool


@dataclass(frozen=True, slots=True)
class Carried:
    """What becomes of a document's amendments in its new version: (ordinal there, off, text, changed at)."""

    kept: tuple[tuple[int, int, str | None, float], ...]
    lost: tuple[Lost, ...]


class Amendments:
    """What is switched off, and what is corrected. A passage that is neither has no row."""

    def __init__(self, db: Database, outbox: OutboxTable) -> None:
        self._db = db
        self._outbox = outbox

    def switch(self, library_id: int, chunk_id: int, off: bool) -> None:
        """Raises NotFound, and WrongUsage where `_row` does."""
        with self._db.transaction() as db:
            self._write(db, library_id, chunk_id, off, self._row(db, library_id, chunk_id)[1])

    def correct(self, library_id: int, chunk_id: int, text: str | None, vector: Vectors) -> None:
        """Let `text` stand for the passage, None for what was read; `vector`, shape (dimensions,), is its.

        Raises NotFound, and WrongUsage where `_row` does.
        """
        with self._db.transaction() as db:
            off, _ = self._row(db, library_id, chunk_id)
            db.execute(
                "INSERT OR REPLACE INTO vectors(chunk_id, vector) VALUES (?, ?)",
                (chunk_id, vector.astype(np.float16).tobytes()),
            )
            self._write(db, library_id, chunk_id, off, text)

    def _row(self, db: sqlite3.Connection, library_id: int, chunk_id: int) -> tuple[bool, str | None]:
        """(off, correction) as they are. Raises NotFound for a passage that is gone, WrongUsage for one whose
        document is being taken in or replaced: what the person decides now would be lost with it."""
        row = db.execute(
            "SELECT coalesce(a.off, 0), a.text, d.state = 'complete' AND NOT EXISTS(SELECT 1 FROM origins "
            "WHERE document_id = d.id AND pending_id IS NOT NULL) FROM chunks c "
            "JOIN documents d ON d.id = c.document_id LEFT JOIN amendments a ON a.chunk_id = c.id "
            "WHERE c.id = ? AND d.library_id = ?",
            (chunk_id, library_id),
        ).fetchone()
        if row is None:
            raise NotFound(PASSAGE_GONE)
        if not row[2]:
            raise WrongUsage(
                "This document is being taken in or replaced just now. Change its passages when it is complete."
            )
        return bool(row[0]), row[1]

    def _write(
        self, db: sqlite3.Connection, library_id: int, chunk_id: int, off: bool, text: str | None
    ) -> None:
        if off or text is not None:
            db.execute(
                "INSERT OR REPLACE INTO amendments(chunk_id, document_id, off, text, changed_at) "
                "SELECT id, document_id, ?, ?, ? FROM chunks WHERE id = ?",
                (off, text, time.time(), chunk_id),
            )
        else:
            db.execute("DELETE FROM amendments WHERE chunk_id = ?", (chunk_id,))
        self._outbox.post_chunk(db, library_id, chunk_id, off)

    def count(self, document_id: int) -> int:
        """How many passages of a document are amended."""
        rows = self._db.read("SELECT count(*) FROM amendments WHERE document_id = ?", (document_id,))
        return int(rows[0][0])

    # ------------------------------------------------------------------ a document's new version

    def carried(self, document_id: int, chunks: Sequence[Chunk]) -> Carried:
        """Which of `chunks` (the new version's) are the very passages that are amended in a document.

        A passage is the same when its text is; where a text stands in several, the first amended one is the
        first of the new, and so on. To be asked within the transaction that writes the new version.
        """
        rows = self._db.read(
            "SELECT c.text, c.page, a.off, a.text, a.changed_at, (SELECT count(*) FROM chunks b "
            "WHERE b.document_id = c.document_id AND b.text = c.text AND b.ordinal < c.ordinal) "
            "FROM amendments a JOIN chunks c ON c.id = a.chunk_id WHERE a.document_id = ? ORDER BY c.ordinal",
            (document_id,),
        )
        amended = {row[0] for row in rows}
        places: dict[str, list[int]] = {}
        for chunk in chunks:
            if chunk.text in amended:
                places.setdefault(chunk.text, []).append(chunk.ordinal)
        kept: list[tuple[int, int, str | None, float]] = []
        lost: list[Lost] = []
        for read, page, off, text, changed_at, before in rows:
            same = places.get(read, [])
            if before < len(same):
                kept.append((same[before], off, text, changed_at))
            else:
                lost.append(Lost(page, read, text is not None))
        return Carried(tuple(kept), tuple(lost))

    def carry(self, carried: Carried, document_id: int) -> None:
        """Keep amendments with the new version, before its words and vectors are made."""
        with self._db.transaction() as db:
            db.executemany(
                "INSERT INTO amendments(chunk_id, document_id, off, text, changed_at) "
                "SELECT id, document_id, ?2, ?3, ?4 FROM chunks WHERE document_id = ?5 AND ordinal = ?1",
                [(*each, document_id) for each in carried.kept],
            )

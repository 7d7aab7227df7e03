"""Libraries: named, counted, deleted with all they hold."""

from __future__ import annotations

import json
import sqlite3
import time

from ingest.catalog.database import Database
from ingest.catalog.documents import Documents
from ingest.errors import NotFound, Taken
from ingest.model.documents import LibraryInfo
from ingest.readers import TABULAR


class Libraries:
    """The libraries of a catalog."""

    def __init__(self, db: Database, documents: Documents) -> None:
        self._db = db
        self._documents = documents
        self._infos: dict[int, tuple[int, LibraryInfo]] = {}  # by id: as of a revision

    def create(self, name: str, embedder: str) -> int:
        try:
            with self._db.transaction() as db:
                cursor = db.execute(
                    "INSERT INTO libraries(name, embedder, created_at) VALUES (?, ?, ?)",
                    (name, embedder, time.time()),
                )
                assert cursor.lastrowid is not None
                return cursor.lastrowid
        except sqlite3.IntegrityError:
            raise Taken(f"There is already a library “{name}”. Choose another name.") from None

    def rename(self, library_id: int, name: str) -> None:
        try:
            with self._db.transaction() as db:
                db.execute("UPDATE libraries SET name = ? WHERE id = ?", (name, library_id))
        except sqlite3.IntegrityError:
            raise Taken(f"There is already a library “{name}”. Choose another name.") from None

    def delete(self, library_id: int) -> list[str]:
        """Remove a library with all it holds; returns content hashes no longer used anywhere."""
        with self._db.transaction() as db:
            hashes = [
                row[0]
                for row in db.execute(
                    "SELECT content_hash FROM documents WHERE library_id = ?1 "
                    "UNION SELECT content_hash FROM jobs WHERE library_id = ?1",
                    (library_id,),
                )
            ]
            db.execute("DELETE FROM outbox WHERE library_id = ?", (library_id,))
            db.executemany(
                "INSERT INTO outbox(library_id, target, action) VALUES (?, ?, 'drop')",
                [(library_id, "words"), (library_id, "vectors")],
            )
            db.execute("DELETE FROM jobs WHERE library_id = ?", (library_id,))
            db.execute("DELETE FROM origins WHERE library_id = ?", (library_id,))
            db.execute("DELETE FROM documents WHERE library_id = ?", (library_id,))
            db.execute("DELETE FROM libraries WHERE id = ?", (library_id,))
            return [each for each in hashes if not self._documents.hash_in_use(each, db)]

    def ids(self) -> dict[str, int]:
        return dict(self._db.reader.execute("SELECT name, id FROM libraries ORDER BY name").fetchall())

    def ids_ever(self) -> range:
        """The ids of all libraries, deleted ones included."""
        rows = self._db.reader.execute("SELECT seq FROM sqlite_sequence WHERE name = 'libraries'").fetchone()
        return range(1, rows[0] + 1 if rows else 1)

    def id_of(self, name: str) -> int | None:
        row = self._db.reader.execute("SELECT id FROM libraries WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def info(self, library_id: int) -> LibraryInfo:
        """Counted anew only after a change: a page asks for it with every click."""
        revision = self._db.revision
        kept = self._infos.get(library_id)
        if kept is None or kept[0] != revision:
            kept = self._infos[library_id] = revision, self._counted(library_id)
        return kept[1]

    def _counted(self, library_id: int) -> LibraryInfo:
        row = self._db.reader.execute(
            """SELECT name, embedder, created_at,
                 (SELECT count(*) FROM documents WHERE library_id = l.id AND live),
                 (SELECT count(*) FROM origins WHERE library_id = l.id),
                 (SELECT count(*) FROM chunks c JOIN documents d ON d.id = c.document_id
                   WHERE d.library_id = l.id AND d.live),
                 (SELECT coalesce(sum(size_bytes), 0) FROM documents WHERE library_id = l.id),
                 (SELECT count(*) FROM documents WHERE library_id = l.id AND live
                   AND media_type IN (SELECT value FROM json_each(?)))
               FROM libraries l WHERE id = ?""",
            (json.dumps(TABULAR), library_id),
        ).fetchone()
        if row is None:
            raise NotFound("This library was deleted. Choose another one.")
        name, embedder, created_at, documents, origins, chunks, size, tables = row
        return LibraryInfo(name, embedder, documents, origins, chunks, size, created_at, tables=tables)

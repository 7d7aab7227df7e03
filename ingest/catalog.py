"""The catalog: SQLite, the only truth. Origins, documents, pages, chunks, vectors, jobs, outbox.

Chroma and BM25 follow from the outbox: whatever is added to or removed from them is first written
here, in the same transaction as the change it belongs to. A document goes live, and a replaced one
goes, in the transaction that strikes the finished row out of the outbox; so a process killed at any
moment leaves at worst work to repeat.

This file knows SQL and nothing else: no files, no models, no indexes.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ingest.columns import (
    lines_from_blob,
    lines_to_blob,
    receipt_from_json,
    receipt_to_json,
    runs_from_blob,
    runs_to_blob,
)
from ingest.errors import DiskFull, NotFound, Taken
from ingest.model import (
    Chunk,
    DocumentState,
    FileText,
    Heading,
    LibraryInfo,
    OriginInfo,
    Page,
    Receipt,
    StoredChunk,
)
from ingest.protocols import Vectors
from ingest.schema import MIGRATIONS

_CHUNK_COLUMNS = """
    c.id, c.document_id,
    (SELECT key FROM origins o WHERE o.document_id = d.id ORDER BY o.id LIMIT 1),
    d.title, d.media_type, d.paged, c.page,
    (SELECT label FROM pages p WHERE p.document_id = d.id AND p.number = c.page),
    c.start, c."end", c.text, c.headings, c.ordinal"""


@dataclass(frozen=True, slots=True)
class OriginRow:
    id: int
    key: str
    place: str
    document_id: int | None
    pending_id: int | None
    mtime_ns: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class DocumentRow:
    id: int
    library_id: int
    content_hash: str
    recipe: str
    media_type: str
    title: str
    paged: bool
    size_bytes: int
    state: DocumentState
    live: bool
    receipt: Receipt
    password: str | None
    pages: int
    chunks: int


@dataclass(frozen=True, slots=True)
class OutboxRow:
    id: int
    library_id: int
    target: str  # "words" | "vectors"
    action: str  # "add" | "remove" | "drop"
    document_id: int | None
    chunk_ids: range


@dataclass(frozen=True, slots=True)
class JobRow:
    """A file in the queue, as stored. `replace` is None until the person has chosen."""

    id: int
    library_id: int
    key: str
    place: str
    content_hash: str
    mtime_ns: int
    size_bytes: int
    replace: bool | None
    password: str | None
    keep_password: bool
    stage: str
    document_id: int | None
    result: str | None
    added_at: float


class Catalog:
    """One catalog file. Safe for threads: each reads on its own connection, one writes at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._opening = threading.Lock()  # of _connections; never waits for a writer
        self._writing = threading.RLock()
        self._depth = 0
        self.revision = 0  # another number after every commit, for as long as this process runs
        self._writer = self._open()
        self._migrate()

    # ------------------------------------------------------------------ connections

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30.0, check_same_thread=False, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA cache_size=-32000")
        with self._opening:
            self._connections.append(connection)
        return connection

    @property
    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open()
        return connection

    def read(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query over the last commit."""
        return self._reader.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One commit; nested uses join the outer one. A full disk raises DiskFull, nothing is kept."""
        with self._writing:
            if self._depth:
                self._depth += 1
                try:
                    yield self._writer
                finally:
                    self._depth -= 1
                return
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                self._depth = 1
                yield self._writer
                self._writer.execute("COMMIT")
                self.revision += 1
            except BaseException as error:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
                    raise DiskFull(
                        "The disk is full. Free some space, then add the file again; nothing was lost."
                    ) from error
                raise
            finally:
                self._depth = 0

    def _migrate(self) -> None:
        (seen,) = self._writer.execute("PRAGMA user_version").fetchone()
        if seen > len(MIGRATIONS):
            raise NotFound(
                "This home folder was written by a newer Footnote. Update Footnote, or choose another "
                "folder with --home."
            )
        for number, script in enumerate(MIGRATIONS[seen:], start=seen + 1):
            self._writer.executescript(f"BEGIN;{script};PRAGMA user_version={number};COMMIT;")

    def close(self) -> None:
        with self._writing, self._opening:
            for connection in self._connections:
                connection.close()
            self._connections.clear()

    # ------------------------------------------------------------------ libraries

    def create_library(self, name: str, embedder: str) -> int:
        try:
            with self.transaction() as db:
                cursor = db.execute(
                    "INSERT INTO libraries(name, embedder, created_at) VALUES (?, ?, ?)",
                    (name, embedder, time.time()),
                )
                assert cursor.lastrowid is not None
                return cursor.lastrowid
        except sqlite3.IntegrityError:
            raise Taken(f"There is already a library “{name}”. Choose another name.") from None

    def rename_library(self, library_id: int, name: str) -> None:
        try:
            with self.transaction() as db:
                db.execute("UPDATE libraries SET name = ? WHERE id = ?", (name, library_id))
        except sqlite3.IntegrityError:
            raise Taken(f"There is already a library “{name}”. Choose another name.") from None

    def delete_library(self, library_id: int) -> list[str]:
        """Remove a library with all it holds; returns content hashes no longer used anywhere."""
        with self.transaction() as db:
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
            return [each for each in hashes if not self.hash_in_use(each, db)]

    def library_ids(self) -> dict[str, int]:
        return dict(self._reader.execute("SELECT name, id FROM libraries ORDER BY name").fetchall())

    def library_ids_ever(self) -> range:
        """The ids of all libraries, deleted ones included."""
        rows = self._reader.execute("SELECT seq FROM sqlite_sequence WHERE name = 'libraries'").fetchone()
        return range(1, rows[0] + 1 if rows else 1)

    def library_id(self, name: str) -> int | None:
        row = self._reader.execute("SELECT id FROM libraries WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def library_info(self, library_id: int) -> LibraryInfo:
        row = self._reader.execute(
            """SELECT name, embedder, created_at,
                 (SELECT count(*) FROM documents WHERE library_id = l.id AND live),
                 (SELECT count(*) FROM origins WHERE library_id = l.id),
                 (SELECT count(*) FROM chunks c JOIN documents d ON d.id = c.document_id
                   WHERE d.library_id = l.id AND d.live),
                 (SELECT coalesce(sum(size_bytes), 0) FROM documents WHERE library_id = l.id)
               FROM libraries l WHERE id = ?""",
            (library_id,),
        ).fetchone()
        if row is None:
            raise NotFound("This library was deleted. Choose another one.")
        name, embedder, created_at, documents, origins, chunks, size = row
        return LibraryInfo(name, embedder, documents, origins, chunks, size, created_at)

    # ------------------------------------------------------------------ origins and documents

    def origin(self, library_id: int, key: str) -> OriginRow | None:
        row = self._reader.execute(
            "SELECT id, key, place, document_id, pending_id, mtime_ns, size_bytes FROM origins "
            "WHERE library_id = ? AND key = ?",
            (library_id, key),
        ).fetchone()
        return OriginRow(*row) if row else None

    def origin_keys(self, library_id: int) -> set[str]:
        rows = self._reader.execute("SELECT key FROM origins WHERE library_id = ?", (library_id,))
        return {row[0] for row in rows}

    def document(self, document_id: int) -> DocumentRow | None:
        return self._document("d.id = ?", (document_id,))

    def document_of(self, library_id: int, content_hash: str, recipe: str) -> DocumentRow | None:
        return self._document(
            "d.library_id = ? AND d.content_hash = ? AND d.recipe = ?",
            (library_id, content_hash, recipe),
        )

    def _document(self, condition: str, values: tuple[object, ...]) -> DocumentRow | None:
        row = self._reader.execute(
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
        rows = self._reader.execute(
            "SELECT key FROM origins WHERE document_id = ? ORDER BY id", (document_id,)
        )
        return [row[0] for row in rows]

    def origins(self, library_id: int, search: str = "", key: str | None = None) -> list[OriginInfo]:
        """Origins with what their documents hold, by key. A pending replacement is not shown."""
        rows = self._reader.execute(
            """SELECT o.key, d.id, d.title, d.media_type, d.size_bytes, o.added_at, d.state, d.receipt, o.place,
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
                DocumentState(state), receipt_from_json(receipt).warnings, place,
            )
            for key, document_id, title, media_type, size, added, state, receipt, place, pages, chunks in rows
            if wanted in key.casefold() or wanted in title.casefold()
        ]  # fmt: skip

    def hash_in_use(self, content_hash: str, db: sqlite3.Connection | None = None) -> bool:
        """Whether any document or job needs this content; within a transaction hand on its `db`."""
        row = (
            (db or self._reader)
            .execute(
                "SELECT EXISTS(SELECT 1 FROM documents WHERE content_hash = ?1) "
                "OR EXISTS(SELECT 1 FROM jobs WHERE content_hash = ?1)",
                (content_hash,),
            )
            .fetchone()
        )
        return bool(row[0])

    def hashes(self) -> set[str]:
        rows = self._reader.execute("SELECT content_hash FROM documents UNION SELECT content_hash FROM jobs")
        return {row[0] for row in rows}

    # ------------------------------------------------------------------ changes, one commit each

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
        with self.transaction() as db:
            cursor = db.execute(
                "INSERT INTO documents(library_id, content_hash, recipe, media_type, title, paged, "
                "size_bytes, state, receipt, password, created_at) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (job.library_id, job.content_hash, recipe, text.media_type, title, text.paged,
                 job.size_bytes, DocumentState.PENDING, receipt_to_json(text.receipt),
                 job.password if job.keep_password else None, time.time()),
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
            self._post(db, job.library_id, "words", "add", document_id)
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
        with self.transaction() as db:
            row = db.execute("SELECT library_id FROM documents WHERE id = ?", (document_id,)).fetchone()
            if row is None:
                return
            db.executemany(
                "INSERT OR REPLACE INTO vectors(chunk_id, vector) VALUES (?, ?)",
                [(c, v.tobytes()) for c, v in zip(chunk_ids, vectors.astype(np.float16), strict=True)],
            )
            self._post(db, row[0], "vectors", "add", document_id)

    def attach(self, job: JobRow, key: str, document: DocumentRow, result: str) -> list[str]:
        """Let an origin point at a document that is there; returns content hashes to throw away."""
        with self.transaction() as db:
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
                "INSERT INTO origins(library_id, key, place, document_id, mtime_ns, size_bytes, added_at) "
                "VALUES (?,?,?,?,?,?,?)",
                (job.library_id, key, job.place, document_id, job.mtime_ns, job.size_bytes, time.time()),
            )
            return []
        origin_id, serving, pending = row
        at_once = complete or serving == document_id
        serving_now, pending_now = (document_id, None) if at_once else (serving, document_id)
        db.execute(
            "UPDATE origins SET document_id = ?, pending_id = ?, place = ?, mtime_ns = ?, "
            "size_bytes = ?, added_at = ? WHERE id = ?",
            (serving_now, pending_now, job.place, job.mtime_ns, job.size_bytes, time.time(), origin_id),
        )
        return self._drop_unused(db, [each for each in (serving, pending) if each not in (None, document_id)])

    def touch_origin(self, origin_id: int, mtime_ns: int, size_bytes: int) -> None:
        with self.transaction() as db:
            db.execute(
                "UPDATE origins SET mtime_ns = ?, size_bytes = ? WHERE id = ?",
                (mtime_ns, size_bytes, origin_id),
            )

    def remove_origins(self, library_id: int, keys: Sequence[str]) -> list[str]:
        """Remove origins, and documents with their last origin; returns hashes to throw away.

        Raises NotFound when one is not there; then nothing is removed.
        """
        with self.transaction() as db:
            candidates: list[int] = []
            for key in keys:
                row = db.execute(
                    "DELETE FROM origins WHERE library_id = ? AND key = ? RETURNING document_id, pending_id",
                    (library_id, key),
                ).fetchone()
                if row is None:
                    raise NotFound(f"“{key}” is not in this library. `list` shows what is.")
                candidates.extend(each for each in row if each is not None)
            return self._drop_unused(db, candidates)

    def abandon(self, library_id: int, key: str, document_id: int) -> list[str]:
        """Undo an origin's unfinished document: the origin falls back to what it had before."""
        with self.transaction() as db:
            db.execute(
                "UPDATE origins SET pending_id = NULL WHERE library_id = ? AND key = ? AND pending_id = ?",
                (library_id, key, document_id),
            )
            db.execute(
                "DELETE FROM origins WHERE library_id = ?1 AND key = ?2 AND document_id = ?3 AND EXISTS("
                "SELECT 1 FROM documents WHERE id = ?3 AND state <> 'complete')",
                (library_id, key, document_id),
            )
            return self._drop_unused(db, [document_id])

    def _drop_unused(self, db: sqlite3.Connection, document_ids: Sequence[int]) -> list[str]:
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
            self._post(db, row[0], "words", "remove", document_id)
            self._post(db, row[0], "vectors", "remove", document_id)
            db.execute("DELETE FROM documents WHERE id = ?", (document_id,))
            hashes.append(row[1])
        return [each for each in hashes if not self.hash_in_use(each, db)]

    def _post(
        self, db: sqlite3.Connection, library_id: int, target: str, action: str, document_id: int
    ) -> None:
        db.execute(
            "INSERT INTO outbox(library_id, target, action, document_id, first_chunk, last_chunk) "
            "SELECT ?, ?, ?, ?, coalesce(min(id), 1), coalesce(max(id), 0) FROM chunks "
            "WHERE document_id = ?",
            (library_id, target, action, document_id, document_id),
        )

    # ------------------------------------------------------------------ outbox

    def outbox(self, target: str, limit: int = 64) -> list[OutboxRow]:
        """The oldest unfinished work of one index."""
        rows = self._reader.execute(
            "SELECT id, library_id, target, action, document_id, first_chunk, last_chunk FROM outbox "
            "WHERE target = ? ORDER BY id LIMIT ?",
            (target, limit),
        )
        return [
            OutboxRow(id_, library_id, target, action, document_id, range(first or 1, (last or 0) + 1))
            for id_, library_id, target, action, document_id, first, last in rows
        ]

    def finish_outbox(self, rows: Sequence[OutboxRow]) -> list[str]:
        """Strike finished work out; documents go live with it, replaced ones go.

        Returns content hashes to throw away.
        """
        with self.transaction() as db:
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
        return self._drop_unused(db, before)

    def rebuild_outbox(self, library_id: int, *targets: str) -> None:
        """Post every document of a library anew for these indexes, or both; `drop` goes first."""
        with self.transaction() as db:
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
                        self._post(db, library_id, target, "add", document_id)

    # ------------------------------------------------------------------ pages, chunks, vectors

    def pages(self, document_id: int, number: int | None = None) -> list[Page]:
        rows = self._reader.execute(
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

    def chunks(self, chunk_ids: Sequence[int]) -> dict[int, StoredChunk]:
        """The chunks of live documents among `chunk_ids`."""
        return {
            chunk.id: chunk
            for chunk in self._chunks(
                "d.live AND c.id IN (SELECT value FROM json_each(?))", (json.dumps(list(chunk_ids)),)
            )
        }

    def complete_among(self, chunk_ids: Sequence[int]) -> set[int]:
        """Those of `chunk_ids` whose document has all its vectors in."""
        rows = self._reader.execute(
            "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id "
            "WHERE d.state = 'complete' AND c.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(chunk_ids)),),
        )
        return {row[0] for row in rows}

    def document_chunks(self, document_id: int) -> list[StoredChunk]:
        return self._chunks("d.id = ?", (document_id,))

    def page_chunks(self, document_id: int, page: int, first: int, last: int) -> list[StoredChunk]:
        """Chunks of one page whose ordinal is in first..last."""
        return self._chunks(
            "d.id = ? AND c.ordinal BETWEEN ? AND ? AND c.page = ?", (document_id, first, last, page)
        )

    def _chunks(self, condition: str, values: tuple[object, ...]) -> list[StoredChunk]:
        rows = self._reader.execute(
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
        rows = self._reader.execute(
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
        rows = self._reader.execute(
            "SELECT d.id, min(c.id), max(c.id) FROM documents d JOIN chunks c ON c.document_id = d.id "
            "WHERE d.library_id = ? AND d.live GROUP BY d.id ORDER BY d.id",
            (library_id,),
        )
        return {document_id: (first, last) for document_id, first, last in rows}

    def chunk_ids(self, library_id: int, complete: bool = False) -> set[int]:
        """All chunk ids of a library; with `complete` those whose vectors are in."""
        rows = self._reader.execute(
            "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id WHERE d.library_id = ? "
            + ("AND d.state = 'complete'" if complete else "AND d.state <> 'pending'"),
            (library_id,),
        )
        return {row[0] for row in rows}

    def chunks_without_vector(self, library_id: int) -> int:
        (count,) = self._reader.execute(
            "SELECT count(*) FROM chunks c JOIN documents d ON d.id = c.document_id "
            "WHERE d.library_id = ? AND d.state = 'complete' "
            "AND NOT EXISTS(SELECT 1 FROM vectors WHERE chunk_id = c.id)",
            (library_id,),
        ).fetchone()
        return int(count)

    def strays(self) -> int:
        """Passages of no document or of one that no origin leads to, and vectors of no passage."""
        (count,) = self._reader.execute(
            "SELECT (SELECT count(*) FROM chunks c WHERE NOT EXISTS(SELECT 1 FROM origins o "
            "WHERE o.document_id = c.document_id OR o.pending_id = c.document_id)) "
            "+ (SELECT count(*) FROM vectors v WHERE NOT EXISTS(SELECT 1 FROM chunks WHERE id = v.chunk_id))"
        ).fetchone()
        return int(count)

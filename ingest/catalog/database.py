"""Connections, transactions and migrations of a catalog file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

from ingest.catalog.schema import MIGRATIONS
from ingest.errors import DiskFull, NotFound

CACHE_KIB = 8_000  # of a connection; the system's cache of the file stands behind it


class _Reader:
    """A thread's connection, closed when the thread has ended: the page has a thread for every click."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class Database:
    """An SQLite file. Safe for threads: each reads on its own connection, one writes at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._readers: WeakSet[_Reader] = WeakSet()
        self._opening = threading.Lock()  # of _readers; never waits for a writer
        self._writing = threading.RLock()
        self._depth = 0
        self.revision = 0  # another number after every commit, for as long as this process runs
        self._writer = self._open()
        self._migrate()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30.0, check_same_thread=False, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        return connection

    @property
    def reader(self) -> sqlite3.Connection:
        """This thread's connection for reading; what it sees is the last commit. It ends with the thread."""
        reader: _Reader | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = self._local.reader = _Reader(self._open())
            with self._opening:
                self._readers.add(reader)
        return reader.connection

    def read(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query over the last commit."""
        return self.reader.execute(sql, values).fetchall()

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

    def size_bytes(self) -> int:
        """Of the file, what is free in it included."""
        return self._pragma("page_count") * self._pragma("page_size")

    def free_bytes(self) -> int:
        """What removals have left free in the file; it is used again, or given back by `vacuum`."""
        return self._pragma("freelist_count") * self._pragma("page_size")

    def vacuum(self) -> None:
        """Write the file anew without what is free in it. Changes wait meanwhile; raises DiskFull."""
        with self._writing:
            try:
                self._writer.execute("VACUUM")
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.OperationalError as error:
                if "full" in str(error):
                    raise DiskFull("The disk is full. Free some space; nothing was lost.") from error
                raise

    def _pragma(self, name: str) -> int:
        value: int = self.reader.execute(f"PRAGMA {name}").fetchone()[0]
        return value

    def close(self) -> None:
        with self._writing, self._opening:
            for reader in list(self._readers):
                reader.connection.close()
            self._writer.close()

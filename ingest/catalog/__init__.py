"""The catalog: SQLite, the only truth. Origins, documents, pages, chunks, vectors, jobs, outbox.

Chroma and BM25 follow from the outbox: whatever is added to or removed from them is first written
here, in the same transaction as the change it belongs to. A document goes live, and a replaced one
goes, in the transaction that strikes the finished row out of the outbox; so a process killed at any
moment leaves at worst work to repeat.

This package knows SQL and nothing else: no files, no models, no indexes.

    database.py    connections, transactions, migrations (schema.py)
    libraries.py   documents.py   changes.py   outbox.py   passages.py   amendments.py

One concern a module, each a class over the Database; a table for something new gets a module and a
class like theirs (or like `ingest.queue.jobs.JobQueue`, which keeps its own table), never a method here.
"""

from __future__ import annotations

from pathlib import Path

from ingest.catalog.amendments import Amendments
from ingest.catalog.changes import Changes
from ingest.catalog.database import Database
from ingest.catalog.documents import Documents
from ingest.catalog.libraries import Libraries
from ingest.catalog.outbox import OutboxTable
from ingest.catalog.passages import SWITCHED_OFF, Passages
from ingest.catalog.rows import DocumentRow, JobRow, OriginRow, OutboxRow

__all__ = ["SWITCHED_OFF", "Catalog", "DocumentRow", "JobRow", "OriginRow", "OutboxRow"]


class Catalog(Database):
    """One catalog file with what reads and writes it. Safe for threads."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.documents = Documents(self)
        self.libraries = Libraries(self, self.documents)
        self.outbox = OutboxTable(self, self.documents)
        self.changes = Changes(self, self.outbox)
        self.passages = Passages(self)
        self.amendments = Amendments(self, self.outbox)

"""Rows that several modules hand to each other, as stored."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.model.documents import DocumentState
from ingest.model.pages import Receipt


@dataclass(frozen=True, slots=True)
class OriginRow:
    id: int
    key: str
    place: str
    document_id: int | None
    pending_id: int | None
    mtime_ns: int
    size_bytes: int
    choice: str = ""  # of settings, as JSON (ingest.recipe)


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
    choice: str = ""  # of settings, as JSON (ingest.recipe)

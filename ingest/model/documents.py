"""What a library says of itself and its documents."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ingest.model.pages import Receipt


class DocumentState(StrEnum):
    """How far a document is; each step is one commit."""

    PENDING = "pending"  # rows are written, not yet in the BM25 index
    WORDS = "words"  # searchable by words, vectors to follow
    COMPLETE = "complete"  # searchable by words and by meaning


@dataclass(frozen=True, slots=True)
class OriginInfo:
    """A row of the library's list: one origin with what its document holds."""

    key: str
    document_id: int
    title: str
    media_type: str
    pages: int
    chunks: int
    size_bytes: int
    added_at: float  # Unix seconds
    state: DocumentState
    warnings: tuple[str, ...] = ()
    place: str = ""  # where it came from: an absolute path, "upload", a web address
    changed: int = 0  # passages switched off or corrected by hand
    tags: tuple[str, ...] = ()
    aside: bool = False  # set aside: another document answers


@dataclass(frozen=True, slots=True)
class Listed:
    """An origin with what documents are chosen by; ten thousand of them are read in a moment."""

    key: str
    document_id: int
    title: str
    media_type: str
    added_at: float  # Unix seconds
    tags: tuple[str, ...] = ()
    aside: bool = False  # set aside: another document answers
    place: str = ""  # as in `OriginInfo`
    size_bytes: int = 0
    state: DocumentState = DocumentState.COMPLETE
    remarked: bool = False  # its receipt has warnings


@dataclass(frozen=True, slots=True)
class DocumentDetail:
    """All that is known of an origin's document: for `show` and the Library page."""

    origin: OriginInfo
    other_keys: tuple[str, ...]
    content_hash: str
    receipt: Receipt
    paged: bool
    page_chunks: tuple[int, ...] = ()  # passages of each page, in the receipt's order
    chosen: str = ""  # settings chosen for this file, in words
    instead: str = ""  # the file that answers, where this one is set aside


@dataclass(frozen=True, slots=True)
class LibraryInfo:
    name: str
    embedder: str  # identity: weights, pooling, window, prefix
    documents: int
    origins: int
    chunks: int
    size_bytes: int
    created_at: float
    aside: int = 0  # of the documents: set aside
    newest_answers: bool = False  # of near duplicates
    tables: int = 0  # documents with rows to compute on

    @property
    def asked(self) -> int:
        """Documents that a question looks at."""
        return self.documents - self.aside

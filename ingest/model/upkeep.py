"""What looking after a home finds: faults, remains of removed documents, what a backup holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding of `check`: what is wrong, and what mends it."""

    library: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left of removed documents; 0 everywhere proves that they are gone."""

    catalog: int  # passages and vectors that no document, or no origin, leads to
    vectors: int  # passages in Chroma
    index: int  # passages in BM25
    originals: int  # files


@dataclass(frozen=True, slots=True)
class BackupInfo:
    """What an archive holds, or what came out of one."""

    path: str  # of the archive
    size_bytes: int
    libraries: int
    documents: int
    originals: int  # files
    missing: int  # files that the catalog names and that are lost or damaged; not in the archive
    chats: int
    made_at: float  # Unix seconds

"""What gathering works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.protocols import Embedder, Library

if TYPE_CHECKING:
    from rag.reader import Reader
    from rag.whole.kept import Kept


@dataclass(frozen=True, slots=True)
class Tools:
    library: Library
    embedder: Embedder
    reader: Reader
    kept: Kept

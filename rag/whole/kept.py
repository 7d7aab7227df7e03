"""What gathering keeps from one question to the next."""

from __future__ import annotations

from dataclasses import dataclass, field

from rag.whole.shelf import Shelves
from rag.whole.tables import Rows


@dataclass(frozen=True, slots=True)
class Kept:
    """The documents that were listed last, and the rows of the tables that were read last."""

    shelves: Shelves = field(default_factory=Shelves)
    rows: Rows = field(default_factory=Rows)

"""The rows of a table, to compute on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table below its header: cells as they are shown ("" where empty), in the columns' order.

    `numbers` are the stored values of a workbook's cells that hold numbers, None elsewhere. The row's line
    is `start`:`end` of the text of page `page`; `number` is the row's in the file, from 1.
    """

    number: int
    page: int
    start: int
    end: int
    cells: tuple[str, ...]
    numbers: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a header: `sheet` is the name of its sheet, "" for separated values."""

    sheet: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

"""The rows of a table as cells, to compute on: the same file, read the same way as its text (sheet.py).

Every row tells where its line stands in the text of its page, so that what is computed can be cited.
Tables without a header are left out: nobody can name their columns.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ingest.model.tables import Row, Table
from ingest.readers import sniff
from ingest.readers.grid import Cells, Grid, column_of
from ingest.readers.package import XLSX, Package
from ingest.readers.sheet import separated_rows
from ingest.readers.workbook import Workbook
from ingest.settings import Settings

CSV = "text/csv"


class RowGrid(Grid):
    """A grid that remembers the cells of every row it writes below a header.

    `numbers` are what the cells of the row to come hold where the file stores numbers: what is shown is
    rounded.
    """

    def __init__(self, limits: Settings, sheet: str | None = None, first_page: int = 1) -> None:
        super().__init__(limits, sheet)
        self.found: list[tuple[Cells, list[Row]]] = []
        self.numbers: dict[int, dict[int, float]] = {}  # by row
        self._first_page = first_page

    def _write(self, row: int, cells: Cells, bare: bool = False) -> None:
        super()._write(row, cells, bare)
        numbers = self.numbers.pop(row, {})
        if bare or not self._names:
            return
        if not self.found or self.found[-1][0] is not self._names:
            self.found.append((self._names, []))
        columns = sorted(self._names)
        draft = self.drafts[-1]
        line = draft.length - len(self.line)
        self.found[-1][1].append(
            Row(
                row,
                self._first_page + len(self.drafts) - 1,
                line,
                draft.length,
                tuple(cells.get(column, "") for column in columns),
                tuple(numbers.get(column) for column in columns),
            )
        )

    def tables(self) -> list[Table]:
        """What was found; columns without a name are called by their letters' order."""
        return [
            Table(self._sheet or "", tuple(names[column] for column in sorted(names)), tuple(rows))
            for names, rows in self.found
        ]


class NumberedWorkbook(Workbook):
    """A workbook that tells the numbers its cells store, beside how they are shown."""

    def __init__(self, package: Any) -> None:
        super().__init__(package)
        self.numbers: dict[str, float] = {}  # by the cell's name ("B7"), of the row in work

    def _text(self, cell: Any) -> str:
        text = super()._text(cell)
        if text and cell.get("t", "n") == "n" and not is_date(text):
            value = next(((child.text or "") for child in cell if str(child.tag).endswith("}v")), "")
            number = finite(value)
            if number is not None:
                self.numbers[cell.get("r", "")] = number
        return text


def read_tables(path: Path, name: str, limits: Settings) -> list[Table]:
    """The tables with a header of a workbook or of separated values; [] for other files.

    Raises Unreadable as the readers of `sheet` do.
    """
    kind = sniff(path, name)
    if kind == CSV:
        grid = RowGrid(limits)
        for number, cells in separated_rows(path):
            grid.add(number, cells)
        grid.finish()
        return grid.tables()
    return _workbook(path, limits) if kind == XLSX else []


def _workbook(path: Path, limits: Settings) -> list[Table]:
    found: list[Table] = []
    with Package.open(path, limits) as package:
        book = NumberedWorkbook(package)
        page = 1
        for name, part in book.sheets:
            grid = RowGrid(limits, name, page)
            for row, cells, _ in book.rows(part):
                stored = {column_of(cell): number for cell, number in book.numbers.items()}
                book.numbers.clear()
                if cells:
                    grid.numbers[row] = {column: stored[column] for column in cells if column in stored}
                    grid.add(row, cells)
            page += len(grid.finish())
            found += grid.tables()
    return found


def is_date(shown: str) -> bool:
    """Whether a stored number is shown as a date or a time: "2026-03-01", "14:30"."""
    return ":" in shown or (shown[:4].isdigit() and shown[4:5] == "-")


def finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None

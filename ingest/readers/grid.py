"""Rows of cells, as they come, to text: every row a line that names its columns, in bands with a cell range.

A sheet is a page (more when it is large) and its rows stand in bands of a few lines, each under a
heading that says where they are ("A2:D9"), so that a citation tells sheet and cell range.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from ingest.errors import Unreadable
from ingest.model.pages import Heading
from ingest.readers.draft import Draft
from ingest.readers.table import can_be_header, has_header, row_line
from ingest.readers.text import UNSEEN
from ingest.settings import Settings

BAND_CHARACTERS = 600  # a band is a chunk in most tables
SMALL_BAND = 300  # a shorter last one goes with the band before
PAGE_CHARACTERS = 100_000  # a larger sheet is several pages
LOOK_AHEAD = 24  # rows that are looked at to tell a header

_LETTERS = re.compile(r"[A-Z]{1,3}")
Cells = dict[int, str]  # column, counted from 0 → text; empty cells are not in it


def one_line(cell: str) -> str:
    """A cell's text on one line, without what nobody can see."""
    return " ".join(UNSEEN.sub("", cell).split())


def column_of(cell: str) -> int | None:
    """ "B7" → 1, counted from 0; None for a cell without a name."""
    letters = _LETTERS.match(cell)
    return _number_of(letters[0]) if letters else None


@cache  # asked for every cell
def _number_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1


def column_letters(column: int) -> str:
    """0 → "A", 25 → "Z", 26 → "AA"."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_range(first_row: int, last_row: int, first_column: int, last_column: int) -> str:
    """ "A2:D9" of rows counted from 1 and columns counted from 0; "A2" for one cell."""
    first = f"{column_letters(first_column)}{first_row}"
    last = f"{column_letters(last_column)}{last_row}"
    return first if first == last else f"{first}:{last}"


class Grid:
    """Writes the rows of one table of cells, as they come, to pages.

    `sheet` is its name in a workbook. A file of separated values has none: it stays one page, and a first
    row that can be a header is one.
    """

    def __init__(self, limits: Settings, sheet: str | None = None) -> None:
        self.drafts = [Draft()]
        self._sheet = sheet
        self._most = limits.max_characters
        self._ahead: list[tuple[int, Cells]] = []
        self._names: Cells = {}
        self._begun = False  # the block's header has been looked for
        self._last_row = 0
        self._gap = False
        self.line = ""  # the last one that was written
        self._written = 0  # characters on earlier pages
        self._bands: list[tuple[int, int, int, int, int]] = []  # of this page: start, rows, columns

    def add(self, row: int, cells: Cells) -> None:
        """The next row that has cells; `row` counts from 1."""
        if row != self._last_row + 1:
            self._flush()
            self._begun = False
            self._gap = self._last_row > 0
        self._last_row = row
        if self._begun:
            self._write(row, cells)
            return
        self._ahead.append((row, cells))
        if len(self._ahead) >= LOOK_AHEAD:
            self._flush()

    def finish(self) -> list[Draft]:
        self._flush()
        self._end_page()
        return self.drafts

    def _flush(self) -> None:
        """Tell the header of the block that begins, and write the rows that were looked at."""
        ahead, self._ahead = self._ahead, []
        while len(ahead) > 1 and len(ahead[0][1]) == 1 and len(ahead[1][1]) > 1:  # a title above the table
            self._write(*ahead.pop(0), bare=True)
        if not ahead:
            return
        if not self._begun:
            if self._is_headed([cells for _, cells in ahead]):
                self._names = ahead.pop(0)[1]
            elif any(set(cells) - set(self._names) for _, cells in ahead):
                self._names = {}  # after a gap a table goes on only in its own columns
            self._begun = True
        for row, cells in ahead:
            self._write(row, cells)

    def _is_headed(self, rows: Sequence[Cells]) -> bool:
        columns = range(min(map(min, rows)), 1 + max(map(max, rows)))
        if len(columns) > 2000:  # nothing to look at: such a row is data or an attack
            columns = range(min(rows[0]), 1 + min(max(rows[0]), min(rows[0]) + 2000))
        table = [[cells.get(column, "") for column in columns] for cells in rows]
        if self._names and rows[0].keys() <= self._names.keys() and not has_header(table):
            return False
        width = max(map(len, table))
        if self._sheet is None and not self._names:
            return len(rows) > 1 and width > 1 and can_be_header(table[0])
        return has_header(table)

    def _write(self, row: int, cells: Cells, bare: bool = False) -> None:
        self.line = line = row_line({} if bare else self._names, cells)
        draft = self.drafts[-1]
        full = self._bands and draft.length - self._bands[-1][0] >= BAND_CHARACTERS
        if full and self._sheet is not None and draft.length >= PAGE_CHARACTERS:
            self._end_page()
            self.drafts.append(Draft())
            draft, full = self.drafts[-1], False
        if draft.length:
            draft.add("\n\n" if self._gap else "\n")
        self._gap = False
        first, last = min(cells), max(cells)
        if self._bands and not full:
            start, top, _, left, right = self._bands[-1]
            self._bands[-1] = (start, top, row, min(left, first), max(right, last))
        else:
            self._bands.append((draft.length, row, row, first, last))
        draft.add(line)
        if self._written + draft.length > self._most:
            what = f"Sheet “{self._sheet}”" if self._sheet else "This table"
            raise Unreadable(
                f"{what} gives more than {self._most:,} characters (reached at row {row:,}), which is the most that is "
                "read. Split it, leave out columns, or raise FOOTNOTE_MAX_CHARACTERS."
            )

    def _end_page(self) -> None:
        """Give the page its headings: the sheet's name, and the range of each band."""
        draft = self.drafts[-1]
        if len(self._bands) > 1 and draft.length - self._bands[-1][0] < SMALL_BAND:
            _, _, bottom, left, right = self._bands.pop()
            start, top, _, before_left, before_right = self._bands[-1]
            self._bands[-1] = (start, top, bottom, min(left, before_left), max(right, before_right))
        if self._sheet and draft.length:
            draft.headings.append(Heading(0, 1, self._sheet))
        draft.headings += [Heading(start, 2, cell_range(*band)) for start, *band in self._bands]
        self._written += draft.length
        self._bands = []

"""Tables: each row as a line that stands alone, led by the names of its columns.

    Kind | Yearly fee | For whom          Kind, Yearly fee, For whom: Full | 84 € | adults
    Full | 84 € | adults            →     Kind, Yearly fee, For whom: Young | 18 € | pupils
    Young | 18 € | pupils

So a passage from the middle of a long table still says what its figures are, a footnote on one row can be
read by itself, and the row stands in it as it stands in the file. The reader picks the right row in this form
more often than in five others (rag/evaluate/LOG.md). Tables without a header keep their cells side by side.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

BETWEEN_CELLS = " | "
NAME_CHARACTERS = 80  # of a column's name, as it is repeated in every row
_YEAR = re.compile(r"(?:19|20)\d\d")
_PLACEHOLDERS = frozenset(("-", "–", "—", "n/a", "?", "."))


def table_lines(rows: Sequence[Sequence[str]], headed: bool | None = None) -> list[str]:
    """The table's rows as lines. `headed` says whether the first row names the columns; None: look.

    A header stands alone only in a table that has nothing else. Empty rows give no line.
    """
    rows = [row for row in rows if any(row)]
    if headed is None:
        headed = has_header(rows)
    if not headed or len(rows) < 2:
        return [BETWEEN_CELLS.join(row) for row in rows]
    names = dict(enumerate(rows[0]))
    return [row_line(names, dict(enumerate(row))) for row in rows[1:]]


def row_line(names: Mapping[int, str], cells: Mapping[int, str]) -> str:
    """A row as one line; empty cells are left out."""
    filled = [column for column, value in cells.items() if value]
    return row_lead(names, filled) + BETWEEN_CELLS.join(cells[column] for column in filled)


def row_lead(names: Mapping[int, str], filled: Sequence[int]) -> str:
    """What stands before a row whose cells in the columns `filled` are not empty.

    A lone first cell is a heading within the table and has no lead, nor has a row without names.
    """
    named = [names.get(column, "")[:NAME_CHARACTERS].rstrip(" :") for column in filled]
    if not any(named) or list(filled) == [min(names)]:
        return ""
    return f"{', '.join(name for name in named if name)}: "


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns, judged by itself and by the rows below it.

    It must be all words, different from one another, and either stand above figures or above two
    more rows of at least three columns that don't repeat it. Of two columns the second must be all figures.
    """
    if len(rows) < 2 or not can_be_header(rows[0]):
        return False
    first, below = rows[0], rows[1:]
    columns = [
        [row[column] for row in below if column < len(row) and row[column]] for column in range(len(first))
    ]
    if len(first) == 2:  # names and values side by side look the same; their rows stand alone anyway
        return len(columns[1]) >= 3 and all(map(is_figure, columns[1]))
    above_figures = any(
        values
        and 2 * sum(map(is_figure, values)) > len(values)
        and (not is_figure(name) or _YEAR.fullmatch(name))
        for name, values in zip(first, columns, strict=True)
        if name
    )
    if above_figures:
        return True
    repeated = any(name in values for name, values in zip(first, columns, strict=True))
    return len(first) >= 3 and len(below) >= 2 and not repeated


def can_be_header(row: Sequence[str]) -> bool:
    """At least two cells, all filled but perhaps the first, short, all different, and no figures but years."""
    names = [name.casefold() for name in row[1:] if name] + ([row[0].casefold()] if row and row[0] else [])
    return (
        len(row) >= 2
        and all(row[1:])
        and len(set(names)) == len(names)
        and all(len(name) <= NAME_CHARACTERS and name not in _PLACEHOLDERS for name in names)
        and not any(is_figure(name) and not _YEAR.fullmatch(name) for name in names)
    )


def is_figure(cell: str) -> bool:
    """A number, an amount, a date: at least as many digits as letters."""
    digits = sum(character.isdigit() for character in cell)
    return digits > 0 and digits >= sum(character.isalpha() for character in cell)

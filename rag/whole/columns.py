"""The cells of a table as what they are: numbers, dates, words.

A column is one of numbers or of dates when nearly all of its filled cells are; cells that are not count as empty
and are told. What a cell says is never more than text: no formula in it is worked out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ingest.model.tables import Row, Table
from ingest.text.analysis import terms

Kind = Literal["number", "date", "text"]
NEARLY_ALL = 0.85
_NUMBER = re.compile(
    r"(?P<before>[^\d.,+\-−()]{0,5}?)\s?(?P<open>\()?(?P<sign>[+\-−]?)\s?(?P<unit>[€$£¥]?)\s?"
    r"(?P<digits>\d[\d.,'’ \u00a0\u202f]*\d|\d|[.,]\d+)\s?(?P<close>\))?\s?(?P<after>[^\d]{0,12})"
)
_ISO = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?(?:[ T]\d{1,2}:\d{2}.*)?")
_EUROPEAN = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})")
_TOTAL = re.compile(r"(?:grand |sub-?)?(?:total|sum|subtotal|average|mean|overall)s?:?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """`values` stand for the rows: float, ISO date, or text; None where the cell is empty or of another kind.

    `unit` stands behind a number ("€", "%") or, with `unit_first`, before it; `decimals` are the most in a cell.
    """

    name: str
    kind: Kind
    values: tuple[float | str | None, ...]
    odd: int = 0  # filled cells that are not of the kind
    unit: str = ""
    unit_first: bool = False
    decimals: int = 0

    @property
    def stems(self) -> tuple[str, ...]:
        return tuple(terms(self.name))

    @property
    def numbers(self) -> bool:
        return self.kind == "number"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table to compute on. `key` is the file's, `sheets` are the names of those it is made of ("" for none)."""

    key: str
    title: str
    sheets: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: int = 0  # rows that only add up others, left out


def grids(key: str, title: str, tables: Sequence[Table]) -> list[Grid]:
    """The tables of a file; sheets with the same columns are one, with the sheet's name as a column more."""
    by_columns: dict[tuple[str, ...], list[Table]] = {}
    for table in tables:
        by_columns.setdefault(table.columns, []).append(table)
    return [_grid(key, title, group) for group in by_columns.values()]


def _grid(key: str, title: str, tables: Sequence[Table]) -> Grid:
    rows: list[Row] = []
    sheets: list[str] = []
    totals = 0
    for table in tables:
        for row in table.rows:
            if _adds_up(row):
                totals += 1
            else:
                rows.append(row)
                sheets.append(table.sheet)
    names = tables[0].columns
    columns = [
        column(name, [row.cells[n] for row in rows], [row.numbers[n] for row in rows])
        for n, name in enumerate(names)
    ]
    distinct = tuple(dict.fromkeys(table.sheet for table in tables))
    if len(distinct) > 1:
        columns.append(Column("Sheet", "text", tuple(sheets)))
    return Grid(key, title, distinct, tuple(columns), tuple(rows), totals)


def _adds_up(row: Row) -> bool:
    first = next((cell for cell in row.cells if cell), "")
    return _TOTAL.fullmatch(first.strip()) is not None


def column(name: str, cells: Sequence[str], stored: Sequence[float | None]) -> Column:
    """A column of these cells; `stored` are the numbers that a workbook keeps behind them."""
    filled = [cell for cell in cells if cell]
    dates = [as_date(cell) for cell in cells]
    if filled and sum(each is not None for each in dates) >= NEARLY_ALL * len(filled):
        return Column(
            name, "date", tuple(dates), sum(d is None and c != "" for d, c in zip(dates, cells, strict=True))
        )
    comma = decimal_comma(filled)
    parsed = [as_number(cell, comma) for cell in cells]
    good = [each for each in parsed if each is not None]
    ids = any(re.fullmatch(r"0\d+", cell) for cell in filled)
    if not filled or ids or len(good) < NEARLY_ALL * len(filled) or len({each.unit for each in good}) > 2:
        return Column(name, "text", tuple(cell or None for cell in cells))
    # Of a percentage a workbook stores the share: 0.15 behind 15%.
    values = tuple(
        None if each is None else each.value if kept is None or each.unit == "%" else kept
        for each, kept in zip(parsed, stored, strict=True)
    )
    units = Counter((each.unit, each.first) for each in good)
    (unit, first), count = units.most_common(1)[0]
    return Column(
        name,
        "number",
        values,
        sum(p is None and c != "" for p, c in zip(parsed, cells, strict=True)),
        unit if count == len(good) else "",
        first,
        max(each.decimals for each in good),
    )


@dataclass(frozen=True, slots=True)
class _Number:
    value: float
    unit: str
    first: bool
    decimals: int


def as_number(cell: str, comma: bool = False) -> _Number | None:
    """A cell as a number with its unit; `comma` where a comma stands before the decimals. None for anything else."""
    match = _NUMBER.fullmatch(cell.strip())
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    before, after = (match["before"].strip() or match["unit"]), match["after"].strip()
    if (before and after) or (any(map(str.isalpha, before)) and len(before) > 3):
        return None
    digits = re.sub(r"[\s'’\u00a0\u202f]", "", match["digits"])
    digits = digits.replace(".", "").replace(",", ".") if comma else digits.replace(",", "")
    try:
        value = float(digits)
    except ValueError:
        return None
    if match["sign"] in ("-", "−") or match["open"]:
        value = -value
    return _Number(value, before or after, bool(before), len(digits.partition(".")[2]))


def decimal_comma(cells: Sequence[str]) -> bool:
    """Whether numbers are written 1.234,50: some cell can be read in no other way, and none the other way round."""
    comma = any(
        re.search(r"\d,\d{1,2}(?!\d)|\d,\d{4,}", cell) or re.search(r"\d\.\d{3},\d", cell) for cell in cells
    )
    point = any(re.search(r"\d\.\d{1,2}(?!\d)|\d\.\d{4,}|\d,\d{3}\.\d", cell) for cell in cells)
    return comma and not point


def as_date(cell: str) -> str | None:
    """A cell as an ISO date ("2026-03" for a month); None where the order of day and month is anyone's guess."""
    if match := _ISO.fullmatch(cell.strip()):
        month, day = int(match[2]), int(match[3] or 1)
        return cell.strip()[: 10 if match[3] else 7] if 1 <= month <= 12 and 1 <= day <= 31 else None
    if match := _EUROPEAN.fullmatch(cell.strip()):
        day, month = int(match[1]), int(match[2])
        return f"{match[3]}-{month:02}-{day:02}" if 1 <= month <= 12 and 1 <= day <= 31 else None
    return None


def written(value: float, column: Column, decimals: int | None = None) -> str:
    """A number as the column writes its own: thousands set off, unit kept."""
    places = column.decimals if decimals is None else decimals
    text = f"{value:,.{places}f}"
    if not column.unit:
        return text
    if column.unit_first:
        return f"{column.unit}{text}"
    return f"{text}{'' if column.unit == '%' else ' '}{column.unit}"

"""What is asked of a table: a few operations over its columns, and nothing else. The limited interface.

A Query is made of numbers and of this file's words; no text of a question or of a cell is ever run as code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Aggregate = Literal["count", "sum", "mean", "median", "max", "min", "rows", "distinct"]
Comparison = Literal["is", "is not", "over", "from", "under", "to", "begins"]
Period = Literal["", "year", "month"]


@dataclass(frozen=True, slots=True)
class Filter:
    """Rows whose cell of a column (its place in the grid) compares so with a value.

    "from" and "to" include the value, "over" and "under" don't; "begins" is for dates: of a year, of a month.
    """

    column: int
    how: Comparison
    value: str | float


@dataclass(frozen=True, slots=True)
class Query:
    """`measure` is the column that is computed, None for counting rows; `top` the number of rows or groups that are
    shown, 0 for all. `best` keeps the groups, or rows, with the largest ("max") or smallest ("min") result."""

    aggregate: Aggregate
    measure: int | None = None
    filters: tuple[Filter, ...] = ()
    group: int | None = None
    period: Period = ""
    top: int = 0
    best: Literal["", "max", "min"] = ""
    shown: int | None = None  # the column whose values name the rows of an answer


def dated(column: int, how: Comparison, literal: str) -> list[Filter]:
    """Filters for a bound on a date; a year or a month is all its days."""
    if how == "is":
        return [Filter(column, "begins", literal)]
    if how in ("from", "under"):
        return [Filter(column, how, literal)]
    return upto(column, literal) if how == "to" else [Filter(column, "over", f"{literal}~")]


def upto(column: int, literal: str | float) -> list[Filter]:
    """The filter that a number, or all days of a date's prefix, are the last to pass."""
    return [Filter(column, "to", f"{literal}~" if isinstance(literal, str) else literal)]

"""Query and grid → result, by pandas: masks, sums and groups over typed columns, chosen from a fixed list."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.whole.columns import Grid
from rag.whole.query import Filter, Query

if TYPE_CHECKING:
    import pandas as pd

TIES = 5  # rows or groups that share the best value and are shown


@dataclass(frozen=True, slots=True)
class Line:
    """A result: its group or row ("" for the table as a whole), its value, and the rows it was made of."""

    name: str
    value: float | str | None
    rows: tuple[int, ...]  # places in the grid's rows


@dataclass(frozen=True, slots=True)
class Result:
    """`used` rows were computed on; `without` of those that the filters leave had no value to compute with."""

    lines: tuple[Line, ...]
    used: int
    matched: int
    without: int


_REDUCE: Mapping[str, Callable[[Any], Any]] = {
    "sum": lambda values: values.sum(),
    "mean": lambda values: values.mean(),
    "median": lambda values: values.median(),
    "max": lambda values: values.max(),
    "min": lambda values: values.min(),
    "count": len,
}


def compute(grid: Grid, query: Query) -> Result:
    """The result; without lines where no row is left."""
    import pandas as pd

    frame = pd.DataFrame(
        {n: pd.Series(each.values, dtype=_dtype(each.kind)) for n, each in enumerate(grid.columns)}
    )
    mask = pd.Series(True, index=frame.index)
    for alternatives in _alternatives(query.filters):
        masks = [_mask(frame[each.column], each, grid.columns[each.column].kind) for each in alternatives]
        mask &= functools.reduce(operator.or_, masks)
    kept = frame[mask]
    matched = len(kept)
    measure = query.measure
    if measure is not None:
        kept = kept[kept[measure].notna()]
    without = matched - len(kept)
    if kept.empty:
        return Result((), 0, matched, without)
    if query.aggregate == "rows":
        lines = [Line("", None, (int(i),)) for i in kept.index]
    elif query.aggregate == "distinct":
        assert measure is not None
        groups = kept.groupby(measure, sort=False).indices
        places = list(kept.index)
        lines = [
            Line(str(name), float(len(at)), tuple(int(places[n]) for n in at)) for name, at in groups.items()
        ]
        lines.sort(key=lambda line: (-len(line.rows), line.name))
    elif query.group is not None:
        lines = _grouped(kept, grid, query)
    elif query.aggregate in ("max", "min") and measure is not None:
        lines = _extremes(kept, query, measure)
    else:
        values = kept[measure] if measure is not None else kept
        lines = [Line("", _plain(_REDUCE[query.aggregate](values)), tuple(map(int, kept.index)))]
    return Result(tuple(lines), len(kept), matched, without)


def _alternatives(filters: Sequence[Filter]) -> list[list[Filter]]:
    """Filters that all hold; of the values that one column may have ("is"), any one."""
    same: dict[int, list[Filter]] = {}
    for each in filters:
        if each.how == "is":
            same.setdefault(each.column, []).append(each)
    return [*same.values(), *([each] for each in filters if each.how != "is")]


def _dtype(kind: str) -> str:
    return "float64" if kind == "number" else "object"


def _mask(column: pd.Series, wanted: Filter, kind: str) -> pd.Series:
    value = wanted.value
    if wanted.how == "begins":
        return column.map(lambda cell: isinstance(cell, str) and cell.startswith(str(value)))
    if kind == "text":
        same = column.map(lambda cell: isinstance(cell, str) and cell.casefold() == str(value).casefold())
        return same if wanted.how == "is" else ~same
    there = column.notna()
    filled = column.where(there, "" if kind == "date" else 0.0)
    compared = {
        "is": lambda: filled == value,
        "is not": lambda: filled != value,
        "over": lambda: filled > value,
        "from": lambda: filled >= value,
        "under": lambda: filled < value,
        "to": lambda: filled <= value,
    }[wanted.how]()
    return there & compared


def _grouped(kept: pd.DataFrame, grid: Grid, query: Query) -> list[Line]:
    assert query.group is not None
    keys = kept[query.group]
    if query.period:
        keys = keys.map(lambda cell: str(cell)[: 4 if query.period == "year" else 7] if cell else None)
    kept = kept[keys.notna()]
    keys = keys[keys.notna()]
    lines = []
    for name, part in kept.groupby(keys, sort=False):
        values = part[query.measure] if query.measure is not None else part
        lines.append(Line(_name(name), _plain(_REDUCE[query.aggregate](values)), tuple(map(int, part.index))))
    if query.period:
        lines.sort(key=lambda line: line.name)
    else:
        lines.sort(key=lambda line: (_order(line.value), line.name), reverse=False)
    if query.best:
        lines.sort(key=lambda line: _order(line.value), reverse=query.best == "min")
        return _first(lines, query.top)
    return lines


def _order(value: float | str | None) -> float:
    """For sorting, largest first."""
    return -value if isinstance(value, (int, float)) else 0.0


def _extremes(kept: pd.DataFrame, query: Query, measure: int) -> list[Line]:
    """The rows with the largest or smallest values, as many as are asked for, ties included."""
    ordered = kept.sort_values(measure, ascending=query.aggregate == "min", kind="stable")
    lines = [Line("", _plain(value), (int(i),)) for i, value in ordered[measure].items()]
    return _first(lines, query.top)


def _first(lines: list[Line], top: int) -> list[Line]:
    count = max(1, top)
    while count < len(lines) and lines[count].value == lines[count - 1].value and count < max(1, top) + TIES:
        count += 1
    return lines[:count]


def _name(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> float | str | None:
    if isinstance(value, str) or value is None:
        return value
    return float(value)

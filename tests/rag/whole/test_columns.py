"""Cells as numbers, dates and words."""

from __future__ import annotations

import pytest

from ingest.model.tables import Row, Table
from rag.whole.columns import as_date, column, decimal_comma, grids, written

NONE: tuple[float | None, ...] = (None, None, None)


@pytest.mark.parametrize(
    ("cells", "values", "unit"),
    [
        (("1,200.50 €", "3 €", "-7.25 €"), (1200.5, 3.0, -7.25), "€"),
        (("1.200,50", "3", "7,25"), (1200.5, 3.0, 7.25), ""),
        (("$5", "$1,000", "($20)"), (5.0, 1000.0, -20.0), "$"),
        (("15%", "0.5%", ""), (15.0, 0.5, None), "%"),
        (("12 kg", "1 kg", "0.5 kg"), (12.0, 1.0, 0.5), "kg"),
    ],
)
def test_numbers(cells: tuple[str, ...], values: tuple[float | None, ...], unit: str) -> None:
    found = column("x", cells, NONE)
    assert found.kind == "number"
    assert found.values == values
    assert found.unit == unit


@pytest.mark.parametrize(
    "cells",
    [
        ("007", "012", "100"),
        ("A1", "B2", "3"),
        ("=1+1", "2", "3"),
        ("1", "2", "<b>3</b>"),
        ("1 €", "2 $", "3 £"),
    ],
)
def test_what_is_no_number_stays_text(cells: tuple[str, ...]) -> None:
    found = column("x", cells, NONE)
    assert found.kind == "text"
    assert found.values == cells


def test_odd_cells_are_counted_and_left_out() -> None:
    cells = [*("10" for _ in range(20)), "n/a"]
    found = column("x", cells, [None] * 21)
    assert found.kind == "number"
    assert found.odd == 1
    assert found.values[-1] is None


def test_a_workbook_s_own_numbers_count_and_not_what_is_shown() -> None:
    found = column("x", ("1.2 €", "3.4 €", "15.0 €"), (1.234, 3.4, 15.0))
    assert found.values == (1.234, 3.4, 15.0)
    shares = column("x", ("15%", "20%", "5%"), (0.15, 0.2, 0.05))
    assert shares.values == (15.0, 20.0, 5.0)


def test_dates() -> None:
    assert as_date("2026-03-01") == "2026-03-01"
    assert as_date("2026-03-01 14:30") == "2026-03-01"
    assert as_date("1. 3. 2026") == "2026-03-01"
    assert as_date("2026-03") == "2026-03"
    assert as_date("03/04/2026") is None, "nobody knows which is the day"
    assert as_date("2026-13-01") is None
    assert column("d", ("2026-03-01", "", "2026-04-01"), NONE).kind == "date"


def test_a_decimal_comma_is_seen_where_it_is_certain() -> None:
    assert decimal_comma(["1.234,50"])
    assert decimal_comma(["3,5", "10"])
    assert not decimal_comma(["1,234", "10"])
    assert not decimal_comma(["1,234.50"])


def test_numbers_are_written_as_the_column_writes_them() -> None:
    found = column("x", ("1,200.50 €", "3.00 €", "7.25 €"), NONE)
    assert written(12345.6, found) == "12,345.60 €"
    assert written(0.155, column("x", ("15%", "1%", "2%"), NONE), 1) == "0.2%"


def row(number: int, *cells: str) -> Row:
    return Row(number, 1, number * 10, number * 10 + 5, cells, tuple(None for _ in cells))


def test_sheets_with_the_same_columns_are_one_table_and_totals_are_left_out() -> None:
    tables = [
        Table("2024", ("Item", "Sum"), (row(2, "A", "1"), row(3, "Total", "1"))),
        Table("2025", ("Item", "Sum"), (row(2, "B", "2"), row(3, "Grand total:", "2"))),
        Table("Other", ("Name", "Age"), (row(2, "C", "3"),)),
    ]
    both, other = grids("a.xlsx", "", tables)
    assert [each.name for each in both.columns] == ["Item", "Sum", "Sheet"]
    assert both.columns[2].values == ("2024", "2025")
    assert both.columns[1].values == (1.0, 2.0)
    assert both.totals == 2
    assert [each.name for each in other.columns] == ["Name", "Age"]

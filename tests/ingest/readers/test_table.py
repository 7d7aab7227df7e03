"""Rows that stand alone, and the guess whether a table has a header."""

from __future__ import annotations

import pytest

from ingest.readers.table import has_header, table_lines

FEES = [["Kind", "Yearly fee", "For whom"], ["Full", "84 €", "adults"], ["Young", "18 €", "pupils"]]


def test_every_row_names_its_columns() -> None:
    assert table_lines(FEES) == [
        "Kind, Yearly fee, For whom: Full | 84 € | adults",
        "Kind, Yearly fee, For whom: Young | 18 € | pupils",
    ]


def test_empty_cells_missing_names_and_rows_within() -> None:
    rows = [["", "2024", "2025:"], ["North", "", "12"], ["Abroad"], [], ["Spain", "1", "2", "extra"]]
    assert table_lines(rows, True) == ["2025: North | 12", "Abroad", "2024, 2025: Spain | 1 | 2 | extra"]
    assert table_lines([["Year", "Remark"], ["2024", "Done!"]], True) == ["Year, Remark: 2024 | Done!"]
    assert table_lines([["A", "B"]], True) == ["A | B"]
    assert table_lines([], True) == []


@pytest.mark.parametrize(
    ("rows", "headed"),
    [
        (FEES, True),
        ([["Region", "2024", "2025"], ["North", "10", "12"]], True),
        (
            [
                ["Country", "Capital", "River"],
                ["Spain", "Madrid", "Manzanares"],
                ["France", "Paris", "Seine"],
            ],
            True,
        ),
        ([["Item", "Price"], ["Bread", "3.20"], ["Milk", "1.10"], ["Eggs", "2.80"]], True),
        (
            [["Company", "Kestrel Hill"], ["Phone", "0123 456"], ["Town", "Ferrand"]],
            False,
        ),  # names and values
        ([["Company", "Kestrel Hill"], ["Phone", "0123 456"], ["Founded", "1974"]], False),
        ([["1", "2", "3"], ["4", "5", "6"]], False),
        ([["a", "a", "b"], ["1", "2", "3"]], False),  # columns called the same
        ([["yes", "no", "yes please"], ["yes", "no", "no"], ["no", "yes", "yes"]], False),  # repeated below
        ([["only"], ["one"], ["column"]], False),
        ([["Kind", "Fee", "Whom"]], False),
        ([], False),
    ],
)
def test_header(rows: list[list[str]], headed: bool) -> None:
    assert has_header(rows) is headed

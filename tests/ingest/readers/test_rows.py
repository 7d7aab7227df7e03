"""Rows as cells: what stands in a cell, what a workbook stores behind it, and where its line is."""

from __future__ import annotations

import datetime
from pathlib import Path

import openpyxl
import pytest

from ingest.errors import Unreadable
from ingest.model.tables import Table
from ingest.processes.sandbox import SandboxPool
from ingest.readers import read
from ingest.readers.rows import read_tables
from ingest.settings import Settings


def tables_of(path: Path) -> list[Table]:
    """The tables of a file, each row's line held against the text that reading gives."""
    found = read_tables(path, path.name, Settings())
    pages = read(path, path.name, Settings()).pages
    for table in found:
        for row in table.rows:
            line = pages[row.page - 1].text[row.start : row.end]
            assert line.endswith(" | ".join(cell for cell in row.cells if cell))
            assert "\n" not in line
    return found


def test_cells_stay_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(
        'Name,Note,Sum\nA,"x | y: z","1,200.50"\nB,,7\n"=1+1","<b>""b""</b>",3\n', encoding="utf-8"
    )
    (table,) = tables_of(path)
    assert table.columns == ("Name", "Note", "Sum")
    assert [row.cells for row in table.rows] == [
        ("A", "x | y: z", "1,200.50"), ("B", "", "7"), ("=1+1", '<b>"b"</b>', "3"),
    ]  # fmt: skip
    assert [row.number for row in table.rows] == [2, 3, 4]


def test_a_workbook_tells_what_it_stores(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    fees = book.active
    assert fees is not None
    fees.title = "Fees"
    fees["A1"] = "Fees of the hill"
    fees.append([])
    fees.append(["Item", "Amount", "Due", "Code"])
    for number in range(40):
        fees.append([f"Item {number}", 1.234 + number, datetime.date(2026, 1, 1), f"00{number}"])
        fees.cell(fees.max_row, 2).number_format = '#,##0.0 "€"'
    second = book.create_sheet("Names")
    second.append(["only", "words"])
    second.append(["and", "more words"])
    book.save(tmp_path / "fees.xlsx")
    (table,) = tables_of(tmp_path / "fees.xlsx")
    assert (table.sheet, table.columns) == ("Fees", ("Item", "Amount", "Due", "Code"))
    assert len(table.rows) == 40
    assert table.rows[7].cells == ("Item 7", "8.2 €", "2026-01-01", "007")
    assert table.rows[7].numbers[1] == pytest.approx(8.234)
    assert [number is None for number in table.rows[7].numbers] == [True, False, True, True]
    assert table.rows[7].number == 11


def test_two_blocks_of_a_sheet_are_two_tables(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Item", "Price"], ["Bread", 3], ["Milk", 1], ["Eggs", 2], [],
                ["Town", "People"], ["Ferrand", 10], ["Leeds", 20], ["Oslo", 30]):  # fmt: skip
        sheet.append(row)
    book.save(tmp_path / "two.xlsx")
    assert [table.columns for table in tables_of(tmp_path / "two.xlsx")] == [
        ("Item", "Price"), ("Town", "People"),
    ]  # fmt: skip


def test_other_files_have_none(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("| A | B |\n|---|---|\n| 1 | 2 |\n", encoding="utf-8")
    assert read_tables(path, "a.md", Settings()) == []


def test_rows_are_read_in_the_sandbox_and_damage_ends_there(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.xlsx"
    good.write_text("Kind,Fee\nFull,84\nYoung,18\n", encoding="utf-8")
    bad.write_bytes(b"PK\x03\x04 and nothing else")
    pool = SandboxPool(Settings())
    try:
        (table,) = pool.tables(good, "good.csv")
        assert table == read_tables(good, "good.csv", Settings())[0]
        with pytest.raises(Unreadable):
            pool.tables(bad, "bad.xlsx")
    finally:
        pool.close()

"""Workbooks, made by openpyxl and by hand, and separated values."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path

import openpyxl
import pytest

from ingest.errors import Unreadable
from ingest.model.pages import PageState
from ingest.readers import grid, number_format
from tests.ingest.readers.contract import chunks_of, read_file

EPOCH = datetime.datetime(1899, 12, 30)


def test_sheets_are_pages_and_bands_say_where_they_are(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    budget = book.active
    assert budget is not None
    budget.title = "Budget"
    budget["A1"] = "Budget of the hill"
    budget.append([])
    budget.append(["Item", "Amount", "Due", "Share"])
    for number in range(60):
        day = datetime.date(2026, 1, 1) + datetime.timedelta(days=number)
        budget.append([f"Item {number}", 1234.5 + number, day, 0.15])
        row = budget.max_row
        budget.cell(row, 2).number_format = '#,##0.00 "€"'
        budget.cell(row, 4).number_format = "0%"
    other = book.create_sheet("Contacts")
    other["B2"], other["C2"] = "Phone", "0123 456"
    other["B3"], other["C3"] = "Town", "Ferrand"
    book.create_sheet("Empty")
    book.save(tmp_path / "plan.xlsx")
    found = read_file(tmp_path / "plan.xlsx")
    assert found.paged
    assert [page.label for page in found.pages] == ["Budget", "Contacts", "Empty"]
    assert found.receipt.pages[2].state is PageState.EMPTY
    assert found.pages[1].text == "Phone | 0123 456\nTown | Ferrand"
    assert [heading.text for heading in found.pages[1].headings] == ["Contacts", "B2:C3"]
    lines = found.pages[0].text.split("\n")
    assert lines[:3] == [
        "Budget of the hill", "", "Item, Amount, Due, Share: Item 0 | 1,234.50 € | 2026-01-01 | 15%",
    ]  # fmt: skip
    chunks = [chunk for chunk in chunks_of(found) if chunk.page == 1]
    assert len(chunks) > 4
    place = 4
    for chunk in chunks:  # the range of each passage holds its rows
        assert chunk.headings[0] == "Budget"
        first, last = (int(cell[1:]) for cell in chunk.headings[1].split(":"))
        for line in chunk.text.split("\n"):
            if line.startswith("Item, Amount"):
                assert first <= place <= last
                assert f": Item {place - 4} | " in line
                place += 1
    assert place == 64


def test_a_large_sheet_is_several_pages_and_its_header_goes_on(tmp_path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    log = book.create_sheet("Log")
    log.append(["Station", "Temperature", "Remark"])
    for number in range(3_000):
        log.append([f"station {number}", number / 10, "no remark on this day"])
    book.save(tmp_path / "log.xlsx")
    found = read_file(tmp_path / "log.xlsx")
    assert len(found.pages) > 1
    assert {page.label for page in found.pages} == {"Log"}
    assert all(page.text.startswith("Station, Temperature, Remark: station ") for page in found.pages)
    assert found.pages[-1].headings[-1].text.endswith(":C3001")
    with pytest.raises(Unreadable, match=r"more than 50,000 characters .*FOOTNOTE_MAX_CHARACTERS"):
        read_file(tmp_path / "log.xlsx", max_characters=50_000)


def test_formulas_without_results_are_told(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Sum", "=1+1"])
    hidden = book.create_sheet("Lists")
    hidden.append(["x", "y"])
    hidden.sheet_state = "veryHidden"
    book.save(tmp_path / "a.xlsx")
    found = read_file(tmp_path / "a.xlsx")
    assert found.pages[0].text == "Sum"
    assert "1 formulas have no saved result" in found.receipt.warnings[0]
    assert "Lists" in found.receipt.warnings[1]


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        ("0.1", "", "0.1"),
        ("0.30000000000000004", "General", "0.3"),
        ("84", '#,##0 "€"', "84 €"),
        ("1234567.891", "#,##0.00", "1,234,567.89"),
        ("1234.5", "[$€-407] #,##0.00", "€ 1,234.50"),
        ("-5.25", "0.0;[Red]-0.0", "-5.2"),
        ("0.155", "0.0%", "15.5%"),
        ("46023", "yyyy-mm-dd", "2026-01-01"),
        ("46023.75", "dd/mm/yyyy hh:mm", "2026-01-01 18:00"),
        ("0.5", "h:mm", "12:00"),
        ("1.25", "[h]:mm:ss", "30:00:00"),
        ("46023", "mmm-yy", "2026-01"),
        ("12", '0 "days"', "12 days"),
        ("0.5", "# ?/?", "0.5"),
        ("12300000", "0.00E+00", "12300000"),
        ("1e300", "yyyy", "1e+300"),
        ("broken", "0", "broken"),
    ],
)
def test_numbers_as_people_see_them(value: str, code: str, text: str) -> None:
    assert number_format.shown(value, code, EPOCH) == text


def test_letters_of_columns() -> None:
    assert [grid.column_letters(n) for n in (0, 25, 26, 701, 702, 16_383)] == [
        "A",
        "Z",
        "AA",
        "ZZ",
        "AAA",
        "XFD",
    ]
    assert grid.cell_range(2, 9, 0, 3) == "A2:D9"
    assert grid.cell_range(2, 2, 0, 0) == "A2"


# ------------------------------------------------------------------ separated values


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"Name,Room\nAnna,A1\nBert,B2\n", "Name, Room: Anna | A1\nName, Room: Bert | B2"),
        ("Name;Größe\r\nAnna;1,5\r\n".encode("cp1252"), "Name, Größe: Anna | 1,5"),
        (b'Name\tNote\nAnna\t"two\nlines; here"\n', "Name, Note: Anna | two lines; here"),
        (b"1,2\n3,4\n", "1 | 2\n3 | 4"),
        (b"one\ntwo\n", "one\ntwo"),
        (b"a,b\n", "a | b"),
        (b'a,b\n"never closed,1\n2,3', "never closed,1 2,3"),
    ],
)
def test_separated(tmp_path: Path, data: bytes, text: str) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    found = read_file(tmp_path / "a.csv")
    assert found.pages[0].text == text
    assert not found.paged
    assert found.title == ""  # the place of a row is no title


def test_rows_of_separated_values_say_their_place_and_header(tmp_path: Path) -> None:
    rows = "".join(f"bolt {n},{n * 7},{n % 9}\n" for n in range(300))
    (tmp_path / "a.csv").write_text("Part,Length,Stock\n" + rows)
    chunks = chunks_of(read_file(tmp_path / "a.csv"))
    assert all(chunk.text.startswith("Part, Length, Stock: bolt ") for chunk in chunks)
    assert chunks[0].headings[0].startswith("A2:C")
    assert chunks[-1].headings[0].endswith(":C301")


def test_a_million_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",".join(str(n) for n in range(1_000_000)))
    with pytest.raises(Unreadable, match="more than 1,000,000 characters"):
        read_file(tmp_path / "a.csv", max_characters=1_000_000)


# ------------------------------------------------------------------ hostile


def by_hand(path: Path, rows: str, strings: str = "") -> Path:
    relations = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "_rels/.rels",
            f'<Relationships {relations}><Relationship Id="r" Type="{office}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook {main} xmlns:r="{office}"><sheets><sheet name="S" r:id="s"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships {relations}><Relationship Id="s" Type="{office}/worksheet" Target="s.xml"/>'
            f'<Relationship Id="t" Type="{office}/sharedStrings" Target="t.xml"/>'
            f'<Relationship Id="u" Type="{office}/worksheet" Target="http://example.com/s.xml" TargetMode="External"/>'
            "</Relationships>",
        )
        archive.writestr("xl/s.xml", f"<worksheet {main}><sheetData>{rows}</sheetData></worksheet>")
        archive.writestr("xl/t.xml", f"<sst {main}>{strings}</sst>")
    return path


def test_cells_that_lie(tmp_path: Path) -> None:
    rows = (
        '<row r="1048576"><c r="XFD1048576" t="s"><v>0</v></c><c r="A1048576" t="s"><v>99</v></c></row>'
        '<row r="5"><c t="inlineStr"><is><t>in</t><t>line</t></is></c><c t="b"><v>1</v></c><c s="77"><v>2</v></c></row>'
    )
    path = by_hand(tmp_path / "a.xlsx", rows, "<si><t>far</t><rPh><t>aid</t></rPh></si>")
    found = read_file(path)
    assert found.pages[0].text == "far\n\ninline | yes | 2"


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = by_hand(tmp_path / "a.xlsx", " " * (60 * 2**20))
    assert path.stat().st_size < 200_000
    with pytest.raises(Unreadable, match=r"unpacks to a part of 60 MiB"):
        read_file(path)


def test_broken_archives(tmp_path: Path) -> None:
    whole = by_hand(tmp_path / "whole.xlsx", "<row><c><v>1</v></c></row>").read_bytes()
    for cut in (len(whole) // 2, len(whole) - 30):
        (tmp_path / "a.xlsx").write_bytes(whole[:cut])
        with pytest.raises(Unreadable, match="damaged or incomplete"):
            read_file(tmp_path / "a.xlsx")
    at = whole.index(b"xl/s.xml") + 12
    (tmp_path / "b.xlsx").write_bytes(whole[:at] + b"\xff" * 20 + whole[at + 20 :])
    with pytest.raises(Unreadable, match="damaged or incomplete"):
        read_file(tmp_path / "b.xlsx")
    by_hand(tmp_path / "c.xlsx", "<row><c></row>")
    with pytest.raises(Unreadable, match="damaged or incomplete"):
        read_file(tmp_path / "c.xlsx")

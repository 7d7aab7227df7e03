"""Where a passage stands, said as people say it: by hand, and from files of each kind."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pptx
import pytest

from ingest.places import page_of, place_of, unit
from ingest.readers import PPTX, XLSX
from tests.ingest.readers.contract import chunks_of, read_file


@pytest.mark.parametrize(
    ("kind", "page", "label", "headings", "short", "section"),
    [
        ("application/pdf", 4, None, ("Fees",), "p. 4", "Fees"),
        ("application/pdf", 6, "iv", (), "p. iv (6)", ""),
        ("application/pdf", 6, "6", (), "p. 6", ""),
        (PPTX, 3, None, ("Roadmap",), "slide 3", "Roadmap"),
        (XLSX, 2, "Budget", ("Budget", "A2:D9"), "sheet Budget, A2:D9", ""),
        (XLSX, 2, "Budget", (), "sheet Budget", ""),
        ("text/csv", None, None, ("A2:D9",), "cells A2:D9", ""),
        ("text/markdown", None, None, ("Leave", "Carry-over"), "§ Carry-over", "Leave › Carry-over"),
        ("text/markdown", None, None, ("Handbook",), "§ Handbook", ""),
        ("text/plain", None, None, (), "", ""),
        ("image/png", 1, None, (), "picture", ""),
        ("image/tiff", 2, None, (), "p. 2", ""),
    ],
)
def test_as_people_say_it(
    kind: str, page: int | None, label: str | None, headings: tuple[str, ...], short: str, section: str
) -> None:
    place = place_of(kind, page, label, headings)
    assert (place.short, place.section_line("Handbook")) == (short, section)


def test_what_is_left_when_only_the_key_is_known() -> None:
    assert [page_of("talks/a.PPTX", 3), page_of("a.pdf", 3), page_of("a.md", None)] == ["slide 3", "p. 3", ""]
    assert [unit(PPTX), unit(XLSX), unit("application/pdf")] == ["slide", "sheet", "page"]


def test_cells_and_slides_of_real_files(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Budget"
    for row in (("Item", "2024", "2025"), ("Rent", 900, 950), ("Power", 120, 140)):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    deck = pptx.Presentation()
    for title in ("Welcome", "Numbers"):
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = title
    deck.save(str(tmp_path / "a.pptx"))
    said = []
    for name in ("a.xlsx", "a.pptx"):
        found = read_file(tmp_path / name)
        for chunk in chunks_of(found):
            label = found.pages[chunk.page - 1].label
            said.append(place_of(found.media_type, chunk.page, label, chunk.headings).short)
    assert said == ["sheet Budget, A2:C3", "slide 1", "slide 2"]

"""Running heads, feet and page numbers go; whatever might be body text stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.model.pages import FileText, Page, PageState, Run
from ingest.readers import pdf_show, read, source_ranges
from ingest.readers.headings import Line
from ingest.readers.margins import LinePlace, running_lines, without
from ingest.settings import Settings
from tests.ingest.small_pdfs import make_pdf

BODY = ["The committee met and decided on page", "and nothing else of note was said."]
ROWS_TO_FOOT = 32  # rows of `make_pdf` down to the lower edge
CROP = (0, 0, 612, 740)


def pages_of(heads: list[str], feet: list[str], gap: int = 2, head_size: float = 12) -> FileText:
    """A PDF with a head, `gap` rows further down the body, and a foot on every page."""
    pages = []
    for number, (head, foot) in enumerate(zip(heads, feet, strict=True), 1):
        lines = [head, *[""] * (gap - 1), f"{BODY[0]} {number} of it", BODY[1]]
        pages.append([*lines, *[""] * (ROWS_TO_FOOT - len(lines)), foot])
    path = Path(pages_of.folder) / "a.pdf"  # type: ignore[attr-defined]
    path.write_bytes(make_pdf(pages, sizes=(head_size,), crop=CROP))
    return read(path, "a.pdf", Settings())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    pages_of.folder = tmp_path  # type: ignore[attr-defined]


def texts(found: FileText) -> list[list[str]]:
    return [[line for line in page.text.split("\n") if line] for page in found.pages]


def body(number: int) -> list[str]:
    return [f"{BODY[0]} {number} of it", BODY[1]]


def test_heads_and_numbers_go_and_the_first_head_stays(tmp_path: Path) -> None:
    found = pages_of(["Minutes of the Board"] * 6, [str(n) for n in range(3, 9)])
    assert texts(found)[0] == ["Minutes of the Board", *body(1)]
    assert texts(found)[1:] == [body(number) for number in range(2, 7)]
    page = found.pages[3]
    start = page.text.index("nothing")
    (box,) = pdf_show.boxes(tmp_path / "a.pdf", 4, source_ranges(page.runs, start, start + len("nothing")))
    assert box.top < 1 - 645 / 740 < box.bottom  # its baseline is at 640


@pytest.mark.parametrize(
    "foot", ["Page {}", "Page {} of 6", "- {} -", "ACME Annual Report | {}", "Seite {} von 6"]
)
def test_ways_to_count_pages(foot: str) -> None:
    found = pages_of([""] * 6, [foot.format(number) for number in range(1, 7)])
    assert texts(found)[1:] == [body(number) for number in range(2, 7)]


def test_roman_numbers_and_heads_of_even_and_odd_pages() -> None:
    heads = ["A Short History" if number % 2 else "Of the Observatory" for number in range(8)]
    found = pages_of(heads, ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii"])
    assert texts(found)[2:] == [body(number) for number in range(3, 9)]
    assert texts(found)[:2] == [[heads[0], *body(1)], [heads[1], *body(2)]]


def test_a_chapter_s_head_with_its_page_number() -> None:
    heads = [f"{n} 1.{1 + n // 4}. CONTINUITY" for n in range(1, 9)]
    found = pages_of(heads, [""] * 8)
    assert [len(lines) for lines in texts(found)] == [3, 2, 2, 3, 2, 2, 2, 3]  # 1.1, 1.2 and 1.3 once each


@pytest.mark.parametrize(
    ("heads", "feet"),
    [
        ([f"Day {n}" for n in range(1, 7)], [""] * 6),  # a heading on every page
        ([""] * 6, [str(2018 + n) for n in range(6)]),  # a page for each year
        ([""] * 6, ["12", "57", "3", "88", "40", "9"]),  # numbers, not of pages
        (["Total 4", "Total 9", "Total 3", "Total 5", "Total 2", "Total 1"], [""] * 6),
    ],
)
def test_what_may_be_body_stays(heads: list[str], feet: list[str]) -> None:
    found = pages_of(heads, feet)
    for number, lines in enumerate(texts(found), 1):
        assert lines == [*filter(None, [heads[number - 1]]), *body(number), *filter(None, [feet[number - 1]])]


def test_the_head_of_a_table_that_goes_on_stays() -> None:
    found = pages_of(["Region Sales Costs"] * 6, [""] * 6, gap=1, head_size=16)
    assert all(lines[0] == "Region Sales Costs" for lines in texts(found))


def test_two_pages_prove_nothing() -> None:
    assert texts(pages_of(["Minutes of the Board"] * 2, ["1", "2"]))[1][0] == "Minutes of the Board"


def test_a_page_with_nothing_but_its_number_is_empty(tmp_path: Path) -> None:
    rows = [[*[""] * ROWS_TO_FOOT, str(n)] for n in range(1, 5)]
    rows[0][0] = "Something to read"
    path = tmp_path / "b.pdf"
    path.write_bytes(make_pdf(rows, crop=CROP))
    found = read(path, "b.pdf", Settings())
    assert [page.text for page in found.pages] == ["Something to read", "", "", ""]
    assert [each.state for each in found.receipt.pages] == [PageState.READ, *[PageState.EMPTY] * 3]


def test_the_map_and_looks_follow() -> None:
    page = Page(2, "Head\n\nOne\nTwo\n7", runs=(Run(0, 100, 14), Run(14, 200, 1)))
    lines = [
        Line(0, 4, 9.0, False),
        Line(6, 9, 12.0, True),
        Line(10, 13, 12.0, False),
        Line(14, 15, 9.0, False),
    ]
    places = [LinePlace(0, 4, 0.05, 0.06), LinePlace(14, 15, 0.95, 0.96)]
    found, looks = without(page, lines, places)
    assert found.text == "One\nTwo"
    assert source_ranges(found.runs, 0, 7) == [(106, 113)]
    assert [(found.text[each.start : each.end], each.bold) for each in looks] == [
        ("One", True),
        ("Two", False),
    ]
    assert running_lines([page], [places]) == {}

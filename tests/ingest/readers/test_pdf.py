from __future__ import annotations

import math
import time
from io import BytesIO
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from PIL import Image

from ingest.errors import NeedsPassword, NotFound, Unreadable
from ingest.model.pages import Heading, Page, PageState, Run
from ingest.readers import (
    hyphens,
    pdf,
    pdf_facts,
    pdf_show,
    pdf_text,
    picture,
    read,
    source_ranges,
)
from ingest.settings import Settings
from tests.ingest.small_pdfs import make_pdf, rewritten

SETTINGS = Settings()


def written(tmp_path: Path, data: bytes, name: str = "a.pdf") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_lines_pages_and_receipt(tmp_path: Path) -> None:
    path = written(tmp_path, make_pdf([["First line", "Second line"], [], ["Third page"]]))
    seen: list[tuple[int, int]] = []
    found = read(path, "a.pdf", SETTINGS, on_progress=lambda done, total: seen.append((done, total)))
    assert [page.text for page in found.pages] == ["First line\nSecond line", "", "Third page"]
    assert [page.number for page in found.pages] == [1, 2, 3]
    assert [page.state for page in found.receipt.pages] == [PageState.READ, PageState.EMPTY, PageState.READ]
    assert found.receipt.pages[0].characters == len("First line\nSecond line")
    assert found.paged
    assert found.media_type == "application/pdf"
    assert found.receipt.seconds > 0
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_headings_by_size(tmp_path: Path) -> None:
    lines = ["Annual Report", "Chapter One", *["Body text that is long enough to be the body."] * 6]
    found = read(written(tmp_path, make_pdf([lines], sizes=(24, 16))), "a.pdf", SETTINGS)
    assert found.pages[0].headings == (Heading(0, 1, "Annual Report"), Heading(14, 2, "Chapter One"))
    assert found.title == "Annual Report"


def test_running_heads_are_no_headings(tmp_path: Path) -> None:
    pages = [["ACME Quarterly", *["Body text that is long enough to be the body."] * 6]] * 12
    found = read(written(tmp_path, make_pdf(pages, sizes=(24,))), "a.pdf", SETTINGS)
    assert all(not page.headings for page in found.pages[1:])


def test_outline_and_title(tmp_path: Path) -> None:
    pages = [["Cover"], ["Text before", "Leave policy", "Text"], ["See leave policy", "Expenses", "More"]]
    data = rewritten(
        make_pdf(pages),
        title="Staff Handbook",
        outline=[("Cover", 1), ("Leave Policy", 2), ("1.2 Expenses", 3), ("Not on the page", 3)],
    )
    found = read(written(tmp_path, data), "a.pdf", SETTINGS)
    assert found.title == "Staff Handbook"
    assert found.pages[1].headings == (Heading(12, 1, "Leave Policy"),)
    assert found.pages[2].headings == (Heading(17, 1, "1.2 Expenses"), Heading(17, 1, "Not on the page"))


def test_labels(tmp_path: Path) -> None:
    data = rewritten(make_pdf([["a"], ["b"], ["c"], ["d"]]), roman=2)
    found = read(written(tmp_path, data), "a.pdf", SETTINGS)
    assert [page.label for page in found.pages] == ["i", "ii", "1", "2"]
    bare = read(written(tmp_path, make_pdf([["a"]])), "a.pdf", SETTINGS)
    assert bare.pages[0].label is None


@pytest.mark.parametrize(
    "title",
    [
        "", "Microsoft Word - x.doc", "untitled", "Untitled-1", "report_final_v2", "a.b.pdf", "0000012927-23-000007",
        "issue-987-test", "C:\\x\\y.docx", "IBM-PDFs.graffle", "Presentation 1", "file:///tmp/a", "\x00\ufffe",
    ],
)  # fmt: skip
def test_what_is_no_title(title: str) -> None:
    assert pdf_facts.sane_title(title) == ""


@pytest.mark.parametrize("title", ["Annual Report 2022", "10-K - 3M Company", "知识库简介", "Café", "Q3"])
def test_what_is_a_title(title: str) -> None:
    assert pdf_facts.sane_title(f" {title}\n") == ("" if title == "Q3" else title)


def test_user_password(tmp_path: Path) -> None:
    path = written(tmp_path, rewritten(make_pdf([["Secret words"]]), user_password="geheim"))
    with pytest.raises(NeedsPassword, match="encrypted"):
        read(path, "a.pdf", SETTINGS)
    with pytest.raises(NeedsPassword, match="not right"):
        read(path, "a.pdf", SETTINGS, password="wrong")
    found = read(path, "a.pdf", SETTINGS, password="geheim")
    assert found.pages[0].text == "Secret words"
    assert found.receipt.warnings == ()
    assert pdf_show.render(path, 1, 200, password="geheim").startswith(b"\x89PNG")


def test_owner_password_opens_without_asking(tmp_path: Path) -> None:
    data = rewritten(make_pdf([["Open words"]]), title="For all", user_password="", owner_password="boss")
    found = read(written(tmp_path, data), "a.pdf", SETTINGS)
    assert (found.pages[0].text, found.title) == ("Open words", "For all")


def test_thousand_pages_in_good_time(tmp_path: Path) -> None:
    lines = [f"Line {row} of the body, which is neither short nor long." for row in range(30)]
    path = written(tmp_path, make_pdf([[f"Page number {number}", *lines] for number in range(1, 1001)]))
    began = time.monotonic()
    found = read(path, "a.pdf", SETTINGS)
    assert len(found.pages) == 1000
    assert found.pages[999].text.startswith("Page number 1000\nLine 0")
    assert time.monotonic() - began < 60  # a hang, not a benchmark


def test_limits(tmp_path: Path) -> None:
    path = written(tmp_path, make_pdf([["Some text"]] * 3))
    with pytest.raises(Unreadable, match=r"3 pages; at most 2.*FOOTNOTE_MAX_PAGES"):
        read(path, "a.pdf", Settings(max_pages=2))
    with pytest.raises(Unreadable, match=r"more than 20 characters.*page 3.*FOOTNOTE_MAX_CHARACTERS"):
        read(path, "a.pdf", Settings(max_characters=20))
    with pytest.raises(Unreadable, match="FOOTNOTE_MAX_FILE_MIB"):
        read(path, "a.pdf", Settings(max_file_mib=0))


def test_truncated_keeps_what_is_there(tmp_path: Path) -> None:
    data = make_pdf([[f"Page {number} of the contract"] for number in range(1, 41)])
    path = written(tmp_path, data[: len(data) * 6 // 10])
    found = read(path, "a.pdf", SETTINGS)
    assert [page.text for page in found.pages[:20]] == [f"Page {n} of the contract" for n in range(1, 21)]
    assert len(found.pages) < 40
    assert found.receipt.warnings[0] == pdf.CUT_SHORT
    assert pdf_show.render(path, 20, 100).startswith(b"\x89PNG")


def test_truncated_before_any_text(tmp_path: Path) -> None:
    data = make_pdf([[]] * 9)
    with pytest.raises(Unreadable, match="end of this PDF is missing"):
        read(written(tmp_path, data[: len(data) // 2]), "a.pdf", SETTINGS)


def test_a_page_that_fails_leaves_its_neighbours(tmp_path: Path) -> None:
    data = make_pdf([["One"], ["Two"], ["Three"]])
    found = read(
        written(tmp_path, data.replace(b"[5 0 R 7 0 R 9 0 R]", b"[5 0 R 3 0 R 9 0 R]")), "a.pdf", SETTINGS
    )
    assert [page.text for page in found.pages] == ["One", "", "Three"]
    assert [page.state for page in found.receipt.pages] == [PageState.READ, PageState.FAILED, PageState.READ]
    assert found.receipt.pages[1].message


def test_beyond_rescue(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="damaged or incomplete"):
        read(written(tmp_path, make_pdf([["x"]])[:60]), "a.pdf", SETTINGS)


def test_blank_pages_are_named(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"Each of the 2 pages .*blank"):
        read(written(tmp_path, make_pdf([[], []])), "a.pdf", SETTINGS)


def test_outline_that_fails_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(reader: object) -> object:
        raise RecursionError("too deep")

    monkeypatch.setattr(pdf_facts, "outline_entries", fail)
    data = rewritten(make_pdf([["Text"]]), title="Kept", outline=[("Text", 1)])
    found = read(written(tmp_path, data), "a.pdf", SETTINGS)
    assert found.title == "Kept"
    assert found.receipt.warnings == (
        "Could not read the outline (RecursionError: too deep). The text is not affected.",
    )


def test_slow_outline_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(reader: object) -> object:
        time.sleep(20)
        return ()

    monkeypatch.setattr(pdf_facts, "FACTS_SECONDS", 0.2)
    monkeypatch.setattr(pdf_facts, "outline_entries", wait)
    data = rewritten(make_pdf([["Text"]]), outline=[("Text", 1)])
    found = read(written(tmp_path, data), "a.pdf", SETTINGS)
    assert "took too long" in found.receipt.warnings[0]


# ------------------------------------------------------------------ cleaning


def cleaned(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The cleaned text, and the pairs (text, source) of its runs."""
    draft = pdf_text.clean(text)
    pairs = [
        (draft.text[run.start : run.start + run.length], text[run.source : run.source + run.length])
        for run in draft.runs
    ]
    return draft.text, pairs


def test_clean() -> None:
    text, pairs = cleaned(" \x00A\x00b\r\nof\ufb01ce  a\xa0b \t c \r\n\r\n x\xady\x0c. \r\n")
    assert text == "Ab\noffice a b c\n\nxy."
    for ours, theirs in pairs:
        assert len(ours) == len(theirs)
        same = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
        assert all((a, b) in {("\n", "\r"), ("f", "\ufb01"), (" ", "\xa0"), ("\n", " ")} for a, b in same), (
            same
        )


def test_nothing_but_blanks() -> None:
    assert pdf_text.clean(" \r\n\x00 \ufffe").text == ""


def settled(*texts: str) -> list[Page]:
    pages = [Page(n, t, runs=(Run(0, 100, len(t)),)) for n, t in enumerate(texts, 1)]
    found = hyphens.Hyphens(pages)
    return [found.settle(page) for page in pages]


def test_hyphens_follow_the_document() -> None:
    page = settled("long-term debt, an example. long\ufffeterm and exam\ufffeple and 2022\ufffe23")[0]
    assert page.text == "long-term debt, an example. long-term and example and 2022-23"
    assert page.runs == (Run(0, 100, 46), Run(46, 147, 15))
    assert source_ranges(page.runs, 42, 49) == [(142, 150)]


def test_unknown_words_go_with_the_majority() -> None:
    assert settled("non-cash, non\ufffecash, odd\ufffeword")[0].text.endswith("non-cash, odd-word")
    assert settled("example, exam\ufffeple, odd\ufffeword")[0].text.endswith("example, oddword")


def test_headings_move_with_dropped_hyphens() -> None:
    page = Page(1, "ab\ufffecd\nTi\ufffetle", headings=(Heading(6, 1, "Ti\ufffetle"),), runs=(Run(0, 0, 11),))
    assert hyphens.Hyphens([page]).settle(page).headings == (Heading(5, 1, "Title"),)


# ------------------------------------------------------------------ showing


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (50, 400, 500, 760)])
def test_boxes_hold_the_marked_words(
    tmp_path: Path, rotate: int, crop: tuple[int, int, int, int] | None
) -> None:
    """The text that PDFium finds within a box is the text that was marked, however the page is turned."""
    path = written(tmp_path, make_pdf([["Alpha beta gamma", "delta epsilon"]], rotate=rotate, crop=crop))
    page = read(path, "a.pdf", SETTINGS).pages[0]
    start = page.text.index("beta")
    ranges = source_ranges(page.runs, start, start + len("beta"))
    (box,) = pdf_show.boxes(path, 1, ranges)
    with pdfium.PdfDocument(path) as document:
        sheet = document[0]
        width, height = sheet.get_size()
        corners = [
            to_page(sheet, x * width, y * height, width, height)
            for x, y in ((box.left, box.top), (box.right, box.bottom))
        ]
        xs, ys = sorted(x for x, _ in corners), sorted(y for _, y in corners)
        text = sheet.get_textpage().get_text_bounded(xs[0], ys[0], xs[1], ys[1])
        assert text.strip() == "beta"
    everything = pdf_show.boxes(path, 1, source_ranges(page.runs, 0, len(page.text)))
    assert len(everything) == 2  # one per line, upright ones too


def to_page(page: pdfium.PdfPage, x: float, y: float, width: float, height: float) -> tuple[float, float]:
    """Page coordinates of a point of the page as shown, by rotation and crop box alone (not by PDFium)."""
    left, bottom, right, top = page.get_cropbox()
    match page.get_rotation():
        case 0:
            return left + x, top - y
        case 90:
            return left + y, bottom + x
        case 180:
            return right - x, bottom + y
        case _:
            return right - y, top - x


def test_marks_tint_paper_and_leave_letters_black(tmp_path: Path) -> None:
    path = written(tmp_path, make_pdf([["HHHHHHHH beta", "delta"]], sizes=(40,)))
    page = read(path, "a.pdf", SETTINGS).pages[0]
    marks = [(start, end, "passage") for start, end in source_ranges(page.runs, 0, 13)]
    marks += [(start, end, "answer") for start, end in source_ranges(page.runs, 9, 13)]
    plain = Image.open(BytesIO(pdf_show.render(path, 1, 800))).convert("RGB")
    marked = Image.open(BytesIO(pdf_show.render_marked(path, 1, marks, 800))).convert("RGB")
    assert plain.size == marked.size == (800, math.ceil(792 * 800 / 612))
    colours = {colour for _, colour in marked.getcolors(1_000_000) or []}
    assert set(picture.MARK_COLOURS.values()) <= colours
    box = pdf_show.boxes(path, 1, [marks[0][:2]])[0]
    left, right = int(box.left * 800), int(box.right * 800)
    top, bottom = int(box.top * marked.height), int(box.bottom * marked.height)
    area = (left, top, right, bottom)
    before, after = plain.crop(area), marked.crop(area)
    darkest = [image.convert("L").getextrema()[0] for image in (before, after)]
    assert darkest[0] == darkest[1] == 0
    assert after.getpixel((1, 1)) == picture.MARK_COLOURS["passage"]
    below = marked.crop((0, marked.height // 2, 800, marked.height))
    assert below.tobytes() == plain.crop((0, plain.height // 2, 800, plain.height)).tobytes()


def test_a_page_that_is_not_there(tmp_path: Path) -> None:
    path = written(tmp_path, make_pdf([["x"]]))
    for number in (0, 2):
        with pytest.raises(NotFound, match="it has 1"):
            pdf_show.render(path, number, 100)


def test_very_long_pages_stay_within_the_pixel_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_show, "MAX_PIXELS", 100_000)
    image = Image.open(BytesIO(pdf_show.render(written(tmp_path, make_pdf([["x"]])), 1, 4000)))
    assert image.width * image.height <= 101_000

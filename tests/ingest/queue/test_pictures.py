"""Pictures of text on pages that have text of their own: found by a look, read by OCR, put in their place."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ingest.home.opening import open_home
from ingest.model.adding import Source
from ingest.model.pages import Box, FileText, Heading, Page, PageState, Picture, Recognised, Run
from ingest.processes.sandbox import SandboxPool
from ingest.queue import recognition
from ingest.queue.recognised import page_with_pictures, spans_and_boxes
from ingest.queue.recognition import PICTURE_LATE, PICTURE_OFF, PICTURE_READ, with_recognised
from ingest.settings import Settings
from tests.ingest.scans import joined, pasted, scan
from tests.ingest.small_pdfs import make_pdf

ABOVE, BELOW = ["Budget of the dome", "The table was scanned:"], ["All sums are rounded."]
TABLE = ["Lamp oil 14.95", "Torches 219.00", "Red paint 45.50"]
TYPED = make_pdf([[*ABOVE, *[""] * 12, *BELOW]])
PLACE = Box(0.12, 0.2, 0.8, 0.42)  # between them
WHOLE = (60, 110, 980, 350)  # of the scan: its lines with some paper around


def table() -> tuple[Image.Image, list[Box]]:
    """A scanned table, and the boxes of its lines on the page where it stands at PLACE."""
    drawn = scan(TABLE, size=44)
    left, top, right, bottom = WHOLE
    across, down = (PLACE.right - PLACE.left) / (right - left), (PLACE.bottom - PLACE.top) / (bottom - top)
    boxes = [
        Box(
            PLACE.left + (each.left * 1000 - left) * across, PLACE.top + (each.top * 1240 - top) * down,
            PLACE.left + (each.right * 1000 - left) * across, PLACE.top + (each.bottom * 1240 - top) * down,
        )
        for each in drawn.boxes
    ]  # fmt: skip
    return drawn.image.crop(WHOLE), boxes


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    path = tmp_path / "budget.pdf"
    path.write_bytes(pasted(TYPED, table()[0], PLACE))
    return path


def read(pool: SandboxPool, path: Path, **settings: object) -> FileText:
    chosen = Settings(**settings)  # type: ignore[arg-type]
    return with_recognised(pool.read(path, path.name), path, pool, chosen)


def test_a_scanned_table_joins_the_text_around_it_with_boxes_of_its_own(
    pool: SandboxPool, mixed: Path
) -> None:
    found = read(pool, mixed)
    (page,) = found.pages
    assert page.text.split("\n\n") == ["\n".join(ABOVE), "\n".join(TABLE), "\n".join(BELOW)]
    (receipt,) = found.receipt.pages
    assert (receipt.state, receipt.message, receipt.characters) == (
        PageState.READ, PICTURE_READ, len(page.text),
    )  # fmt: skip
    assert found.pictures == ()
    for line, wanted in zip(TABLE, table()[1], strict=True):
        start = page.text.index(line)
        spans, (box,) = spans_and_boxes(page, start, start + len(line))
        assert spans == []
        for side in ("left", "top", "right", "bottom"):
            assert getattr(box, side) == pytest.approx(getattr(wanted, side), abs=0.02), (line, side)
    start = page.text.index(BELOW[0])
    (span,), boxes = spans_and_boxes(page, start, start + len(BELOW[0]))
    assert (span[1] - span[0], boxes) == (len(BELOW[0]), []), "its own characters are placed by PDFium"


def test_without_ocr_or_time_the_page_keeps_its_text_and_the_receipt_says_so(
    pool: SandboxPool, mixed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = pool.read(mixed, mixed.name)
    off = read(pool, mixed, ocr=False)
    late = read(pool, mixed, ocr_timeout_seconds=0.0)
    monkeypatch.setattr(recognition, "LEAST_LETTERS", 1_000)
    little = read(pool, mixed)
    for found, message in ((off, PICTURE_OFF), (late, PICTURE_LATE), (little, "")):
        assert found.pages == typed.pages
        assert (found.receipt.pages[0].state, found.receipt.pages[0].message) == (PageState.READ, message)


def test_pictures_that_hold_no_text_of_their_own_cost_nothing(pool: SandboxPool, tmp_path: Path) -> None:
    photograph = Image.effect_noise((30, 15), 100).resize((600, 300), Image.Resampling.BICUBIC).convert("RGB")
    shade = Image.linear_gradient("L").resize((600, 300)).convert("RGB")
    drawn = table()[0]
    pages = [
        pasted(TYPED, photograph, PLACE),
        pasted(TYPED, shade, PLACE),
        pasted(TYPED, Image.new("RGB", (600, 300), "navy"), PLACE),
        pasted(TYPED, drawn, Box(0.8, 0.02, 0.95, 0.08)),  # a logo
        pasted(TYPED, scan(["The same words"] * 12).image, Box(0.0, 0.0, 1.0, 1.0)),  # text lies on it
    ]
    path = tmp_path / "pictures.pdf"
    path.write_bytes(joined(*pages))
    assert [picture.page for picture in pool.read(path, path.name).pictures] == []
    path.write_bytes(joined(*[pasted(TYPED, drawn, PLACE)] * 3))
    assert [picture.page for picture in pool.read(path, path.name).pictures] == [1], "a letterhead, once"
    strips = pasted(TYPED, drawn.crop((0, 0, 920, 120)), Box(PLACE.left, 0.2, PLACE.right, 0.31))
    strips = pasted(strips, drawn.crop((0, 120, 920, 240)), Box(PLACE.left, 0.31, PLACE.right, 0.42))
    path.write_bytes(strips)
    (picture,) = pool.read(path, path.name).pictures
    assert picture.box.top == pytest.approx(0.2, abs=0.01)
    assert picture.box.bottom == pytest.approx(0.42, abs=0.01)


def test_several_pictures_stand_in_their_order_and_headings_move_on() -> None:
    text = "Intro.\nPart two\nMore."
    page = Page(
        3, text, headings=(Heading(0, 1, "Intro."), Heading(7, 2, "Part two")),
        runs=(Run(0, 10, 6), Run(6, 17, len(text) - 6)),
    )  # fmt: skip
    line = Recognised("Sales rose", 0.9, Box(0.0, 0.0, 0.5, 1.0))
    first, last = Picture(3, Box(0.2, 0.4, 0.6, 0.5), 18), Picture(3, Box(0.2, 0.8, 0.6, 0.9), -1)
    found = page_with_pictures(page, [(last, [line]), (first, [line, line])])
    assert found.text == "Intro.\n\nSales rose\nSales rose\n\nPart two\nMore.\n\nSales rose"
    assert [found.text[each.start :].split("\n")[0] for each in found.headings] == ["Intro.", "Part two"]
    start = found.text.rindex("rose")
    assert spans_and_boxes(found, start, start + 4)[1][0].top == pytest.approx(0.8)
    start = found.text.index("Part")
    assert spans_and_boxes(found, start, start + 8) == ([(18, 26)], [])
    whole = spans_and_boxes(found, 0, len(found.text))
    assert (len(whole[1]), whole[0][0]) == (3, (10, 16 + 2))
    edges = whole[1][0]
    assert (edges.left, edges.top, edges.right) == pytest.approx((0.2, 0.4, 0.4), abs=1e-6)


def test_it_is_found_and_marked_in_a_library(mixed: Path, tmp_path: Path) -> None:
    home = open_home(Settings(home=tmp_path / "home"))
    try:
        home.create("Papers")
        library = home.library("Papers")
        (added,) = library.add([Source(str(mixed), mixed.name, str(mixed))])
        assert added.message == ""
        ((chunk_id, _), *_) = library.search_words("torches", 5)
        chunk = library.chunks([chunk_id])[chunk_id]
        (page,) = library.pages(mixed.name)
        assert page.text[chunk.start : chunk.end] == chunk.text
        plain = library.page_image(chunk.document_id, 1, [], 600)
        for words in ("Torches", "rounded"):
            start = page.text.index(words)
            marked = library.page_image(chunk.document_id, 1, [(start, start + len(words), "answer")], 600)
            assert marked != plain, words
        assert home.check() == []
    finally:
        home.close()

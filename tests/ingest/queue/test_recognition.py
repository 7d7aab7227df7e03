"""Pages that are pictures: recognised one by one in the sandbox, with their places on the page."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from ingest.errors import Unreadable
from ingest.home.opening import open_home
from ingest.model.adding import ENDED, AddState, JobStage, Source
from ingest.model.pages import Box, FileText, Page, PageState, Recognised
from ingest.processes.sandbox import SandboxPool
from ingest.queue.recognised import line_boxes, page_of_lines
from ingest.queue.recognition import with_recognised
from ingest.readers.hyphens import Hyphens
from ingest.readers.picture import MARK_COLOURS
from ingest.settings import Settings
from tests.ingest.scans import Scan, joined, scan
from tests.ingest.small_pdfs import make_pdf

LINES = ["Fire drill", "The assembly point is the", "car park behind the mill.", "Wardens wear yellow."]


def recognised(
    pool: SandboxPool,
    path: Path,
    data: bytes,
    progress: list[tuple[int, int]] | None = None,
    **settings: object,
) -> FileText:
    path.write_bytes(data)
    chosen = Settings(**settings)  # type: ignore[arg-type]
    on_progress = None if progress is None else lambda done, total: progress.append((done, total))
    return with_recognised(pool.read(path, path.name), path, pool, chosen, on_progress=on_progress)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def close(box: Box, wanted: Box) -> bool:
    """Within a little more than a letter."""
    return all(
        abs(getattr(box, side) - getattr(wanted, side)) < 0.03 for side in ("left", "top", "right", "bottom")
    )


def test_only_pictures_are_recognised_and_neighbours_keep_their_text(
    pool: SandboxPool, tmp_path: Path
) -> None:
    drawn = scan(LINES)
    data = joined(make_pdf([["Typed words"]]), drawn.data("PDF"), make_pdf([[]]))
    seen: list[tuple[int, int]] = []
    found = recognised(pool, tmp_path / "mixed.pdf", data, seen)
    assert [each.state for each in found.receipt.pages] == [PageState.READ, PageState.OCR, PageState.EMPTY]
    assert found.pages[0].text == "Typed words"
    assert found.pages[1].text.split() == " ".join(LINES).split()
    assert found.receipt.pages[1].characters == len(found.pages[1].text)
    assert found.unread == ()
    assert seen == [(3, 3)]
    assert found.receipt.remarkable() == [(PageState.OCR, "", "2"), (PageState.EMPTY, "", "3")]
    for line, wanted in zip(LINES, drawn.boxes, strict=True):
        start = found.pages[1].text.index(line)
        (box,) = line_boxes(found.pages[1], start, start + len(line))
        assert close(box, wanted), line
    start = found.pages[1].text.index("yellow")
    (word,) = line_boxes(found.pages[1], start, start + len("yellow"))
    last = drawn.boxes[3]
    assert word.left > last.left + 0.5 * (last.right - last.left)


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180])
def test_pages_that_lie_on_their_side_or_stand_on_their_head(
    pool: SandboxPool, tmp_path: Path, turn: Image.Transpose
) -> None:
    drawn = scan(LINES)
    turned = Scan(drawn.image.transpose(turn), ())
    page = recognised(pool, tmp_path / "turned.png", turned.data()).pages[0]
    assert page.text.split() == " ".join(LINES).split()
    (box,) = line_boxes(page, 0, len(LINES[0]))
    first = drawn.boxes[0]
    if turn is Image.Transpose.ROTATE_90:
        wanted = Box(first.top, 1 - first.right, first.bottom, 1 - first.left)
    else:
        wanted = Box(1 - first.right, 1 - first.bottom, 1 - first.left, 1 - first.top)
    assert close(box, wanted)


def test_a_tiff_has_pages_and_a_damaged_one_leaves_its_neighbours(pool: SandboxPool, tmp_path: Path) -> None:
    target = BytesIO()
    first, second = scan(["First page here"]).image, scan(["Second page here"]).image
    first.save(target, "TIFF", save_all=True, append_images=[second], compression="tiff_lzw")
    found = recognised(pool, tmp_path / "fax.tiff", target.getvalue())
    assert [page.text for page in found.pages] == ["First page here", "Second page here"]
    assert (found.media_type, found.paged) == ("image/tiff", True)

    data = bytearray(target.getvalue())
    data[200:1200] = bytes(1000)  # within the first picture
    found = recognised(pool, tmp_path / "damaged.tiff", bytes(data))
    assert found.pages[1].text == "Second page here"
    assert found.receipt.pages[1].state is PageState.OCR


def test_switched_off(pool: SandboxPool, tmp_path: Path) -> None:
    data = joined(make_pdf([["Typed words"]]), scan(LINES).data("PDF"))
    found = recognised(pool, tmp_path / "a.pdf", data, ocr=False)
    assert [page.text for page in found.pages] == ["Typed words", ""]
    assert "1 of 2 pages are pictures" in found.receipt.warnings[0]
    assert "FOOTNOTE_OCR" in found.receipt.pages[1].message
    with pytest.raises(Unreadable, match="FOOTNOTE_OCR=1"):
        recognised(pool, tmp_path / "b.png", scan(LINES).data(), ocr=False)


def test_pages_for_which_there_was_no_time_are_named(pool: SandboxPool, tmp_path: Path) -> None:
    data = joined(make_pdf([["Typed words"]]), *[scan(LINES).data("PDF")] * 2)
    found = recognised(pool, tmp_path / "a.pdf", data, ocr_timeout_seconds=0.0)
    assert found.pages[0].text == "Typed words"
    ((state, message, pages),) = found.receipt.remarkable()
    assert (state, pages) == (PageState.FAILED, "2–3")
    assert "FOOTNOTE_OCR_TIMEOUT_SECONDS" in message
    assert "2 of 3 pages could not be recognised" in found.receipt.warnings[0]


def test_pictures_without_text_say_so(pool: SandboxPool, tmp_path: Path) -> None:
    blank = Scan(Image.linear_gradient("L").resize((400, 400)), ())
    with pytest.raises(Unreadable, match="no text was recognised"):
        recognised(pool, tmp_path / "sky.png", blank.data())
    with pytest.raises(Unreadable, match="damaged"):
        recognised(pool, tmp_path / "cut.png", scan(LINES).data()[:3000])


def test_lines_become_paragraphs_and_split_words_are_mended() -> None:
    box = Box(0.1, 0.1, 0.9, 0.12)
    lines = [
        Recognised("Notice to mem-", 0.9, box, 1),
        Recognised("bers and", 0.9, box, 1),
        Recognised("guests", 0.9, box, 0),
        Recognised("Tools - return them", 0.9, box, 2),
    ]
    page = page_of_lines(Page(4, ""), lines)
    page = Hyphens([page, Page(5, "all members")]).settle(page)
    assert page.text == "Notice to members and guests\n\nTools - return them"
    assert (page.number, len(page.lines)) == (4, 4)
    start = page.text.index("members")
    boxes = line_boxes(page, start, start + len("members"))
    assert len(boxes) == 2  # "mem" at the end of the first line, "bers" at the beginning of the second
    assert boxes[0].left > 0.6
    assert boxes[1].left == pytest.approx(0.1)


def test_a_picture_in_a_library_is_found_and_marked_on_its_page(tmp_path: Path) -> None:
    drawn = scan(LINES)
    path = tmp_path / "drill.png"
    path.write_bytes(drawn.data())
    home = open_home(Settings(home=tmp_path / "home"))
    try:
        home.create("Scans")
        library = home.library("Scans")
        shutil.copy(path, tmp_path / "copy.png")
        (tmp_path / "tea.md").write_text("Tea is served at four.")
        names = ("drill.png", "copy.png", "tea.md")
        results = list(library.add([Source(str(tmp_path / n), n, str(tmp_path / n)) for n in names]))
        added = results[0]
        assert (added.state, added.pages, added.chunks) == (AddState.ADDED, 1, 1), added.message
        assert [each.state for each in results[1:]] == [AddState.DUPLICATE, AddState.ADDED]
        ((chunk_id, _), *_) = library.search_words("assembly point", 5)
        chunk = library.chunks([chunk_id])[chunk_id]
        (page,) = library.pages("drill.png")
        assert page.lines
        assert library.detail("drill.png").receipt.count(PageState.OCR) == 1
        start = page.text.index("yellow")
        png = library.page_image(chunk.document_id, 1, [(start, start + 6, "answer")], 800)
        image = Image.open(BytesIO(png)).convert("RGB")
        assert image.size == (800, 992)
        marked = [
            (x, y)
            for x in range(0, 800, 4)
            for y in range(0, 992, 4)
            if image.getpixel((x, y)) == MARK_COLOURS["answer"]
        ]
        box = drawn.boxes[3]
        assert marked
        for x, y in marked:
            assert box.left < x / 800 < box.right + 0.02
            assert box.top - 0.02 < y / 992 < box.bottom + 0.02
        assert home.check("Scans") == []

        older, newer = scan(["The older notice"] * 20), scan(["The newer notice"])
        for version in (older, newer):  # the first is still being recognised when the second comes
            path.write_bytes(version.data())
            library.enqueue([Source(str(path), "drill.png", str(path))])
            until(lambda: all(job.stage is not JobStage.WAITING for job in library.jobs()))
        until(lambda: all(job.stage in ENDED for job in library.jobs()))
        assert [page.text for page in library.pages("drill.png")] == ["The newer notice"]
        assert library.jobs()[-1].stage is JobStage.DONE

        library.dismiss([job.id for job in library.jobs()])
        long, short = tmp_path / "long.pdf", tmp_path / "short.png"
        long.write_bytes(joined(*[scan([f"Page {number}", *LINES]).data("PDF") for number in range(30)]))
        short.write_bytes(scan(["A short notice"]).data())
        library.enqueue([Source(str(long), "long.pdf", str(long))])
        until(lambda: library.jobs()[0].done > 0)
        library.enqueue([Source(str(short), "short.png", str(short))])
        until(lambda: library.jobs()[1].stage in ENDED)
        assert library.pages("short.png")[0].text == "A short notice"
        assert library.jobs()[0].stage is JobStage.READING  # it let the short one pass
        library.cancel([library.jobs()[0].id])
        until(lambda: library.jobs()[0].stage is JobStage.CANCELLED)
    finally:
        home.close()

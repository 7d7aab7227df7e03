"""Pages of a PDF as pictures, and where characters stand on them."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from PIL import Image

from ingest.model.pages import Box
from ingest.readers.pdf_file import open_page
from ingest.readers.picture import MAX_PIXELS, Marked, as_png, with_marks

DEVICE = 1_000_000  # side of the grid on which PDFium places page coordinates; boxes are shares of it

OCR_DPI = 200
PART_DPI = 300  # of a picture on a page: its letters are often smaller than the page's
WHOLE = Box(0.0, 0.0, 1.0, 1.0)

Ranges = Sequence[tuple[int, int]]
Mark = tuple[int, int, str]  # (start, end) in PDFium's indices, "passage" | "answer"


def boxes(path: Path, page_number: int, char_ranges: Ranges, password: str | None = None) -> list[Box]:
    """Boxes of the characters in `char_ranges` (end exclusive), one per line or cell, in text order.

    They lie on the page as shown: cropped and rotated as in `render`.
    """
    with open_page(path, page_number, password) as page:
        return page_boxes(page, char_ranges)


def render(path: Path, page_number: int, width_px: int, password: str | None = None) -> bytes:
    """The page as PNG, `width_px` wide (narrower when it would have more than MAX_PIXELS)."""
    return render_marked(path, page_number, (), width_px, password)


def render_marked(
    path: Path,
    page_number: int,
    marks: Sequence[Mark],
    width_px: int,
    password: str | None = None,
    placed: Sequence[Marked] = (),
) -> bytes:
    """The page as PNG with its marks; `placed` are more of them whose boxes are known."""
    with open_page(path, page_number, password) as page:
        width, height = page.get_size()
        scale = min(max(16, width_px) / width, math.sqrt(MAX_PIXELS / (width * height)))
        image = page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
        found = [(box, kind) for start, end, kind in marks for box in page_boxes(page, [(start, end)])]
    return as_png(with_marks(image, [*found, *placed]))


def page_picture(
    path: Path, page_number: int, longest_px: int, password: str | None, part: Box | None = None
) -> Image.Image:
    """The page, or a part of it, as OCR looks at it: its longer side at most `longest_px`."""
    with open_page(path, page_number, password) as page:
        part, dpi = (WHOLE, OCR_DPI) if part is None else (part, PART_DPI)
        width, height = page.get_size()
        longest = max((part.right - part.left) * width, (part.bottom - part.top) * height)
        return page_part(page, part, min(dpi / 72, longest_px / longest)).convert("RGB")


def page_part(page: pdfium.PdfPage, part: Box, scale: float) -> Image.Image:
    """What stands within a box of the page as shown, `scale` pixels a point."""
    width, height = page.get_size()
    cut = part.left * width, (1 - part.bottom) * height, (1 - part.right) * width, part.top * height
    image: Image.Image = page.render(scale=scale, crop=cut, may_draw_forms=True).to_pil()
    return image


def page_boxes(page: pdfium.PdfPage, char_ranges: Ranges) -> list[Box]:
    textpage = page.get_textpage()
    try:
        count = textpage.count_chars()
        turn = math.radians(page.get_rotation())
        found: list[Box] = []
        for start, end in char_ranges:
            line: Box | None = None
            for index in range(max(0, start), min(end, count)):
                box = character_box(page, textpage, index)
                if box is None:
                    continue
                # PDFium turns counter-clockwise, pages clockwise; only upright or not matters here
                angle = max(0.0, raw.FPDFText_GetCharAngle(textpage.raw, index))  # -1: not known
                upright = abs(math.sin(angle - turn)) > 0.7
                if line is not None and _same_line(line, box, upright):
                    line = _around(line, box)
                else:
                    if line is not None:
                        found.append(line)
                    line = box
            if line is not None:
                found.append(line)
        return found
    finally:
        textpage.close()


def character_box(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, index: int) -> Box | None:
    """The box of a character, as high as its line, on the page as shown; None for blanks and what is cut off."""
    if raw.FPDFText_GetUnicode(textpage.raw, index) in (0, 9, 10, 13, 32, 0xA0):
        return None
    rectangle = raw.FS_RECTF()
    if not raw.FPDFText_GetLooseCharBox(textpage.raw, index, rectangle):
        return None
    return box_on_page(page, rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)


def box_on_page(page: pdfium.PdfPage, left: float, bottom: float, right: float, top: float) -> Box | None:
    """A rectangle of a PDF, in points, on the page as shown; None for one that is cut off."""
    xs, ys = [], []
    for x, y in ((left, bottom), (right, top)):
        device_x, device_y = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page.raw, 0, 0, DEVICE, DEVICE, 0, x, y, device_x, device_y)
        xs.append(min(1.0, max(0.0, device_x.value / DEVICE)))
        ys.append(min(1.0, max(0.0, device_y.value / DEVICE)))
    box = Box(min(xs), min(ys), max(xs), max(ys))
    return box if box.right > box.left and box.bottom > box.top else None


def _same_line(line: Box, box: Box, upright: bool) -> bool:
    """Whether `box` goes on with `line`: beside it at the same height, or over and under in upright text."""
    if upright:
        line, box = (Box(each.top, each.left, each.bottom, each.right) for each in (line, box))
    height = min(line.bottom - line.top, box.bottom - box.top)
    overlap = min(line.bottom, box.bottom) - max(line.top, box.top)
    gap = max(line.left, box.left) - min(line.right, box.right)
    return overlap >= 0.5 * height and gap <= 2.5 * (box.bottom - box.top)


def _around(one: Box, other: Box) -> Box:
    return Box(
        min(one.left, other.left),
        min(one.top, other.top),
        max(one.right, other.right),
        max(one.bottom, other.bottom),
    )

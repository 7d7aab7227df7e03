"""Pictures on PDF pages that have text of their own: those that may hold text which is nowhere else.

Only a look, quick enough for reading: OCR decides (`ingest.queue.recognition`). Photographs, logos, backgrounds
and lines drawn as pictures are passed over. Not covered: text drawn as outlines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from PIL import Image, ImageChops

from ingest.model.pages import Box, Page, Picture
from ingest.readers.draft import source_ranges
from ingest.readers.margins import LinePlace
from ingest.readers.pdf_show import box_on_page, character_box, page_part

LEAST_SHARE = 0.05  # of the page that a picture covers; logos and signatures are smaller
LEAST_SIDE = 0.06  # of the page's width and height
MOST_ON_PAGE = 4
MOST_PIECES = 400  # of which pictures are put together; a drawing may have more, and is left
FEW = 300  # objects that are looked at on any page; a page of drawn tables has ten thousand
ENDS = 750  # objects looked at from either end of a longer list, a microsecond or two each
BODY = (0.1, 0.9)  # of a page's height: room above and below is margin
DEPTH = 3  # of forms within forms
MOST_OVER = 25  # visible characters of the page's own text that stand on it
TOUCHING = 2.0  # points between pieces of one picture
PROBE_DPI = 50.0
PAPER = 0.4  # of a picture of text has the colour of its paper …
NEAR_PAPER = 12  # … within so many levels of grey
INK = 48  # levels from the paper's
INK_SHARE = (0.01, 0.45)  # of the picture
EDGES = 0.02  # of its neighbouring points differ by INK or more: letters have many edges, areas few

Rectangle = tuple[float, float, float, float]  # left, bottom, right, top in points, as PDF has them


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture that may hold text, and its look: the same picture on another page has the same."""

    picture: Picture
    look: bytes


def pictures_of_text(
    page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, cleaned: Page, places: Sequence[LinePlace]
) -> list[Seen]:
    """The pictures of a page, largest first, that may hold text; at most MOST_ON_PAGE."""
    if raw.FPDFPage_CountObjects(page.raw) > FEW and not _has_room(places):
        return []
    pieces = [each for each in _pieces(page) if not _is_written_on(textpage, each)]
    if not pieces or len(pieces) > MOST_PIECES:
        return []
    width, height = page.get_size()
    large = [each for each in _joined(pieces) if _area(each) >= LEAST_SHARE * width * height]
    lines: list[tuple[int, Box]] | None = None
    found: list[Seen] = []
    for rectangle in sorted(large, key=_area, reverse=True)[:MOST_ON_PAGE]:
        box = box_on_page(page, *rectangle)
        if box is None or min(box.right - box.left, box.bottom - box.top) < LEAST_SIDE:
            continue
        if _is_written_on(textpage, rectangle):
            continue
        probe = page_part(page, box, PROBE_DPI / 72).convert("L")
        if not looks_like_text(probe):
            continue
        if lines is None:
            lines = _lines(page, textpage, cleaned)
        look = hashlib.sha256(probe.tobytes()).digest()
        found.append(Seen(Picture(cleaned.number, box, _followed_by(lines, box)), look))
    return found


def each_once(pages: Sequence[Sequence[Seen]]) -> tuple[Picture, ...]:
    """Those of all pages; what stands on many, a letterhead, only where it is first."""
    known: set[bytes] = set()
    found: list[Picture] = []
    for seen in (each for page in pages for each in page):
        if seen.look not in known:
            known.add(seen.look)
            found.append(seen.picture)
    return tuple(found)


def looks_like_text(grey: Image.Image) -> bool:
    """Whether a picture (mode L) is paper of one shade with many fine strokes on it."""
    shades = grey.histogram()
    area = grey.width * grey.height
    paper = max(range(256), key=lambda shade: sum(shades[max(0, shade - 2) : shade + 3]))
    if sum(shades[max(0, paper - NEAR_PAPER) : paper + NEAR_PAPER + 1]) < PAPER * area:
        return False
    ink = sum(shades[: max(0, paper - INK)]) + sum(shades[paper + INK :])
    if not INK_SHARE[0] * area <= ink <= INK_SHARE[1] * area:
        return False
    beside = ImageChops.difference(
        grey.crop((1, 0, grey.width, grey.height)), grey.crop((0, 0, grey.width - 1, grey.height))
    )
    return sum(beside.histogram()[INK:]) >= EDGES * area


def _pieces(page: pdfium.PdfPage) -> list[Rectangle]:
    """Where pictures are drawn, within the page; at most one more than MOST_PIECES."""
    left, bottom, right, top = page.get_bbox()
    found: list[Rectangle] = []
    for matrix in _placed(
        page.raw, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject, pdfium.PdfMatrix(), DEPTH
    ):
        corners = [matrix.on_point(x, y) for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))]
        xs, ys = zip(*corners, strict=True)
        rectangle = max(left, min(xs)), max(bottom, min(ys)), min(right, max(xs)), min(top, max(ys))
        if rectangle[0] < rectangle[2] and rectangle[1] < rectangle[3]:
            found.append(rectangle)
        if len(found) > MOST_PIECES:
            break
    return found


def _has_room(places: Sequence[LinePlace]) -> bool:
    """Whether there is a stretch between the lines, from edge to edge, as high as a picture."""
    reached, end = BODY
    for line in sorted(places, key=lambda each: each.top):
        if line.top - reached >= LEAST_SIDE:
            return True
        reached = max(reached, line.bottom)
    return end - reached >= LEAST_SIDE


_PICTURES = (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM)


def _placed(
    parent: Any,
    count: Callable[[Any], int],
    get: Callable[[Any, int], Any],
    outer: pdfium.PdfMatrix,
    depth: int,
) -> Iterator[pdfium.PdfMatrix]:
    """The matrix of each picture below a page or form: what its unit square becomes on the page.

    Over PDFium's own functions: a page has thousands of objects, and pypdfium2 wraps each.
    """
    kind, matrix = raw.FPDFPageObj_GetType, raw.FS_MATRIX()
    objects = count(parent)
    for index in (*range(min(ENDS, objects)), *range(max(ENDS, objects - ENDS), objects)):
        each = get(parent, index)
        found = kind(each)
        if found not in _PICTURES:
            continue
        if not raw.FPDFPageObj_GetMatrix(each, matrix):
            continue
        whole = pdfium.PdfMatrix.from_raw(matrix).multiply(outer)
        if found == raw.FPDF_PAGEOBJ_IMAGE:
            yield whole
        elif depth > 1:
            yield from _placed(
                each, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject, whole, depth - 1
            )


def _is_written_on(textpage: pdfium.PdfTextPage, rectangle: Rectangle) -> bool:
    left, bottom, right, top = rectangle
    count = raw.FPDFText_GetBoundedText(textpage.raw, left, top, right, bottom, None, 0)
    if count <= MOST_OVER:
        return False
    text = textpage.get_text_bounded(left, bottom, right, top)
    return sum(not each.isspace() for each in text) > MOST_OVER


def _joined(pieces: Sequence[Rectangle]) -> list[Rectangle]:
    """Pieces that touch as one: programs cut pictures into strips."""
    regions: list[Rectangle] = []
    for piece in pieces:
        while touched := next((each for each in regions if _touch(each, piece)), None):
            regions.remove(touched)
            piece = (
                min(piece[0], touched[0]), min(piece[1], touched[1]),
                max(piece[2], touched[2]), max(piece[3], touched[3]),
            )  # fmt: skip
        regions.append(piece)
    return regions


def _touch(one: Rectangle, other: Rectangle) -> bool:
    return (
        one[0] - TOUCHING <= other[2]
        and other[0] - TOUCHING <= one[2]
        and one[1] - TOUCHING <= other[3]
        and other[1] - TOUCHING <= one[3]
    )


def _area(rectangle: Rectangle) -> float:
    return (rectangle[2] - rectangle[0]) * (rectangle[3] - rectangle[1])


# ------------------------------------------------------------------ where its text belongs


def _lines(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, cleaned: Page) -> list[tuple[int, Box]]:
    """Lines of the page's text: PDFium's index of the first character, and the box of the whole."""
    found: list[tuple[int, Box]] = []
    start = 0
    for text in cleaned.text.split("\n"):
        end = start + len(text)
        if ranges := source_ranges(cleaned.runs, start, end) if text else []:
            ends = (ranges[0][0], ranges[-1][1] - 1)
            boxes = [box for at in ends if (box := character_box(page, textpage, at))]
            if boxes:
                across = min(box.left for box in boxes), max(box.right for box in boxes)
                found.append((ends[0], Box(across[0], boxes[0].top, across[1], boxes[0].bottom)))
        start = end + 1
    return found


def _followed_by(lines: Sequence[tuple[int, Box]], picture: Box) -> int:
    """PDFium's index of the character before which a picture's text is read, -1 for the end of the page.

    It comes after the last line above it in its column, else before the first one below.
    """
    beside = [
        number
        for number, (_, box) in enumerate(lines)
        if box.left < picture.right and picture.left < box.right
    ]
    middle = (picture.top + picture.bottom) / 2
    above = [number for number in beside if lines[number][1].top + lines[number][1].bottom < 2 * middle]
    following = above[-1] + 1 if above else beside[0] if beside else len(lines)
    return lines[following][0] if following < len(lines) else -1

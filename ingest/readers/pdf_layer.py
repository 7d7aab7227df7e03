"""Whether the text layer of a PDF page can be used, or the page is a picture of text."""

from __future__ import annotations

import unicodedata

import pypdfium2 as pdfium
import pypdfium2.raw as raw

LITTLE = 100  # visible characters; a scan may carry a stamp or a page number of its own
COVERED = 0.5  # of the page, by pictures: then little text is a stamp on a scan
STRANGE = 0.3  # of the characters have no meaning: the font does not tell what its glyphs are
KEPT = 0.25  # of PDFium's characters are left after cleaning; blanks are about a sixth of a text
OBJECTS = 3_000  # looked at; a drawing may have a million
LETTERS = 0.5  # of a short text are letters and digits; a font without a map gives '"7+%-'
_NO_MEANING = frozenset(("Co", "Cn", "Cc", "Cs"))


def is_picture(page: pdfium.PdfPage, text: str, characters: int) -> bool:
    """Whether only OCR can read the page. `text` is its cleaned text, made of `characters` of PDFium's."""
    visible = [each for each in text if not each.isspace()]
    if len(visible) >= LITTLE and not _strange(visible):
        return False
    if not visible:
        return next(iter(page.get_objects(max_depth=1)), None) is not None  # a blank page shows nothing
    lost = characters >= LITTLE and len(visible) < KEPT * characters
    if lost or _strange(visible) or sum(map(str.isalnum, visible)) < LETTERS * len(visible):
        return True
    return _covered(page) >= COVERED


def _strange(visible: list[str]) -> bool:
    odd = sum(each == "\ufffd" or unicodedata.category(each) in _NO_MEANING for each in visible)
    return odd > STRANGE * len(visible)


def _covered(page: pdfium.PdfPage) -> float:
    """The share of the page that its pictures cover, overlaps counted twice, at most 1."""
    width, height = page.get_size()
    area = 0.0
    for number, each in enumerate(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)):
        if number >= OBJECTS:
            break
        left, bottom, right, top = each.get_bounds()
        area += max(0.0, min(right, width) - max(left, 0)) * max(0.0, min(top, height) - max(bottom, 0))
    return float(min(1.0, area / (width * height)))

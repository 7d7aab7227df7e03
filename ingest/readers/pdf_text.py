"""A PDF page's text as PDFium gives it, cleaned, and mapped to PDFium's character indices.

Positions are PDFium's character indices of a page (what `FPDFText_GetCharBox` takes). They differ
from offsets in the extracted text where PDFium leaves characters out or where a character takes two
UTF-16 units; `Page.runs` accounts for both.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from ingest.model.pages import Page, Run
from ingest.readers.draft import Draft, source_ranges
from ingest.readers.headings import Line
from ingest.readers.hyphens import HYPHEN
from ingest.readers.margins import LinePlace
from ingest.readers.pdf_layer import is_picture
from ingest.readers.pdf_pictures import Seen, pictures_of_text
from ingest.readers.pdf_show import character_box


@dataclass(frozen=True, slots=True)
class PageText:
    """A page's cleaned text, the look of its lines, where these stand, and what is for OCR: all of it, as a
    `picture`, or `pictures` on it."""

    page: Page
    lines: list[Line]
    places: list[LinePlace]
    picture: bool = False
    pictures: Sequence[Seen] = ()


def read_page(document: pdfium.PdfDocument, number: int, with_look: bool) -> PageText:
    """The text of a page (1-based) and, when asked for, the look of its lines."""
    page = document[number - 1]
    try:
        textpage = page.get_textpage()
        try:
            text = textpage.get_text_range(errors="surrogatepass")
            characters = textpage.count_chars()
            draft = clean(text)
            runs = draft.runs
            units = len(text) + (0 if text.isascii() else sum(character > "\uffff" for character in text))
            if units != len(text) or characters != units:
                runs = renumber(runs, character_indices(textpage, text))
            cleaned = Page(number, draft.text, runs=runs)
            lines = look(textpage, cleaned) if with_look else []
            places = line_places(page, textpage, cleaned)
            if is_picture(page, draft.text, characters):
                return PageText(cleaned, lines, places, picture=True)
            return PageText(
                cleaned, lines, places, pictures=pictures_of_text(page, textpage, cleaned, places)
            )
        finally:
            textpage.close()
    finally:
        page.close()


def line_places(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, cleaned: Page) -> list[LinePlace]:
    """Where each line stands on the page as shown, by a letter of it."""
    found: list[LinePlace] = []
    start = 0
    for text in cleaned.text.split("\n"):
        end = start + len(text)
        letter = next((at for at in range(start, end) if cleaned.text[at].isalnum()), start)
        ranges = source_ranges(cleaned.runs, letter, letter + 1) if text else []
        box = character_box(page, textpage, ranges[0][0]) if ranges else None
        if box is not None:
            found.append(LinePlace(start, end, box.top, box.bottom))
        start = end + 1
    return found


def character_indices(textpage: pdfium.PdfTextPage, text: str) -> list[int]:
    """PDFium's character index of every character of the extracted `text`, -1 when it has none."""
    indices: list[int] = []
    unit = 0
    for character in text:
        indices.append(raw.FPDFText_GetCharIndexFromTextIndex(textpage.raw, unit))
        unit += 2 if character > "\uffff" else 1
    return indices


def renumber(runs: Sequence[Run], indices: Sequence[int]) -> tuple[Run, ...]:
    """Runs to text offsets as runs to character indices; split where these jump."""
    found: list[Run] = []
    for run in runs:
        for step in range(run.length):
            start, source = run.start + step, indices[run.source + step]
            last = found[-1] if found else None
            if source < 0:
                continue
            if last and last.start + last.length == start and last.source + last.length == source:
                found[-1] = Run(last.start, last.source, last.length + 1)
            else:
                found.append(Run(start, source, 1))
    return tuple(found)


def look(textpage: pdfium.PdfTextPage, page: Page) -> list[Line]:
    """Size and weight of each line, taken at its middle character (an initial may be larger)."""
    lines: list[Line] = []
    start = 0
    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    matrix = raw.FS_MATRIX()
    for text in page.text.split("\n"):
        end = start + len(text)
        if text:
            place = start + len(text) // 2
            while place > start and not page.text[place].isalnum():
                place -= 1
            ranges = source_ranges(page.runs, place, place + 1)
            if ranges:
                index = ranges[0][0]
                size = raw.FPDFText_GetFontSize(textpage.raw, index)
                if raw.FPDFText_GetMatrix(textpage.raw, index, matrix):
                    size *= math.hypot(matrix.c, matrix.d)
                length = raw.FPDFText_GetFontInfo(textpage.raw, index, name, 128, flags)
                bold = bool(length and _BOLD.search(name.value)) or bool(flags.value & 1 << 18)  # ForceBold
                lines.append(Line(start, end, round(2 * size) / 2, bold))
        start = end + 1
    return lines


_BOLD = re.compile(rb"(?i)bold|black|heavy|demi")


# ------------------------------------------------------------------ cleaning

_BLANK = " \t\r\n\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
UNSEEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\ufeff\uffff\ud800-\udfff"
_CHANGES = re.compile(
    rf"(?P<hyphen>[\x02\ufffe](?:[ \t]*(?:\r\n?|\n)[{_BLANK}]*)?)"
    rf"|(?P<soft>\xad(?:[ \t]*(?:\r\n?|\n)[{_BLANK}]*)?)"
    rf"|(?P<blank>[{_BLANK}{UNSEEN}]{{2,}}|[\t\r\n\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000{UNSEEN}])"
    r"|(?P<letters>[\ufb00-\ufb06])|(?P<bullet>[\uf0a7\uf0b7\uf0d8\uf076])"
)
_IS_BLANK = re.compile(f"[{_BLANK}]")
_LINE_END = re.compile(r"\r\n?|\n|\u2028|\u2029")
_LIGATURES = dict(zip("ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "ft", "st"), strict=True))


def clean(text: str) -> Draft:
    """PDFium's text as people read it, mapped to offsets in `text`.

    Words split at a line's end are joined, line breaks are \\n, runs of blanks are one, ligatures are
    spelled out, what cannot be seen is dropped.
    """
    draft = Draft()
    edge = f"[{_BLANK}{UNSEEN}\x02\ufffe]*"
    begin = re.match(edge, text).end()  # type: ignore[union-attr]
    stop = len(text)
    while stop > begin and (text[stop - 1].isspace() or text[stop - 1] < " "):
        stop -= 1
    position = begin
    for change in _CHANGES.finditer(text, begin, stop):
        draft.keep(text[position : change.start()], position)
        position = change.end()
        kind, found = change.lastgroup, change.group()
        if kind == "blank":
            if _LINE_END.search(found):
                draft.replace("\n" if len(_LINE_END.findall(found)) == 1 else "\n\n", change.start())
            elif _IS_BLANK.search(found):
                draft.replace(" ", change.start())
        elif kind == "hyphen":
            draft.replace(HYPHEN, change.start())
        elif kind == "letters":
            draft.replace(_LIGATURES[found], change.start())
        elif kind == "bullet":
            draft.replace("•", change.start())
    draft.keep(text[position:stop], position)
    return draft

"""A file that was read: pages, where their text stands in the source, and the receipt of how reading went.

Offsets are characters, 0-based, end-exclusive; page numbers are 1-based, as printed by PDF viewers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading on a page. `start` is its offset in `page.text`; `level` 1 is the outermost."""

    start: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """`length` characters of `page.text` from `start` stand in the source from `source` on."""

    start: int
    source: int
    length: int


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page as shares of its width and height, 0 to 1, origin top left."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Recognised:
    """A line of text that OCR has read on a page, and how sure of it OCR is, 0 to 1.

    `apart` tells how it stands to the line before: 0 goes on in the same row, 1 is the next line, 2 begins
    a paragraph.
    """

    text: str
    score: float
    box: Box
    apart: int = 1


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line that OCR has read: characters `start` to `end` of the source, and its box."""

    start: int
    end: int
    box: Box


@dataclass(frozen=True, slots=True)
class Page:
    """One page of cleaned text.

    `number` is 1-based; `label` is what is printed on a PDF page ("iv"), None when there is none.
    `runs` is the compact map from `text` back to the source: for a PDF to PDFium's character
    indices of that page, for text formats to characters of the decoded file; empty when unknown.
    Characters that cleaning has added (a joining space) are in no run; one that replaces another (the
    first letter of a ligature, a space for a line break) maps to the one it replaces.

    A page read by OCR has `lines`: where each recognised line stands, by positions in the source,
    which is then the recognised text. A page of which only pictures were read so has them beyond the positions of
    its own characters. Other formats work their boxes out when they are shown.
    """

    number: int
    text: str
    label: str | None = None
    headings: tuple[Heading, ...] = ()
    runs: tuple[Run, ...] = ()
    lines: tuple[TextLine, ...] = ()


class PageState(StrEnum):
    READ = "read"
    OCR = "ocr"  # recognised from a picture of the page
    EMPTY = "empty"
    FAILED = "failed"

    @property
    def words(self) -> str:
        """As people read it."""
        return "read by OCR" if self is PageState.OCR else self.value


@dataclass(frozen=True, slots=True)
class PageReceipt:
    number: int
    state: PageState
    characters: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What happened to one file, page by page; kept with the document."""

    pages: tuple[PageReceipt, ...]
    seconds: float
    message: str = ""
    warnings: tuple[str, ...] = ()

    def count(self, state: PageState) -> int:
        return sum(page.state is state for page in self.pages)

    def remarkable(self) -> list[tuple[PageState, str, str]]:
        """(state, message, "2–5, 9") of pages that are not simply read, those that are alike together."""
        alike: dict[tuple[PageState, str], list[int]] = {}
        for page in self.pages:
            if page.state is not PageState.READ or page.message:
                alike.setdefault((page.state, page.message), []).append(page.number)
        return [(state, message, ranges(numbers)) for (state, message), numbers in alike.items()]


def ranges(numbers: Sequence[int]) -> str:
    """ "2–5, 9" of ascending whole numbers."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(f"{first:,}" if first == last else f"{first:,}–{last:,}" for first, last in found)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture on a page with text of its own, which may hold more; that is read before the character at the
    source's position `before`, or at the end of the page (-1)."""

    page: int
    box: Box
    before: int


@dataclass(frozen=True, slots=True)
class FileText:
    """What reading a file gives.

    `paged` is False for formats without pages: they have exactly one Page, shown outside as
    `page = null`. `title` is the metadata's title, else the first heading, else "" (the catalog
    then takes the origin's file name), `made` the day of its last change that the metadata names ("2026-03-05"),
    else "". `unread` are the numbers of pages that are pictures of text:
    `ingest.queue.recognition` reads them, and `pictures` on other pages.
    """

    media_type: str
    title: str
    paged: bool
    pages: tuple[Page, ...]
    receipt: Receipt
    unread: tuple[int, ...] = ()
    pictures: tuple[Picture, ...] = ()
    made: str = ""

    @property
    def for_ocr(self) -> int:
        """How many pages, and pictures on other pages, only OCR can read."""
        return len(self.unread) + len(self.pictures)

"""The words of ingest as types: what a file becomes on its way into a library.

    file ─read→ FileText(Page …) ─chunk→ Chunk ─embed→ vector ─commit→ catalog

Every stage has its own frozen type. Offsets are characters, 0-based, end-exclusive; page numbers
are 1-based, as printed by PDF viewers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import PurePosixPath

_NAME_WORD = re.compile(r"[^\W_]+")
_TELLS = re.compile(
    r"(?:19|20)\d\d(?:\d{4})?|(?=.*\d)(?=.*[^\W\d_])[^\W_]+|[^\W\d_]{4,}"
)  # 2024, 10K, budget

# ------------------------------------------------------------------ read: file → pages


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


# ------------------------------------------------------------------ chunk: pages → chunks


@dataclass(frozen=True, slots=True)
class Chunk:
    """The unit that is embedded and cited: `page.text[start:end] == text`, within one page.

    `headings` is the path of headings above it, outermost first. `ordinal` counts from 0 through
    the document.
    """

    ordinal: int
    page: int
    start: int
    end: int
    text: str
    headings: tuple[str, ...] = ()


@lru_cache(maxsize=1024)  # a question asks for those of its hundred candidates again and again
def context_line(title: str, headings: tuple[str, ...], key: str = "") -> str:
    """What the file's name adds, title and heading path as one line, repeats dropped.

    "BESTBUY 2024Q2 10Q · Quarterly report > Liquidity": a title alone may be the same in many files, and
    people name files by what tells them apart.
    """
    parts = [" · ".join(filter(None, (" ".join(name_words(key, title)), title)))]
    last = title
    for part in (" ".join(heading.split()) for heading in headings):
        if part and part.casefold() != last.casefold():
            parts.append(part)
            last = part
    return " > ".join(" ".join(part.split()) for part in parts if part.strip())


def name_words(key: str, title: str) -> list[str]:
    """The words of a key's file name that its title lacks.

    Short words and numbers that are no year or date (a scan's number, an id) say nothing.
    """
    known = set(_NAME_WORD.findall(title.casefold()))
    words = _NAME_WORD.findall(PurePosixPath(key).stem)
    return [word for word in words if word.casefold() not in known and _TELLS.fullmatch(word)]


# ------------------------------------------------------------------ compute: tables → rows


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table below its header: cells as they are shown ("" where empty), in the columns' order.

    `numbers` are the stored values of a workbook's cells that hold numbers, None elsewhere. The row's line
    is `start`:`end` of the text of page `page`; `number` is the row's in the file, from 1.
    """

    number: int
    page: int
    start: int
    end: int
    cells: tuple[str, ...]
    numbers: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a header: `sheet` is the name of its sheet, "" for separated values."""

    sheet: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


# ------------------------------------------------------------------ commit: what the catalog holds


class DocumentState(StrEnum):
    """How far a document is; each step is one commit."""

    PENDING = "pending"  # rows are written, not yet in the BM25 index
    WORDS = "words"  # searchable by words, vectors to follow
    COMPLETE = "complete"  # searchable by words and by meaning


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as the catalog gives it to a question, with all a citation needs.

    `page.text[start:end]` is the text as it was read, also where a person has corrected it.
    """

    id: int
    document_id: int
    key: str  # the (first) origin's key
    title: str
    media_type: str
    paged: bool
    page: int
    page_label: str | None
    start: int
    end: int
    text: str
    headings: tuple[str, ...]
    ordinal: int
    as_read: str | None = None  # what was read, where `text` is a person's correction of it
    off: bool = False  # switched off: no question sees it
    address: str = ""  # on the web, of a page that was fetched there

    @property
    def context(self) -> str:
        """Name, title and heading path on one line; what the models see before the text."""
        return context_line(self.title, self.headings, self.key)

    @property
    def shown_page(self) -> int | None:
        """The page number, or None for formats without pages."""
        return self.page if self.paged else None


@dataclass(frozen=True, slots=True)
class PassageList:
    """Some passages of a document in reading order, out of those `found`; `changed` of the whole document
    are switched off or corrected."""

    passages: tuple[StoredChunk, ...]
    found: int
    changed: int


@dataclass(frozen=True, slots=True)
class OriginInfo:
    """A row of the library's list: one origin with what its document holds."""

    key: str
    document_id: int
    title: str
    media_type: str
    pages: int
    chunks: int
    size_bytes: int
    added_at: float  # Unix seconds
    state: DocumentState
    warnings: tuple[str, ...] = ()
    place: str = ""  # where it came from: an absolute path, "upload", a web address
    changed: int = 0  # passages switched off or corrected by hand
    tags: tuple[str, ...] = ()
    aside: bool = False  # set aside: another document answers


@dataclass(frozen=True, slots=True)
class Listed:
    """An origin with what documents are chosen by; ten thousand of them are read in a moment."""

    key: str
    document_id: int
    title: str
    media_type: str
    added_at: float  # Unix seconds
    tags: tuple[str, ...] = ()
    aside: bool = False  # set aside: another document answers
    place: str = ""  # as in `OriginInfo`
    size_bytes: int = 0
    state: DocumentState = DocumentState.COMPLETE
    remarked: bool = False  # its receipt has warnings


@dataclass(frozen=True, slots=True)
class DocumentDetail:
    """All that is known of an origin's document: for `show` and the Library page."""

    origin: OriginInfo
    other_keys: tuple[str, ...]
    content_hash: str
    receipt: Receipt
    paged: bool
    page_chunks: tuple[int, ...] = ()  # passages of each page, in the receipt's order
    chosen: str = ""  # settings chosen for this file, in words
    instead: str = ""  # the file that answers, where this one is set aside


@dataclass(frozen=True, slots=True)
class LibraryInfo:
    name: str
    embedder: str  # identity: weights, pooling, window, prefix
    documents: int
    origins: int
    chunks: int
    size_bytes: int
    created_at: float
    aside: int = 0  # of the documents: set aside
    newest_answers: bool = False  # of near duplicates
    tables: int = 0  # documents with rows to compute on

    @property
    def asked(self) -> int:
        """Documents that a question looks at."""
        return self.documents - self.aside


# ------------------------------------------------------------------ add: what is asked, what came of it


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be added: bytes on disk at `path`, or on the web at that address; known in the library as `key`.

    `place` says where it came from (an absolute path, an address, "upload"): a key already held from another
    place is not replaced unless `replace` is True; False keeps both under a new key.
    `temporary` files are moved into the originals instead of copied. `moved_from` are keys of files that are gone
    from where they were: where the content is that of one, it is the same file under a new key.
    """

    path: str
    key: str
    place: str
    replace: bool | None = None
    password: str | None = field(default=None, repr=False)
    keep_password: bool = False
    temporary: bool = False
    moved_from: tuple[str, ...] = ()


class AddState(StrEnum):
    ADDED = "added"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"
    DUPLICATE = "duplicate"
    MOVED = "moved"  # the same file under a new key, with all that was decided about it
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AddResult:
    """One file's end. `document` is the origin's key; `message` says why when it failed."""

    document: str
    state: AddState
    pages: int = 0
    chunks: int = 0
    message: str = ""
    needs_password: bool = False
    taken: bool = False  # the key is held from another place: ask "replace or keep both"


class JobStage(StrEnum):
    WAITING = "waiting"
    READING = "reading"
    EMBEDDING = "embedding"
    INDEXING = "indexing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = (JobStage.DONE, JobStage.FAILED, JobStage.CANCELLED)  # stages a job does not leave by itself
UNFINISHED = tuple(stage for stage in JobStage if stage not in ENDED)


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A file in the queue. `done` of `total` counts pages while reading, chunks while embedding."""

    id: int
    library: str
    key: str
    stage: JobStage
    done: int
    total: int
    rate_per_second: float  # pages or chunks a second in this stage, 0 when unknown
    seconds_left: float | None
    result: AddResult | None
    added_at: float

    @property
    def pace(self) -> str:
        """ "31 pages/s", "12 pages/min", "" when it is not known."""
        unit = "pages" if self.stage is JobStage.READING else "passages"
        if self.rate_per_second <= 0:
            return ""
        if self.rate_per_second >= 1.5:
            return f"{self.rate_per_second:.0f} {unit}/s"
        return f"{60 * self.rate_per_second:.0f} {unit}/min"


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding of `check`: what is wrong, and what mends it."""

    library: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left of removed documents; 0 everywhere proves that they are gone."""

    catalog: int  # passages and vectors that no document, or no origin, leads to
    vectors: int  # passages in Chroma
    index: int  # passages in BM25
    originals: int  # files


@dataclass(frozen=True, slots=True)
class BackupInfo:
    """What an archive holds, or what came out of one."""

    path: str  # of the archive
    size_bytes: int
    libraries: int
    documents: int
    originals: int  # files
    missing: int  # files that the catalog names and that are lost or damaged; not in the archive
    chats: int
    made_at: float  # Unix seconds


OnProgress = Callable[[int, int], None]  # (done, total)

"""PDF: text, positions and page images by PDFium; outline, labels and title by pypdf.

PDFium is not safe for threads: call from one thread, in practice from a sandbox process.
Positions are PDFium's character indices of a page (what `FPDFText_GetCharBox` takes). They differ
from offsets in the extracted text where PDFium leaves characters out or where a character takes two
UTF-16 units; `Page.runs` accounts for both.
Not covered: form fields, annotations, attachments, and pictures of text (OCR).
"""

from __future__ import annotations

import ctypes
import math
import re
import signal
import threading
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from ingest.errors import NeedsPassword, NotFound, Unreadable
from ingest.model import Box, FileText, Heading, OnProgress, Page, PageReceipt, PageState, Receipt, Run
from ingest.readers.draft import Draft, source_ranges
from ingest.settings import Settings

if TYPE_CHECKING:  # pypdf takes 0.1 s to import and is not needed to show a page
    from pypdf import PdfReader

FACTS_SECONDS = 10.0  # what pypdf may take for outline, labels and title; 0.5 s on a 500-page filing
MAX_HEADINGS = 10_000
CUT_SHORT = "The end of this file is missing: pages, or parts of them, may be lost. Get it again to have all."
DEVICE = 1_000_000  # side of the grid on which PDFium places page coordinates; boxes are shares of it
MAX_PIXELS = 40_000_000  # of a page image; very long pages come out narrower than asked

Ranges = Sequence[tuple[int, int]]
Mark = tuple[int, int, str]  # (start, end) in PDFium's indices, "passage" | "answer"
MARK_COLOURS = {"passage": (255, 241, 184), "answer": (255, 205, 84)}  # multiplied: black stays black


# ------------------------------------------------------------------ reading


def read_pdf(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """Every page's text, with labels, headings and title.

    A page that fails is noted in the receipt and its neighbours go on. Raises NeedsPassword, and
    Unreadable for a damaged file, one over a limit, or one without any text.
    """
    with open_pdf(path, password) as document:
        count = len(document)
        if count == 0:
            raise Unreadable("This PDF has no pages. Check that it is complete.")
        if count > limits.max_pages:
            raise Unreadable(
                f"This PDF has {count:,} pages; at most {limits.max_pages:,} are read. "
                "Split it, or raise FOOTNOTE_MAX_PAGES."
            )
        facts = read_facts(path, password)
        by_size = len(facts.outline) < 3  # an outline of one or two entries names only the document
        pages: list[Page] = []
        receipts: list[PageReceipt] = []
        lines: list[list[Line]] = []
        characters = 0
        for number in range(1, count + 1):
            try:
                page, page_lines = read_page(document, number, by_size or number == 1)
            except (pdfium.PdfiumError, ValueError, OSError) as error:
                page, page_lines = Page(number, ""), []
                receipts.append(PageReceipt(number, PageState.FAILED, 0, f"PDFium: {error}"))
            else:
                state = PageState.READ if page.text else PageState.EMPTY
                receipts.append(PageReceipt(number, state, len(page.text)))
            pages.append(replace(page, label=facts.labels.get(number)))
            lines.append(page_lines)
            characters += len(page.text)
            if characters > limits.max_characters:
                raise Unreadable(
                    f"This PDF has more than {limits.max_characters:,} characters (at page {number:,} of "
                    f"{count:,}). Split it, or raise FOOTNOTE_MAX_CHARACTERS."
                )
            if on_progress:
                on_progress(number, count)
    whole = has_end(path)
    _refuse_textless(receipts, whole)
    headings = headings_by_look(pages, lines) if by_size else headings_by_outline(pages, facts.outline)
    pages = [replace(page, headings=tuple(headings.get(page.number, ()))) for page in pages]
    hyphens = Hyphens(pages)
    title = facts.title or hyphens.settle_text(first_heading(pages, headings_by_look(pages[:1], lines[:1])))
    pages = [hyphens.settle(page) for page in pages]
    receipts = [replace(each, characters=len(page.text)) for each, page in zip(receipts, pages, strict=True)]
    warnings = facts.warnings if whole else (CUT_SHORT, *facts.warnings)
    receipt = Receipt(tuple(receipts), seconds=0.0, warnings=warnings)
    return FileText("application/pdf", title, paged=True, pages=tuple(pages), receipt=receipt)


@contextmanager
def open_pdf(path: Path, password: str | None) -> Iterator[pdfium.PdfDocument]:
    """The document; a file whose end is missing opens with the pages that are left.

    Raises NeedsPassword, or Unreadable when nothing can be opened.
    """
    try:
        document = pdfium.PdfDocument(path, password=password or None)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise NeedsPassword(
                "The password for this PDF is not right. Enter it again."
                if password
                else "This PDF is encrypted. Enter its password to read it."
            ) from error
        if error.err_code == raw.FPDF_ERR_SECURITY:
            raise Unreadable(
                "This PDF is encrypted in a way that cannot be opened here. Save it without encryption."
            ) from error
        document = _open_rest(path, error)
    try:
        yield document
    finally:
        document.close()


def _open_rest(path: Path, error: pdfium.PdfiumError) -> pdfium.PdfDocument:
    with_end = with_new_end(path.read_bytes())
    try:
        if with_end:
            return pdfium.PdfDocument(with_end)
    except pdfium.PdfiumError:
        error.add_note("Nor did it open with a page tree and trailer made anew.")
    raise Unreadable(
        "This PDF is damaged or incomplete and cannot be opened. Get it again, or open it in a PDF viewer "
        "and save a copy."
    ) from error


_OBJECT = re.compile(
    rb"(?<!\d)(\d{1,8})\s+\d{1,5}\s+obj\b(.{0,4000}?)(?:endobj|stream\b|\d\s+obj\b|\Z)", re.DOTALL
)
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")


def with_new_end(data: bytes) -> bytes:
    """A file that lost its end, with a page tree over the page objects found in it; b"" if there are none.

    PDF writers put the table of objects, and often the page tree, last. Pages within compressed object
    streams are not found.
    """
    if b"/Encrypt" in data[-65536:] or b"%PDF-" not in data[:1024]:
        return b""
    objects = [(int(match[1]), _PAGE.search(match[2])) for match in _OBJECT.finditer(data)]
    pages = list(dict.fromkeys(number for number, is_page in objects if is_page))
    if not pages:
        return b""
    tree = max(number for number, _ in objects) + 1
    kids = b" ".join(b"%d 0 R" % number for number in pages)
    return data + b"".join(
        (
            b"\nendstream\nendobj\n",  # of the object that was cut
            b"%d 0 obj\n<< /Type /Pages /Count %d /Kids [%s] >>\nendobj\n" % (tree, len(pages), kids),
            b"%d 0 obj\n<< /Type /Catalog /Pages %d 0 R >>\nendobj\n" % (tree + 1, tree),
            b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n0\n%%%%EOF\n" % (tree + 2, tree + 1),
        )
    )


def has_end(path: Path) -> bool:
    """Whether the file ends as a PDF does; one cut off in a download does not."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 4096))
        return b"%%EOF" in stream.read()


def _refuse_textless(receipts: Sequence[PageReceipt], whole: bool) -> None:
    if any(receipt.state is PageState.READ for receipt in receipts):
        return
    if not whole:
        raise Unreadable(
            "The end of this PDF is missing, and no text is left in what is there. Get the file again."
        )
    failed = [receipt for receipt in receipts if receipt.state is PageState.FAILED]
    pages = "The only page" if len(receipts) == 1 else f"Each of the {len(receipts):,} pages"
    if len(failed) == len(receipts):
        raise Unreadable(
            f"{pages} of this PDF is damaged ({failed[0].message}). Get it again, or open it in a PDF "
            "viewer and save a copy."
        )
    if failed:
        pages = f"None of the {len(receipts) - len(failed):,} pages that could be opened has text"
        raise Unreadable(f"{pages}, and {len(failed):,} are damaged. Get the file again.")
    raise Unreadable(
        f"{pages} of this PDF is a picture or blank: there is no text to read. Run it through OCR "
        "(text recognition) and add the result."
    )


@dataclass(frozen=True, slots=True)
class Line:
    """How a line of a page looks: offsets in the cleaned text, and the size of its letters in points."""

    start: int
    end: int
    size: float
    bold: bool


def read_page(document: pdfium.PdfDocument, number: int, with_look: bool) -> tuple[Page, list[Line]]:
    """The cleaned text of a page (1-based) and, when asked for, the look of its lines."""
    page = document[number - 1]
    try:
        textpage = page.get_textpage()
        try:
            text = textpage.get_text_range(errors="surrogatepass")
            draft = clean(text)
            runs = draft.runs
            units = len(text) + (0 if text.isascii() else sum(character > "\uffff" for character in text))
            if units != len(text) or textpage.count_chars() != units:
                runs = renumber(runs, character_indices(textpage, text))
            cleaned = Page(number, draft.text, runs=runs)
            return cleaned, look(textpage, cleaned) if with_look else []
        finally:
            textpage.close()
    finally:
        page.close()


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


# ------------------------------------------------------------------ cleaning

HYPHEN = "\ufffe"  # PDFium's mark for a hyphen at a line's end (U+0002 in older versions)
_BLANK = " \t\r\n\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_UNSEEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\ufeff\uffff\ud800-\udfff"
_CHANGES = re.compile(
    rf"(?P<hyphen>[\x02\ufffe](?:[ \t]*(?:\r\n?|\n)[{_BLANK}]*)?)"
    rf"|(?P<soft>\xad(?:[ \t]*(?:\r\n?|\n)[{_BLANK}]*)?)"
    rf"|(?P<blank>[{_BLANK}{_UNSEEN}]{{2,}}|[\t\r\n\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000{_UNSEEN}])"
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
    edge = f"[{_BLANK}{_UNSEEN}\x02\ufffe]*"
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


_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_SPLIT = re.compile(rf"(?P<left>[^\W\d_]*){HYPHEN}(?P<right>[^\W\d_]*)")


class Hyphens:
    """Whether a hyphen at a line's end belongs to the word ("long-term") or only splits it ("exam-ple").

    The document itself tells: by how it writes the word elsewhere, and where it never does, by what
    most of its other line ends were.
    """

    def __init__(self, pages: Sequence[Page]) -> None:
        self._words: Counter[str] = Counter()
        self._keep = False
        if not any(HYPHEN in page.text for page in pages):
            return
        for page in pages:
            self._words.update(_WORD.findall(page.text.lower()))
        known = [self._known(match) for page in pages for match in _SPLIT.finditer(page.text)]
        self._keep = known.count(True) > known.count(False)

    def _known(self, match: re.Match[str]) -> bool | None:
        left, right = match["left"].lower(), match["right"].lower()
        if not left or not right:
            return True
        apart, joined = self._words[f"{left}-{right}"], self._words[left + right]
        return None if apart == joined else apart > joined

    def settle_text(self, text: str) -> str:
        return _SPLIT.sub(
            lambda match: match["left"] + ("-" if self.belongs(match) else "") + match["right"], text
        )

    def belongs(self, match: re.Match[str]) -> bool:
        known = self._known(match)
        return self._keep if known is None else known

    def settle(self, page: Page) -> Page:
        """`page` with every HYPHEN written or dropped; its map and headings follow."""
        if HYPHEN not in page.text:
            return page
        draft = Draft()
        dropped: list[int] = []
        position = 0
        for match in _SPLIT.finditer(page.text):
            place = match.end("left")
            copy(page, position, place, draft)
            if self.belongs(match):
                for source, _ in source_ranges(page.runs, place, place + 1):
                    draft.keep("-", source)
            else:
                dropped.append(place)
            position = place + 1
        copy(page, position, len(page.text), draft)
        headings = tuple(
            Heading(each.start - bisect_left(dropped, each.start), each.level, self.settle_text(each.text))
            for each in page.headings
        )
        return replace(page, text=draft.text, runs=draft.runs, headings=headings)


def copy(page: Page, start: int, end: int, draft: Draft) -> None:
    """Append `page.text[start:end]` to `draft` with its map."""
    for run in page.runs[max(0, bisect_right(page.runs, start, key=lambda run: run.start) - 1) :]:
        if run.start >= end:
            break
        low, high = max(start, run.start), min(end, run.start + run.length)
        if low < high:
            draft.add(page.text[start:low])
            draft.keep(page.text[low:high], run.source + low - run.start)
            start = high
    draft.add(page.text[start:end])


# ------------------------------------------------------------------ outline, labels, title


@dataclass(frozen=True, slots=True)
class Entry:
    """An outline entry; `page` is 1-based, `level` 1 is the outermost."""

    level: int
    title: str
    page: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What pypdf tells of a document beside its text; labels by page number."""

    title: str = ""
    outline: tuple[Entry, ...] = ()
    labels: dict[int, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_facts(path: Path, password: str | None) -> Facts:
    """Outline, page labels and title; what fails or takes too long is left out, with a warning."""
    import logging

    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its remarks on odd files help nobody here
    title, outline, labels = "", [], {}  # type: str, list[Entry], dict[int, str]
    missing = {"title", "outline", "page labels"}
    warning = ""
    try:
        with path.open("rb") as stream, time_limit(FACTS_SECONDS):
            reader = PdfReader(stream, password=password or None)
            title = sane_title(str(reader.metadata.get("/Title") or "")) if reader.metadata else ""
            missing.discard("title")
            root = reader.root_object
            labels = page_labels(reader.page_labels) if "/PageLabels" in root else {}
            missing.discard("page labels")
            outline = list(outline_entries(reader)) if "/Outlines" in root else []
            missing.discard("outline")
    except Exception as error:  # noqa: BLE001 - on damaged files pypdf may raise anything
        why = "it took too long" if isinstance(error, TimeoutError) else f"{type(error).__name__}: {error}"
        warning = (
            f"Could not read the {' and '.join(sorted(missing))} ({why[:200]}). The text is not affected."
        )
    return Facts(title, tuple(outline), labels, (warning,) if warning else ())


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError inside the block after `seconds`.

    Works in the main thread of a POSIX process (each sandbox process reads there); elsewhere the
    block runs without a limit of its own and the sandbox's wall clock ends it.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def page_labels(labels: Sequence[str]) -> dict[int, str]:
    """Labels by page number, 1-based; blank ones are left out."""
    return {number: label.strip() for number, label in enumerate(labels, 1) if label and label.strip()}


def outline_entries(reader: PdfReader) -> Iterator[Entry]:
    """The outline from top to bottom, at most MAX_HEADINGS; entries that lead to no page are left out."""
    numbers = {
        page.indirect_reference.idnum: number
        for number, page in enumerate(reader.pages, 1)
        if page.indirect_reference is not None
    }
    waiting: list[tuple[int, object]] = [(1, item) for item in reversed(reader.outline)]
    given = 0
    while waiting and given < MAX_HEADINGS:
        level, item = waiting.pop()
        if isinstance(item, list):  # the children of the entry before
            waiting.extend((level + 1, child) for child in reversed(item))
            continue
        title = " ".join(str(getattr(item, "title", "") or "").replace("\0", "").split())
        number = numbers.get(getattr(getattr(item, "page", None), "idnum", -1))
        if title and number:
            given += 1
            yield Entry(level, title, number)


_NO_TITLE = re.compile(
    r"(?i)^(untitled|no title|title|document|doc|slide|presentation|powerpoint presentation|print|scan|layout"
    r"|microsoft (word|excel|powerpoint)|about:blank|file:|https?:)\W*\d*$"
    r"|^(microsoft (word|excel|powerpoint) - |file:|https?:)"
    r"|\.(docx?|pdf|xlsx?|pptx?|dvi|ps|eps|tex|html?|indd|qxd|rtf|txt|odt|pages|pub|pmd|fm|p65|tmp)\W*$"
)


def sane_title(title: str) -> str:
    """`title` on one line, or "" when it is a file name or what programs put there by themselves."""
    title = " ".join(_TITLE_UNSEEN.sub("", title).split())
    if _NO_TITLE.search(title) or not re.search(r"[^\W\d_]{3}|[\u0e00-\u0fff\u3040-\uffdc]{2}", title):
        return ""
    if " " not in title and re.search(r"[_/\\]|\.[A-Za-z]\w{1,7}$|^[a-z0-9]+-[a-z0-9-]+$", title):
        return ""  # a file name, with or without its suffix
    return title[:300]


_TITLE_UNSEEN = re.compile(f"[{_UNSEEN}\x02\ufffe]")


# ------------------------------------------------------------------ headings


def headings_by_outline(pages: Sequence[Page], outline: Sequence[Entry]) -> dict[int, list[Heading]]:
    """Each entry where its title stands on its page; where it does not, at the entry before, or the top."""
    found: dict[int, list[Heading]] = {}
    letters: dict[int, tuple[str, list[int]]] = {}
    for entry in outline:
        page = pages[entry.page - 1]
        if not page.text:
            continue
        if entry.page not in letters:
            letters[entry.page] = compact(page.text)
        before = found.setdefault(entry.page, [])
        start = locate(entry.title, page.text, *letters[entry.page], before[-1].start if before else 0)
        before.append(Heading(start, entry.level, entry.title))
    for headings in found.values():
        headings.sort(key=lambda heading: heading.start)  # stable: outline order where starts agree
    return found


def compact(text: str) -> tuple[str, list[int]]:
    """Letters and digits of `text`, case folded, and the offset of each."""
    places = [place for place, character in enumerate(text) if character.isalnum()]
    # lower(), not casefold(): one character stays one in nearly every script; the rest is left as it is
    folded = "".join(low if len(low := text[place].lower()) == 1 else text[place] for place in places)
    return folded, places


def locate(title: str, text: str, folded: str, places: Sequence[int], after: int) -> int:
    """Offset of `title` in `text`, at the start of a line if there is such a place; else `after`."""
    wanted = compact(title)[0]
    without_number = compact(re.sub(r"^[\dIVXivx.]+[.)]?\s+", "", title))[0]
    for words in dict.fromkeys((wanted, without_number)):
        if len(words) < 2:
            continue
        hits: list[int] = []
        at = folded.find(words)
        while at >= 0 and len(hits) < 50:
            hits.append(places[at])
            at = folded.find(words, at + 1)
        if hits:
            return min(hits, key=lambda hit: (not _starts_line(text, hit), hit < after, hit))
    return after


def _starts_line(text: str, place: int) -> bool:
    return not any(character.isalnum() for character in text[text.rfind("\n", 0, place) + 1 : place])


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


def headings_by_look(pages: Sequence[Page], looks: Sequence[Sequence[Line]]) -> dict[int, list[Heading]]:
    """Lines set larger than the body, and bold lines that stand over running text.

    Levels follow the sizes, largest first (at most 4), bold ones of body size come after them. What
    comes back on more than a fifth of the pages is a running head and left out.
    """
    weight: Counter[float] = Counter()
    for lines in looks:
        for line in lines:
            weight[line.size] += line.end - line.start
    if not weight:
        return {}
    body = weight.most_common(1)[0][0]
    candidates: list[tuple[int, int, float, str]] = []  # (page, start, size, text); bold ones have size 0
    for page, lines in zip(pages, looks, strict=True):
        at = 0
        while at < len(lines):
            line = lines[at]
            stop = at + 1
            if line.size >= 1.15 * body:
                while stop < len(lines) and lines[stop].size == line.size and lines[stop].bold == line.bold:
                    stop += 1
                text = " ".join(page.text[line.start : lines[stop - 1].end].split())
                if stop - at <= 3 and _is_heading(text, 160):
                    candidates.append((page.number, line.start, line.size, text))
            elif line.bold and stop < len(lines):
                text, below = (page.text[each.start : each.end].strip() for each in (line, lines[stop]))
                if not lines[stop].bold and _is_heading(text, 100) and _is_prose(below):
                    candidates.append((page.number, line.start, 0.0, text))
            at = stop
    pages_of: dict[str, set[int]] = {}
    for number, _, _, text in candidates:
        pages_of.setdefault(_without_digits(text), set()).add(number)
    candidates = [
        each for each in candidates if len(pages_of[_without_digits(each[3])]) <= max(3, 0.2 * len(pages))
    ]
    sizes = sorted({size for _, _, size, _ in candidates if size}, reverse=True)
    level = {size: min(rank, 4) for rank, size in enumerate(sizes, 1)}
    level[0.0] = min(len(sizes), 4) + 1
    found: dict[int, list[Heading]] = {}
    for number, start, size, text in candidates[:MAX_HEADINGS]:
        found.setdefault(number, []).append(Heading(start, level[size], text))
    return found


def _is_heading(text: str, longest: int) -> bool:
    letters = sum(character.isalpha() for character in text)
    visible = sum(not character.isspace() for character in text)
    return (
        letters >= 3
        and len(text) <= longest
        and letters >= 0.6 * visible
        and (text[0].isupper() or text[0].isdigit() or not text[0].isascii())
        and not text.endswith((",", ";"))
    )


def _is_prose(text: str) -> bool:
    return len(text) >= 40 and sum(character.islower() for character in text) >= 0.6 * len(text)


def _without_digits(text: str) -> str:
    return re.sub(r"\d+", "#", text)


def first_heading(pages: Sequence[Page], on_first_page: Mapping[int, Sequence[Heading]]) -> str:
    """What is set largest on the first page, else the outermost heading of the next two, else ""."""
    for headings in (on_first_page.get(1, ()), *(page.headings for page in pages[:3])):
        if headings:
            return min(headings, key=lambda heading: heading.level).text
    return ""


# ------------------------------------------------------------------ showing


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
    path: Path, page_number: int, marks: Sequence[Mark], width_px: int, password: str | None = None
) -> bytes:
    """The page as PNG with its marks as with a highlighter: the page shows through, black stays black."""
    from PIL import Image, ImageChops, ImageDraw

    with open_page(path, page_number, password) as page:
        width, height = page.get_size()
        scale = min(max(16, width_px) / width, math.sqrt(MAX_PIXELS / (width * height)))
        image = page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
        colours = Image.new("RGB", image.size, "white")
        brush = ImageDraw.Draw(colours)
        for kind in MARK_COLOURS:  # the answer over the passage
            ranges = [(start, end) for start, end, name in marks if name == kind]
            for box in page_boxes(page, ranges) if ranges else ():
                brush.rectangle(
                    (
                        box.left * image.width - 1,
                        box.top * image.height - 1,
                        box.right * image.width + 1,
                        box.bottom * image.height + 1,
                    ),
                    fill=MARK_COLOURS[kind],
                )
    if marks:
        image = ImageChops.multiply(image, colours)
    target = BytesIO()
    image.save(target, "PNG", compress_level=3)
    return target.getvalue()


@contextmanager
def open_page(path: Path, page_number: int, password: str | None) -> Iterator[pdfium.PdfPage]:
    with open_pdf(path, password) as document:
        document.init_forms()
        if not 1 <= page_number <= len(document):
            raise NotFound(f"Page {page_number} is not in this PDF; it has {len(document):,}.")
        try:
            page = document[page_number - 1]
        except pdfium.PdfiumError as error:
            raise Unreadable(f"Page {page_number} of this PDF is damaged and cannot be shown.") from error
        try:
            yield page
        finally:
            page.close()


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
    xs, ys = [], []
    for x, y in ((rectangle.left, rectangle.bottom), (rectangle.right, rectangle.top)):
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

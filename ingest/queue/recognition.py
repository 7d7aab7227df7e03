"""Pages that are pictures of text, read by OCR one by one: each with a limit of its own, none at the
cost of its neighbours. In the owner's process; the work is done in the sandbox.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean

from ingest.errors import Unreadable
from ingest.model import (
    Box,
    FileText,
    OnProgress,
    Page,
    PageReceipt,
    PageState,
    Recognised,
    TextLine,
)
from ingest.processes.sandbox import SandboxPool
from ingest.readers import source_ranges
from ingest.readers.draft import Draft
from ingest.readers.hyphens import HYPHEN, Hyphens
from ingest.settings import Settings

CLEARLY_MORE = 1.5  # times the text that a page has: then OCR's takes its place
HARD_TO_READ = 0.8  # mean probability of the letters below which the receipt warns
BETWEEN = (" ", "\n", "\n\n")  # by `Recognised.apart`
_NARROW = frozenset("iljtfrI1.,:;'`’‘!|()[]/ -")
_WIDE = frozenset("mwMW@%—")
SWITCHED_OFF = "a picture; text recognition is switched off (FOOTNOTE_OCR)"


def with_recognised(
    text: FileText,
    path: Path,
    sandbox: SandboxPool,
    settings: Settings,
    password: str | None = None,
    on_progress: OnProgress | None = None,
) -> FileText:
    """`text` with its unread pages read by OCR; `on_progress` gets (pages done, pages in all).

    What could not be read, or not in time, is named in the receipt. Raises Unreadable when nothing of the
    whole file could be read.
    """
    if not text.unread:
        return text
    pages = {page.number: page for page in text.pages}
    receipts = {each.number: each for each in text.receipt.pages}
    done = len(pages) - len(text.unread)
    spent = 0.0  # seconds of OCR; a paused queue costs none
    for number in text.unread:
        left = settings.ocr_timeout_seconds - spent
        page_began = time.monotonic()
        if not settings.ocr:
            receipts[number] = PageReceipt(number, _kept(pages[number]), 0, SWITCHED_OFF)
        elif left <= 0:
            receipts[number] = PageReceipt(number, PageState.FAILED, 0, _out_of_time(settings))
        else:
            try:
                lines = sandbox.recognise(path, text.media_type, number, password, left)
            except Unreadable as error:
                receipts[number] = PageReceipt(number, PageState.FAILED, 0, str(error))
            else:
                pages[number], receipts[number] = _recognised(pages[number], lines)
        done += 1
        spent += time.monotonic() - page_began
        if on_progress:
            on_progress(done, len(pages))
    hyphens = Hyphens(list(pages.values()))
    settled = tuple(hyphens.settle(page) for page in pages.values())
    found = tuple(replace(receipts[page.number], characters=len(page.text)) for page in settled)
    if not any(page.text for page in settled):
        raise Unreadable(_nothing_read(text, found, settings))
    seconds = text.receipt.seconds + spent
    receipt = replace(text.receipt, pages=found, seconds=seconds, warnings=_warnings(text, found))
    return replace(text, pages=settled, receipt=receipt, unread=())


def page_of_lines(page: Page, lines: Sequence[Recognised]) -> Page:
    """`page` with the recognised lines as its text: paragraphs apart, line ends as they are."""
    draft = Draft()
    placed: list[TextLine] = []
    for number, line in enumerate(lines):
        words = " ".join(line.text.split())
        following = lines[number + 1].text.lstrip() if number + 1 < len(lines) else ""
        if len(words) > 1 and words[-1] in "-\u2010" and words[-2].isalpha() and following[:1].islower():
            words = words[:-1] + HYPHEN
        if number and draft.length and not draft.text.endswith(HYPHEN):
            draft.add(BETWEEN[line.apart])
        start = draft.length
        draft.keep(words, start)
        placed.append(TextLine(start, draft.length, line.box))
    return replace(page, text=draft.text, runs=draft.runs, headings=(), lines=tuple(placed))


def line_boxes(page: Page, start: int, end: int) -> list[Box]:
    """Where `page.text[start:end]` stands on a page read by OCR; parts of a line by their share of it."""
    found: list[Box] = []
    letters = {
        run.source + step: page.text[run.start + step] for run in page.runs for step in range(run.length)
    }
    for low, high in source_ranges(page.runs, start, end):
        for line in page.lines:
            first, last = max(low, line.start), min(high, line.end)
            if first >= last:
                continue
            if line.box.bottom - line.box.top > line.box.right - line.box.left:  # on its side: as a whole
                found.append(line.box)
                continue
            # The recognised text, letter by letter; a hyphen that was dropped is the last of its line.
            widths = [_width(letters.get(at, "-")) for at in range(line.start, line.end)]
            across = (line.box.right - line.box.left) / sum(widths)
            left = line.box.left + across * sum(widths[: first - line.start])
            right = left + across * sum(widths[first - line.start : last - line.start])
            found.append(Box(left, line.box.top, right, line.box.bottom))
    return found


def _width(letter: str) -> float:
    """How wide a letter is set, about, in widths of an "n"."""
    if letter in _NARROW:
        return 0.5
    return 1.5 if letter in _WIDE else 1.25 if letter.isupper() else 1.0


def _recognised(page: Page, lines: Sequence[Recognised]) -> tuple[Page, PageReceipt]:
    characters = sum(len(line.text) for line in lines)
    if characters <= CLEARLY_MORE * len(page.text):  # a title over a photograph; the letters are exact
        return page, PageReceipt(page.number, _kept(page), len(page.text))
    sure = mean(line.score for line in lines)
    message = f"hard to read: check it against the page ({sure:.0%} sure)" if sure < HARD_TO_READ else ""
    return page_of_lines(page, lines), PageReceipt(page.number, PageState.OCR, characters, message)


def _kept(page: Page) -> PageState:
    return PageState.READ if page.text else PageState.EMPTY


def _out_of_time(settings: Settings) -> str:
    return (
        f"not recognised: this file's {settings.ocr_timeout_seconds:,.0f} s for text recognition were over. "
        "Split it, or raise FOOTNOTE_OCR_TIMEOUT_SECONDS, remove it and add it again"
    )


def _warnings(text: FileText, receipts: Sequence[PageReceipt]) -> tuple[str, ...]:
    """What a person should know without going through the pages."""
    unread = set(text.unread)
    late = sum(each.state is PageState.FAILED for each in receipts if each.number in unread)
    off = sum(each.message == SWITCHED_OFF for each in receipts)
    found = list(text.receipt.warnings)
    if late:
        found.append(
            f"{late:,} of {len(receipts):,} pages could not be recognised; the list of pages says why."
        )
    if off:
        found.append(
            f"{off:,} of {len(receipts):,} pages are pictures and were left out: text recognition is "
            "switched off. Set FOOTNOTE_OCR=1, and add the file again."
        )
    return tuple(found)


def _nothing_read(text: FileText, receipts: Sequence[PageReceipt], settings: Settings) -> str:
    pages = "The only page" if len(receipts) == 1 else f"Each of the {len(receipts):,} pages"
    if not settings.ocr:
        return (
            f"{pages} is a picture or blank, and text recognition is switched off. Set FOOTNOTE_OCR=1, and "
            "add the file again."
        )
    failed = next((each.message for each in receipts if each.state is PageState.FAILED), "")
    if failed:
        return f"No page could be recognised. Page 1: {failed}" if len(receipts) == 1 else failed
    return f"{pages} is a picture or blank, and no text was recognised on it. Scan it larger or sharper."

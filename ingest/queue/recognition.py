"""Pages that are pictures of text, and pictures of text on other pages, read by OCR one by one: each with a limit
of its own, none at the cost of its neighbours. In the owner's process; the work is done in the sandbox.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from statistics import mean

from ingest.errors import Unreadable
from ingest.model.adding import OnProgress
from ingest.model.pages import Box, FileText, Page, PageReceipt, PageState, Picture, Recognised
from ingest.processes.sandbox import SandboxPool
from ingest.queue.recognised import Read, page_of_lines, page_with_pictures
from ingest.readers.hyphens import Hyphens
from ingest.settings import Settings

CLEARLY_MORE = 1.5  # times the text that a page has: then OCR's takes its place
HARD_TO_READ = 0.8  # mean probability of the letters below which the receipt warns
IN_VAIN_SECONDS = 60.0  # for pictures on pages with text that turn out to hold none, in one file
LEAST_LETTERS = 12  # letters and figures of a picture on a page that has text; less is a logo
SWITCHED_OFF = "a picture; text recognition is switched off (FOOTNOTE_OCR)"
PICTURE_READ = "with the text of a picture on it, by OCR"
PICTURE_OFF = "a picture on it may hold text; text recognition is switched off (FOOTNOTE_OCR)"
PICTURE_LATE = (
    "a picture on it was not recognised: the time of this file for text recognition was over, or many pictures "
    "before it held no text"
)


def with_recognised(
    text: FileText,
    path: Path,
    sandbox: SandboxPool,
    settings: Settings,
    password: str | None = None,
    on_progress: OnProgress | None = None,
) -> FileText:
    """`text` with its unread pages, and pictures on others, read by OCR; `on_progress` gets (pages done, pages in
    all).

    What could not be read, or not in time, is named in the receipt. Raises Unreadable when nothing of the
    whole file could be read.
    """
    if not text.for_ocr:
        return text
    pages = {page.number: page for page in text.pages}
    receipts = {each.number: each for each in text.receipt.pages}
    ocr = _Ocr(path, text.media_type, sandbox, settings, password)
    pictures = {number: list(group) for number, group in groupby(text.pictures, key=lambda each: each.page)}
    for done, number in enumerate(
        (*text.unread, *pictures), len(pages) - len(text.unread) - len(pictures) + 1
    ):
        read = ocr.pictures if number in pictures else ocr.page
        pages[number], receipts[number] = read(pages[number], receipts[number], pictures.get(number, ()))
        if on_progress:
            on_progress(done, len(pages))
    hyphens = Hyphens(list(pages.values()))
    settled = tuple(hyphens.settle(page) for page in pages.values())
    found = tuple(replace(receipts[page.number], characters=len(page.text)) for page in settled)
    if not any(page.text for page in settled):
        raise Unreadable(_nothing_read(text, found, settings))
    seconds = text.receipt.seconds + ocr.spent
    receipt = replace(text.receipt, pages=found, seconds=seconds, warnings=_warnings(text, found))
    return replace(text, pages=settled, receipt=receipt, unread=(), pictures=())


class _Ocr:
    """What is recognised of one file, within its time; a paused queue costs none."""

    def __init__(
        self, path: Path, media_type: str, sandbox: SandboxPool, settings: Settings, password: str | None
    ) -> None:
        self._path = path
        self._media_type = media_type
        self._sandbox = sandbox
        self._settings = settings
        self._password = password
        self.spent = 0.0  # seconds …
        self._in_vain = 0.0  # … of which for pictures on pages with text that held none

    def page(self, page: Page, receipt: PageReceipt, _: Sequence[Picture]) -> tuple[Page, PageReceipt]:
        """A page that is a picture."""
        left = self._settings.ocr_timeout_seconds - self.spent
        if not self._settings.ocr:
            return page, PageReceipt(page.number, _kept(page), 0, SWITCHED_OFF)
        if left <= 0:
            return page, PageReceipt(page.number, PageState.FAILED, 0, _out_of_time(self._settings))
        try:
            lines = self._read(page.number, left)
        except Unreadable as error:
            return page, PageReceipt(page.number, PageState.FAILED, 0, str(error))
        return _recognised(page, lines)

    def pictures(
        self, page: Page, receipt: PageReceipt, pictures: Sequence[Picture]
    ) -> tuple[Page, PageReceipt]:
        """Pictures on a page that has text: it keeps that, whatever becomes of them."""
        if not self._settings.ocr:
            return page, replace(receipt, message=PICTURE_OFF)
        read: list[Read] = []
        message = ""
        for picture in pictures:
            left = self._settings.ocr_timeout_seconds - self.spent
            if left <= 0 or self._in_vain >= IN_VAIN_SECONDS:
                message = PICTURE_LATE
                break
            before = self.spent
            try:
                lines = self._read(page.number, left, picture.box)
            except Unreadable as error:
                message, lines = f"a picture on it could not be recognised: {error}", []
            if sum(map(str.isalnum, "".join(line.text for line in lines))) >= LEAST_LETTERS:
                read.append((picture, lines))
            else:
                self._in_vain += self.spent - before
        if not read:
            return page, replace(receipt, message=message)
        found = [part for part in (PICTURE_READ, message) if part]
        return page_with_pictures(page, read), replace(receipt, message="; ".join(found))

    def _read(self, number: int, seconds: float, part: Box | None = None) -> list[Recognised]:
        began = time.monotonic()
        try:
            return self._sandbox.recognise(
                self._path, self._media_type, number, self._password, seconds, part
            )
        finally:
            self.spent += time.monotonic() - began


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

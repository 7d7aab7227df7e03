"""PDF: every page's text with its headings, labels and title; which pages only OCR can read.

Not covered: form fields, annotations, attachments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pypdfium2 as pdfium

from ingest.errors import Unreadable
from ingest.model.adding import OnProgress
from ingest.model.pages import FileText, Page, PageReceipt, PageState, Receipt
from ingest.readers.headings import Line, first_heading, headings_by_look, headings_by_outline
from ingest.readers.hyphens import Hyphens
from ingest.readers.margins import LinePlace, running_lines, without
from ingest.readers.pdf_facts import read_facts
from ingest.readers.pdf_file import has_end, open_pdf
from ingest.readers.pdf_pictures import Seen, each_once
from ingest.readers.pdf_text import PageText, read_page
from ingest.settings import Settings

CUT_SHORT = "The end of this file is missing: pages, or parts of them, may be lost. Get it again to have all."


def read_pdf(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """Every page's text, with labels, headings and title.

    A page that fails is noted in the receipt and its neighbours go on; one that is a picture of text is
    left `unread`, and so are `pictures` on the others. Raises NeedsPassword, and Unreadable for a damaged file, one over a limit, or a blank one.
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
        places: list[list[LinePlace]] = []
        unread: list[int] = []
        pictures: list[Sequence[Seen]] = []
        characters = 0
        for number in range(1, count + 1):
            try:
                read = read_page(document, number, by_size or number == 1)
            except (pdfium.PdfiumError, ValueError, OSError) as error:
                read = PageText(Page(number, ""), [], [])
                receipts.append(PageReceipt(number, PageState.FAILED, 0, f"PDFium: {error}"))
            else:
                state = PageState.READ if read.page.text else PageState.EMPTY
                receipts.append(PageReceipt(number, state, len(read.page.text)))
            pages.append(replace(read.page, label=facts.labels.get(number)))
            lines.append(read.lines)
            places.append(read.places)
            pictures.append(read.pictures)
            if read.picture:
                unread.append(number)
            characters += len(read.page.text)
            if characters > limits.max_characters:
                raise Unreadable(
                    f"This PDF has more than {limits.max_characters:,} characters (at page {number:,} of "
                    f"{count:,}). Split it, or raise FOOTNOTE_MAX_CHARACTERS."
                )
            if on_progress:
                on_progress(number, count)
    whole = has_end(path)
    if not unread:
        _refuse_textless(receipts, whole)
    for number, dropped in running_lines(pages, places).items():
        pages[number - 1], lines[number - 1] = without(pages[number - 1], lines[number - 1], dropped)
    headings = headings_by_look(pages, lines) if by_size else headings_by_outline(pages, facts.outline)
    pages = [replace(page, headings=tuple(headings.get(page.number, ()))) for page in pages]
    hyphens = Hyphens(pages)
    title = facts.title or hyphens.settle_text(first_heading(pages, headings_by_look(pages[:1], lines[:1])))
    pages = [hyphens.settle(page) for page in pages]
    receipts = [_settled(each, page) for each, page in zip(receipts, pages, strict=True)]
    warnings = facts.warnings if whole else (CUT_SHORT, *facts.warnings)
    receipt = Receipt(tuple(receipts), seconds=0.0, warnings=warnings)
    return FileText(
        "application/pdf", title, True, tuple(pages), receipt, tuple(unread), each_once(pictures), facts.made
    )


def _settled(receipt: PageReceipt, page: Page) -> PageReceipt:
    """The receipt after cleaning; a page that had nothing but its number is empty."""
    empty = receipt.state is PageState.READ and not page.text
    return replace(receipt, state=PageState.EMPTY if empty else receipt.state, characters=len(page.text))


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
        f"{pages} of this PDF is blank: there is nothing to read. Check that it is the right file."
    )

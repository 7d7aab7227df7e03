"""Workbooks (.xlsx) and separated values (.csv, .tsv) as pages: a workbook's sheets, a file's one table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ingest.errors import Unreadable
from ingest.model.adding import OnProgress
from ingest.model.pages import FileText, Page, PageReceipt, PageState, Receipt
from ingest.readers.grid import Cells, Grid, one_line
from ingest.readers.text import decode, single_page
from ingest.settings import Settings

# ------------------------------------------------------------------ separated values


def read_separated(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """A .csv or .tsv file as one page; the separator is what divides its first lines most evenly."""
    text, warning = decode(path.read_bytes())
    grid = Grid(limits)
    for number, cells in _records(text):
        grid.add(number, cells)
    draft = grid.finish()[0]
    if on_progress:
        on_progress(1, 1)
    found = single_page("text/csv", "", draft, limits, (warning,) if warning else ())
    return replace(found, title="")  # its headings are places, not titles


def separated_rows(path: Path) -> Iterator[tuple[int, Cells]]:
    """(number, filled cells) of the records of a .csv or .tsv file that have any. Raises Unreadable."""
    yield from _records(decode(path.read_bytes())[0])


def _records(text: str) -> Iterator[tuple[int, Cells]]:
    csv.field_size_limit(2**31 - 1)
    records = csv.reader(io.StringIO(text, newline=""), delimiter=separator(text))
    try:
        for number, record in enumerate(records, 1):
            cells = {column: cleaned for column, cell in enumerate(record) if (cleaned := one_line(cell))}
            if cells:
                yield number, cells
    except csv.Error as error:
        raise Unreadable(
            f"This is not a table of separated values ({error}). Save it as .csv or .txt again."
        ) from None


def separator(text: str) -> str:
    """Of tab, semicolon, comma and bar the one found equally often (and most) in the first lines."""
    lines = [line for line in text[:65536].splitlines() if line.strip()][:20]
    best, most = ",", 0.0
    for mark in "\t;,|":
        counts = [len(next(csv.reader([line], delimiter=mark), [])) - 1 for line in lines]
        usual = max(set(counts), key=counts.count) if counts else 0
        score = usual and counts.count(usual) / len(counts) + min(usual, 50) / 1000
        if score > most:
            best, most = mark, score
    return best


# ------------------------------------------------------------------ workbooks


def read_workbook(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """An .xlsx file; its pages are its sheets, their labels the sheets' names. Macros are not looked at."""
    from ingest.readers.package import XLSX, Package
    from ingest.readers.workbook import Workbook

    with Package.open(path, limits) as package:
        book = Workbook(package)
        pages: list[Page] = []
        receipts: list[PageReceipt] = []
        warnings: list[str] = []
        missing = 0
        left = limits.max_characters
        for number, (name, part) in enumerate(book.sheets, 1):
            grid = Grid(limits, name)
            for row, cells, without in book.rows(part):
                missing += without
                if cells:
                    grid.add(row, cells)
            for draft in grid.finish():
                page = Page(len(pages) + 1, draft.text, name, tuple(draft.headings))
                pages.append(page)
                state = PageState.READ if page.text else PageState.EMPTY
                receipts.append(
                    PageReceipt(
                        page.number, state, len(page.text), "" if page.text else f"sheet {name}: no cells"
                    )
                )
                left -= len(page.text)
            if len(pages) > limits.max_pages or left < 0:
                raise Unreadable(
                    f"This workbook gives more than {limits.max_pages:,} pages or {limits.max_characters:,} characters. "
                    "Split it, or raise FOOTNOTE_MAX_PAGES and FOOTNOTE_MAX_CHARACTERS."
                )
            if on_progress:
                on_progress(number, len(book.sheets))
        title, made = package.title(), package.made()
    if not any(page.text for page in pages):
        hint = (
            " Its formulas have no saved results: open it in Excel or LibreOffice and save it."
            if missing
            else ""
        )
        raise Unreadable("There are no filled cells in this workbook." + (hint or " Add one that has some."))
    if missing:
        warnings.append(
            f"{missing:,} formulas have no saved result and were left out. Open the file in Excel or LibreOffice, "
            "save it and add it again."
        )
    if book.locked_away:
        warnings.append(f"Left out, as the workbook hides them: {', '.join(book.locked_away)[:200]}.")
    receipt = Receipt(tuple(receipts), 0.0, warnings=tuple(warnings))
    return FileText(XLSX, title, True, tuple(pages), receipt, made=made)

"""Workbooks (.xlsx) and separated values (.csv, .tsv): every row a line that names its columns.

A sheet is a page (more when it is large) and its rows stand in bands of a few lines, each under a
heading that says where they are ("A2:D9"), so that a citation tells sheet and cell range.

Not covered: charts, comments and pictures on sheets; merged cells count as their first cell.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from ingest.errors import Unreadable
from ingest.model.adding import OnProgress
from ingest.model.pages import FileText, Heading, Page, PageReceipt, PageState, Receipt
from ingest.readers.draft import Draft
from ingest.readers.table import can_be_header, has_header, row_line
from ingest.readers.text import UNSEEN, decode, single_page
from ingest.settings import Settings

BAND_CHARACTERS = 600  # a band is a chunk in most tables
SMALL_BAND = 300  # a shorter last one goes with the band before
PAGE_CHARACTERS = 100_000  # a larger sheet is several pages
LOOK_AHEAD = 24  # rows that are looked at to tell a header

_LETTERS = re.compile(r"[A-Z]{1,3}")
Cells = dict[int, str]  # column, counted from 0 → text; empty cells are not in it


def column_letters(column: int) -> str:
    """0 → "A", 25 → "Z", 26 → "AA"."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_range(first_row: int, last_row: int, first_column: int, last_column: int) -> str:
    """ "A2:D9" of rows counted from 1 and columns counted from 0; "A2" for one cell."""
    first = f"{column_letters(first_column)}{first_row}"
    last = f"{column_letters(last_column)}{last_row}"
    return first if first == last else f"{first}:{last}"


class Grid:
    """Writes the rows of one table of cells, as they come, to pages.

    `sheet` is its name in a workbook. A file of separated values has none: it stays one page, and a first
    row that can be a header is one.
    """

    def __init__(self, limits: Settings, sheet: str | None = None) -> None:
        self.drafts = [Draft()]
        self._sheet = sheet
        self._most = limits.max_characters
        self._ahead: list[tuple[int, Cells]] = []
        self._names: Cells = {}
        self._begun = False  # the block's header has been looked for
        self._last_row = 0
        self._gap = False
        self.line = ""  # the last one that was written
        self._written = 0  # characters on earlier pages
        self._bands: list[tuple[int, int, int, int, int]] = []  # of this page: start, rows, columns

    def add(self, row: int, cells: Cells) -> None:
        """The next row that has cells; `row` counts from 1."""
        if row != self._last_row + 1:
            self._flush()
            self._begun = False
            self._gap = self._last_row > 0
        self._last_row = row
        if self._begun:
            self._write(row, cells)
            return
        self._ahead.append((row, cells))
        if len(self._ahead) >= LOOK_AHEAD:
            self._flush()

    def finish(self) -> list[Draft]:
        self._flush()
        self._end_page()
        return self.drafts

    def _flush(self) -> None:
        """Tell the header of the block that begins, and write the rows that were looked at."""
        ahead, self._ahead = self._ahead, []
        while len(ahead) > 1 and len(ahead[0][1]) == 1 and len(ahead[1][1]) > 1:  # a title above the table
            self._write(*ahead.pop(0), bare=True)
        if not ahead:
            return
        if not self._begun:
            if self._is_headed([cells for _, cells in ahead]):
                self._names = ahead.pop(0)[1]
            elif any(set(cells) - set(self._names) for _, cells in ahead):
                self._names = {}  # after a gap a table goes on only in its own columns
            self._begun = True
        for row, cells in ahead:
            self._write(row, cells)

    def _is_headed(self, rows: Sequence[Cells]) -> bool:
        columns = range(min(map(min, rows)), 1 + max(map(max, rows)))
        if len(columns) > 2000:  # nothing to look at: such a row is data or an attack
            columns = range(min(rows[0]), 1 + min(max(rows[0]), min(rows[0]) + 2000))
        table = [[cells.get(column, "") for column in columns] for cells in rows]
        if self._names and rows[0].keys() <= self._names.keys() and not has_header(table):
            return False
        width = max(map(len, table))
        if self._sheet is None and not self._names:
            return len(rows) > 1 and width > 1 and can_be_header(table[0])
        return has_header(table)

    def _write(self, row: int, cells: Cells, bare: bool = False) -> None:
        self.line = line = row_line({} if bare else self._names, cells)
        draft = self.drafts[-1]
        full = self._bands and draft.length - self._bands[-1][0] >= BAND_CHARACTERS
        if full and self._sheet is not None and draft.length >= PAGE_CHARACTERS:
            self._end_page()
            self.drafts.append(Draft())
            draft, full = self.drafts[-1], False
        if draft.length:
            draft.add("\n\n" if self._gap else "\n")
        self._gap = False
        first, last = min(cells), max(cells)
        if self._bands and not full:
            start, top, _, left, right = self._bands[-1]
            self._bands[-1] = (start, top, row, min(left, first), max(right, last))
        else:
            self._bands.append((draft.length, row, row, first, last))
        draft.add(line)
        if self._written + draft.length > self._most:
            what = f"Sheet “{self._sheet}”" if self._sheet else "This table"
            raise Unreadable(
                f"{what} gives more than {self._most:,} characters (reached at row {row:,}), which is the most that is "
                "read. Split it, leave out columns, or raise FOOTNOTE_MAX_CHARACTERS."
            )

    def _end_page(self) -> None:
        """Give the page its headings: the sheet's name, and the range of each band."""
        draft = self.drafts[-1]
        if len(self._bands) > 1 and draft.length - self._bands[-1][0] < SMALL_BAND:
            _, _, bottom, left, right = self._bands.pop()
            start, top, _, before_left, before_right = self._bands[-1]
            self._bands[-1] = (start, top, bottom, min(left, before_left), max(right, before_right))
        if self._sheet and draft.length:
            draft.headings.append(Heading(0, 1, self._sheet))
        draft.headings += [Heading(start, 2, cell_range(*band)) for start, *band in self._bands]
        self._written += draft.length
        self._bands = []


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


def one_line(cell: str) -> str:
    """A cell's text on one line, without what nobody can see."""
    return " ".join(UNSEEN.sub("", cell).split())


# ------------------------------------------------------------------ workbooks


def read_workbook(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """An .xlsx file; its pages are its sheets, their labels the sheets' names. Macros are not looked at."""
    from ingest.readers.package import XLSX, Package

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


class Workbook:
    """The sheets of a workbook and what their cells refer to: shared texts and number formats."""

    def __init__(self, package: Any) -> None:
        from ingest.readers.package import attribute, local

        self._package = package
        main = package.main_part()
        root = package.xml(main)
        parts = package.relations(main)
        properties = root.find("{*}workbookPr")
        flag = "" if properties is None else properties.get("date1904", "")
        self._epoch = datetime(1904, 1, 1) if flag in ("1", "true") else datetime(1899, 12, 30)
        self.sheets: list[tuple[str, str]] = []  # (name, part)
        self.locked_away: list[str] = []  # sheets that only a program can show
        for sheet in root.iter("{*}sheet"):
            kind, part = parts.get(
                next((v for k, v in sheet.attrib.items() if k.endswith("}id")), ""), ("", "")
            )
            name = one_line(sheet.get("name", ""))[:100]
            if sheet.get("state") == "veryHidden":
                self.locked_away.append(name)
            elif kind == "worksheet" and part in package:
                self.sheets.append((name, part))
        by_kind = dict(parts.values())
        self._texts: list[str] = []
        if by_kind.get("sharedStrings") in package:
            for item in self._elements(by_kind["sharedStrings"], "si"):
                self._texts.append(rich_text(item))
        self._formats: list[str] = []
        if by_kind.get("styles") in package:
            styles = package.xml(by_kind["styles"])
            own = {each.get("numFmtId"): each.get("formatCode", "") for each in styles.iter("{*}numFmt")}
            formats = styles.find("{*}cellXfs")
            for each in [] if formats is None else formats:
                if local(each) == "xf":
                    code = attribute(each, "numFmtId", "0")
                    self._formats.append(own.get(code) or BUILT_IN_FORMATS.get(code, ""))

    def _elements(self, part: str, name: str) -> Iterator[Any]:
        """Elements called `name` of a part, one after the other; memory holds one at a time."""
        from lxml import etree

        with self._package.stream(part) as stream:
            found = etree.iterparse(
                stream, tag=f"{{*}}{name}", resolve_entities=False, no_network=True, huge_tree=False
            )
            for _, element in found:
                yield element
                element.clear(keep_tail=False)
                parent = element.getparent()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]

    def rows(self, part: str) -> Iterator[tuple[int, Cells, int]]:
        """(row, its filled cells, formulas without result) of a sheet; rows count from 1."""
        last = 0
        for element in self._elements(part, "row"):
            last = _whole(element.get("r")) or last + 1
            cells: Cells = {}
            without = 0
            column = -1
            for cell in element.iter("{*}c"):
                letters = _LETTERS.match(cell.get("r", ""))
                column = _column(letters[0]) if letters else column + 1
                text = self._text(cell)
                if text:
                    cells[column] = text
                elif cell.find("{*}f") is not None and cell.get("t") != "str":
                    without += 1
            yield last, dict(sorted(cells.items())), without

    def _text(self, cell: Any) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            inline = cell.find("{*}is")
            return one_line(rich_text(inline)) if inline is not None else ""
        value = next(((child.text or "").strip() for child in cell if str(child.tag).endswith("}v")), "")
        if not value:
            return ""
        if kind == "s":
            at = _whole(value)
            return one_line(self._texts[at]) if at < len(self._texts) else ""
        if kind == "b":
            return "yes" if value == "1" else "no"
        if kind in ("str", "e", "d"):
            return one_line(value)
        style = _whole(cell.get("s"))
        return shown(value, self._formats[style] if style < len(self._formats) else "", self._epoch)


def rich_text(item: Any) -> str:
    """The text of a shared or inline string: its parts together, without reading aids (phonetics)."""
    return "".join(
        part.text or "" for part in item.iter("{*}t") if not str(part.getparent().tag).endswith("}rPh")
    )


def _whole(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,9}", text) else 0


@cache
def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1


# ------------------------------------------------------------------ numbers as people see them

# Built-in formats by their number, ECMA-376 part 1, 18.8.30; those left out show numbers as they are.
BUILT_IN_FORMATS = {
    "1": "0", "2": "0.00", "3": "#,##0", "4": "#,##0.00", "9": "0%", "10": "0.00%",
    "14": "yyyy-mm-dd", "15": "d-mmm-yy", "16": "d-mmm", "17": "mmm-yy", "18": "h:mm", "19": "h:mm:ss",
    "20": "h:mm", "21": "h:mm:ss", "22": "yyyy-mm-dd h:mm", "37": "#,##0", "38": "#,##0", "39": "#,##0.00",
    "40": "#,##0.00", "45": "mm:ss", "46": "[h]:mm:ss", "47": "mm:ss",
}  # fmt: skip
_QUOTED = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]')  # literal text of a number format
_NUMBER_PART = re.compile(r"[#0?][#0?,.]*")


def shown(value: str, code: str, epoch: datetime) -> str:
    """A cell's number as its format shows it: dates as ISO 8601, percents, decimals, thousands, currency.

    Conditions, fractions and colours are not covered: such a number is shown as it is.
    """
    try:
        number = float(value)
    except ValueError:
        return one_line(value)
    plain = _plain(number)
    if not code or code == "General":
        return plain
    section = code.split(";")[0]
    bare = re.sub(r"\[[^\]]*\]", "", _QUOTED.sub("", section))
    if re.search(r"(?i)[ymdhs]", bare) and "general" not in bare.lower():
        return _moment(number, bare.lower(), "[h" in section.lower(), epoch) or plain
    part = _NUMBER_PART.search(bare)
    if not part or "/" in bare or re.search(r"(?i)e[+-]", bare) or part.group().endswith(","):
        return plain
    decimals = len(part.group().partition(".")[2].replace(",", ""))
    grouped = "," in part.group().partition(".")[0]
    percent = "%" in bare
    text = f"{100 * number if percent else number:{',' if grouped else ''}.{decimals}f}"
    if "." in part.group() and "#" in part.group().partition(".")[2]:
        text = text.rstrip("0").rstrip(".")
    words = _QUOTED.sub(lambda match: match[1] or match[2] or match[3] or "", section)
    at = _NUMBER_PART.search(words)
    before = _literal(words[: at.start()]) if at else ""
    after = _literal(words[at.end() :]) if at else ""
    return one_line(f"{before}{text}{after}")


def _literal(words: str) -> str:
    """What a number format prints beside the number: a currency, a unit, a percent sign."""
    found = re.sub(r"\[[^\]]*\]|[_*].|[#0?@]", "", words)
    return found if len(found) <= 12 else ""


def _plain(number: float) -> str:
    """A number without the noise of its binary form: at most 15 digits, no exponent where it is short."""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.15g}"


def _moment(number: float, code: str, elapsed: bool, epoch: datetime) -> str:
    """A serial date as "2026-03-01", "2026-03-01 14:30" or, without a day, "14:30"; "" out of range."""
    try:
        moment = epoch + timedelta(seconds=round(number * 86400))
    except OverflowError:
        return ""
    if elapsed:
        minutes, seconds = divmod(round(number * 86400), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    clock = "%H:%M:%S" if moment.second else "%H:%M"
    has_time = "h" in code or "s" in code
    if not re.search("[yd]", code) and has_time:
        return moment.strftime(clock)
    if "d" not in code and not has_time:
        return f"{moment:%Y-%m}"
    return moment.strftime(f"%Y-%m-%d {clock}" if has_time else "%Y-%m-%d")

"""A question about a table, answered by computing on its rows.

The index says which tables hold every word that the question uses; only those are read, in the reading process,
and only one that explains the whole question is computed on (asked.py). The rows that were used are cited.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Generator, Sequence
from pathlib import PurePosixPath

from ingest.errors import Unreadable
from ingest.model.chunks import StoredChunk
from ingest.model.tables import Row
from ingest.protocols import Library
from ingest.readers import TABULAR
from ingest.text.analysis import terms
from rag.model import CancelToken, Coverage, Progress
from rag.whole.alike import has_alike
from rag.whole.asked import Asked, asked
from rag.whole.columns import Grid, grids, written
from rag.whole.compute import Line, Result, compute
from rag.whole.query import Filter, Query
from rag.whole.report import Found, Place, Report
from rag.whole.shelf import Shelf, Shelved
from rag.whole.tools import Tools
from rag.whole.words import explained_anywhere, may_compute

MOST_READ = 12  # tables that are read for a question: those with most of its words
MOST_ROWS = 12  # rows that are cited one by one; more are cited by passage
MOST_CITED = 20  # passages cited for a result
LINES = 40  # rows or groups that are shown
ALSO = 4  # tables that fit a question equally well and are all computed
KEPT = 8  # files whose rows stay in memory

log = logging.getLogger("footnote.rag")


class Rows:
    """The rows of the files that were asked about last. Safe for threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], list[Grid]] = OrderedDict()
        self._guard = threading.Lock()

    def of(self, library: Library, document: Shelved) -> list[Grid]:
        """The tables of a document, [] where it cannot be read any more. A document's content never changes."""
        place = (library.name, document.id)
        with self._guard:
            if place in self._kept:
                self._kept.move_to_end(place)
                return self._kept[place]
        try:
            found = grids(document.key, document.title, library.tables(document.key))
        except Unreadable as error:
            log.warning("%s: its rows cannot be computed on: %s", document.key, error)
            return []
        with self._guard:
            self._kept[place] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found


def tabled(
    tools: Tools, rows: Rows, shelf: Shelf, question: str, cancel: CancelToken, meant: bool = False
) -> Generator[Progress, None, Found | None]:
    """The result with its rows; None where no table explains the question, with its columns' own names or others.
    Of a question that is `meant` for a table less has to be named."""
    found = yield from _computed(tools, rows, shelf, question, cancel, widely=False, meant=False)
    if found is None:
        found = yield from _computed(tools, rows, shelf, question, cancel, widely=True, meant=meant)
    return found


def _computed(
    tools: Tools,
    rows: Rows,
    shelf: Shelf,
    question: str,
    cancel: CancelToken,
    widely: bool,
    meant: bool,
) -> Generator[Progress, None, Found | None]:
    documents = _holding_all(tools.library, shelf, question, widely)
    fitting: list[tuple[Asked, Grid, Shelved]] = []
    for done, document in enumerate(documents[:MOST_READ]):
        cancel.check()
        yield Progress("computing", done + 1, min(len(documents), MOST_READ))
        for grid in rows.of(tools.library, document):
            if (found := asked(question, grid, widely, meant)) is not None:
                fitting.append((found, grid, document))
    if not fitting:
        return None
    best = max((each.named, each.evidence) for each, _, _ in fitting)
    fitting = [each for each in fitting if (each[0].named, each[0].evidence) == best][:ALSO]
    report = Report()
    used = all_ = 0
    for each, grid, document in fitting:
        cancel.check()
        result = compute(grid, each.query)
        Told(report, tools.library, document, grid, each.query, result).tell()
        used += result.used
        all_ += len(grid.rows)
    if len(fitting) > 1:
        report.notices.append(
            "Several tables fit the question. Name one (“… in budget.csv”) to ask it alone."
        )
    return report.found(Coverage("table", len(fitting), len(fitting), used, all_))


def _holding_all(library: Library, shelf: Shelf, question: str, widely: bool) -> list[Shelved]:
    """The tables that hold, or are named by, every word of the question that needs explaining.

    One that a person has changed is left out: rows are read from the file, which knows nothing of it.
    """
    documents = [each for each in shelf.readable if each.media_type in TABULAR and not each.changed]
    if not documents or not may_compute(question):
        return []
    for word in explained_anywhere(question):
        if widely and has_alike(word):
            continue
        wanted = terms(word)
        bare = terms(word.removeprefix("un"))
        holding = set(shelf.by_document(library.holding(word)))
        if bare != wanted:
            holding |= set(shelf.by_document(library.holding(word.removeprefix("un"))))
        documents = [each for each in documents if each.id in holding or set(wanted) & _named(each)]
        if not documents:
            return []
    return documents


def _named(document: Shelved) -> set[str]:
    path = PurePosixPath(document.key.casefold())
    return {*terms(path.stem.replace("_", " ").replace("-", " ")), *terms(path.name), *terms(document.title)}


class Told:
    """A result in words, with its rows."""

    def __init__(
        self, report: Report, library: Library, document: Shelved, grid: Grid, query: Query, result: Result
    ) -> None:
        self._report = report
        self._library = library
        self._document = document
        self._grid = grid
        self._query = query
        self._result = result
        self._chunks: dict[int, StoredChunk] = {}

    def tell(self) -> None:
        query, result = self._query, self._result
        if not result.lines:
            self._report.say(f"No row of {self._file}{self._where} has a value to compute with.")
        elif query.aggregate == "rows":
            self._rows()
        elif query.aggregate == "distinct":
            self._distinct()
        elif query.group is not None:
            self._groups()
        elif query.aggregate in ("max", "min"):
            self._extremes()
        else:
            self._one()
        self._remarks()

    # ------------------------------------------------------------------ in words

    @property
    def _file(self) -> str:
        return PurePosixPath(self._document.key).name

    @property
    def _of(self) -> str:
        """ "12 of 48 rows of budget.csv, where Site is “Leeds”" """
        return f"{self._result.used:,} of {_rows(len(self._grid.rows))} of {self._file}{self._where}"

    @property
    def _where(self) -> str:
        by_column: dict[int, list[Filter]] = {}
        for each in self._query.filters:
            by_column.setdefault(each.column, []).append(each)
        said = [self._condition(column, filters) for column, filters in by_column.items()]
        return f", where {' and '.join(said)}" if said else ""

    def _condition(self, column: int, filters: Sequence[Filter]) -> str:
        name = self._grid.columns[column].name
        words = {"is": "is", "is not": "is not", "over": "is over", "from": "is at least", "under": "is under",
                 "to": "is at most", "begins": "is in"}  # fmt: skip
        if self._grid.columns[column].kind == "date":
            words |= {"over": "is after", "from": "is from", "under": "is before", "to": "is until"}
        joint = " or " if all(each.how == "is" for each in filters) else " and "
        parts: list[str] = []
        for each in filters:
            value = (
                each.value
                if isinstance(each.value, str)
                else written(each.value, self._grid.columns[column], _places(each.value))
            )
            shown = str(value).rstrip("~")
            quoted = f"“{shown}”" if self._grid.columns[column].kind == "text" else shown
            parts.append(f"{words[each.how]} {quoted}" if not parts or joint == " and " else quoted)
        return f"{name} {joint.join(parts)}"

    @property
    def _what(self) -> str:
        """ "total of Quantity", "average Salary", "number of rows" """
        if self._query.measure is None:
            return "number of rows"
        name = self._grid.columns[self._query.measure].name
        lead = {
            "sum": "total of ",
            "mean": "average ",
            "median": "median ",
            "max": "highest ",
            "min": "lowest ",
        }
        if self._grid.columns[self._query.measure].kind == "date":
            lead |= {"max": "latest ", "min": "earliest "}
        return f"{lead.get(self._query.aggregate, '')}{name}"

    def _value(self, value: float | str | None) -> str:
        if value is None or isinstance(value, str):
            return value or "–"
        if self._query.measure is None:
            return f"{value:,.0f}"
        column = self._grid.columns[self._query.measure]
        if self._query.aggregate in ("mean", "median"):
            exact = abs(value - round(value, column.decimals)) < 1e-9
            return written(value, column, column.decimals if exact else max(2, column.decimals))
        return written(value, column)

    def _one(self) -> None:
        (line,) = self._result.lines
        if self._query.aggregate == "count":
            value = self._value(line.value)
            text = (
                f"{value} of {_rows(len(self._grid.rows))} of {self._file}{self._where or ', all of them'}."
            )
        else:
            value = self._value(line.value)
            text = f"The {self._what} is {value} ({self._of})."
        self._report.say(text, self._places(line.rows), strong=value)

    def _extremes(self) -> None:
        lines = self._result.lines
        value = self._value(lines[0].value)
        if self._query.top > 1:
            ties = ", ties included" if len(lines) > self._query.top else ""
            self._report.say(f"The {len(lines)} {_plural_best(self._what)}{ties} ({self._of}):")
        else:
            self._report.say(f"The {self._what} is {value} ({self._of}):", strong=value)
        for line in lines:
            self._report.say(
                f"{self._row_name(line)}: {self._value(line.value)}",
                self._places(line.rows),
                strong=self._row_name(line),
            )

    def _groups(self) -> None:
        assert self._query.group is not None
        by = self._query.period or self._grid.columns[self._query.group].name
        lines = self._result.lines
        if self._query.best and self._query.top <= 1:
            end = "highest" if self._query.best == "max" else "lowest"
            self._report.say(f"The {end} {self._what} per {by} ({self._of}):")
        else:
            self._report.say(f"The {self._what} per {by} ({self._of}):")
        for line in lines[:LINES]:
            value = self._value(line.value)
            name = line.name or "(empty)"
            self._report.say(
                f"{name}: {value} ({_rows(len(line.rows))})", self._places(line.rows), strong=name
            )
        self._left_out(len(lines))

    def _distinct(self) -> None:
        assert self._query.measure is not None
        lines = self._result.lines
        name = self._grid.columns[self._query.measure].name
        self._report.say(f"{len(lines):,} different values of {name} ({self._of}):", strong=f"{len(lines):,}")
        for line in lines[:LINES]:
            self._report.say(
                f"{line.name} ({_rows(len(line.rows))})", self._places(line.rows), strong=line.name
            )
        self._left_out(len(lines))

    def _rows(self) -> None:
        lines = self._result.lines
        self._report.say(f"{self._of}:", strong=f"{self._result.used:,}")
        for line in lines[:LINES]:
            row = self._grid.rows[line.rows[0]]
            name = self._row_name(line)
            rest = " · ".join(cell for cell in row.cells if cell and cell != name)
            self._report.say(f"{name}: {rest}", self._places(line.rows), strong=name)
        self._left_out(len(lines))

    def _row_name(self, line: Line) -> str:
        """What a row is called: the column that was asked for, else its first cell of words."""
        place = line.rows[0]
        shown = self._query.shown
        columns = self._grid.columns
        order = [shown] if shown is not None else []
        order += [n for n, each in enumerate(columns) if each.kind == "text" and each.name != "Sheet"]
        for n in order:
            if n != self._query.measure and columns[n].values[place]:
                return str(columns[n].values[place])
        return f"row {self._grid.rows[place].number}"

    def _left_out(self, count: int) -> None:
        if count > LINES:
            self._report.say(f"… and {count - LINES:,} more.")

    def _remarks(self) -> None:
        notices = self._report.notices
        if self._result.without and self._query.measure is not None:
            name = self._grid.columns[self._query.measure].name
            notices.append(
                f"{_rows(self._result.without)} without a usable value in {name} left out ({self._file})."
            )
        if self._grid.totals:
            notices.append(f"{_rows(self._grid.totals)} that only add up others left out ({self._file}).")

    # ------------------------------------------------------------------ the rows' places

    def _places(self, rows: Sequence[int]) -> list[Place]:
        """Where rows stand: each by itself where they are few, else the stretch of each passage that holds some."""
        found = [
            place for n in rows[: 4 * MOST_CITED * MOST_ROWS] if (place := self._place(self._grid.rows[n]))
        ]
        if len(rows) <= MOST_ROWS and self._query.group is None:
            return found
        by_chunk: dict[int, Place] = {}
        for place in found:
            by_chunk.setdefault(place.chunk.id, Place(place.chunk, 0, len(place.chunk.text)))
        cited = list(by_chunk.values())[:MOST_CITED]
        if len(by_chunk) > MOST_CITED or len(rows) > len(found):
            note = f"The footnotes show the first {MOST_CITED} of the passages that hold the rows; all rows were computed on."
            if note not in self._report.notices:
                self._report.notices.append(note)
        return cited

    def _place(self, row: Row) -> Place | None:
        chunk = self._chunk_at(row.page, row.start)
        if chunk is None:
            return None
        start = max(0, row.start - chunk.start)
        return Place(chunk, start, min(len(chunk.text), row.end - chunk.start))

    def _chunk_at(self, page: int, offset: int) -> StoredChunk | None:
        """The chunk that holds a place of the document, found by halving: its chunks are in reading order."""
        low, high = self._document.first, self._document.last
        while low <= high:
            middle = (low + high) // 2
            chunk = self._chunk(middle)
            if chunk is None:
                return None
            if (chunk.page, chunk.end) <= (page, offset):
                low = middle + 1
            elif (page, offset) < (chunk.page, chunk.start):
                high = middle - 1
            else:
                return chunk
        return None

    def _chunk(self, chunk_id: int) -> StoredChunk | None:
        if chunk_id not in self._chunks:
            window = range(
                max(self._document.first, chunk_id - 8), min(self._document.last, chunk_id + 8) + 1
            )
            self._chunks |= self._library.chunks(list(window))
        return self._chunks.get(chunk_id)


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"


def _plural_best(what: str) -> str:
    return f"rows with the {what}"


def _places(value: float) -> int:
    return len(f"{value:g}".partition(".")[2])

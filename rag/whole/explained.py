"""What explains the words of a question: the names and cells of one table, and bounds on its columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from ingest.text.analysis import STOP_WORDS, terms
from rag.whole.alike import BEGINS, FILLING, like
from rag.whole.columns import Grid
from rag.whole.query import Comparison, Filter, dated, upto
from rag.whole.words import (
    BOUNDS,
    CHEAP,
    CURRENCIES,
    DEAR,
    MAX,
    MIN,
    MONEY,
    MONEY_VERBS,
    NEUTRAL,
    NEWEST,
    NO,
    NOUNS,
    OLDEST,
    PER,
    RELATIVE,
    TURNS,
    YEAR,
    YES,
    Token,
    literal_at,
    tokens_of,
)

_HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])", re.IGNORECASE)
LONGEST_VALUE = 8  # words of a cell that a question may name


@dataclass(slots=True)
class Mention:
    column: int
    at: int  # of its first token
    end: int
    alike: bool = False  # by another word


@dataclass(slots=True)
class Explained:
    """A question held against a table. `tokens` tell what explains each; `columns` are those named, `filters`
    what cells and bounds ask for; the counts say how much of the table was named."""

    question: str
    grid: Grid
    tokens: list[Token] = field(init=False)
    columns: list[Mention] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    named: bool = False  # the file, by its name
    spoken: bool = False  # the file or a sheet, by a word of its name
    values: int = 0
    bounds: int = 0
    widely: bool = False  # whether other words for a column count, too

    def __post_init__(self) -> None:
        if self.widely:
            self.question = _HYPHEN.sub(" ", self.question)  # "longest-serving"
        self.tokens = tokens_of(self.question)

    # ------------------------------------------------------------------ words

    def explain(self) -> bool:
        """Find what explains each word. False where a bound cannot be tied to a column."""
        self._file_names()
        self._flags()
        self._values()
        self._column_names()
        if self.widely:
            self._table_words()
            self._like_columns()
        if not self._find_bounds():
            return False
        self._table_words()
        return True

    @property
    def evidence(self) -> int:
        """How much of the table is named."""
        return (
            len({m.column for m in self.columns}) + self.values + self.bounds + 2 * self.named + self.spoken
        )

    @property
    def begins(self) -> bool:
        """Whether a word for a beginning ("joined") stands for a column of dates."""
        return any(
            self.grid.columns[m.column].kind == "date" and set(self.tokens[m.at].stems) & BEGINS
            for m in self.columns
        )

    @property
    def whole(self) -> bool:
        """Whether every word is explained, none turns the rest round, and "or" stands between cells of one column."""
        if any(map(self._unexplained, self.tokens)) or RELATIVE.search(self.question):
            return False
        if any(token.word == "or" and token.free for token in self.tokens):
            return (
                len({(each.column, each.how) for each in self.filters if each.how == "is"}) == 1
                and not self.bounds
            )
        return True

    def _unexplained(self, token: Token) -> bool:
        plain = token.word in STOP_WORDS or token.word in NEUTRAL or not token.stems
        return token.free and (token.word in TURNS or not plain)

    def take(self, first: int, end: int, use: str) -> None:
        for token in self.tokens[first:end]:
            token.use = use

    def _spans(self, longest: int) -> list[tuple[int, int]]:
        """Runs of tokens not yet explained, long ones first."""
        count = len(self.tokens)
        return [
            (first, first + length)
            for length in range(min(longest, count), 0, -1)
            for first in range(count - length + 1)
        ]

    def _is_free(self, first: int, end: int) -> bool:
        return all(token.free for token in self.tokens[first:end])

    def _stems(self, first: int, end: int) -> tuple[str, ...]:
        return tuple(stem for token in self.tokens[first:end] for stem in token.stems)

    # ------------------------------------------------------------------ names

    def _file_names(self) -> None:
        path = PurePosixPath(self.grid.key.casefold())
        for token in self.tokens:
            if token.word in (path.name, str(path)):
                token.use, self.named = "file", True

    def _table_words(self) -> None:
        """Words of the file's and the sheets' names, which stand for the table or its rows."""
        stem = PurePosixPath(self.grid.key).stem.replace("_", " ").replace("-", " ")
        names = {
            t for name in (stem, *self.grid.sheets) for t in terms(name) if not t.isdigit() and len(t) > 2
        }
        for token in self.tokens:
            if token.free and token.stems and set(token.stems) <= names:
                token.use, self.spoken = "table", True
            elif token.free and token.word in NOUNS:
                token.use = "noun"

    def _column_names(self) -> None:
        stems = [
            tuple(t for t in each.stems if t not in STOP_WORDS) or each.stems for each in self.grid.columns
        ]
        for first, end in self._spans(6):
            held = tuple(s for s in self._stems(first, end) if s not in STOP_WORDS)
            ends = {self.tokens[first].word, self.tokens[end - 1].word}
            if not held or not self._is_free(first, end) or ends & STOP_WORDS:
                continue
            whole = [n for n, each in enumerate(stems) if each == held]
            alone = len(held) == 1 and self.tokens[first].word not in PER
            part = [n for n, each in enumerate(stems) if alone and held[0] in each and len(each) <= 4]
            found = whole if len(whole) == 1 else part if not whole and len(part) == 1 else []
            if found:
                self.take(first, end, "column")
                self.columns.append(Mention(found[0], first, end))
        self.columns.sort(key=lambda mention: mention.at)

    def _like_columns(self) -> None:
        """Other words for a column, and words that say nothing."""
        for at, token in enumerate(self.tokens):
            if not token.free or token.word in STOP_WORDS or token.word in NEUTRAL - {"work", "works"}:
                continue
            column = like(token.word, self.grid)
            if column is not None:
                token.use = "column"
                self.columns.append(Mention(column, at, at + 1, alike=True))
            elif token.word in FILLING:
                token.use = "filling"
        self.columns.sort(key=lambda mention: mention.at)

    # ------------------------------------------------------------------ values

    def _flags(self) -> None:
        """A column of yes and no: "paid", "not paid", "unpaid"."""
        for n, each in enumerate(self.grid.columns):
            held = {str(value).casefold() for value in each.values if value is not None}
            if each.kind != "text" or not held or not held <= YES | NO or len(each.stems) != 1:
                continue
            for at, token in enumerate(self.tokens):
                bare = token.word.removeprefix("un").removeprefix("non-")
                denied = bare != token.word or (
                    at > 0 and self.tokens[at - 1].word in ("not", "isn't", "aren't", "weren't")
                )
                if token.free and terms(bare)[:1] == list(each.stems):
                    wanted = next(
                        (str(v) for v in each.values if v and str(v).casefold() in (NO if denied else YES)),
                        None,
                    )
                    if wanted is None:
                        wanted = "no" if denied else "yes"
                    self.filters.append(Filter(n, "is", wanted))
                    token.use = "value"
                    if (
                        at > 0
                        and denied
                        and self.tokens[at - 1].word in ("not", "isn't", "aren't", "weren't")
                    ):
                        self.tokens[at - 1].use = "value"
                    self.values += 1

    def _values(self) -> None:
        """Cells that the question names, the longest first; of those of one column any may be in a row."""
        cells: dict[tuple[str, ...], list[tuple[int, str]]] = {}
        for n, each in enumerate(self.grid.columns):
            if each.kind != "text":
                continue
            for value in {str(v) for v in each.values if v}:
                stems = tuple(terms(value))
                if stems and len(stems) <= LONGEST_VALUE and value.casefold() not in YES | NO | STOP_WORDS:
                    cells.setdefault(stems, []).append((n, value))
        names = {each.stems for each in self.grid.columns}
        chosen: dict[int, list[Filter]] = {}
        for first, end in self._spans(LONGEST_VALUE):
            if end - first == 1 and YEAR.fullmatch(self.tokens[first].word) and self.dates():
                continue  # rather a bound on the dates
            found = cells.get(self._stems(first, end), []) if self._is_free(first, end) else []
            after_per = first > 0 and self.tokens[first - 1].word in PER
            if not found or (
                self._stems(first, end) in names and (after_per or self._names_a_column(first, end))
            ):
                continue
            columns = {n for n, _ in found}
            if len(columns) > 1:  # a word of several columns: the one that is named beside it
                columns &= self._beside(first, end)
                if len(columns) != 1:
                    continue
            turn = self._turn_before(first)
            (column,) = columns
            for n, value in found:
                if n == column:
                    chosen.setdefault(column, []).append(
                        Filter(column, "is" if turn is None else "is not", value)
                    )
            if turn is not None:
                turn.use = "value"
            self.take(first, end, "value")
            self.values += 1
        for several in chosen.values():
            self.filters += several

    def _turn_before(self, first: int) -> Token | None:
        """The "not" of "not Leeds" and "not in Leeds"."""
        for at in (first - 1, first - 2):
            if at >= 0 and self.tokens[at].free and self.tokens[at].word in TURNS:
                between_is_plain = at == first - 1 or self.tokens[first - 1].word in (
                    "in",
                    "from",
                    "at",
                    "for",
                    "by",
                    "of",
                )
                return self.tokens[at] if between_is_plain else None
        return None

    def _names_a_column(self, first: int, end: int) -> bool:
        """Whether a word that is a column's name and a cell's as well stands for the column: "which office"."""
        return first > 0 and self.tokens[first - 1].word in ("which", "what", "different", "of")

    def _beside(self, first: int, end: int) -> set[int]:
        around = [*self.tokens[max(0, first - 2) : first], *self.tokens[end : end + 2]]
        stems = {stem for token in around for stem in token.stems}
        return {n for n, each in enumerate(self.grid.columns) if stems & set(each.stems)}

    # ------------------------------------------------------------------ bounds

    def _find_bounds(self) -> bool:
        """Bounds on numbers and dates. False where one cannot be tied to a column."""
        at = 0
        while at < len(self.tokens):
            token = self.tokens[at]
            if not token.free or not token.word.strip("€$£")[:1].isdigit() or self.is_top(at):
                at += 1
                continue
            literal, begin, end = literal_at(self.tokens, at, bool(self.dates()))
            if literal is None:
                return False
            if not self._bound(literal, begin, end):
                return False
            at = end
        return True

    def is_top(self, at: int) -> bool:
        """Whether a number says how many are wanted: "top 3", "3 largest"."""
        near = [self.tokens[n].word for n in (at - 1, at + 1) if 0 <= n < len(self.tokens)]
        small = self.tokens[at].word.isdecimal() and 0 < int(self.tokens[at].word) <= 100
        return small and any(word in MAX | MIN | NEWEST | OLDEST | DEAR | CHEAP for word in near)

    def money(self) -> list[int]:
        """The columns of amounts of money, by their names."""
        stems = {stem for word in MONEY for stem in terms(word)}
        return [n for n, each in enumerate(self.grid.columns) if each.numbers and stems & set(each.stems)]

    def _speaks_of_money(self, first: int, end: int) -> bool:
        return any(
            token.word in MONEY_VERBS or token.word in CURRENCIES
            for token in self.tokens[max(0, first - 3) : end]
        )

    def dates(self) -> list[int]:
        return [n for n, each in enumerate(self.grid.columns) if each.kind == "date"]

    def _bound(self, literal: str | float, begin: int, end: int) -> bool:
        kind: Literal["date", "number"] = "date" if isinstance(literal, str) else "number"
        how: Comparison = "is"
        first = begin
        for words, meaning in BOUNDS:
            start = begin - len(words)
            if (
                start >= 0
                and tuple(t.word for t in self.tokens[start:begin]) == words
                and self._is_free(start, begin)
            ):
                how, first = meaning, start
                break
        if end + 1 < len(self.tokens) and self.tokens[end].word == "or":
            later = self.tokens[end + 1].word
            if later in ("more", "above", "over", "later", "after"):
                how, end = "from", end + 2
            elif later in ("less", "fewer", "below", "under", "earlier", "before"):
                how, end = "to", end + 2
        column = self._column_near(first, end, kind)
        if column is None:
            return self._sheet_of(literal, begin, end)
        if self.tokens[max(0, first - 1)].word == "between":
            pass
        between = (first > 0 and self.tokens[first - 1].word == "between") or self.tokens[
            first
        ].word == "between"
        if between or (begin > 0 and self.tokens[begin - 1].word == "between"):
            other_at = end + 1
            if other_at >= len(self.tokens) or self.tokens[end].word not in ("and", "to"):
                return False
            other, _, after = literal_at(self.tokens, other_at, bool(self.dates()))
            if other is None or isinstance(other, str) != isinstance(literal, str):
                return False
            self.filters += [Filter(column, "from", literal), *upto(column, other)]
            self.take(begin - 1, after, "bound")
            self.bounds += 1
            return True
        if (
            kind == "date"
            and first > 0
            and self.tokens[first - 1].word in ("year", "month")
            and self.tokens[first - 1].free
        ):
            self.tokens[first - 1].use = "bound"  # "in the year 2025"
        if isinstance(literal, str):
            self.filters += dated(column, how, literal)
        else:
            self.filters.append(Filter(column, how, literal))
        self.take(first, end, "bound")
        self.bounds += 1
        return True

    def _column_near(self, first: int, end: int, kind: str) -> int | None:
        """The column a bound is on: the one named nearest to it, else the only one of its kind."""
        fitting = [m for m in self.columns if self.grid.columns[m.column].kind == kind]
        near = sorted(fitting, key=lambda m: min(abs(m.at - end), abs(first - m.end)))
        if near and min(abs(near[0].at - end), abs(first - near[0].end)) <= 2:
            return near[0].column
        only = [n for n, each in enumerate(self.grid.columns) if each.kind == kind]
        if len(only) == 1:
            return only[0]
        if kind == "number" and len(money := self.money()) == 1 and self._speaks_of_money(first, end):
            return money[0]
        return near[0].column if near and kind == "date" else None

    def _sheet_of(self, literal: str | float, begin: int, end: int) -> bool:
        """A number that is a sheet's name: "in 2025"."""
        word = str(literal) if isinstance(literal, str) else f"{literal:g}"
        for n, each in enumerate(self.grid.columns):
            if each.name == "Sheet" and word in {str(v) for v in each.values}:
                self.filters.append(Filter(n, "is", word))
                self.take(begin, end, "value")
                self.values += 1
                return True
        return False

"""Question and grid → query, where the question is about that table from its first word to its last.

Every word has to be explained: by the name of the file, a sheet or a column, by a value that stands in a cell, by an
operation ("average", "top 3", "per"), by a bound ("over 100", "in 2025"), or as one of a few words that say nothing.
One word that is not, and the question is no question about this table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ingest.text.analysis import terms
from rag.whole.columns import Grid
from rag.whole.explained import Explained, Mention
from rag.whole.query import Aggregate, Filter, Period, Query
from rag.whole.words import (
    CHEAP,
    COUNTS,
    DEAR,
    DISTINCT,
    MAX,
    MEAN,
    MEDIAN,
    MIN,
    MONEY_VERBS,
    NEWEST,
    NUMBER_WORDS,
    OLDEST,
    PER,
    QUANTITY,
    ROWS,
    SUM,
)

MOST_WORDS = 40  # of a question that is looked at


@dataclass(frozen=True, slots=True)
class Asked:
    """A query with how much of the table the question names: `evidence` tells tables apart; `named` is by file."""

    query: Query
    evidence: int
    named: bool


def asked(question: str, grid: Grid, widely: bool = False, meant: bool = False) -> Asked | None:
    """What the question asks of this table; None where it is not about it, or not about it alone. `widely` lets
    columns be called by other words (alike.py); a question that is `meant` for a table need name less of it."""
    found = Explained(question, grid, widely=widely)
    if not 0 < len(found.tokens) <= MOST_WORDS or not found.explain():
        return None
    query = _Wish(found).query()
    if query is None or not found.whole or not _enough(found, query, meant) or not _all_used(found, query):
        return None
    return Asked(query, found.evidence, found.named)


def _enough(found: Explained, query: Query, meant: bool) -> bool:
    """Whether so much of the table is named that the question can hardly be about something else."""
    hinted = (
        found.evidence
        + bool(query.period)
        + any(token.word in DEAR | CHEAP | MONEY_VERBS for token in found.tokens)
    )
    if query.aggregate in ("sum", "mean", "median"):
        return bool(found.columns or found.spoken or found.named) or hinted >= 2
    if query.aggregate == "distinct":
        return bool(found.columns)
    return hinted >= (1 if meant else 2)


def _all_used(found: Explained, query: Query) -> bool:
    """Whether every column called by another word is asked for, so that none only swallows a word that chooses rows.
    The verb of a date ("purchased") and the word for the rows themselves ("colleagues") need not be."""
    columns = found.grid.columns
    first = next((n for n, each in enumerate(columns) if each.kind == "text"), None)
    used = {query.measure, query.group, query.shown, first, *(each.column for each in query.filters)}
    return all(
        not mention.alike or mention.column in used or columns[mention.column].kind == "date"
        for mention in found.columns
    )


class _Wish:
    """What is to be computed, of an explained question."""

    def __init__(self, explained: Explained) -> None:
        self._x = explained
        self._per_row = False  # "per booking": of the rows themselves

    def query(self) -> Query | None:
        words = [token.word for token in self._x.tokens]
        has = set(words)
        text = " ".join(words)
        counting = bool(re.search(r"\bhow (?:many|often)\b|\bnumber of\b|\bcount\b", text))
        much = "how much" in text
        group, period = self._group()
        best, dated = self._best(has)
        top = self._top()
        bounded = {f.column for f in self._x.filters}
        measures = [
            m for m in self._x.columns if m.column != group and self._measurable(m.column, bool(dated))
        ]
        unbounded = [m for m in measures if m.column not in bounded] or measures
        filters = tuple(dict.fromkeys(self._x.filters))
        if has & DISTINCT or (not filters and self._lists_a_column(words)):
            return self._distinct(group, filters)
        wanted_often = self._wanted_column(None)
        if sum(map(bool, (has & MEAN, has & MEDIAN, has & SUM))) > 1 or (
            has & (MAX | NEWEST) and has & (MIN | OLDEST)
        ):
            return None  # several things at once
        if has & {"spend", "spent"} and self._quantity() is not None:
            return None  # price times quantity: a sum of prices would be a wrong figure
        aggregate: Aggregate | None = None
        if has & MEAN or has & MEDIAN:
            aggregate = "mean" if has & MEAN else "median"
        elif has & SUM and not (counting and self._counted() is None):  # "total number of rows" counts
            aggregate = "sum"
        self._explain(MEAN | MEDIAN | SUM | MAX | MIN | NEWEST | OLDEST | DEAR | CHEAP | set(NUMBER_WORDS))
        if self._x.money():
            self._explain(MONEY_VERBS)
        if counting and best and aggregate is None and "often" not in has:
            return None
        if self._per_row and aggregate not in ("mean", "median") and not best:
            return None
        if aggregate is None and counting and not best:
            after = self._counted()
            after = None if after in self._x.money() else after  # "how many units": not of Unit price
            if after is not None and self._x.grid.columns[after].numbers and after not in bounded:
                return Query("sum", after, filters, group, period)
            quantity = self._quantity()
            if (
                quantity is not None
                and any(f.how == "is" for f in filters)
                and not self._x.spoken
                and not self._row_noun()
            ):
                return Query("sum", quantity, filters, group, period)
            return Query("count", None, filters, group, period)
        if aggregate is None and much:
            aggregate = "sum"
        if aggregate is not None:
            measure = self._measure(unbounded, has, numbers_only=True)
            if measure is None:
                return None
            if group is None and self._x.widely and not best:  # "rank the offices by average salary"
                wanted = self._wanted_column(measure)
                group = wanted if wanted is not None and self._repeats(wanted) else None
            if best and group is None:
                group = self._wanted_column(measure)
                return None if group is None else Query(aggregate, measure, filters, group, period, top, best)
            return Query(aggregate, measure, filters, group, period, top, best)
        if best == "max" and "often" in has and wanted_often is not None:
            return Query("count", None, filters, wanted_often, period, top, best)
        if best:
            return self._superlative(best, dated, top, group, period, filters, unbounded, has)
        if has & ROWS and filters:
            return Query("rows", None, filters, shown=self._wanted_column(None))
        return None

    def _superlative(
        self,
        best: Literal["max", "min"],
        dated: bool,
        top: int,
        group: int | None,
        period: Period,
        filters: tuple[Filter, ...],
        measures: list[Mention],
        has: set[str],
    ) -> Query | None:
        if dated:
            dates = [
                m.column for m in measures if self._x.grid.columns[m.column].kind == "date"
            ] or self._x.dates()
            return (
                Query(best, dates[0], filters, top=top, shown=self._wanted_column(None))
                if len(set(dates)) == 1
                else None
            )
        measure = self._measure(measures, has, numbers_only=True)
        wanted = self._wanted_column(measure) if group is None else group
        if measure is None:
            # "which site has the most items": rows are counted
            if (
                wanted is not None
                and has & {"most", "fewest", "least"}
                and (self._row_noun() or self._x.spoken)
            ):
                return Query("count", None, filters, wanted, period, top, best)
            return None
        often = wanted is not None and self._repeats(wanted)
        if (
            often
            and not (self._x.spoken or self._row_noun())
            and (has & {"most", "fewest", "least"})
            and not has & DEAR
        ):
            return Query("sum", measure, filters, wanted, period, top, best)
        if group is not None:
            return Query(best, measure, filters, group, period, top)
        return Query(best, measure, filters, top=top, shown=wanted)

    def _repeats(self, column: int) -> bool:
        """Whether some rows share a value: a team has several, a name has one."""
        return len(set(self._x.grid.columns[column].values)) < len(self._x.grid.rows)

    def _measurable(self, column: int, dated: bool) -> bool:
        kind = self._x.grid.columns[column].kind
        return kind == "number" or (dated and kind == "date")

    def _measure(self, named: list[Mention], has: set[str], numbers_only: bool) -> int | None:
        """The column to compute: the one that is named, hinted at ("expensive"), or the only one of numbers."""
        columns = list(dict.fromkeys(m.column for m in named if self._x.grid.columns[m.column].numbers))
        if len(columns) == 1:
            return columns[0]
        if columns:
            return None
        numbers = [n for n, each in enumerate(self._x.grid.columns) if each.numbers]
        if has & (DEAR | CHEAP | MONEY_VERBS):
            money = self._x.money()
            return money[0] if len(money) == 1 else None
        if len(numbers) == 1:
            return numbers[0]
        return self._quantity() if self._x.values and "total" in has else None

    def _group(self) -> tuple[int | None, Period]:
        """The column after "per", "by", "for each"; or the year or month of the only date."""
        for at, token in enumerate(self._x.tokens[:-1]):
            if token.word not in PER:
                continue
            following = at + 1
            mention = next((m for m in self._x.columns if m.at == following), None)
            if self._x.tokens[following].use in ("table", "noun"):  # per row
                token.use, self._per_row = "operation", True
            if mention and not self._x.grid.columns[mention.column].numbers:
                token.use = "operation"
                return mention.column, ""
            if mention and token.word == "by":
                token.use = "operation"
            dates = self._x.dates()
            if self._x.tokens[following].word in ("year", "month") and len(dates) == 1:
                self._x.take(at, following + 1, "operation")
                return dates[0], "year" if self._x.tokens[following].word == "year" else "month"
        return None, ""

    def _best(self, has: set[str]) -> tuple[Literal["", "max", "min"], bool]:
        """Which end is wanted, and whether of dates."""
        if has & NEWEST:
            return "max", True
        if has & OLDEST:
            return "min", True
        if has & {"longest", "shortest"} and self._x.begins:  # "employed longest": since the oldest date
            return ("min" if "longest" in has else "max"), True
        if has & DEAR:
            return ("min" if "least" in has else "max"), False
        if has & (MIN | CHEAP) and not {"at", "least"} <= has:
            return "min", False
        if has & MAX and not {"at", "most"} <= has:
            return "max", False
        return "", False

    def _top(self) -> int:
        for at, token in enumerate(self._x.tokens):
            number = (
                int(token.word)
                if token.word.isdecimal() and self._x.is_top(at)
                else NUMBER_WORDS.get(token.word, 0)
            )
            near = {self._x.tokens[n].word for n in (at - 1, at + 1) if 0 <= n < len(self._x.tokens)}
            led = at > 0 and self._x.tokens[at - 1].word in (
                "which",
                "what",
                "the",
            )  # "which five … the most"
            if number and token.free and (led or near & (MAX | MIN | NEWEST | OLDEST | DEAR | CHEAP)):
                token.use = "operation"
                return number
        return 0

    def _explain(self, words: frozenset[str] | set[str]) -> None:
        for token in self._x.tokens:
            if token.free and token.word in words:
                token.use = "operation"

    def _counted(self) -> int | None:
        """The column named right behind "how many"."""
        for at in range(len(self._x.tokens) - 2):
            if (self._x.tokens[at].word, self._x.tokens[at + 1].word) in (("how", "many"), ("number", "of")):
                return next((m.column for m in self._x.columns if m.at == at + 2), None)
        return None

    def _quantity(self) -> int | None:
        stems = {t for w in QUANTITY for t in terms(w)}
        found = [
            n
            for n, each in enumerate(self._x.grid.columns)
            if each.numbers and (stems & set(each.stems) or each.name.casefold() in COUNTS)
        ]
        return found[0] if len(found) == 1 else None

    def _row_noun(self) -> bool:
        """Whether the rows themselves are named: by a general word, or by the name of the first column of words."""
        first = self._first_text()
        return any(t.use == "noun" for t in self._x.tokens) or any(m.column == first for m in self._x.columns)

    def _first_text(self) -> int | None:
        return next((n for n, each in enumerate(self._x.grid.columns) if each.kind == "text"), None)

    def _wanted_column(self, measure: int | None) -> int | None:
        """The column a "which …" or "what …" asks for: the first one of words that is named."""
        bounded = {f.column for f in self._x.filters}
        return next(
            (
                m.column
                for m in self._x.columns
                if m.column != measure
                and self._x.grid.columns[m.column].kind == "text"
                and m.column not in bounded
            ),
            None,
        )

    def _lists_a_column(self, words: Sequence[str]) -> bool:
        """ "list all suppliers", "which suppliers are there": a column of words and nothing else."""
        texts = [m for m in self._x.columns if self._x.grid.columns[m.column].kind == "text"]
        lead = words[0] in ("list", "show", "name") or (words[0] in ("which", "what") and "there" in words)
        return (
            lead
            and len(self._x.columns) == len(texts) == 1
            and not set(words) & (MAX | MIN | SUM | MEAN | PER)
        )

    def _distinct(self, group: int | None, filters: tuple[Filter, ...]) -> Query | None:
        self._explain(DISTINCT)
        texts = [m.column for m in self._x.columns if self._x.grid.columns[m.column].kind != "number"]
        return Query("distinct", texts[0], filters) if len(texts) == 1 and group is None else None

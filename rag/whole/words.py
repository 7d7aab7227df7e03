"""The words that a question to a table is made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.text.analysis import STOP_WORDS, terms
from ingest.text.dating import MONTHS
from rag.whole.query import Comparison

_WORD = re.compile(r"\d{4}-\d{2}(?:-\d{2})?|[€$£]?\d[\d.,]*\d|[€$£]?\d|[^\W_]+(?:[-.'’&/_][^\W_]+)*|[€$£%]")
YEAR = re.compile(r"(?:19|20)\d\d")
_CONTRACTED = re.compile(r"\b(what|who|where|which|how|there)['’]s\b", re.IGNORECASE)
NUMBER_WORDS = {
    w: n for n, w in enumerate("one two three four five six seven eight nine ten".split(), start=1)
}

MAX = frozenset("highest largest biggest maximum max greatest most top longest best heaviest tallest".split())
MIN = frozenset("lowest smallest minimum min least fewest shortest lightest".split())
NEWEST, OLDEST = frozenset("latest newest recent last".split()), frozenset("earliest oldest first".split())
DEAR, CHEAP = frozenset("expensive costliest dearest priciest".split()), frozenset("cheapest".split())
MONEY = frozenset("price cost fee amount salary total sum revenue budget charge rate".split())
CURRENCIES = frozenset(("€", "$", "£", "%", "eur", "euro", "euros", "dollars", "pounds"))
MONEY_VERBS = frozenset(
    "pay pays paid spend spends spent cost costs earn earns earned charge charged worth".split()
)
MEAN, MEDIAN = frozenset("average mean averaged".split()), frozenset(("median",))
SUM = frozenset("total sum altogether overall combined totals totalled".split())
ROWS = frozenset("list show which who what display find name give".split())
DISTINCT = frozenset("different distinct unique".split())
QUANTITY = frozenset("quantity qty pieces stock".split())
COUNTS = frozenset(("units", "count", "number"))  # names of columns that count, too
PER = frozenset("per by each every".split())
NOUNS = frozenset(  # of rows, in general
    "row rows entry entries record records item items line lines value values number count amount people person persons "
    "employee employees staff member members spreadsheet spreadsheets table tables sheet sheets csv file workbook excel data column".split()
)
NEUTRAL = frozenset(
    "me us list listed recorded registered got get work works working worked there please tell much many number "
    "count counted calculate compute computed add up make made belong belongs come comes go goes "
    "came went gone visited attended buy bought sell sold order ordered done often times has had have with in at of the to from for all only exactly equal equals than more less".split()
)
MONTH_NUMBERS = {name[:3]: n for n, name in enumerate(MONTHS, start=1)}
# What turns a question round, or ties it to today: one of these that is not understood ends the reading.
TURNS = frozenset(
    "not no never without except excluding besides nor neither isn't aren't weren't wasn't don't doesn't didn't".split()
)
RELATIVE = re.compile(
    r"\b(?:this|last|next|previous|past|current|coming) (?:year|month|week|quarter|day|night|time)s?\b"
    r"|\b(?:today|yesterday|tomorrow|ago|recently|so far|to date|now|currently)\b",
    re.IGNORECASE,
)
YES, NO = frozenset(("yes", "true", "y")), frozenset(("no", "false", "n"))
BOUNDS: Sequence[tuple[tuple[str, ...], Comparison]] = (
    (("more", "than"), "over"), (("greater", "than"), "over"), (("higher", "than"), "over"), (("larger", "than"), "over"),
    (("later", "than"), "over"), (("less", "than"), "under"), (("fewer", "than"), "under"), (("lower", "than"), "under"),
    (("smaller", "than"), "under"), (("earlier", "than"), "under"), (("at", "least"), "from"), (("at", "most"), "to"),
    (("up", "to"), "to"), (("over",), "over"), (("above",), "over"), (("under",), "under"), (("below",), "under"),
    (("after",), "over"), (("before",), "under"), (("since",), "from"), (("from",), "from"), (("until",), "to"),
    (("exactly",), "is"), (("of",), "is"), (("is",), "is"), (("on",), "is"), (("in",), "is"), (("during",), "is"), (("for",), "is"),
)  # fmt: skip


@dataclass(slots=True)
class Token:
    word: str
    stems: tuple[str, ...]
    use: str = ""  # what explains it: "column", "value", "operation" …

    @property
    def free(self) -> bool:
        return not self.use


def tokens_of(question: str) -> list[Token]:
    question = _CONTRACTED.sub(r"\1 is", question)
    return [Token(m[0].casefold(), tuple(terms(m[0]))) for m in _WORD.finditer(question)]


def literal_at(tokens: Sequence[Token], at: int, has_dates: bool) -> tuple[str | float | None, int, int]:
    """(date prefix or number, first token, token after it) of the token at a place; None for no number. A year is a
    date where the table `has_dates`."""
    word = tokens[at].word
    if re.fullmatch(r"\d{4}-\d{2}(?:-\d{2})?", word):
        return word, at, at + 1
    if YEAR.fullmatch(word) and has_dates:
        month = MONTH_NUMBERS.get(tokens[at - 1].word[:3]) if at else None
        if month and len(tokens[at - 1].word) >= 3 and tokens[at - 1].free:
            day = tokens[at - 2].word if at > 1 else ""
            if day.isdecimal() and tokens[at - 2].free:
                return f"{word}-{month:02}-{int(day):02}", at - 2, at + 1
            return f"{word}-{month:02}", at - 1, at + 1
        return word, at, at + 1
    if (
        at + 2 < len(tokens)
        and tokens[at + 1].word[:3] in MONTH_NUMBERS
        and tokens[at + 2].word.isdecimal()
        and word.isdecimal()
    ):
        month = MONTH_NUMBERS[tokens[at + 1].word[:3]]
        return f"{tokens[at + 2].word}-{month:02}-{int(word):02}", at, at + 3
    plain = word.strip("€$£").replace(",", "")
    end = at + 1
    if end < len(tokens) and tokens[end].word in CURRENCIES:
        end += 1
    try:
        return float(plain), at, end
    except ValueError:
        return None, at, end


def may_compute(question: str) -> bool:
    """Whether a question holds a word that asks for computing; cheap, asked of every question."""
    words = {token.word for token in tokens_of(question)}
    return bool(
        words & (MAX | MIN | MEAN | MEDIAN | SUM | NEWEST | OLDEST | DEAR | CHEAP | DISTINCT)
        or re.search(
            r"\b(?:how (?:many|much|often)|number of|count|list|show|which|who)\b", question, re.IGNORECASE
        )
    )


def explained_anywhere(question: str) -> list[str]:
    """The words of a question that only a table's own names and cells can explain."""
    operations = (
        MONEY_VERBS | MAX | MIN | NEWEST | OLDEST | DEAR | CHEAP | MEAN | MEDIAN | SUM | DISTINCT | PER | ROWS
    )
    known = (
        STOP_WORDS
        | operations
        | NOUNS
        | NEUTRAL
        | set(NUMBER_WORDS)
        | {w for words, _ in BOUNDS for w in words}
    )
    return [
        token.word
        for token in tokens_of(question)
        if token.stems
        and token.word not in known
        and token.word[:3] not in MONTH_NUMBERS
        and not any(map(str.isdigit, token.word))
    ]

"""What a passage says for an answer: one figure, date or name, and the sentence it stands in.

The reader points at the answer; what stands there decides the kind. A claim is made only where it is one thing: no
range, no list, no row of a table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ingest.text.analysis import STOP_WORDS
from ingest.text.sentences import sentences
from rag.answers.agreement import Text, Word
from rag.answers.disagree.moments import Moment, moments
from rag.model import Hit
from rag.search.rerank import ReadHit

RELEVANT = 0.0  # relevance logit from which a passage speaks of the question
SURE = 1.0  # … and margin from which its answer stands in it
YEAR = re.compile(r"#(?:19|20)\d\d")
PROSE = re.compile(r"[.!?][\"”’')\]]*\s*$")  # a row of a table has columns that tell its figures apart
_SIGNS = {"€": "euro", "$": "dollar", "£": "pound", "¥": "yen", "%": "percent"}
_SIGN = re.compile("[€$£¥%]")
_ASKS_WHEN = re.compile(
    r"\bwhen\b|\b(?:what|which) (?:time|day|date|year|month|weekday)\b|\bsince\b|\bdeadline\b", re.IGNORECASE
)
_ASKS_WHO = re.compile(r"\b(?:who|whom|whose|where|which|what)\b", re.IGNORECASE)
_ASKS_WHERE = re.compile(r"\bwhere\b", re.IGNORECASE)
_WITHIN_NAME = re.compile(r"\s*(?:[&.’'-]|of|de|van|von|der|du|la)?\s*(?:the\s+)?")
_LIST_AFTER = re.compile(r"\s*(?:,?\s*(?:and|or|as well as|with)\b|[,/])\s+(?:\w+\s+){0,2}[A-Z]")
_LIST_BEFORE = re.compile(r"[A-Z][\w’'-]*\s*(?:,|,?\s*(?:and|or|with))\s+(?:\w+\s+){0,2}$")
_TITLES = frozenset("mr mrs ms dr prof professor sir dame lord lady saint st the our".split())
PLACE_WORDS = 3  # telling words of a place that is no name: "the copy room"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit, a stem: "km", "euro", "dai"; "" for a bare number."""

    value: str  # "#40"
    unit: str


@dataclass(frozen=True, slots=True)
class Names:
    """The stems of a name, without titles; `proper` unless it is a place in common words: "the copy room"."""

    forms: frozenset[str]
    proper: bool = True


@dataclass(frozen=True, slots=True)
class Stance:
    """`yes` to what is asked, of one `sort`; `word` is what is said or denied where the sort is "said"."""

    sort: Literal["allowed", "demanded", "said"]
    yes: bool
    word: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """One value that a passage gives for an answer, with the sentence it stands in.

    `start`:`end` is the value in characters of the sentence; `shown` is what a person is told of it.
    """

    hit: Hit
    sentence: Text
    value: Figure | Moment | Names | Stance
    start: int
    end: int
    shown: str

    @property
    def rest(self) -> list[Word]:
        """The words of the sentence without the value."""
        return [word for word in self.sentence.words if not self.start <= word.start < self.end]


def claim_of(read: ReadHit, question: str) -> Claim | None:
    """The one thing in the reader's answer; None where it has none or several, the reader is unsure, or a table
    says it."""
    chunk, raw = read.hit.chunk, read.raw
    if raw.relevance < RELEVANT or raw.span_score - raw.null_score < SURE:
        return None
    for start, end in sentences(chunk.text):
        if start <= raw.start < end:
            text = chunk.text[start:end]
            if not PROSE.search(text):
                return None
            return _claim(read.hit, Text(text), raw.start - start, min(raw.end - start, len(text)), question)
    return None


def _claim(hit: Hit, sentence: Text, start: int, end: int, question: str) -> Claim | None:
    said = [each for each in moments(sentence.text) if each.start < end and start < each.end]
    if said and (_ASKS_WHEN.search(question) or any(set(each.moment.told()) != {"year"} for each in said)):
        if len(said) > 1 or said[0].bounds:
            return None
        (each,) = said
        shown = " ".join(sentence.text[each.start : each.end].split()).rstrip(".")
        return Claim(hit, sentence, each.moment, each.start, each.end, shown)
    if any(w.is_number and start <= w.start < end for w in sentence.words) and not said:
        return _figure(hit, sentence, start, end)
    return _names(hit, sentence, start, end, question) if _ASKS_WHO.search(question) else None


def _figure(hit: Hit, sentence: Text, start: int, end: int) -> Claim | None:
    numbers = [w for w in sentence.words if w.is_number and start <= w.start < end]
    if len(numbers) != 1:
        return None
    (number,) = numbers
    place = sentence.words.index(number)
    following = sentence.words[place + 1] if place + 1 < len(sentence.words) else None
    stop = following.start if following else len(sentence.text)
    signs = _SIGN.findall(
        sentence.text[max(0, number.start - 2) : number.start] + sentence.text[number.start : stop]
    )
    near = following is not None and stop - number.start - len(number.lower) <= 2
    unit = _SIGNS[signs[0]] if signs else _unit(following) if following and near else ""
    last = following.start + len(following.lower) if following and near and not signs else stop
    shown = " ".join(sentence.text[number.start : last].split()).strip(" ,;:|")
    return Claim(hit, sentence, Figure(number.form, unit), number.start, number.start + 1, shown)


def _unit(word: Word) -> str:
    return "percent" if word.lower == "per" else word.form


def _names(hit: Hit, sentence: Text, start: int, end: int, question: str) -> Claim | None:
    """The run of names that the answer lies in or holds; a place in common words where it is asked for."""
    runs = [run for run in _runs(sentence, start) if run[0] < end and start < run[1]]
    if not runs:
        return _place(hit, sentence, start, end) if _ASKS_WHERE.search(question) else None
    if len(runs) > 1:
        return None
    ((first, last),) = runs
    text = sentence.text
    if _LIST_AFTER.match(text, last) or _LIST_BEFORE.search(text, 0, first):
        return None
    forms = {word.form for word in sentence.words if first <= word.start < last and word.lower not in _TITLES}
    if not forms or any(form.startswith("#") for form in forms):
        return None
    return Claim(hit, sentence, Names(frozenset(forms)), first, last, " ".join(text[first:last].split()))


def _runs(sentence: Text, answer: int) -> list[tuple[int, int]]:
    """(start, end) of names that stand together: "Joost de Vries", "Purely & Sons".

    The first word of a sentence is always capitalised; it is part of a name only where the answer begins with it.
    """
    runs: list[tuple[int, int]] = []
    for place, word in enumerate(sentence.words):
        capital = sentence.text[word.start].isupper() and word.lower not in STOP_WORDS
        if word.is_name or (capital and place == 0 and answer <= word.start):
            end = word.start + len(word.lower)
            if runs and _WITHIN_NAME.fullmatch(sentence.text, runs[-1][1], word.start):
                runs[-1] = (runs[-1][0], end)
            else:
                runs.append((word.start, end))
    return runs


def _place(hit: Hit, sentence: Text, start: int, end: int) -> Claim | None:
    words = [word for word in sentence.telling if start <= word.start < end]
    if not 0 < len(words) <= PLACE_WORDS:
        return None
    forms = frozenset(word.form for word in words)
    shown = " ".join(sentence.text[start:end].split()).strip(" .,;:")
    return Claim(hit, sentence, Names(forms, proper=False), start, end, shown)

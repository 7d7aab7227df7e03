"""Do two documents disagree? The same claim, another figure, among the passages that answer the question.

Precision before recall: a warning that is wrong costs more trust than one that is missing. Both passages have to
be relevant, both answers of the reader have to hold one figure of the same unit, and the sentences around them
have to say the same of the same: most telling words shared, no name or year in one that speaks of something
else, and both of whom and when the question names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from ingest.text.analysis import question_terms
from ingest.text.sentences import sentences
from rag.answers.agreement import Text, Word
from rag.model import Hit
from rag.search.rerank import ReadHit

LOOKED_AT = 8  # passages, in rank order
RELEVANT = 0.0  # relevance logit from which a passage speaks of the question
SURE = 1.0  # … and margin from which its answer stands in it
SHARED_WORDS, SHARED_SHARE = 3, 0.5  # of the telling words of the shorter sentence
_YEAR = re.compile(r"#(?:19|20)\d\d")
_PROSE = re.compile(r"[.!?][\"”’')\]]*\s*$")  # a row of a table has columns that tell its figures apart
_SIGNS = {"€": "euro", "$": "dollar", "£": "pound", "¥": "yen", "%": "percent"}
_SIGN = re.compile("[€$£¥%]")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure that a passage gives for an answer, with the sentence it stands in."""

    hit: Hit
    sentence: Text
    value: str  # "#40"
    unit: str  # a stem: "km", "euro", "dai"; "" for a bare number
    shown: str  # as it stands in the text


def disagreement(query: str, reads: Sequence[ReadHit]) -> tuple[Figure, Figure] | None:
    """The first two figures, in rank order, that two documents give differently for the same claim."""
    asked = set(question_terms(query))
    meant = {word.form for word in Text(query).words if word.is_name or _YEAR.fullmatch(word.form)}
    found = [figure for read in reads[:LOOKED_AT] if (figure := figure_of(read)) and meant <= _about(figure)]
    for one, other in combinations(found, 2):
        if one.hit.chunk.document_id != other.hit.chunk.document_id and differ(one, other, asked):
            return one, other
    return None


def figure_of(read: ReadHit) -> Figure | None:
    """The one figure in the reader's answer; None where it has none or several, the reader is unsure, or a
    table says it."""
    chunk, raw = read.hit.chunk, read.raw
    if raw.relevance < RELEVANT or raw.span_score - raw.null_score < SURE:
        return None
    for start, end in sentences(chunk.text):
        if start <= raw.start < end:
            if not _PROSE.search(chunk.text[start:end]):
                return None
            sentence = Text(chunk.text[start:end])
            span = range(raw.start - start, raw.end - start)
            numbers = [
                w for w in sentence.words if w.is_number and w.start in span and not _YEAR.fullmatch(w.form)
            ]
            if len(numbers) != 1:
                return None
            return _figure(read.hit, sentence, numbers[0])
    return None


def _figure(hit: Hit, sentence: Text, number: Word) -> Figure:
    place = sentence.words.index(number)
    following = sentence.words[place + 1] if place + 1 < len(sentence.words) else None
    stop = following.start if following else len(sentence.text)
    signs = _SIGN.findall(
        sentence.text[max(0, number.start - 2) : number.start] + sentence.text[number.start : stop]
    )
    near = following is not None and stop - number.start - len(number.lower) <= 2
    unit = _SIGNS[signs[0]] if signs else _unit(following) if following and near else ""
    end = following.start + len(following.lower) if following and near and not signs else stop
    return Figure(
        hit, sentence, number.form, unit, " ".join(sentence.text[number.start : end].split()).strip(" ,;:|")
    )


def _unit(word: Word) -> str:
    return "percent" if word.lower == "per" else word.form


def differ(one: Figure, other: Figure, asked: set[str]) -> bool:
    """Whether two figures contradict each other: other values for the same thing."""
    if one.value == other.value or one.unit != other.unit or not one.unit:
        return False
    if one.value in _forms(other) or other.value in _forms(one):
        return False
    mine, theirs = _said(one), _said(other)
    shared = mine & theirs
    if len(shared) < SHARED_WORDS or len(shared) < SHARED_SHARE * min(len(mine), len(theirs)):
        return False
    if not asked & shared:
        return False
    return not (_apart(_names(one), _names(other)) or _apart(_years(one), _years(other)))


def _about(figure: Figure) -> set[str]:
    """The forms of the passage, its title, headings and file name: who and when it speaks of."""
    chunk = figure.hit.chunk
    return Text(f"{chunk.key} {chunk.context} {chunk.text}").known


def _forms(figure: Figure) -> set[str]:
    return {word.form for word in figure.sentence.words}


def _said(figure: Figure) -> set[str]:
    """The telling words of the sentence that are no numbers."""
    return {word.form for word in figure.sentence.telling if not word.is_number}


def _names(figure: Figure) -> set[str]:
    return {word.form for word in figure.sentence.words if word.is_name}


def _years(figure: Figure) -> set[str]:
    return {form for form in _forms(figure) if _YEAR.fullmatch(form)}


def _apart(one: set[str], other: set[str]) -> bool:
    """Whether each has something that the other lacks."""
    return bool(one - other) and bool(other - one)


# ---------------------------------------------------------------------- in words

_MONTHS = "january february march april may june july august september october november december".split()
_DATE = re.compile(
    r"\b(?P<year>(?:19|20)\d\d)-(?P<number>0[1-9]|1[0-2])\b"
    rf"|\b(?P<name>{'|'.join(_MONTHS)})\s+(?P<its_year>(?:19|20)\d\d)\b",
    re.IGNORECASE,
)


def in_words(figures: tuple[Figure, Figure], added: Mapping[int, float]) -> str:
    """ "Two documents disagree: “Minutes” says 5 euros, “Guide” says 4 € (newer first)."

    Newer is what names a later month in its file name, title or sentence; where one names none, what was
    `added` (document id → Unix seconds) on a later day.
    """
    one, other = figures
    months = [_month(figure) for figure in figures]
    days = [date.fromtimestamp(added.get(figure.hit.chunk.document_id, 0.0)) for figure in figures]
    order = ""
    if months[0] and months[1]:
        if months[0] != months[1]:
            order = " (newer first)"
        swap = months[0] < months[1]
    else:
        if days[0] != days[1]:
            order = " (added later first)"
        swap = days[0] < days[1]
    if swap:
        one, other = other, one
    names = [figure.hit.chunk.title or figure.hit.chunk.key for figure in (one, other)]
    if names[0] == names[1]:  # editions of one text: the files tell them apart
        names = [figure.hit.chunk.key for figure in (one, other)]
    return f"Two documents disagree: “{names[0]}” says {one.shown}, “{names[1]}” says {other.shown}{order}."


def _month(figure: Figure) -> tuple[int, int] | None:
    """The latest (year, month) that the passage's file name, title or sentence names."""
    chunk = figure.hit.chunk
    found = _DATE.finditer(f"{chunk.key} {chunk.title} {figure.sentence.text}")
    return max(
        (
            (int(each["year"]), int(each["number"]))
            if each["year"]
            else (int(each["its_year"]), _MONTHS.index(each["name"].lower()) + 1)
            for each in found
        ),
        default=None,
    )

"""Scored sentences → those of the answer: the best, with their neighbours, lists whole, nothing said twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ingest.text.analysis import terms
from ingest.text.sentences import sentences
from rag.answers.lists import lists
from rag.reader import RawReading, best_span
from rag.search.rerank import ReadHit

SAME_SHARE = (
    0.6  # two sentences that share this much of the shorter one's terms, and all figures, say the same
)
NEIGHBOURS_AFTER = 2
MAX_SENTENCES = 6  # that are chosen; list items that come with one are not counted
_QUESTION = re.compile(r"[?？؟][\"'”’»)]*$")


@dataclass(frozen=True, slots=True)
class Width:
    """How far an answer reaches from its best sentence: `close` in standard deviations below it, `neighbour` the
    bonus of the sentences after a chosen one (half of it for the one before), `lists` whether lists come whole."""

    close: float
    neighbour: float
    lists: bool


# Where the reader is sure (some span beats "no answer"), the answer keeps to sentences nearly as good as the best:
# fewer words, more of them to the point. Where several things are asked for it reads on. Figures in LOG.md.
SURE = Width(1.5, 0.5, lists=False)
CLOSE = Width(2.5, 0.5, lists=False)
SEVERAL = Width(3.0, 1.0, lists=True)


@dataclass(frozen=True, slots=True)
class Extract:
    """A sentence chosen for the answer; all offsets are characters of its chunk's text.

    `margin` is its best span against "no answer" (logits), `order` its place in the passage.
    """

    read: ReadHit
    start: int
    end: int
    order: int
    answer_start: int
    answer_end: int
    margin: float
    score: float = 0.0

    @property
    def text(self) -> str:
        """The sentence on one line."""
        return " ".join(self.read.hit.chunk.text[self.start : self.end].split())


def sentences_of(read: ReadHit) -> list[Extract]:
    """Every sentence of the passage that the reader has seen, with its best span."""
    found: list[Extract] = []
    for order, (start, end) in enumerate(sentences(read.hit.chunk.text)):
        span = _best_within(read.raw, start, end)
        if span is not None:
            answer_start, answer_end, score = span
            margin = score - read.raw.null_score
            found.append(Extract(read, start, end, order, answer_start, answer_end, margin))
    return found


def _best_within(raw: RawReading, start: int, end: int) -> tuple[int, int, float] | None:
    """The best span among the tokens of text[start:end], in characters; None without tokens."""
    first = int(np.searchsorted(raw.offsets[:, 0], start))
    last = int(np.searchsorted(raw.offsets[:, 0], end))
    if first >= last:
        return None
    i, j, score = best_span(raw.start_logits[first:last], raw.end_logits[first:last])
    return int(raw.offsets[first + i, 0]), int(raw.offsets[first + j, 1]), score


def choose(
    scored: Sequence[Extract], budget_words: int, width: Width, first: Sequence[Extract] = ()
) -> list[Extract]:
    """The answer's sentences in reading order. `first` are taken before all others, however low they score."""
    left = list(scored)
    due = list(first)
    chosen: list[Extract] = []
    words = picked = 0
    best = max(each.score for each in left)
    while left and picked < MAX_SENTENCES:
        is_due = bool(due)
        candidate = due.pop(0) if is_due else max(left, key=lambda each: each.score)
        if not is_due and candidate.score < best - width.close:
            break
        left = [each for each in left if not _is(each, candidate)]
        if any(_same(candidate, other) for other in chosen):
            continue
        for each in [candidate, *(_list_of(candidate) if width.lists else ())]:
            length = len(each.text.split())
            if chosen and words + length > budget_words:
                break
            if not any(_is(each, other) for other in chosen):
                chosen.append(each)
                words += length
        picked += 1
        left = [
            replace(each, score=each.score + width.neighbour * _neighbourhood(candidate, each))
            for each in left
        ]
    return _in_reading_order(_without_open_questions(chosen))


def _without_open_questions(chosen: list[Extract]) -> list[Extract]:
    """Without questions whose answer is not chosen, too: those of a list of questions resemble each other."""
    told = {(each.read.hit.chunk.id, each.order) for each in chosen}
    kept = [
        each
        for each in chosen
        if not _QUESTION.search(each.text) or (each.read.hit.chunk.id, each.order + 1) in told
    ]
    return kept or chosen


def _is(one: Extract, other: Extract) -> bool:
    return one.order == other.order and one.read is other.read


def _list_of(extract: Extract) -> list[Extract]:
    """The rest of the list that a sentence announces or is an item of, with the sentence that announces it."""
    text = extract.read.hit.chunk.text
    for each in lists(text, sentences(text)):
        wanted = {each.announced, *each.items}
        if extract.order in wanted:
            siblings = sentences_of(extract.read)
            return [
                replace(one, score=extract.score)
                for one in siblings
                if one.order in wanted and one.order != extract.order
            ]
    return []


def _neighbourhood(chosen: Extract, other: Extract) -> float:
    """1 for the sentences just after a chosen one, a half for the one before it, else 0."""
    if chosen.read.hit.chunk.id != other.read.hit.chunk.id:
        return 0.0
    step = other.order - chosen.order
    if 0 < step <= NEIGHBOURS_AFTER:
        return 1.0
    return 0.5 if step == -1 else 0.0


def _same(one: Extract, other: Extract) -> bool:
    """Whether two sentences say the same, by their terms; another figure is another thing said."""
    a, b = set(terms(one.text)), set(terms(other.text))
    return _figures(a) == _figures(b) and len(a & b) >= SAME_SHARE * min(len(a), len(b))


def _figures(words: set[str]) -> set[str]:
    return {word for word in words if any(map(str.isdigit, word))}


def _in_reading_order(chosen: Sequence[Extract]) -> list[Extract]:
    """Passages by their best sentence, the sentences of a passage as they stand in it."""
    order: dict[int, int] = {}
    for each in chosen:
        order.setdefault(each.read.hit.chunk.id, len(order))
    return sorted(chosen, key=lambda each: (order[each.read.hit.chunk.id], each.start))

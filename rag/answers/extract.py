"""Read hits → the sentences that answer, quoted exactly. The default answer, without any LLM.

Two views of every sentence of the best passages are added up: how much the reader's span head finds
an answer in it, and how near the embedder sees it to the question. Then the best is taken, with its
neighbours preferred, until the answer is long enough. Questions for several things (steps, a list, a
comparison) get a longer answer, and the list below a sentence that announces it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.protocols import Embedder
from ingest.text.analysis import terms
from ingest.text.chunking import embedded_text
from ingest.text.sentences import ITEM, sentences
from rag.reader import RawReading, best_span
from rag.search.rerank import ReadHit
from rag.settings import AskSettings

CANDIDATES = 16  # sentences that are embedded: the best by the reader; the others are out
SAME_SHARE = (
    0.6  # two sentences that share this much of the shorter one's terms, and all figures, say the same
)
LEAST_MARGIN = 12.0  # logits below the best sentence's margin: what lies lower is all alike
RANK_PENALTY = 0.3  # a passage's place in the ranking, in standard deviations of the scores
NEIGHBOUR_BONUS = 0.5  # for the sentences after a chosen one, half of it for the one before
NEIGHBOURS_AFTER = 2
HEADING_WORDS = 8
MAX_SENTENCES = 6  # that are chosen; list items that come with one are not counted
SEVERAL_SHARE = 1.5  # of the words of an answer, when several things are asked for

# Where the reader is sure (some span beats "no answer"), the answer keeps to the passages it finds
# nearly as relevant as the best, and to sentences nearly as good: fewer words, more of them to the
# point. Elsewhere it casts wider. Figures in rag/evaluate/LOG.md.
SURE_GATE = 3.0  # relevance logits below the best passage's
SURE_CLOSE = 1.5  # standard deviations below the best sentence
CLOSE = 2.5


# What asks for several things: a comparison, a list, steps.
_SEVERAL = re.compile(
    r"\b(?:or|than|versus|vs|compared?|comparison|differences?|between|both|each|all|list|name the|steps?|"
    r"process|procedure|ways|how (?:do|can|should|would|does|to)|which \w+s\b|what (?:are|do i|should i|can i)|"
    r"who do i|where do i)\b|\bwhat\b.*\b(?:and|must|mustn't)\b",
    re.IGNORECASE,
)


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


def extract(query: str, reads: Sequence[ReadHit], embedder: Embedder, ask: AskSettings) -> list[Extract]:
    """The sentences of the answer in the order they are shown; empty when nothing was read."""
    looked_at = reads[: ask.answer_passages]
    ranks = {read.hit.chunk.id: rank for rank, read in enumerate(looked_at)}
    found = [each for read in looked_at for each in _sentences(read)]
    found = [each for each in found if not _is_heading(each)] or found
    if not found:
        return []
    several = wants_several(query)
    sure = not several and max(each.margin for each in found) > 0
    if sure:
        least = max(read.raw.relevance for read in looked_at) - SURE_GATE
        found = [
            each for each in found if each.read.raw.relevance >= least or ranks[each.read.hit.chunk.id] == 0
        ]
    found.sort(key=lambda each: each.margin, reverse=True)
    del found[CANDIDATES:]
    nearness = _nearness(query, found, embedder)
    place = np.array([ranks[each.read.hit.chunk.id] for each in found], np.float32)
    margins = np.array([each.margin for each in found], np.float32)
    margins = np.maximum(margins, margins.max() - LEAST_MARGIN)
    scores = _standard(margins) + _standard(nearness) - RANK_PENALTY * place
    scored = [replace(each, score=float(score)) for each, score in zip(found, scores, strict=True)]
    words = int(ask.answer_words * (SEVERAL_SHARE if several else 1.0))
    return _in_reading_order(_choose(scored, words, SURE_CLOSE if sure else CLOSE, lists=several))


def wants_several(question: str) -> bool:
    """Whether a question asks for more than one thing: steps, a list, a comparison."""
    return bool(_SEVERAL.search(question))


def _sentences(read: ReadHit) -> list[Extract]:
    """Every sentence of the passage that the reader has seen, with its best span."""
    found: list[Extract] = []
    for order, (start, end) in enumerate(sentences(read.hit.chunk.text)):
        span = _best_within(read.raw, start, end)
        if span is not None:
            answer_start, answer_end, score = span
            margin = score - read.raw.null_score
            found.append(Extract(read, start, end, order, answer_start, answer_end, margin))
    return found


def _is_heading(each: Extract) -> bool:
    """Whether it looks like one: a few words on a line of their own, between empty lines, without an end."""
    text = each.read.hit.chunk.text
    alone = not text[: each.start].strip() or text[: each.start].rstrip(" ").endswith("\n\n")
    return (
        alone
        and text[each.end :].lstrip(" ").startswith("\n\n")
        and len(each.text.split()) <= HEADING_WORDS
        and each.text[-1].isalnum()
        and not any(map(str.isdigit, each.text))
        and not ITEM.match(text, each.start)
    )


def _best_within(raw: RawReading, start: int, end: int) -> tuple[int, int, float] | None:
    """The best span among the tokens of text[start:end], in characters; None without tokens."""
    first = int(np.searchsorted(raw.offsets[:, 0], start))
    last = int(np.searchsorted(raw.offsets[:, 0], end))
    if first >= last:
        return None
    i, j, score = best_span(raw.start_logits[first:last], raw.end_logits[first:last])
    return int(raw.offsets[first + i, 0]), int(raw.offsets[first + j, 1]), score


def _nearness(query: str, found: Sequence[Extract], embedder: Embedder) -> NDArray[np.float32]:
    """Cosine of the question to each sentence, read with its title and headings."""
    asked = embedder.embed_queries([query])[0]
    texts = [embedded_text(each.read.hit.chunk.context, each.text) for each in found]
    return np.asarray(embedder.embed_passages(texts) @ asked, np.float32)


def _standard(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values in standard deviations from their mean, so that two scales can be added."""
    return np.asarray((values - values.mean()) / (values.std() + 1e-6), np.float32)


def _choose(scored: Sequence[Extract], budget_words: int, close: float, lists: bool) -> list[Extract]:
    """Best first, neighbours of a chosen sentence preferred, nothing said twice; `close` to the best.

    With `lists` a sentence brings the items of the list it announces or begins, as far as they fit.
    """
    left = list(scored)
    chosen: list[Extract] = []
    words = picked = 0
    best = max(each.score for each in left)
    while left and picked < MAX_SENTENCES:
        left.sort(key=lambda each: each.score, reverse=True)
        candidate = left.pop(0)
        if candidate.score < best - close:
            break
        if any(_same(candidate, other) for other in chosen):
            continue
        for each in [candidate, *(_items_below(candidate) if lists else ())]:
            length = len(each.text.split())
            if chosen and words + length > budget_words:
                break
            if not any(each.order == other.order and each.read is other.read for other in chosen):
                chosen.append(each)
                words += length
        picked += 1
        left = [replace(each, score=each.score + _neighbour_bonus(candidate, each)) for each in left]
    return chosen


def _items_below(extract: Extract) -> list[Extract]:
    """The list items below a sentence, when it announces a list or is an item itself.

    What goes on in the line of an item is passed over; another line ends the list.
    """
    siblings = _sentences(extract.read)
    text = extract.read.hit.chunk.text
    found: list[Extract] = []
    for each in siblings:
        if each.order > extract.order:
            if ITEM.match(text, each.start):
                found.append(replace(each, score=extract.score))
            elif "\n" in text[: each.start].rstrip(" ")[-1:]:
                break
    announces = extract.text.endswith(":") or bool(ITEM.match(text, extract.start))
    return found if announces or len(found) > 1 else []


def _neighbour_bonus(chosen: Extract, other: Extract) -> float:
    if chosen.read.hit.chunk.id != other.read.hit.chunk.id:
        return 0.0
    step = other.order - chosen.order
    if 0 < step <= NEIGHBOURS_AFTER:
        return NEIGHBOUR_BONUS
    return NEIGHBOUR_BONUS / 2 if step == -1 else 0.0


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

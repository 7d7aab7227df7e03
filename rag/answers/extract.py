"""Read hits → the sentences that answer, quoted exactly. The default answer, without any LLM.

Two views of every sentence of the best passages are added up: how much the reader's span head finds
an answer in it, and how near the embedder sees it to the question; `choose` takes the best of them until the
answer is long enough. Questions for several things (steps, a list, a comparison) get a longer answer, a
comparison a sentence for either side. Where two documents disagree, both are quoted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ingest.protocols import Embedder
from ingest.text.chunking import embedded_text
from ingest.text.sentences import ITEM
from rag.answers.choose import CLOSE, SEVERAL, SURE, Extract, choose, sentences_of
from rag.answers.disagree.claims import Claim
from rag.answers.sides import sides
from rag.search.rerank import ReadHit
from rag.settings import AskSettings

CANDIDATES = 16  # sentences that are embedded: the best by the reader; the others are out
LEAST_MARGIN = 12.0  # logits below the best sentence's margin: what lies lower is all alike
RANK_PENALTY = 0.3  # a passage's place in the ranking, in standard deviations of the scores
LEAN = 2.0  # how much a sentence's side counts beside its score, where two things are compared
SURE_GATE = 3.0  # logits below the most relevant passage: read no further where the reader is sure
HEADING_WORDS = 8
SEVERAL_SHARE = 1.5  # of the words of an answer, when several things are asked for

# What asks for several things: a comparison, a list, steps.
_SEVERAL = re.compile(
    r"\b(?:or|than|versus|vs|compared?|comparison|differences?|between|both|each|all|list|name the|steps?|"
    r"process|procedure|ways|how (?:do|can|should|would|does|to)|which \w+s\b|what (?:are|do i|should i|can i)|"
    r"who do i|where do i)\b|\bwhat\b.*\b(?:and|must|mustn't)\b",
    re.IGNORECASE,
)


def extract(
    query: str,
    reads: Sequence[ReadHit],
    embedder: Embedder,
    ask: AskSettings,
    claims: Sequence[Claim] = (),
) -> list[Extract]:
    """The sentences of the answer in the order they are shown; empty when nothing was read.

    `claims` are those of two documents that disagree: both are quoted, before all else and in that order.
    """
    looked_at = reads[: ask.answer_passages]
    ranks = {read.hit.chunk.id: rank for rank, read in enumerate(looked_at)}
    found = [each for read in looked_at for each in sentences_of(read)]
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
    either = sides(query) or ()
    near = _nearness([query, *either], found, embedder)
    place = np.array([ranks[each.read.hit.chunk.id] for each in found], np.float32)
    margins = np.array([each.margin for each in found], np.float32)
    margins = np.maximum(margins, margins.max() - LEAST_MARGIN)
    scores = _standard(margins) + _standard(near[0]) - RANK_PENALTY * place
    scored = [replace(each, score=float(score)) for each, score in zip(found, scores, strict=True)]
    both = _both_of(claims, scored)
    first = both or (_one_of_each(scored, near[1] - near[2]) if either else [])
    words = int(ask.answer_words * (SEVERAL_SHARE if several else 1.0))
    return choose(scored, words, SURE if sure else SEVERAL if several else CLOSE, first, apart=bool(both))


def wants_several(question: str) -> bool:
    """Whether a question asks for more than one thing: steps, a list, a comparison."""
    return bool(_SEVERAL.search(question))


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


def _nearness(queries: Sequence[str], found: Sequence[Extract], embedder: Embedder) -> NDArray[np.float32]:
    """Cosine of each question to each sentence, read with its title and headings: (queries, sentences)."""
    asked = embedder.embed_queries(list(queries))
    texts = [embedded_text(each.read.hit.chunk.context, each.text) for each in found]
    return np.asarray(asked @ embedder.embed_passages(texts).T, np.float32)


def _one_of_each(scored: Sequence[Extract], leaning: NDArray[np.float32]) -> list[Extract]:
    """The best sentence, and the best for the side it does not lean to; `leaning` is how much nearer each sentence
    is to the one side's question than to the other's."""
    scores = np.array([each.score for each in scored], np.float32)
    leaning = _standard(leaning)
    best = int(scores.argmax())
    scores -= np.sign(leaning[best]) * LEAN * leaning
    scores[best] = -np.inf
    return list(dict.fromkeys((scored[best], scored[int(scores.argmax())])))


def _both_of(claims: Sequence[Claim], scored: Sequence[Extract]) -> list[Extract]:
    """The sentences in which two documents disagree; empty where either is not among `scored`."""
    told = [each for claim in claims if (each := _sentence_of(claim, scored))]
    return told if len(told) == 2 else []


def _sentence_of(claim: Claim, scored: Sequence[Extract]) -> Extract | None:
    said = " ".join(claim.sentence.text.split())
    of_passage = (each for each in scored if each.read.hit.chunk.id == claim.hit.chunk.id)
    return next((each for each in of_passage if said in each.text), None)


def _standard(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values in standard deviations from their mean, so that two scales can be added."""
    return np.asarray((values - values.mean()) / (values.std() + 1e-6), np.float32)

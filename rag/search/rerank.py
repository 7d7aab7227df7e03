"""Hits → hits in the order of the reader, which reads each candidate once.

Reading goes in turns: it stops at two thirds of `read_candidates` where one of those surely answers, and goes on to
`read_unsure` where none of `read_candidates` is likely to: a question that is answered near the top doesn't wait for
the search of one that is not.

    score(hit) = fused score + reader_weight · relevance logit + document_weight · document score

where a document's score is the mean of its best three hits': a passage among other good ones of its
document is likelier to be meant than one alone. Scores are added, not ranks: the reader is right by how sure it
is, and where it is unsure the retrievers decide.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean

from rag.model import CancelToken, Found, Hit, Reading
from rag.reader import RawReading, Reader
from rag.settings import AskSettings

DOCUMENT_HITS = 3  # of a document that make up its score
# Relevance logits (rag/evaluate/LOG.md): from SURE on the first turn is enough, below UNSURE a third is needed.
FIRST_TURN, SURE, UNSURE = 2 / 3, 2.0, -1.0


@dataclass(frozen=True, slots=True)
class ReadHit:
    """A hit with all the reader said of it; `raw` is what sentences are chosen by."""

    hit: Hit
    raw: RawReading


def rerank(
    reader: Reader, query: str, hits: Sequence[Hit], ask: AskSettings, cancel: CancelToken | None = None
) -> tuple[list[ReadHit], list[Hit]]:
    """The hits that are read, reordered, and the others as they were."""
    raws = read_in_turns(reader, query, hits, ask, cancel)
    chosen = hits[: len(raws)]
    scores = {
        place: (hit.fused.score if hit.fused else 0.0) + ask.reader_weight * raw.relevance
        for place, (hit, raw) in enumerate(zip(chosen, raws, strict=True))
    }
    documents = document_scores([(hit.chunk.document_id, scores[n]) for n, hit in enumerate(chosen)])
    whole = {
        n: score + ask.document_weight * documents[chosen[n].chunk.document_id] for n, score in scores.items()
    }
    order = sorted(whole, key=lambda n: -whole[n])
    read = [
        ReadHit(replace(chosen[n], reading=_reading(raws[n]), reranked=Found(rank, whole[n])), raws[n])
        for rank, n in enumerate(order, start=1)
    ]
    return read, list(hits[len(raws) :])


def read_in_turns(
    reader: Reader, query: str, hits: Sequence[Hit], ask: AskSettings, cancel: CancelToken | None = None
) -> list[RawReading]:
    """Readings of the first hits, as many as it takes: two thirds of `read_candidates`, all, or `read_unsure`."""
    raws: list[RawReading] = []
    first = round(FIRST_TURN * ask.read_candidates)
    for count, enough in ((first, SURE), (ask.read_candidates, UNSURE), (ask.read_unsure, -math.inf)):
        turn = hits[len(raws) : count]
        raws += reader.read(query, [(hit.chunk.context, hit.chunk.text) for hit in turn], cancel)
        if max((raw.relevance for raw in raws), default=0.0) >= enough:
            break
    return raws


def document_scores(scored: Sequence[tuple[int, float]]) -> Mapping[int, float]:
    """The mean of the best DOCUMENT_HITS scores of each document, by its id."""
    by_document: dict[int, list[float]] = defaultdict(list)
    for document_id, score in scored:
        by_document[document_id].append(score)
    return {i: mean(sorted(values, reverse=True)[:DOCUMENT_HITS]) for i, values in by_document.items()}


def in_order(read: Sequence[ReadHit], rest: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits in rank order: the read ones, then the others in fused order."""
    return (*(each.hit for each in read), *rest)


def _reading(raw: RawReading) -> Reading:
    return Reading(raw.relevance, raw.answerability, raw.start, raw.end, raw.span_score, raw.null_score)

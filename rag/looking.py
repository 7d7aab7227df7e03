"""Searching and reading: what a question may mean, what is found for it, what the reader says of that.

A follow-up may be meant in two ways; where the documents do not answer the likelier, the other is looked for.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.protocols import Library
from rag.model import CancelToken, Event, Hit, Progress, Turn
from rag.settings import AskSettings

if TYPE_CHECKING:
    from rag.loaded import Models
    from rag.search.rerank import ReadHit


@dataclass(frozen=True, slots=True)
class Query:
    """What to search for: `as_given` by the person or a chat model, else with its words mended and written out."""

    text: str
    as_given: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found for a query, and how likely it holds the answer."""

    query: str
    read: list[ReadHit]
    rest: list[Hit]
    confidence: float


@dataclass
class Clock:
    """Milliseconds by stage."""

    started: float = field(default_factory=time.perf_counter)
    spent: dict[str, float] = field(default_factory=dict)

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        used = sum(self.spent.values())
        since = (now - self.started) * 1000 - used
        self.spent[stage] = round(self.spent.get(stage, 0.0) + since, 1)

    def total(self) -> dict[str, float]:
        return {**self.spent, "total": round((time.perf_counter() - self.started) * 1000, 1)}


def meanings(models: Models, question: str, history: Sequence[Turn], clock: Clock) -> Iterator[Query]:
    """What to search for, the likeliest first; only a follow-up may mean several things."""
    from rag.search.condense import forms

    for form in forms(models.reader, models.embedder, question, history) if history else (question,):
        clock.lap("condensing")
        yield Query(form)


def look(
    models: Models,
    queries: Iterable[Query],
    library: Library,
    ask: AskSettings,
    clock: Clock,
    cancel: CancelToken,
    documents: int = 0,
) -> Generator[Event, None, Looked]:
    """What is found and read for the first of `queries` that the documents answer, else for the best of them.

    `documents` is how many are asked, to be told. Raises Cancelled.
    """
    best: Looked | None = None
    for each in queries:
        cancel.check()
        yield Progress("searching", documents)
        query, hits = _searched(models, each, library, ask)
        clock.lap("searching")
        cancel.check()
        yield Progress("reading", min(len(hits), ask.read_candidates))
        found = _read(models, query, hits, ask, cancel)
        clock.lap("reading")
        if best is None or found.confidence > best.confidence:
            best = found
        if best.confidence >= ask.refusal_threshold:
            break
    assert best is not None, "there is always a query"
    return best


def _searched(models: Models, wanted: Query, library: Library, ask: AskSettings) -> tuple[str, list[Hit]]:
    """The query as it is searched for, and what it finds."""
    from rag.search.retrieve import retrieve
    from rag.search.wording import mended, written_out

    if wanted.as_given:
        return wanted.text, retrieve(library, models.embedder, wanted.text, ask)
    query = mended(wanted.text, library)
    hits = retrieve(library, models.embedder, query, ask)
    fuller = written_out(query, library, (hit.chunk for hit in hits))
    if fuller != query:
        query, hits = fuller, retrieve(library, models.embedder, fuller, ask)
    return query, hits


def _read(models: Models, query: str, hits: Sequence[Hit], ask: AskSettings, cancel: CancelToken) -> Looked:
    from rag.answers.confidence import features
    from rag.search.rerank import rerank

    read, rest = rerank(models.reader, query, hits, ask, cancel)
    confidence = models.calibration.probability(features(query, read)) if read else 0.0
    return Looked(query, read, rest, confidence)

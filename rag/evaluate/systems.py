"""What is compared: Footnote, its retrievers alone, and the defaults of other systems (`rivals`)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ingest.errors import WrongUsage
from ingest.protocols import Embedder, Library
from ingest.shelf.scope import Scope
from rag.engine import Engine
from rag.evaluate.judge import Found
from rag.evaluate.questions import Question
from rag.model import Answer, CancelToken, Finished, Hit

DEPTH = 100  # hits a retriever is asked for: some are of one page or document


@dataclass(frozen=True, slots=True)
class Reply:
    """What a system made of a question: passages best first, and an answer where it gives one.

    `milliseconds` has the time of its stages, and `total`.
    """

    found: tuple[Found, ...]
    milliseconds: Mapping[str, float]
    answer: Answer | None = None
    hits: tuple[Hit, ...] = field(default=())


class System(Protocol):
    """Something that finds passages for a question in documents it was given."""

    @property
    def name(self) -> str: ...

    @property
    def shown(self) -> int:
        """How many passages it hands to its answer by default."""
        ...

    def ask(self, question: Question, cancel: CancelToken) -> Reply: ...


class Footnote:
    """The product as it is set: retrieve, read, answer by quotations."""

    name = "footnote"

    def __init__(self, engine: Engine, library: Library) -> None:
        self._engine = engine
        self._library = library
        self.shown = engine.ask_settings.answer_passages

    def ask(self, question: Question, cancel: CancelToken) -> Reply:
        library = self._asked(question.scope)
        for event in self._engine.ask(question.question, library, question.history, cancel):
            if isinstance(event, Finished):
                answer = event.answer
                return Reply(tuple(map(found, answer.hits)), answer.timings_ms, answer, answer.hits)
        raise AssertionError("an answer ends every question")

    def _asked(self, scope: Scope) -> Library:
        """What of the library is asked; all of it where nothing of the scope is left."""
        try:
            return self._library.within(scope) if scope else self._library
        except WrongUsage:
            return self._library


class ByMeaning:
    """Footnote's embedder alone: nearest neighbours."""

    name = "footnote, by meaning only"
    shown = 8

    def __init__(self, library: Library, embedder: Embedder) -> None:
        self._library = library
        self._embedder = embedder

    def ask(self, question: Question, cancel: CancelToken) -> Reply:
        began = time.perf_counter()
        (vector,) = self._embedder.embed_queries([question.question])
        return _ranked(self._library, self._library.search_vectors(vector, DEPTH), began)


class ByWords:
    """Footnote's BM25 alone."""

    name = "footnote, by words only"
    shown = 8

    def __init__(self, library: Library) -> None:
        self._library = library

    def ask(self, question: Question, cancel: CancelToken) -> Reply:
        began = time.perf_counter()
        return _ranked(self._library, self._library.search_words(question.question, DEPTH), began)


def found(hit: Hit) -> Found:
    return Found(hit.chunk.key, (hit.chunk.shown_page,), hit.chunk.text)


def _ranked(library: Library, scored: Sequence[tuple[int, float]], began: float) -> Reply:
    chunks = library.chunks([chunk_id for chunk_id, _ in scored])
    hits = tuple(Hit(chunks[chunk_id]) for chunk_id, _ in scored if chunk_id in chunks)
    return Reply(tuple(map(found, hits)), {"total": (time.perf_counter() - began) * 1000}, None, hits)

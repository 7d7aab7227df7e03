"""What is known of an answer before it is written, and the answer made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest.shelf.scope import Scope
from rag.llm.prompt import REFUSAL
from rag.model import Answer, Citation, Hit, Sentence

if TYPE_CHECKING:
    from rag.answers.disagree import Told
    from rag.looking import Clock
    from rag.search.rerank import ReadHit

EXTRACTIVE = "extractive"  # the `model` of an answer made of quotations
SHOWN_HITS = 40  # hits kept with an answer, read or not; more when these are of too few pages


@dataclass(frozen=True)
class Draft:
    """What is known of an answer before it is written."""

    question: str
    query: str
    read: list[ReadHit]
    rest: list[Hit]
    confidence: float
    documents: int
    distinct_pages: int
    scope: Scope
    disagreement: Told | None = None

    @property
    def hits(self) -> tuple[Hit, ...]:
        from rag.search.rerank import in_order

        return in_order(self.read, self.rest)

    def answer(
        self,
        sentences: tuple[Sentence, ...],
        citations: tuple[Citation, ...],
        model: str,
        clock: Clock,
        notices: tuple[str, ...] = (),
        usage: dict[str, int] | None = None,
    ) -> Answer:
        """The answer; without sentences it is a refusal."""
        from rag.answers.ground import answer_text

        if sentences and self.disagreement:
            notices = (self.disagreement.notice, *notices)
        return Answer(
            self.question, self.query, answer_text(sentences) or REFUSAL, sentences, citations,
            shown(self.hits, self.distinct_pages), not sentences, round(self.confidence, 4), model, clock.total(),
            self.documents, notices, dict(usage or {}), scope=self.scope,
        )  # fmt: skip


def instead(answer: Answer, reason: str) -> Answer:
    """`answer` with the reason why it is not the chat model's."""
    made = "" if answer.refused else " This answer is made of quotations instead."
    return replace(answer, notices=(*answer.notices, reason + made))


def shown(hits: Sequence[Hit], distinct_pages: int) -> tuple[Hit, ...]:
    """The hits kept with an answer: SHOWN_HITS, or more until they are of `distinct_pages` pages."""
    pages: set[tuple[int, int]] = set()
    for count, hit in enumerate(hits, start=1):
        pages.add((hit.chunk.document_id, hit.chunk.page))
        if count >= SHOWN_HITS and len(pages) >= distinct_pages:
            return tuple(hits[:count])
    return tuple(hits)

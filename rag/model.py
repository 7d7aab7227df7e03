"""The words of rag as types: what a question becomes on its way to a grounded answer.

    question ─condense→ query ─retrieve→ Hit ─rerank→ Hit ─generate→ text ─ground→ Answer

Every stage adds its own field to a hit; a score is never overwritten by the next stage.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from ingest.errors import Cancelled
from ingest.model.chunks import StoredChunk
from ingest.places import Place, place_of
from ingest.protocols import Library
from ingest.shelf.scope import Scope


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation, oldest first in a history."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Found:
    """Where one retriever ranked a chunk: `rank` is 1-based, `score` is that retriever's own."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Fused:
    """Where both retrievers together rank a chunk: `score` is made of `cosine` (−1 to 1) and `coverage`,
    the idf-weighted share of the query's terms that it holds (0 to 1)."""

    rank: int
    score: float
    cosine: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader said of one (query, passage) pair; logits are uncalibrated.

    `start`:`end` is the best answer span in characters of the chunk's text; `span_score` and
    `null_score` are the sums of start and end logits of that span and of "no answer".
    """

    relevance: float
    answerability: float
    start: int
    end: int
    span_score: float
    null_score: float

    @property
    def margin(self) -> float:
        """How much the span beats "no answer"; larger means an answer is there."""
        return self.span_score - self.null_score


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk with its ranks and scores, one field per stage; None where a stage did not see it."""

    chunk: StoredChunk
    dense: Found | None = None
    words: Found | None = None
    fused: Fused | None = None
    reading: Reading | None = None
    reranked: Found | None = None


CORRECTED = "corrected by hand"  # behind the place of a quote that a person has corrected


@dataclass(frozen=True, slots=True)
class Citation:
    """A footnote: the marker, the chunk, and the exact span of its page.

    `quote == page.text[start:end]`; `answer_start`:`answer_end` is the emphasised part of it in
    page offsets (equal when there is none). `page` is None for formats without pages.

    Where `corrected`, a person has corrected the passage: the quote is of the correction, and `start`:`end` is
    the whole passage as it stands on the page.
    """

    marker: int  # 1-based, as printed: [1]
    chunk_id: int
    document_id: int
    document: str  # the origin's key
    title: str
    media_type: str
    page: int | None
    page_label: str | None
    headings: tuple[str, ...]
    start: int
    end: int
    quote: str
    answer_start: int
    answer_end: int
    corrected: bool = False
    address: str = ""  # on the web, of a page that was fetched there

    @property
    def place(self) -> Place:
        """Where the passage stands, for people."""
        return place_of(self.media_type, self.page, self.page_label, self.headings)


Verdict = Literal["supported", "partly", "not_found"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer: `text` without markers, the markers behind it, and its check.

    `emphasis` are (start, end) offsets in `text` of the words that answer. `block` groups the
    sentences of one paragraph or list item.
    """

    text: str
    markers: tuple[int, ...]
    verdict: Verdict | None = None
    score: float | None = None  # probability that the cited passages support it, 0 to 1
    emphasis: tuple[tuple[int, int], ...] = ()
    block: int = 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the library an answer to a question about all of it rests on.

    `kind` says how it was made: "documents", "things", "compare", "summary", "table". `rows` of `rows_in_all`
    were computed on, in a table.
    """

    kind: str
    read: int
    documents: int
    rows: int = 0
    rows_in_all: int = 0

    @property
    def line(self) -> str:
        """ "read 38 of 38 documents"; "computed on 12 of 48 rows" """
        if self.rows_in_all:
            return f"computed on {self.rows:,} of {self.rows_in_all:,} row{'s' * (self.rows_in_all != 1)}"
        return f"read {self.read:,} of {self.documents:,} document{'s' * (self.documents != 1)}"

    @property
    def sentence(self) -> str:
        """ "Read 38 of 38 documents." """
        return f"{self.line[:1].upper()}{self.line[1:]}."


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of the flow. `text` carries its markers as [1]; `hits` are in rank order.

    `confidence` is the calibrated probability (0 to 1) that the documents answer the question.
    `model` is "extractive" or the chat model's name. `notices` are short messages for the person
    (the model was unreachable, the history was trimmed). `scope` is what of the library was asked. `prompt` is what the chat model was sent, as
    (role, text), cut when it is very long; `usage` are token counts.
    """

    question: str
    query: str
    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    refused: bool
    confidence: float
    model: str
    timings_ms: dict[str, float]
    searched_documents: int
    notices: tuple[str, ...] = ()
    usage: dict[str, Any] = field(default_factory=dict)
    prompt: tuple[tuple[str, str], ...] = ()
    scope: Scope = field(default_factory=Scope)
    coverage: Coverage | None = None  # of an answer to a question about the whole library

    @property
    def sentences_checked(self) -> int:
        """Sentences that say something; a heading or a lone list intro says nothing."""
        return 0 if self.refused else sum(each.verdict is not None for each in self.sentences)

    @property
    def sentences_found(self) -> int:
        """… of which the passages support."""
        return 0 if self.refused else sum(each.verdict == "supported" for each in self.sentences)

    @property
    def found_line(self) -> str:
        """ "5 of 6 sentences found in your documents"; "" where nothing was said."""
        count = self.sentences_checked
        if not count:
            return ""
        return f"{self.sentences_found} of {count} sentence{'s' * (count > 1)} found in your documents"


# ------------------------------------------------------------------ what a running answer tells


@dataclass(frozen=True, slots=True)
class Progress:
    """What is happening now: the stage, and a count for people ("40 passages"), of how many where that is told."""

    stage: Literal[
        "loading",
        "searching",
        "gathering",
        "computing",
        "reading",
        "opening",
        "condensing",
        "writing",
        "checking",
    ]
    count: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer's text as it is written (chat models only)."""

    text: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence of what was written so far, held against its passages (chat models only).

    `number` is its place in the answer, from 0; its markers are those of the answer. A number told again
    replaces what was told before.
    """

    number: int
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Finished:
    answer: Answer


Event = Progress | Delta | Checked | Finished


class CancelToken:
    """Set by the stop button; stages call `check()` between steps. Safe for threads."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise Cancelled when the person stopped the work."""
        if self._event.is_set():
            raise Cancelled("Stopped. Ask again, or ask something else.")


class Asks(Protocol):
    """What answers questions: `rag.engine.Engine`, or the one of a running app."""

    def ask(
        self,
        question: str,
        library: Library,
        history: Sequence[Turn] = (),
        cancel: CancelToken | None = None,
        *,
        query: str = "",
    ) -> Iterator[Event]:
        """What happens on the way to an answer, the answer at last.

        `query` is searched for as it is, instead of what `question` and `history` make.
        """
        ...


Outcome = TypeVar("Outcome")


def outcome(events: Generator[Event, None, Outcome]) -> Outcome:
    """What a step returns at its end, when nobody listens to what it tells."""
    while True:
        try:
            next(events)
        except StopIteration as end:
            found: Outcome = end.value
            return found

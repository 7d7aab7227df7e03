"""The whole of rag on one screen: a question in, a grounded answer out, told step by step.

    condense → mend → retrieve → rerank → (extract | chat model) → ground

A question about the library as a whole (rag/whole) is gathered from every document instead.

The one place where concrete parts are chosen. Models are loaded once (rag/loaded.py), at the first question
or by `warm_up`, whichever comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from ingest.errors import ModelUnavailable, WrongUsage
from ingest.protocols import Home, Library
from ingest.settings import Settings
from rag.draft import EXTRACTIVE, Draft, instead
from rag.loaded import Loaded, Models
from rag.looking import Clock, Looked, Query, look, meanings
from rag.model import (
    Answer,
    CancelToken,
    Citation,
    Event,
    Finished,
    Hit,
    Progress,
    Sentence,
    Turn,
    outcome,
)
from rag.search.orders import without_orders
from rag.settings import AskSettings

if TYPE_CHECKING:
    from rag.answers.disagree import Told
    from rag.llm.chat_model import ChatModel
    from rag.llm.trial import Trial
    from rag.search.rerank import ReadHit
    from rag.whole.report import Found


class Engine:
    """Answers questions from libraries. Safe for threads."""

    def __init__(
        self, home: Home, settings: Settings, ask: AskSettings, loaded: Loaded | None = None
    ) -> None:
        self._home = home
        self._settings = settings
        self.ask_settings = ask
        self._loaded = loaded or Loaded(settings)

    def under(self, ask: AskSettings) -> Engine:
        """An engine with other settings, over the same models."""
        return Engine(self._home, self._settings, ask, self._loaded)

    # ------------------------------------------------------------------ one question

    def ask(
        self,
        question: str,
        library: Library,
        history: Sequence[Turn] = (),
        cancel: CancelToken | None = None,
        *,
        query: str = "",
    ) -> Generator[Event]:
        """Progress; pieces of text and checked sentences where a chat model writes; at last Finished(answer).

        Raises WrongUsage for an empty or too long question and an empty library, Cancelled when
        `cancel` is set; closing the iterator stops the work, too.
        """
        cancel = cancel or CancelToken()
        question = self._checked(question)
        given = self._checked(query) if query.strip() else ""
        info = library.info()
        if not info.chunks:
            raise WrongUsage(f"“{info.name}” has no passages yet. Add documents to it, then ask again.")
        clock = Clock()
        if not self.ready:
            yield Progress("loading")
        models = self.load()
        clock.lap("loading")
        with self._home.asking():
            wanted = given or without_orders(question)
            found = yield from self._gather(models, wanted, library, cancel, () if given else history)
            clock.lap("asking" if found is None else "gathering")
            cancel.check()
            if found is not None:
                asked = Draft(question, question, [], [], 1.0, info.asked, 0, library.scope)
                yield from self._tell(models, found, asked, clock, cancel)
                return
            reworded = given or (yield from self._reworded(models, wanted, history, clock, cancel))
            queries = chain(
                [Query(reworded, as_given=True)] if reworded else [],
                [] if given else meanings(models, wanted, history, clock),
            )
            looked = yield from look(models, queries, library, self.ask_settings, clock, cancel, info.asked)
            draft = Draft(
                question,
                looked.query,
                looked.read,
                looked.rest,
                looked.confidence,
                info.asked,
                self.ask_settings.distinct_pages,
                library.scope,
                self._disagreement(library, looked),
            )
            if self.ask_settings.llm:
                yield from self._write(
                    models, draft, history, clock, cancel, lambda: self._extract(models, draft, clock)
                )
            else:
                yield Progress("writing")
                yield Finished(self._extract(models, draft, clock))

    def retrieve(self, question: str, library: Library, history: Sequence[Turn] = ()) -> tuple[Hit, ...]:
        """The hits for a question in rank order, without an answer."""
        from rag.search.rerank import in_order

        _, read, rest = self.examine(question, library, history)
        return in_order(read, rest)

    def examine(
        self, question: str, library: Library, history: Sequence[Turn] = ()
    ) -> tuple[str, list[ReadHit], list[Hit]]:
        """The query, the hits with all the reader said of them, and the unread ones: for evaluation."""
        question = self._checked(question)
        models, clock = self.load(), Clock()
        with self._home.asking():
            queries = meanings(models, without_orders(question), history, clock)
            found = outcome(look(models, queries, library, self.ask_settings, clock, CancelToken()))
        return found.query, found.read, found.rest

    # ------------------------------------------------------------------ its steps

    def _checked(self, question: str) -> str:
        question = " ".join(question.replace("\x00", " ").split())
        limit = self.ask_settings.question_max_characters
        if not question:
            raise WrongUsage("The question is empty. Type what you want to know.")
        if len(question) > limit:
            raise WrongUsage(
                f"The question has {len(question):,} characters, more than {limit:,}. Shorten it, or add the "
                "long text as a document and ask about it."
            )
        return question

    def _disagreement(self, library: Library, looked: Looked) -> Told | None:
        """Where two documents answer what is asked differently."""
        from rag.answers.disagree import disagreement, told

        claims = disagreement(looked.query, looked.read)
        return claims and told(claims, library.dates([claim.hit.chunk.document_id for claim in claims]))

    def _extract(self, models: Models, draft: Draft, clock: Clock) -> Answer:
        """The extractive answer, or a refusal that holds nothing else."""
        from rag.answers.extract import extract
        from rag.answers.ground import cite_extracts

        refused = draft.confidence < self.ask_settings.refusal_threshold
        sentences: tuple[Sentence, ...] = ()
        citations: tuple[Citation, ...] = ()
        if not refused:
            sentences, citations = cite_extracts(
                extract(
                    draft.query,
                    draft.read,
                    models.embedder,
                    self.ask_settings,
                    draft.disagreement.claims if draft.disagreement else (),
                )
            )
        clock.lap("writing")
        return draft.answer(sentences, citations, EXTRACTIVE, clock)

    # ------------------------------------------------------------------ the whole library

    def _gather(
        self,
        models: Models,
        question: str,
        library: Library,
        cancel: CancelToken,
        history: Sequence[Turn],
    ) -> Generator[Event, None, Found | None]:
        """What every document says, for a question about all of them; None for any other question."""
        from rag.whole.gather import gathered
        from rag.whole.tools import Tools

        tools = Tools(library, models.embedder, models.reader, self._loaded.kept)
        return (yield from gathered(tools, question, cancel, history))

    def _tell(
        self, models: Models, found: Found, draft: Draft, clock: Clock, cancel: CancelToken
    ) -> Iterator[Event]:
        """The gathered answer; a chat model writes where there is something to write."""
        from rag.whole.parts import noted

        def gathered() -> Answer:
            answer = draft.answer(found.sentences, found.citations, EXTRACTIVE, clock, found.notices)
            return replace(answer, hits=found.hits, coverage=found.coverage)

        if not self.ask_settings.llm or not found.passages:
            yield Finished(gathered())
            return
        try:
            model = yield from self._opened_chat_model(clock, cancel)
            passages: list[Hit] = list(found.passages)
            notes: tuple[Turn, ...] = ()
            if found.name:  # a summary: of a long document in parts
                passages, notes = yield from noted(model, found.name, found.passages, cancel)
        except ModelUnavailable as error:
            yield Finished(instead(gathered(), str(error)))
            return
        clock.lap("reading")
        draft = replace(draft, rest=passages)
        for event in self._write(models, draft, notes, clock, cancel, gathered):
            if isinstance(event, Finished):
                event = Finished(replace(event.answer, coverage=found.coverage))
            yield event

    # ------------------------------------------------------------------ a chat model

    def _reworded(
        self, models: Models, question: str, history: Sequence[Turn], clock: Clock, cancel: CancelToken
    ) -> Generator[Event, None, str]:
        """A follow-up in the chat model's words; "" for a question that stands alone, and where none is asked."""
        from rag.llm.rewording import reworded
        from rag.search.leaning import leans

        ask = self.ask_settings
        if not (ask.llm and ask.llm_follow_ups and history and leans(models.embedder, question, history)):
            return ""
        try:
            model = yield from self._opened_chat_model(clock, cancel)
        except ModelUnavailable:  # said where the answer is written
            return ""
        yield Progress("condensing")
        found = reworded(model, question, history, cancel)
        clock.lap("condensing")
        return found or ""

    def _write(
        self,
        models: Models,
        draft: Draft,
        history: Sequence[Turn],
        clock: Clock,
        cancel: CancelToken,
        otherwise: Callable[[], Answer],
    ) -> Iterator[Event]:
        """The chat model's answer, checked as it is written; that of `otherwise` when there is none."""
        from rag.llm.writing import write

        try:
            model = yield from self._opened_chat_model(clock, cancel)
            yield Progress("writing")
            written = yield from write(
                model, models.reader, draft.question, history, draft.hits, self.ask_settings.strict, cancel, clock.lap,
                self._loaded.judge(self.ask_settings.support_model), draft.query,
            )  # fmt: skip
        except ModelUnavailable as error:
            yield Finished(instead(otherwise(), str(error)))
            return
        answer = draft.answer(
            written.sentences, written.citations, model.name, clock, written.notices, written.usage
        )
        yield Finished(replace(answer, prompt=written.prompt))

    # ------------------------------------------------------------------ models

    @property
    def ready(self) -> bool:
        return self._loaded.ready

    @property
    def state(self) -> str:
        """What the models are doing, for people: "waiting", "loading the reader", "ready" …"""
        return self._loaded.state

    def load(self) -> Models:
        """The shipped models, loaded at the first call. Raises ModelUnavailable."""
        return self._loaded.models()

    def warm_up(self) -> None:
        """Load the models in the background."""
        self._loaded.warm_up(self._home, self.ask_settings)

    def _opened_chat_model(self, clock: Clock, cancel: CancelToken) -> Generator[Event, None, ChatModel]:
        """The chat model of these settings; opening it takes a while the first time. Raises ModelUnavailable."""
        if self._loaded.chat_models.is_open(self.ask_settings):
            return self._loaded.chat_models.open(self.ask_settings, cancel)
        yield Progress("opening")
        model = self._loaded.chat_models.open(self.ask_settings, cancel)
        clock.lap("opening")
        return model

    def settle(self) -> None:
        """Let go of chat models that these settings do not name; begin to open one that runs here, which takes long."""
        self._loaded.chat_models.settle(self.ask_settings)

    def try_chat_model(self, ask: AskSettings, cancel: CancelToken) -> Trial:
        """One tiny request to the chat model of `ask`. Raises ModelUnavailable, Cancelled, WrongUsage."""
        from rag.llm.trial import try_chat_model

        return try_chat_model(ask, self._loaded.chat_models, cancel)

    # ------------------------------------------------------------------ questions to begin with

    def example_questions(self, library: Library, count: int = 3) -> list[str]:
        """Questions the library can answer, made of its headings; fewer when it has few."""
        from rag.chats.examples import example_questions

        return example_questions(library, count)

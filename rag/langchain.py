"""LangChain's doors to a library: a retriever, and a runnable that answers with footnotes.

with open_footnote("My documents") as (engine, library):
    passages = FootnoteRetriever(engine=engine, library=library, k=8).invoke("notice period")
    answer = footnote_runnable(engine, library).invoke("How long is the notice period?")
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig
from pydantic import ConfigDict, Field

from ingest.errors import WrongUsage
from ingest.places import place_of_chunk
from ingest.protocols import Library
from ingest.settings import DEFAULT_LIBRARY, Settings, go_offline
from ingest.shelf.scope import Scope
from rag.model import Answer, Asks, CancelToken, Delta, Finished, Hit, Turn

_ROLES = {"human": "user", "user": "user", "ai": "assistant", "assistant": "assistant"}


class Searches(Asks, Protocol):
    """What these doors need of the engine; `rag.engine.Engine` is one."""

    def retrieve(self, question: str, library: Library, history: Sequence[Turn] = ()) -> tuple[Hit, ...]: ...


@contextmanager
def open_footnote(
    library: str = DEFAULT_LIBRARY,
    home: str | Path | None = None,
    documents: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> Iterator[tuple[Searches, Library]]:
    """An engine and a library for a LangChain program; settings are those of the command line.

    `documents` are patterns ("leave.md", "contracts", "reports/*.pdf"): only these are searched; of `tags` any. For more ways to
    choose, and others for each retriever, see `ingest.shelf.scope.Scope` and `library.within`.

    Works beside a running app, which keeps the home folder. Switches telemetry off, and hubs unless
    FOOTNOTE_ALLOW_DOWNLOAD is set, in `os.environ`. Raises NotFound when there is no such library or document.
    """
    settings = Settings.load(home=home)
    go_offline(os.environ, settings.allow_download)
    from ingest.remote.client import connect  # the libraries below read the environment at import
    from rag.engine import Engine
    from rag.settings import AskSettings

    opened = connect(settings)
    try:
        whole = opened.library(library)
        found = whole.within(Scope(tuple(documents), tags=tuple(tags)))
        yield Engine(opened, settings, AskSettings.load(settings.home)), found
    finally:
        opened.close()


class FootnoteRetriever(BaseRetriever):
    """The `k` best passages of a library as LangChain Documents, best first.

    `page_content` is the passage; the metadata holds `document` (the origin's key), `title`, `page`
    (None for formats without pages), `start` and `end` (characters of the page's text), `section`
    and a score per stage that saw the passage: `dense`, `words`, `fused`, `relevance`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    engine: Any = Field(repr=False, description="a Searches: Footnote's engine")
    library: Any = Field(repr=False, description="a Library")
    k: int = Field(default=8, ge=1)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        hits: tuple[Hit, ...] = self.engine.retrieve(query, self.library)
        return [as_document(hit) for hit in hits[: self.k]]


class FootnoteRunnable(Runnable[str | Mapping[str, Any], dict[str, Any]]):
    """A question in, an answer out: see `footnote_runnable`."""

    def __init__(self, engine: Asks, library: Library) -> None:
        self.engine, self.library = engine, library

    def invoke(
        self, input: str | Mapping[str, Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        return self._call_with_config(self._answer, input, config, **kwargs)

    def stream(  # type: ignore[override]
        self, input: str | Mapping[str, Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[str]:
        """The answer's text in pieces, as it is written; closing the iterator stops the work.

        An extractive answer comes in one piece. A chat model's pieces come before its sentences are
        checked, under FOOTNOTE_STRICT after it and only what is supported; `invoke` gives the checked
        answer.
        """
        question, history = _parse(input)
        cancel = CancelToken()
        wrote = False
        try:
            for event in self.engine.ask(question, self.library, history, cancel):
                if isinstance(event, Delta):
                    wrote = True
                    yield event.text
                elif isinstance(event, Finished) and not wrote:
                    yield event.answer.text
        finally:
            cancel.cancel()

    def _answer(self, input: str | Mapping[str, Any]) -> dict[str, Any]:
        question, history = _parse(input)
        for event in self.engine.ask(question, self.library, history, CancelToken()):
            if isinstance(event, Finished):
                return as_dict(event.answer)
        raise RuntimeError("the engine ended without an answer")


def footnote_runnable(engine: Asks, library: Library) -> FootnoteRunnable:
    """A Runnable over a library: `invoke`, `batch`, `stream` and their async forms.

    The input is a question, or a mapping with `question` (or `input`) and, if there was one,
    `history` (or `chat_history`): LangChain messages, ("human", text) pairs or {"role", "content"}
    mappings, oldest first. The output is the Answer as a dict (`text`, `sentences`, `citations`,
    `hits`, `refused`, `confidence` …) with `sentences_found` of `sentences_checked`.
    """
    return FootnoteRunnable(engine, library)


def as_document(hit: Hit) -> Document:
    chunk = hit.chunk
    scores = {"dense": hit.dense, "words": hit.words, "fused": hit.fused}
    metadata: dict[str, Any] = {
        "document": chunk.key,
        "title": chunk.title,
        "page": chunk.shown_page,
        "place": place_of_chunk(chunk).short,
        "start": chunk.start,
        "end": chunk.end,
        "corrected": chunk.as_read is not None,
        "section": " > ".join(chunk.headings),
        **{name: found.score for name, found in scores.items() if found},
    }
    if hit.reading:
        metadata["relevance"] = hit.reading.relevance
    return Document(page_content=chunk.text, metadata=metadata, id=str(chunk.id))


def as_dict(answer: Answer) -> dict[str, Any]:
    """`answer` as plain dicts and lists, ready for JSON."""
    plain: dict[str, Any] = _lists(asdict(answer))
    counts = {"sentences_found": answer.sentences_found, "sentences_checked": answer.sentences_checked}
    return {**plain, **counts}


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, (list, tuple)) else value


def _parse(input: str | Mapping[str, Any]) -> tuple[str, tuple[Turn, ...]]:
    if isinstance(input, str):
        return input, ()
    question = input.get("question", input.get("input"))
    if not isinstance(question, str):
        raise WrongUsage("A question is missing. Give a string, or a mapping with “question”.")
    history = input.get("history", input.get("chat_history")) or ()
    return question, tuple(turn for message in history for turn in _turns(message))


def _turns(message: Any) -> Iterator[Turn]:
    """A message of a history as a Turn; roles other than user and assistant are left out."""
    if isinstance(message, Turn):
        yield message
        return
    if isinstance(message, Mapping):
        role, content = message.get("role"), message.get("content")
    elif isinstance(message, (tuple, list)) and len(message) == 2:
        role, content = message
    else:
        role, content = getattr(message, "type", None), getattr(message, "text", None)
    if role is None or content is None:
        raise WrongUsage(
            f"The history holds a {type(message).__name__}, which is no message. Give "
            "LangChain messages or mappings with “role” and “content”."
        )
    if known := _ROLES.get(str(role)):
        yield Turn("user" if known == "user" else "assistant", str(content))

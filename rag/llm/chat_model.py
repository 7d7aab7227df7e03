"""A chat model behind one door: asked, streamed, stopped, explained (`rag.llm.chat_opening` opens it)."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.errors import FootnoteError, ModelUnavailable
from rag.llm.chat_faults import broke_off, explained, no_room, too_slow
from rag.llm.prompt import Prompt, compose, estimate_tokens
from rag.model import CancelToken, Hit, Turn
from rag.settings import AskSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

ANSWER_MAX_CHARACTERS = 20_000  # the stream is closed there; a few sentences are asked for
LONGEST_ANSWER = 5  # an answer may take this many times the silence that is allowed
POLL_SECONDS = 0.05  # how soon a stop is seen


@dataclass(frozen=True, slots=True)
class ChatModel:
    """A chat model that is ready to be asked. `name` is for people: "openai:gpt-x", a folder's name."""

    name: str
    place: str  # host and port, or the provider; "this machine" for a local one
    ask: AskSettings = field(repr=False)
    model: BaseChatModel = field(repr=False)
    local: bool = False
    window_tokens: int | None = None  # prompt and answer together, where it is known
    answer_tokens: int = 0  # of the window, kept free for the answer
    system_role: bool = True
    tells_end: bool = False  # the protocol marks the end of an answer, so a stream without it is cut off

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`: the model's own count where its tokenizer is here, else an estimate."""
        return self.model.get_num_tokens(text) if self.local else estimate_tokens(text)

    def compose(self, question: str, history: Sequence[Turn], hits: Sequence[Hit]) -> Prompt:
        """The prompt for `question`, within the model's window. Raises ModelUnavailable where that is too small."""
        prompt = compose(question, history, hits, self.ask, count=self.count_tokens)
        if self.window_tokens is None:
            return prompt
        # Two rounds: what the chat template adds is known only once there are messages.
        for _ in range(2):
            over = self._template_tokens(prompt) + self.answer_tokens - self.window_tokens
            if over <= 0:
                return prompt
            budget = prompt.passage_tokens + prompt.history_tokens - over
            if budget <= 0:
                break
            prompt = compose(question, history, hits, self.ask, count=self.count_tokens, budget_tokens=budget)
        if (prompt.hits or not hits) and self._template_tokens(
            prompt
        ) + self.answer_tokens <= self.window_tokens:
            return prompt
        raise no_room(self, prompt.question_tokens)

    def stream(
        self,
        prompt: Prompt,
        cancel: CancelToken,
        on_usage: Callable[[dict[str, int]], None] | None = None,
    ) -> Generator[str]:
        """The answer's text in pieces, as it is written; what a model thinks aloud first is left out.

        `cancel` ends the request within about `POLL_SECONDS`, and so does closing the iterator.
        `on_usage` gets the provider's own token counts, where it tells them.
        Raises Cancelled, or ModelUnavailable saying why and what helps.
        """
        pieces = self._local_pieces if self.local else self._remote_pieces
        written = 0
        try:
            for piece in _without_thinking(pieces(prompt, cancel, on_usage or (lambda usage: None))):
                written += len(piece)
                yield piece
                if written >= ANSWER_MAX_CHARACTERS:
                    return
        except FootnoteError:
            raise
        except Exception as error:  # noqa: BLE001 -- every provider has its own classes
            raise explained(error, self) from None  # the original may hold the key
        cancel.check()
        if not written:
            raise ModelUnavailable(
                f"{self.name} answered with no text. Check that {self.place} speaks the OpenAI protocol "
                "(its address usually ends in /v1), or choose another model with FOOTNOTE_LLM."
                if self.ask.llm_base_url
                else f"{self.name} answered with no text. Ask again, or choose another model with FOOTNOTE_LLM."
            )

    # -- remote: an async stream on a loop of its own, because only that can be cut off while it waits

    def _remote_pieces(
        self, prompt: Prompt, cancel: CancelToken, on_usage: Callable[[dict[str, int]], None]
    ) -> Iterator[str]:
        arrived: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()

        async def pump() -> None:
            ended = not self.tells_end
            wrote = False
            try:
                async for chunk in self.model.astream(self.messages(prompt)):
                    if usage := getattr(chunk, "usage_metadata", None):
                        on_usage({key: value for key, value in usage.items() if isinstance(value, int)})
                    ended = ended or bool(chunk.response_metadata.get("finish_reason"))
                    if text := str(chunk.text):
                        wrote = True
                        arrived.put(text)
                if wrote and not ended:
                    arrived.put(broke_off(self))
            except Exception as error:  # noqa: BLE001 -- raised again by the one who waits
                arrived.put(error)
            finally:
                arrived.put(None)

        limit = _Patience(self, cancel)
        request = asyncio.run_coroutine_threadsafe(pump(), _loop())
        try:
            while True:
                limit.check()
                try:
                    piece = arrived.get(timeout=POLL_SECONDS)
                except queue.Empty:
                    continue
                if piece is None:
                    return
                if isinstance(piece, BaseException):
                    raise piece
                limit.heard()
                yield piece
        finally:
            request.cancel()  # closes the connection, so that the server stops too

    def _local_pieces(
        self, prompt: Prompt, cancel: CancelToken, on_usage: Callable[[dict[str, int]], None]
    ) -> Iterator[str]:
        limit = _Patience(self, cancel)
        written: list[str] = []  # a piece is a word or more, not a token
        try:
            for chunk in self.model.stream(self.messages(prompt), stopped=limit.over):
                limit.heard()
                if chunk.text:
                    written.append(str(chunk.text))
                    yield written[-1]
        except ValueError:
            limit.check()  # LangChain calls a stream that ends before its first piece an error
            raise
        limit.check()
        output = self.count_tokens("".join(written))
        on_usage({"input_tokens": self._template_tokens(prompt), "output_tokens": output})

    # -- messages

    def messages(self, prompt: Prompt) -> list[tuple[str, str]]:
        """(role, text) as the model gets them; some take no system message."""
        messages = list(prompt.messages)
        if not self.system_role:
            (_, instructions), (role, first), *rest = messages
            messages = [(role, f"{instructions}\n\n{first}"), *rest]
        return messages

    def _template_tokens(self, prompt: Prompt) -> int:
        """Tokens of the whole prompt as the model sees it, by its own tokenizer and chat template."""
        messages = [{"role": role, "content": text} for role, text in self.messages(prompt)]
        tokenizer = self.model.tokenizer  # type: ignore[attr-defined]
        return self.model.get_num_tokens(
            tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        )


class _Patience:
    """How long an answer may stay silent, and how long it may take in all."""

    def __init__(self, model: ChatModel, cancel: CancelToken) -> None:
        self._model, self._cancel = model, cancel
        self._silence = model.ask.llm_timeout_seconds
        now = time.monotonic()
        self._heard, self._end = now, now + LONGEST_ANSWER * self._silence

    def heard(self) -> None:
        self._heard = time.monotonic()

    def over(self) -> bool:
        now = time.monotonic()
        return self._cancel.cancelled or now > self._heard + self._silence or now > self._end

    def check(self) -> None:
        if self.over():
            self._cancel.check()
            raise too_slow(self._model)


def _without_thinking(pieces: Iterator[str]) -> Iterator[str]:
    """`pieces` without a leading <think>…</think>, which some servers leave in the text."""
    start, end = "<think>", "</think>"
    held, state = "", "undecided"
    for piece in pieces:
        if state == "answering":
            yield piece
            continue
        held += piece
        if state == "undecided":
            lead = held.lstrip()
            if lead.startswith(start):
                state = "thinking"
            elif not start.startswith(lead[: len(start)]):
                state = "answering"
                yield held
        if state == "thinking":
            if end in held:
                held = held.split(end, 1)[1].lstrip()
                state = "answering" if held else "after"
                if held:
                    yield held
            elif len(held) > ANSWER_MAX_CHARACTERS * 10:
                return
        elif state == "after" and held.strip():
            state = "answering"
            yield held.lstrip()
    if state == "undecided" and held.strip():
        yield held


_loop_lock = threading.Lock()
_loops: list[asyncio.AbstractEventLoop] = []


def _loop() -> asyncio.AbstractEventLoop:
    """The one event loop of all requests: LangChain shares clients, and those are bound to a loop."""
    with _loop_lock:
        if not _loops:
            _loops.append(asyncio.new_event_loop())
            threading.Thread(target=_loops[0].run_forever, name="chat-model", daemon=True).start()
        return _loops[0]

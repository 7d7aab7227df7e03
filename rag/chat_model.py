"""A chat model behind one door: opened from the settings, asked, streamed, stopped, explained.

Every provider of LangChain's `init_chat_model` works; `huggingface:` runs in this process. Keys are
handed to the provider's client and nowhere else.
"""

from __future__ import annotations

import asyncio
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ingest.errors import FootnoteError, ModelUnavailable, WrongUsage
from rag.model import CancelToken, Hit, Turn
from rag.prompt import Prompt, compose, estimate_tokens, is_refusal, parse_answer
from rag.settings import AskSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["ChatModel", "Prompt", "compose", "is_refusal", "open_chat_model", "parse_answer"]

ANSWER_MAX_CHARACTERS = 20_000  # the stream is closed there; a few sentences are asked for
LONGEST_ANSWER = 5  # an answer may take this many times the silence that is allowed
POLL_SECONDS = 0.05  # how soon a stop is seen
AZURE_API_VERSION = "2024-10-21"  # where OPENAI_API_VERSION names none
PLACEHOLDER_KEY = "none"  # clients insist on a key; local servers don't

# Providers whose LangChain class takes these arguments; others may refuse what they don't know.
_TAKES_TIMEOUT = frozenset(
    {"openai", "azure_openai", "anthropic", "mistralai", "google_genai", "groq", "deepseek", "xai"}
    | {"fireworks", "together", "openrouter", "perplexity", "cohere"}
)
_TAKES_KEY = _TAKES_TIMEOUT | {"nvidia", "upstage", "baseten", "azure_ai"}


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
        """The prompt for `question`, within the model's window. Raises WrongUsage when it is too long."""
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
        raise WrongUsage(
            f"The question leaves no room for passages in the {self.window_tokens:,} tokens of {self.name}. "
            "Shorten it, or choose another model with FOOTNOTE_LLM."
        )

    def stream(
        self,
        prompt: Prompt,
        cancel: CancelToken,
        on_usage: Callable[[dict[str, int]], None] | None = None,
    ) -> Iterator[str]:
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
            raise self._explained(error) from None  # the original may hold the key
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
                    arrived.put(self.broke_off())
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
        count = 0
        stream = self.model.stream(self.messages(prompt), stopped=limit.over)
        for chunk in stream:
            limit.heard()
            count += 1
            if chunk.text:
                yield str(chunk.text)
        limit.check()
        on_usage({"input_tokens": self._template_tokens(prompt), "output_pieces": count})

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

    # -- faults

    def _explained(self, error: BaseException) -> ModelUnavailable:
        """What went wrong, in words; never with a key in it."""
        chain = _chain(error)
        kinds = " ".join(type(item).__name__ for item in chain)
        status = next((code for item in chain if (code := _status(item))), None)
        said = redacted(" ".join(str(error).split()), self.ask.llm_api_key)
        name, place = self.name, self.place
        if status in (401, 403):
            return ModelUnavailable(
                f"{place} refused the key for {name} ({status}). Type a valid one on the Settings page, or put it into "
                "FOOTNOTE_LLM_API_KEY."
            )
        if status == 404:
            return ModelUnavailable(
                f"{place} does not know {name} (404). Check the model's name (Settings page, or FOOTNOTE_LLM) "
                "and the address (FOOTNOTE_LLM_BASE_URL), which usually ends in /v1."
            )
        if status == 429:
            return ModelUnavailable(
                f"{name} is over its quota or too busy (429). Wait a little, or choose another model with "
                "FOOTNOTE_LLM."
            )
        if "ContextOverflow" in kinds or status == 413 or "context length" in said or "context size" in said:
            return ModelUnavailable(
                f"The passages are too long for {name}. Lower FOOTNOTE_LLM_CONTEXT_TOKENS "
                f"(now {self.ask.llm_context_tokens:,})."
            )
        if status is not None and status >= 500:
            return ModelUnavailable(
                f"{place} failed while {name} was answering ({status}). Try again later, or choose another "
                "model with FOOTNOTE_LLM."
            )
        if status is not None and status >= 400:
            return ModelUnavailable(
                f"{place} refused the request to {name} ({status}): {said[:200]} Check FOOTNOTE_LLM and "
                "FOOTNOTE_LLM_TEMPERATURE."
            )
        if "Timeout" in kinds:
            return self.too_slow()
        if "RemoteProtocol" in kinds or "ReadError" in kinds or "IncompleteRead" in kinds:
            return self.broke_off()
        if "Connect" in kinds or "ConnectionError" in kinds:
            return ModelUnavailable(
                f"{name} cannot be reached at {place}. Start the server, or correct the address on the "
                "Settings page or in FOOTNOTE_LLM_BASE_URL."
            )
        return ModelUnavailable(
            f"What {place} sent is no answer ({type(error).__name__}: {said[:160]}). Check that it speaks "
            "the protocol of the provider in FOOTNOTE_LLM; an OpenAI-compatible address usually ends in /v1."
        )

    def broke_off(self) -> ModelUnavailable:
        return ModelUnavailable(
            f"The connection to {self.place} broke off while {self.name} was answering. Ask again, and look "
            "at the server if it happens often."
        )

    def too_slow(self) -> ModelUnavailable:
        return ModelUnavailable(
            f"{self.name} took too long (limit {self.ask.llm_timeout_seconds:g} s). Ask again, raise "
            "FOOTNOTE_LLM_TIMEOUT_SECONDS, or lower FOOTNOTE_LLM_CONTEXT_TOKENS."
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
            raise self._model.too_slow()


# ------------------------------------------------------------------ opening


def open_chat_model(ask: AskSettings, allow_download: bool) -> ChatModel:
    """The chat model that `ask.llm` names ("provider:model"). Contacts nobody but, if allowed, the hub.

    With `ask.llm_base_url` and no provider, the provider is "openai". A base URL is sent only
    FOOTNOTE_LLM_API_KEY, never the provider's own variable: that key is meant for the provider.
    Raises WrongUsage when `ask.llm` is empty, ModelUnavailable when the model cannot be had.
    """
    if not ask.llm:
        raise WrongUsage("No chat model is chosen. Set FOOTNOTE_LLM, for example to openai:gpt-4.1-mini.")
    provider, name = _provider(ask)
    if provider == "huggingface" and not ask.llm_base_url:
        return _open_local(name, ask, allow_download)

    from langchain.chat_models import init_chat_model

    shown = f"{provider}:{name}" if provider else name
    if provider == "ollama" and find_spec("langchain_ollama") is None:
        # LangChain would fall back on a deprecated class that happens to be installed.
        raise _missing_package(shown, "langchain-ollama")
    options: dict[str, Any] = {"temperature": ask.llm_temperature}
    if provider in _TAKES_TIMEOUT:
        options |= {"timeout": ask.llm_timeout_seconds, "max_retries": 1}
    if provider == "azure_openai":
        options["api_version"] = os.environ.get("OPENAI_API_VERSION") or AZURE_API_VERSION
        options["azure_deployment"] = name
    if ask.llm_base_url:
        options["azure_endpoint" if provider == "azure_openai" else "base_url"] = ask.llm_base_url
    if ask.llm_api_key and provider in _TAKES_KEY:
        options["api_key"] = ask.llm_api_key
    elif ask.llm_base_url and provider == "openai":
        options["api_key"] = PLACEHOLDER_KEY
    place = _host(ask.llm_base_url) or provider or name
    try:
        model = init_chat_model(name, model_provider=provider or None, **options)
    except ImportError as error:
        wanted = re.search(r"pip install (?:-U )?\"?([\w-]+)", str(error))
        raise _missing_package(shown, wanted.group(1) if wanted else f"langchain-{provider}") from error
    except Exception as error:  # noqa: BLE001 -- every provider has its own classes
        raise _not_opened(error, shown, ask) from None  # the original may hold the key
    return ChatModel(name=shown, place=place, ask=ask, model=model, tells_end=provider == "openai")


def _open_local(name: str, ask: AskSettings, allow_download: bool) -> ChatModel:
    try:
        from rag.local_chat import answer_tokens, open_local, takes_system_message, window_tokens
    except ImportError as error:
        raise _missing_package(f"huggingface:{name}", "langchain-huggingface") from error
    chat = open_local(name, ask.llm_temperature, allow_download)
    shown = name.rstrip("/").rsplit("/", 1)[-1]
    return ChatModel(
        name=shown,
        place="this machine",
        ask=ask,
        model=chat,
        local=True,
        window_tokens=window_tokens(chat),
        answer_tokens=answer_tokens(chat),
        system_role=takes_system_message(chat),
    )


def _provider(ask: AskSettings) -> tuple[str, str]:
    """("openai", "gpt-x") of "openai:gpt-x"; the provider is "" where LangChain is to infer it."""
    head, colon, rest = ask.llm.strip().partition(":")
    # With a base URL, "qwen3:8b" is a model with a tag: no provider of that name exists.
    known = head.replace("-", "_").lower()
    if colon and rest and (not ask.llm_base_url or known in _TAKES_KEY | {"ollama", "huggingface"}):
        if known == "huggingface" and ask.llm_base_url:
            return "openai", rest  # a text-generation server speaks the OpenAI protocol
        return known, rest
    if ask.llm_base_url:
        return "openai", ask.llm.strip()
    return "", ask.llm.strip()


def _missing_package(name: str, package: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"{name} needs a package that is not installed. Run: .venv/bin/python -m pip install {package}"
    )


def _not_opened(error: Exception, name: str, ask: AskSettings) -> ModelUnavailable:
    text = str(error)
    if re.search(r"api[_ ]?key|credential|token", text, re.IGNORECASE) and not ask.llm_api_key:
        return ModelUnavailable(
            f"{name} needs a key. Type it on the Settings page, or put it into FOOTNOTE_LLM_API_KEY."
        )
    if "nable to infer" in text or "nsupported provider" in text:
        return ModelUnavailable(
            f"“{name}” names no provider that LangChain knows. Write FOOTNOTE_LLM as provider:model, for "
            "example openai:gpt-4.1-mini, or set FOOTNOTE_LLM_BASE_URL for a server of your own."
        )
    # No text of the error: settings libraries quote their input, keys included.
    return ModelUnavailable(
        f"{name} could not be set up ({type(error).__name__}). Check FOOTNOTE_LLM and the other FOOTNOTE_LLM_* "
        "settings."
    )


# ------------------------------------------------------------------ details


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


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain


def _status(error: BaseException) -> int | None:
    """The HTTP status of a provider's exception, wherever it keeps it."""
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "code"):
            value = getattr(holder, name, None)
            if isinstance(value, int) and 400 <= value < 600:
                return value
    return None


def _host(url: str) -> str:
    """Host and port of an address, without a user name or password."""
    parts = urlsplit(url)
    return parts.netloc.rsplit("@", 1)[-1]


def redacted(text: str, key: str = "") -> str:
    """`text` with every key taken out that could be known here."""
    secrets = {value for name, value in os.environ.items() if re.search(r"KEY|TOKEN|SECRET|PASSWORD", name)}
    for secret in sorted({key, *secrets}, key=len, reverse=True):
        if len(secret) >= 6:
            text = text.replace(secret, "…")
    return re.sub(r"\b(sk|pk|hf|gsk|xai)[-_][\w-]{6,}", "…", text)

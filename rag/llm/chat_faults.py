"""What went wrong with a chat model, in words for people: the cause, the remedy, never a key."""

from __future__ import annotations

import os
import re
from typing import Protocol

from ingest.errors import ModelUnavailable
from rag.settings import AskSettings

LONG_QUESTION = 4  # a question that takes this part of a model's window can be shortened


class Asked(Protocol):
    """What is told of the model: `rag.llm.chat_model.ChatModel` is one."""

    @property
    def name(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def ask(self) -> AskSettings: ...
    @property
    def window_tokens(self) -> int | None: ...


def explained(error: BaseException, model: Asked) -> ModelUnavailable:
    """What went wrong, in words; never with a key in it."""
    chain = _chain(error)
    kinds = " ".join(type(item).__name__ for item in chain)
    status = next((code for item in chain if (code := _status(item))), None)
    said = redacted(" ".join(str(error).split()), model.ask.llm_api_key)
    name, place = model.name, model.place
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
            f"{name} is over its quota or too busy (429). Wait a little, or choose another model on the Settings "
            "page, or with FOOTNOTE_LLM."
        )
    if "ContextOverflow" in kinds or status == 413 or "context length" in said or "context size" in said:
        return ModelUnavailable(
            f"The passages are too long for {name}. Lower FOOTNOTE_LLM_CONTEXT_TOKENS "
            f"(now {model.ask.llm_context_tokens:,})."
        )
    if status is not None and status >= 500:
        return ModelUnavailable(
            f"{place} failed while {name} was answering ({status}). Try again later, or choose another "
            "model on the Settings page, or with FOOTNOTE_LLM."
        )
    if "temperature" in said and (status is None or status < 500):  # of models that think before they write
        return ModelUnavailable(
            f"{name} refused the temperature {model.ask.llm_temperature:g}. Set another on the Settings page, or in "
            "FOOTNOTE_LLM_TEMPERATURE: some models take only 1."
        )
    if status is not None and status >= 400:
        return ModelUnavailable(
            f"{place} refused the request to {name} ({status}): {said[:200]} Check FOOTNOTE_LLM and "
            "FOOTNOTE_LLM_TEMPERATURE."
        )
    if "Timeout" in kinds:
        return too_slow(model)
    if "RemoteProtocol" in kinds or "ReadError" in kinds or "IncompleteRead" in kinds:
        return broke_off(model)
    if "Connect" in kinds or "ConnectionError" in kinds:
        return ModelUnavailable(
            f"{name} cannot be reached at {place}. Start the server, or correct the address on the "
            "Settings page or in FOOTNOTE_LLM_BASE_URL."
        )
    return ModelUnavailable(
        f"What {place} sent is no answer ({type(error).__name__}: {said[:160]}). Check that it speaks "
        "the protocol of the provider in FOOTNOTE_LLM; an OpenAI-compatible address usually ends in /v1."
    )


def broke_off(model: Asked) -> ModelUnavailable:
    return ModelUnavailable(
        f"The connection to {model.place} broke off while {model.name} was answering. Ask again, and look "
        "at the server if it happens often."
    )


def too_slow(model: Asked) -> ModelUnavailable:
    return ModelUnavailable(
        f"{model.name} took too long (limit {model.ask.llm_timeout_seconds:g} s). Ask again, raise "
        "FOOTNOTE_LLM_TIMEOUT_SECONDS, or lower FOOTNOTE_LLM_CONTEXT_TOKENS."
    )


def no_room(model: Asked, question_tokens: int) -> ModelUnavailable:
    """The instructions, the question and the room for an answer leave none for a passage."""
    window = model.window_tokens or 0
    remedy = "Shorten it, or choose" if question_tokens > window // LONG_QUESTION else "Choose"
    return ModelUnavailable(
        f"The question leaves no room for passages in the {window:,} tokens that {model.name} takes. {remedy} "
        "another model on the Settings page, or with FOOTNOTE_LLM."
    )


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


def redacted(text: str, key: str = "") -> str:
    """`text` with every key taken out that could be known here."""
    secrets = {value for name, value in os.environ.items() if re.search(r"KEY|TOKEN|SECRET|PASSWORD", name)}
    for secret in sorted({key, *secrets}, key=len, reverse=True):
        if len(secret) >= 6:
            text = text.replace(secret, "…")
    return re.sub(r"\b(sk|pk|hf|gsk|xai)[-_][\w-]{6,}", "…", text)

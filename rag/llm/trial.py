"""Does the chat model answer, and how fast? One tiny request, nothing of the documents in it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from rag.llm.opened import ChatModels
from rag.llm.prompt import Prompt
from rag.model import CancelToken
from rag.settings import AskSettings

LONGEST_SILENCE_SECONDS = 20.0  # people wait beside it
SHOWN_CHARACTERS = 80
_MESSAGES = (
    ("system", "You are tested for being reachable. Answer in one word."),
    ("user", "Write the word ready."),
)


@dataclass(frozen=True, slots=True)
class Trial:
    """A chat model that answered: after how long its first word came, and its last."""

    name: str
    place: str  # host and port, the provider, or "this machine"
    first_seconds: float
    seconds: float
    text: str


def try_chat_model(ask: AskSettings, models: ChatModels, cancel: CancelToken) -> Trial:
    """Ask the chat model of `ask` for one word.

    Raises ModelUnavailable with cause and remedy, Cancelled, and WrongUsage when none is chosen.
    """
    patience = min(ask.llm_timeout_seconds, LONGEST_SILENCE_SECONDS)
    model = models.open(replace(ask, llm_timeout_seconds=patience), cancel)
    model.compose("Is there room?", (), ())
    began = time.perf_counter()
    first, text = 0.0, ""
    for piece in model.stream(Prompt(_MESSAGES, (), 0, 0, 0, 0, 0, 0), cancel):
        first = first or time.perf_counter() - began
        text += piece
        if len(text) > SHOWN_CHARACTERS:
            break
    said = " ".join(text.split())[:SHOWN_CHARACTERS]
    return Trial(model.name, model.place, first, time.perf_counter() - began, said)

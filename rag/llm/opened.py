"""The chat models that are open: each is opened once, however many ask for it, and waiting for it can be stopped.

One that runs in this process takes gigabytes and up to minutes; a client of a server takes a second the first time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from rag.llm.chat_model import POLL_SECONDS, ChatModel
from rag.llm.chat_opening import open_chat_model
from rag.llm.naming import runs_here
from rag.model import CancelToken
from rag.settings import AskSettings


class ChatModels:
    """Shared by the engines of a process. Safe for threads."""

    def __init__(self, allow_download: bool) -> None:
        self._allow_download = allow_download
        self._openings: dict[tuple[object, ...], _Opening] = {}
        self._changing = threading.Lock()

    def is_open(self, ask: AskSettings) -> bool:
        """Whether `open` returns at once."""
        opening = self._openings.get(_what_opens(ask))
        return opening is not None and opening.model is not None

    def open(self, ask: AskSettings, cancel: CancelToken) -> ChatModel:
        """The chat model that `ask` names. Raises what `open_chat_model` does, and Cancelled; then the opening
        goes on and serves the next who asks."""
        return replace(self._opening(ask).wait(cancel), ask=ask)

    def settle(self, ask: AskSettings) -> None:
        """Forget what `ask` does not name, and begin to open what runs in this process."""
        named = {_what_opens(ask.with_model(name)) for name in ask.models}
        with self._changing:
            for other in self._openings.keys() - named:
                del self._openings[other]
        if ask.llm and runs_here(ask):
            self._opening(ask)

    def _opening(self, ask: AskSettings) -> _Opening:
        wanted = _what_opens(ask)
        with self._changing:
            opening = self._openings.get(wanted)
            if opening is None or opening.error is not None:
                if runs_here(ask):  # of those that take gigabytes there is one
                    for other in [each for each, it in self._openings.items() if it.local]:
                        del self._openings[other]
                opening = _Opening(lambda: open_chat_model(ask, self._allow_download), runs_here(ask))
                self._openings[wanted] = opening
        return opening


class _Opening:
    """A chat model on its way: `model` or `error` at last."""

    def __init__(self, open_it: Callable[[], ChatModel], local: bool) -> None:
        self.local = local
        self.model: ChatModel | None = None
        self.error: Exception | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._run, args=(open_it,), name="open-chat-model", daemon=True).start()

    def wait(self, cancel: CancelToken) -> ChatModel:
        while not self._ended.wait(POLL_SECONDS):
            cancel.check()
        if self.model is None:
            assert self.error is not None
            raise self.error
        return self.model

    def _run(self, open_it: Callable[[], ChatModel]) -> None:
        try:
            self.model = open_it()
        except Exception as error:  # noqa: BLE001 -- raised again by those who wait
            self.error = error
        finally:
            self._ended.set()


def _what_opens(ask: AskSettings) -> tuple[object, ...]:
    """The settings that a chat model is opened with; for one in this process its limits are none of them."""
    if runs_here(ask):
        return ask.llm, ask.llm_temperature
    return tuple(
        value for name, value in vars(ask).items() if name.startswith("llm") and name != "llm_others"
    )

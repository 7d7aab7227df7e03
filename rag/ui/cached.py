"""What the whole process shares: the home folder, the engine, the chats, what is running.

Opened once, in a thread of its own, so that the page is there at once and says what is loading.
Never in session_state: a session is one browser tab.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ingest.errors import FootnoteError
from ingest.protocols import Library
from ingest.settings import Settings
from rag.chats.conversations import Conversations
from rag.evaluate.kept import FOLDER, Evaluations
from rag.model import CancelToken, Event, Turn
from rag.settings import AskSettings, choose
from rag.ui.ahead import prepare

if TYPE_CHECKING:
    from starlette.routing import Route

    from ingest.home.opening import LocalHome
    from rag.engine import Engine
    from rag.ui.chat.asking import Asking
    from rag.ui.evaluation.evaluating import Evaluating

log = logging.getLogger("footnote")


@dataclass(frozen=True)
class Opened:
    """All that is there once the home folder is open (the models may still be loading).

    Settings may change while the app runs: take it anew from `opened()` for every question.
    """

    settings: Settings
    ask_settings: AskSettings
    home: LocalHome
    engine: Engine
    conversations: Conversations
    asking: dict[str, Asking] = field(default_factory=dict)  # by chat id: answers on their way
    evaluating: dict[str, Evaluating] = field(default_factory=dict)  # by library: on their way, or failed

    @property
    def evaluations(self) -> Evaluations:
        return Evaluations(self.settings.home / FOLDER)


class Backend:
    """Opens and closes what the process shares; `opened` is None until it is there."""

    def __init__(self) -> None:
        self.opened: Opened | None = None
        self.fault: str = ""  # why it could not be opened, for people
        self.address: str = ""  # where the page is served, for the command line beside it
        self.settled = threading.Event()
        self._changing = threading.Lock()

    def start(self) -> None:
        """Open everything in the background. A second call does nothing."""
        if not hasattr(self, "_thread"):
            self._thread = threading.Thread(target=self._open, name="footnote-open", daemon=True)
            self._thread.start()

    def _open(self) -> None:
        try:
            settings = Settings.load()
            from ingest.home.opening import open_home  # heavy: chromadb

            home = open_home(settings)
            ask_settings = AskSettings.load(settings.home)
            home.lock.publish(self.address)
            from rag.engine import Engine  # heavy: torch

            engine = Engine(home, settings, ask_settings)
            chats = Conversations(settings.home / "chats.sqlite")
            self.opened = Opened(settings, ask_settings, home, engine, chats)
            home.followers.start()
            engine.warm_up()
            threading.Thread(target=prepare, args=(engine,), name="footnote-ahead", daemon=True).start()
        except FootnoteError as error:
            self.fault = str(error)
            log.error("%s", error)
        except Exception:
            self.fault = "Footnote could not start. The reason stands in the terminal it was started from."
            log.exception("opening the home folder failed")
        finally:
            self.settled.set()

    def use(self, changes: Mapping[str, object]) -> None:
        """Keep settings chosen on a page (None takes a choice back) and ask the next question under them.

        What is being answered ends under the settings it began with. Raises FootnoteError.
        """
        with self._changing:
            here = opened()
            choose(here.settings.home, changes)
            ask_settings = AskSettings.load(here.settings.home)
            engine = here.engine.under(ask_settings)
            self.opened = replace(here, ask_settings=ask_settings, engine=engine)
            engine.settle()

    def service_routes(self) -> list[Route]:
        """Library and engine over loopback HTTP, for the command line beside this app."""
        assert self.opened is not None
        from ingest.remote.service import service_routes
        from rag.api.routes import ask_routes

        home, token = self.opened.home, self.opened.home.lock.token
        return [*service_routes(home, token), *ask_routes(EngineInUse(), home, token)]

    def close(self) -> None:
        """Stop what is being answered and give the home folder back."""
        self.settled.wait(timeout=30)
        if self.opened:
            for asking in list(self.opened.asking.values()):
                asking.stop()
            for evaluating in list(self.opened.evaluating.values()):
                evaluating.stop()
                evaluating.wait(5)
            self.opened.home.close()
            self.opened.conversations.close()
            self.opened = None


class EngineInUse:
    """The engine under the settings of the moment, for what lives longer than they do."""

    def ask(
        self,
        question: str,
        library: Library,
        history: Sequence[Turn] = (),
        cancel: CancelToken | None = None,
        *,
        query: str = "",
    ) -> Iterator[Event]:
        return opened().engine.ask(question, library, history, cancel, query=query)


backend = Backend()


def opened() -> Opened:
    """What is open. Pages call it only behind `rag.ui.opening.wait_until_open`."""
    if backend.opened is None:
        raise FootnoteError(
            backend.fault or "Footnote is still opening your libraries. Try again in a moment."
        )
    return backend.opened

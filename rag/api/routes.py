"""Questions over loopback HTTP, for the command line beside a running app.

    POST /footnote/api/ask   {"question": …, "library": …, "history": [{"role": …, "content": …}], "query": …,
                              "scope": {"documents": ["*.pdf"], "types": ["PDF"], "added_from": "2026-01-31", "added_until": …,
                                        "tags": ["finance"]}}

answers with lines of JSON, one per event: {"event": "Progress" | "Delta" | "Checked" | "Finished",
…fields}. The guard is that of `ingest.remote.service`. A caller that goes away stops the work.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingest.protocols import Home
from ingest.remote.service import PREFIX, Lines, Send, fitting, guarded, json_object, sent_by
from ingest.remote.wire import decode, encode
from ingest.shelf.scope import Scope
from rag.model import Asks, CancelToken, Checked, Delta, Event, Finished, Progress, Turn

EVENTS: dict[str, type[Event]] = {kind.__name__: kind for kind in (Progress, Delta, Checked, Finished)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The body of a request."""

    question: str
    library: str
    history: tuple[Turn, ...] = ()
    query: str = ""
    scope: Scope = field(default_factory=Scope)


def ask_routes(engine: Asks, home: Home, token: str) -> list[Route]:
    """The routes over `engine`, to be mounted in the app beside `ingest.remote.service.service_routes`."""

    async def ask(request: Request) -> Response:
        with fitting():
            wanted = decode(Wanted, await json_object(request))
        cancel = CancelToken()

        def work(send: Send) -> None:
            library = home.library(wanted.library)
            library = library.within(wanted.scope) if wanted.scope else library
            for event in engine.ask(wanted.question, library, wanted.history, cancel, query=wanted.query):
                send(encode_event(event))

        return Lines(sent_by(work), closed=cancel.cancel)

    return [Route(f"{PREFIX}/ask", guarded(ask, token), methods=["POST"])]


def encode_event(event: Event) -> dict[str, Any]:
    return {"event": type(event).__name__, **encode(event)}


def decode_event(raw: dict[str, Any]) -> Event:
    """The event that `encode_event` made `raw` from."""
    fields = {name: value for name, value in raw.items() if name != "event"}
    event: Event = decode(EVENTS[raw["event"]], fields)
    return event

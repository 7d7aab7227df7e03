"""The engine of a running app, reached over loopback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.protocols import Library
from ingest.remote.client import Wire
from ingest.remote.wire import encode
from rag.api.routes import decode_event
from rag.model import CancelToken, Event, Turn


class RemoteEngine:
    """`rag.model.Asks` in another process. Leaving its iterator early stops the work there."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def ask(
        self,
        question: str,
        library: Library,
        history: Sequence[Turn] = (),
        cancel: CancelToken | None = None,
        *,
        query: str = "",
    ) -> Iterator[Event]:
        payload = {
            "question": question,
            "library": library.name,
            "history": encode(list(history)),
            "query": query,
            "scope": encode(library.scope),
        }
        for line in self._wire.lines("/ask", payload):
            yield decode_event(line)
            if cancel is not None:
                cancel.check()

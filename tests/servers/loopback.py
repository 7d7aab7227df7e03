"""What the servers of the tests share: they listen on a free port of loopback, in a thread, and say nothing."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

State = TypeVar("State")


class QuietHandler(BaseHTTPRequestHandler):
    """A handler whose requests find the server's state as `self.server.state`."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: pytest shows what matters."""


@contextlib.contextmanager
def listening(
    handler: type[QuietHandler], state_at: Callable[[int], State], context: ssl.SSLContext | None = None
) -> Iterator[State]:
    """Serve with `handler`, over TLS with `context`, until the block ends; `state_at` gets the port."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    http.daemon_threads = True
    if context:
        http.socket = context.wrap_socket(http.socket, server_side=True)
    state = state_at(http.server_address[1])
    http.state = state  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        http.shutdown()
        http.server_close()
        thread.join(timeout=5)

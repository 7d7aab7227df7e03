"""A real web server with pages that tests choose, and with the bad habits that servers have.

    /endless   a body without an end            /drip    a byte now and then, without an end
    /silent    takes the request, says nothing   /heads   a header line now and then, without an end
    /round     redirects to itself               /broken  half a body, then the connection closes

Any other path is what `pages` holds for it, with ETag and 304; else it is not found.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from tests.servers.loopback import QuietHandler, listening


@dataclass(frozen=True)
class Served:
    """What stands under a path."""

    body: bytes | str = b""
    media_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else self.body


@dataclass
class WebServer:
    """A running server: its address, its pages, what it was asked (path, headers in lower case)."""

    address: str
    pages: dict[str, Served] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str) -> str:
        return self.address + path

    def times(self, path: str) -> int:
        return sum(each == path for each, _ in self.asked)


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[WebServer]:
    """A server on a free port of loopback, over TLS with `context`, until the block ends."""
    scheme = "https" if context else "http"
    with listening(_Handler, lambda port: WebServer(f"{scheme}://{host}:{port}"), context) as state:
        try:
            yield state
        finally:
            state.ending.set()


class _Handler(QuietHandler):
    @property
    def state(self) -> WebServer:
        return self.server.state  # type: ignore[attr-defined, no-any-return]

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.state.asked.append((self.path, headers))
        habit = getattr(self, f"_{self.path.strip('/')}", None)
        if habit:
            self.close_connection = True
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                habit()
            return
        page = self.state.pages.get(self.path)
        if page is None:
            self._send(404, "text/plain", b"No such page.", {})
            return
        etag = f'"{sha256(page.content).hexdigest()[:16]}"'
        if headers.get("if-none-match") == etag:
            self._send(304, "", b"", {"ETag": etag})
        else:
            self._send(page.status, page.media_type, page.content, {"ETag": etag, **page.headers})

    def _send(self, status: int, media_type: str, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        if media_type:
            self.send_header("Content-Type", media_type)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    # ------------------------------------------------------------------ bad habits

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.flush()

    def _endless(self) -> None:
        self._begin()
        while not self.state.ending.is_set():
            self.wfile.write(b"word " * 20_000)

    def _drip(self) -> None:
        self._begin()
        self._drop(b".")

    def _heads(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self._drop(b"X-More: 1\r\n")

    def _drop(self, piece: bytes) -> None:
        while not self.state.ending.is_set():
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(0.05)

    def _silent(self) -> None:
        self.state.ending.wait(20)

    def _round(self) -> None:
        self._send(302, "text/plain", b"", {"Location": "/round"})

    def _broken(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"half of it")

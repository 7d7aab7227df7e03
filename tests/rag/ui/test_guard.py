"""Who the page answers: this machine and its own page, nobody else."""

from __future__ import annotations

from contextlib import nullcontext, suppress

import anyio
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, Router, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import Message, Scope
from starlette.websockets import WebSocket, WebSocketDisconnect

from ingest.errors import WrongUsage
from rag.ui.guard import Guard, content_security_policy, is_ours, require_loopback


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "127.9.8.7", "[::1]"])
def test_loopback_addresses_are_served(address: str) -> None:
    require_loopback(address)


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "::", "", None, "192.168.1.2", "example.org", "localhost.example.org"]
)
def test_every_other_address_is_refused(address: str | None) -> None:
    with pytest.raises(WrongUsage, match="no login"):
        require_loopback(address)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:8501"},
        {"host": "localhost"},
        {"host": "[::1]:8501", "origin": "http://[::1]:8501"},
        {"host": "localhost:8501", "origin": "http://localhost:8501", "sec-fetch-site": "same-origin"},
        {"host": "localhost:8501", "sec-fetch-site": "none"},
        # a link on another site that leads here
        {"host": "localhost:8501", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
    ],
)  # fmt: skip
def test_ours(headers: dict[str, str]) -> None:
    assert is_ours(Headers(headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "example.org"},
        {"host": "localhost.example.org:8501"},
        {"host": "127.0.0.1.example.org"},
        {"host": "user@localhost"},
        {"host": "localhost:port"},
        {"host": "localhost:8501", "origin": "http://example.org"},
        {"host": "localhost:8501", "origin": "http://localhost:9999"},
        {"host": "localhost:8501", "origin": "null"},
        {"host": "localhost:8501", "origin": "file://"},
        {"host": "localhost:8501", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
        {"host": "localhost:8501", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
        {"host": "localhost:8501", "sec-fetch-site": "same-site"},
    ],
)  # fmt: skip
def test_strangers(headers: dict[str, str]) -> None:
    assert not is_ours(Headers(headers))


async def hello(_: object) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")


CLIENT = TestClient(
    Starlette(routes=[Route("/", hello), WebSocketRoute("/talk", talk)], middleware=[Middleware(Guard)]),
    base_url="http://127.0.0.1:8501",
)


def test_http_is_guarded_and_every_response_carries_the_headers() -> None:
    for answer, status in ((CLIENT.get("/"), 200), (CLIENT.get("/", headers={"host": "example.org"}), 403)):
        assert answer.status_code == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    refused = CLIENT.get("/", headers={"origin": "https://example.org"})
    assert refused.status_code == 403
    assert "only on this machine" in refused.text


def test_the_websocket_is_guarded() -> None:
    with CLIENT.websocket_connect(
        "ws://127.0.0.1:8501/talk", headers={"origin": "http://127.0.0.1:8501"}
    ) as socket:
        assert socket.receive_text() == "hello"
    for headers in ({"origin": "http://example.org"}, {"host": "example.org"}):
        with (
            pytest.raises(WebSocketDisconnect),
            CLIENT.websocket_connect("ws://127.0.0.1:8501/talk", headers=headers) as socket,
        ):
            socket.receive_text()


@pytest.mark.parametrize("left", [True, False], ids=["the browser has left", "another fault"])
def test_a_browser_that_leaves_while_something_is_drawn_is_no_fault(left: bool) -> None:
    async def draw(socket: WebSocket) -> None:
        """As Streamlit does: what cannot be sent is noticed when something is to be received."""
        await socket.accept()
        with suppress(WebSocketDisconnect):
            await socket.send_bytes(b"drawn")
        await socket.close()
        raise RuntimeError("only where nobody has left")

    async def send(message: Message) -> None:
        if left and message["type"] == "websocket.send":
            raise OSError("the connection is closed")

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    headers = [(b"host", b"127.0.0.1:8501"), (b"origin", b"http://127.0.0.1:8501")]
    scope: Scope = {"type": "websocket", "path": "/talk", "headers": headers}
    guarded = Guard(Router([WebSocketRoute("/talk", draw)]))
    with nullcontext() if left else pytest.raises(RuntimeError, match="nobody has left"):
        anyio.run(guarded, scope, receive, send)


def test_the_policy_allows_nothing_from_elsewhere_and_no_eval() -> None:
    policy = content_security_policy()
    assert "http" not in policy
    assert "*" not in policy
    assert "unsafe-eval" not in policy
    script = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "'unsafe-inline'" not in script
    assert "'sha256-" in script

"""Who may talk to the page: this machine, from the page itself. Nobody else gets an answer.

There is no login yet, so the server listens on loopback only, answers only requests that name a
loopback host (against DNS rebinding), and only those that the page itself or a program of this
machine sends (against other sites in the same browser).
"""

from __future__ import annotations

import base64
import hashlib
import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from ingest.errors import WrongUsage

REFUSED = "Footnote answers only on this machine, to its own page. Open it at http://localhost or 127.0.0.1."


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an address, no port) is this machine and nothing else."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def require_loopback(address: str | None) -> None:
    """Raises WrongUsage unless `address` is a loopback one."""
    if not address or not is_loopback(address):
        raise WrongUsage(
            f"Footnote has no login yet, so it serves this machine only, not {address or 'every network'}. "
            "Leave the address out, or give 127.0.0.1."
        )


def host_of(netloc: str) -> tuple[str, int | None] | None:
    """(host, port) of a Host header or an origin's authority; None when it is neither."""
    try:
        parts = urlsplit(f"//{netloc}")
        if parts.hostname is None or parts.username is not None or parts.path or parts.query:
            return None
        return parts.hostname, parts.port
    except ValueError:
        return None


def is_ours(headers: Headers) -> bool:
    """Whether a request names this machine and comes from its own page, or from no page at all."""
    host = host_of(headers.get("host", ""))
    if host is None or not is_loopback(host[0]):
        return False
    origin = headers.get("origin")
    if origin is not None:
        scheme, _, authority = origin.partition("://")
        if scheme not in ("http", "https") or host_of(authority) != host:
            return False
    # A browser says so when another site started the request, even where it sends no Origin;
    # typing the address or following a link to the page stays possible.
    site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
    return site in (None, "same-origin", "none") or (
        mode == "navigate" and headers.get("sec-fetch-dest") == "document"
    )


def content_security_policy() -> str:
    """Everything from this origin. The page's one inline script is allowed by its hash.

    Streamlit styles elements inline and loads components from `blob:`; it needs no eval here.
    """
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    hashes = [
        "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"
        for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    ]
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self' blob:", *hashes)),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "media-src 'self' blob:",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class Guard:
    """ASGI middleware: refuses strangers, adds the security headers to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": content_security_policy(),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        gone = False

        async def send_guarded(message: Message) -> None:
            nonlocal gone
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            try:
                await send(message)
            except OSError:
                gone = True
                raise

        if is_ours(Headers(scope=scope)):
            try:
                await self._app(scope, receive, send_guarded)
            except RuntimeError:
                # A tab closed while something was drawn: Streamlit 1.67 takes its silence for a wrong frame and closes
                # what is closed. Nobody is there to be told, and a trace in the terminal would only frighten.
                if not gone:
                    raise
        elif scope["type"] == "websocket":
            await WebSocketClose(code=1008, reason=REFUSED[:120])(scope, receive, send)
        else:
            await PlainTextResponse(REFUSED, status_code=403)(scope, receive, send_guarded)

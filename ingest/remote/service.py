"""The home folder over loopback HTTP, for the other processes of the same person.

Every request shows the owner's token (`ingest.home.lock`; only the same person can read it), names a
loopback host and carries no Origin: browsers are refused. A caller with the token may do what the
person may do, reading any of their files included, which is how `add` gets paths instead of uploads.

    GET  /footnote/api/ping
    POST /footnote/api/home/{operation}      {argument: value, …}             → {"result": …}
    POST /footnote/api/library/{operation}   {"library": name, argument: …}   → {"result": …}

The operations are the methods of `ingest.protocols.Home` and `Library`. Bytes come as they are
(`page_image` is a PNG; `vectors` are a line of ids, then little-endian float32); `search_vectors` and `cosines` take little-endian float32 as their body and the
rest in the query; `add` answers with lines of JSON; `asking` lasts as long as its answer is being read.
A FootnoteError comes as {"error": class, "message": text}.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import ip_address
from typing import Any, cast
from urllib.parse import urlsplit

import anyio
import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive
from starlette.types import Scope as ASGIScope
from starlette.types import Send as ASGISend

from ingest.errors import (
    Cancelled,
    DiskFull,
    EmbedderDiffers,
    FootnoteError,
    HomeBusy,
    ModelUnavailable,
    NotFound,
    Taken,
    Unreadable,
    WrongUsage,
)
from ingest.model.adding import JobInfo
from ingest.protocols import Home, Library, Vectors
from ingest.remote.wire import decode, encode, encode_error, hints_of, to_line
from ingest.shelf.scope import Scope

log = logging.getLogger("footnote.service")

PREFIX = "/footnote/api"
HEARTBEAT_SECONDS = 5.0  # an idle stream says that it lives, and finds out who has gone

HOME_OPERATIONS = frozenset(
    {"libraries", "create", "rename", "delete", "check", "remains", "rebuild", "backup", "paused", "pause"}
)
LIBRARY_OPERATIONS = frozenset(
    name
    for name, value in vars(Library).items()
    if callable(value)
    and not name.startswith("_")
    and name not in ("add", "within", "search_vectors", "cosines")
)

STATUS: dict[type[FootnoteError], int] = {
    WrongUsage: 400,
    NotFound: 404,
    Taken: 409,
    EmbedderDiffers: 409,
    Cancelled: 409,
    Unreadable: 422,
    HomeBusy: 503,
    ModelUnavailable: 503,
    DiskFull: 507,
}

FAILED = "The running Footnote app failed at this. Its log says why."

Endpoint = Callable[[Request], Awaitable[Response]]
Send = Callable[[object], None]


def service_routes(home: Home, token: str) -> list[Route]:
    """The routes over `home`, to be mounted in the app that owns the folder."""

    async def ping(_: Request) -> Response:
        return JSONResponse({"result": {"pid": os.getpid()}})

    async def home_operation(request: Request) -> Response:
        operation = known(request, HOME_OPERATIONS)
        arguments = arguments_of(getattr(Home, operation), await json_object(request))
        return answered(operation, await run_in_threadpool(getattr(home, operation), **arguments))

    async def library_operation(request: Request) -> Response:
        operation = known(request, LIBRARY_OPERATIONS)
        raw = await json_object(request)
        name, scope = str(raw.pop("library", "")), scope_of(raw.pop("scope", None))
        arguments = arguments_of(getattr(Library, operation), raw)

        def call() -> object:
            return getattr(scoped(home, name, scope), operation)(**arguments)

        return answered(operation, await run_in_threadpool(call))

    async def search_vectors(request: Request) -> Response:
        with fitting():
            name, limit = request.query_params["library"], int(request.query_params["limit"])
            scope = scope_of(json.loads(request.query_params.get("scope", "null")))
            vector = np.frombuffer(await request.body(), dtype="<f4")

        def call() -> object:
            return scoped(home, name, scope).search_vectors(vector, limit)

        return answered("search_vectors", await run_in_threadpool(call))

    async def cosines(request: Request) -> Response:
        with fitting():
            name = request.query_params["library"]
            ids = [int(each) for each in request.query_params["chunk_ids"].split(",") if each]
            vector = np.frombuffer(await request.body(), dtype="<f4")

        def call() -> object:
            return home.library(name).cosines(vector, ids)

        return answered("cosines", await run_in_threadpool(call))

    async def add(request: Request) -> Response:
        raw = await json_object(request)
        name = str(raw.pop("library", ""))
        sources = arguments_of(Library.add, raw)["sources"]
        library = await run_in_threadpool(home.library, name)

        def work(send: Send) -> None:
            def progress(job: JobInfo) -> None:
                send({"job": encode(job)})

            for ended in library.add(sources, on_progress=progress):
                send({"result": encode(ended)})

        # Who asked may go away: the queue is durable and works on; `cancel` is a call of its own.
        return Lines(sent_by(work))

    async def asking(_: Request) -> Response:
        held = ExitStack()
        held.enter_context(home.asking())
        return Lines(heartbeats(), closed=held.close)

    def route(path: str, endpoint: Endpoint, method: str = "POST") -> Route:
        return Route(PREFIX + path, guarded(endpoint, token), methods=[method])

    return [
        route("/ping", ping, "GET"),
        route("/home/asking", asking),
        route("/home/{operation}", home_operation),
        route("/library/add", add),
        route("/library/search_vectors", search_vectors),
        route("/library/cosines", cosines),
        route("/library/{operation}", library_operation),
    ]


# ------------------------------------------------------------------ who may call


def guarded(endpoint: Endpoint, token: str) -> Endpoint:
    """`endpoint` for the person's own processes only, with FootnoteErrors as JSON."""

    async def guard(request: Request) -> Response:
        reason = refusal(request, token)
        if reason:
            return JSONResponse(encode_error(WrongUsage(reason)), 403)
        try:
            return await endpoint(request)
        except FootnoteError as error:
            status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
            return JSONResponse(encode_error(error), status)

    return guard


def refusal(request: Request, token: str) -> str:
    """Why `request` is not served; "" when it is."""
    if "origin" in request.headers:
        return "Browsers are not served here."
    if not is_loopback(request.headers.get("host", "")):
        return "Footnote is served on loopback addresses only."
    if request.client is not None and not is_loopback(request.client.host):
        return "Footnote serves this computer only."
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secrets.compare_digest(shown.encode(), token.encode()):
        return "The token is missing or no longer valid. Run the command again."
    return ""


def is_loopback(host: str) -> bool:
    """Whether `host` ("127.0.0.1:8501", "localhost", "[::1]:80", "::1") names this computer."""
    try:
        name = host if host.count(":") > 1 and host[0] != "[" else urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


# ------------------------------------------------------------------ requests and answers


def known(request: Request, operations: frozenset[str]) -> str:
    """The operation in the path. Raises NotFound for one that is not offered."""
    operation = str(request.path_params["operation"])
    if operation not in operations:
        raise NotFound(f"There is no operation “{operation}”. Use the same version of Footnote everywhere.")
    return operation


def scope_of(raw: object) -> Scope:
    """The scope of a request; the whole library where it names none. Raises WrongUsage."""
    with fitting():
        found: Scope = decode(Scope, raw or {})
        return found


def scoped(home: Home, name: str, scope: Scope) -> Library:
    """The library of a request, with what its scope takes in. Raises NotFound, WrongUsage."""
    library = home.library(name)
    return library.within(scope) if scope else library


async def json_object(request: Request) -> dict[str, Any]:
    """The body as an object. Raises WrongUsage when it is none."""
    with fitting():
        raw = json.loads(await request.body() or b"{}")
        if not isinstance(raw, dict):
            raise TypeError(f"{raw!r} is no object")
        return raw


def arguments_of(method: object, raw: dict[str, Any]) -> dict[str, Any]:
    """`raw` as keyword arguments of a method of the protocols. Raises WrongUsage when they do not fit."""
    hints = hints_of(method)
    with fitting():
        return {name: decode(hints[name], value) for name, value in raw.items()}


@contextmanager
def fitting() -> Iterator[None]:
    """Turn what goes wrong with a request's form into WrongUsage."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise WrongUsage(f"The request does not fit ({error}).") from error


def answered(operation: str, value: object) -> Response:
    if operation == "vectors":
        ids, rows = cast(tuple[list[int], Vectors], value)
        value = to_line(ids) + np.ascontiguousarray(rows, dtype="<f4").tobytes()
    if isinstance(value, bytes):
        kind = "image/png" if operation == "page_image" else "application/octet-stream"
        return Response(value, media_type=kind)
    return JSONResponse({"result": encode(value)})


class Lines(StreamingResponse):
    """A stream of lines. `closed` is called when it has ended, also when the caller left early."""

    def __init__(self, content: AsyncIterator[bytes], closed: Callable[[], None] | None = None) -> None:
        super().__init__(content, media_type="application/x-ndjson")
        self._closed = closed

    async def __call__(self, scope: ASGIScope, receive: Receive, send: ASGISend) -> None:
        # Not in the iterator's `finally`: an iterator that is left in the middle ends some time later.
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self._closed is not None:
                self._closed()


async def heartbeats() -> AsyncIterator[bytes]:
    while True:
        yield b"\n"
        await anyio.sleep(HEARTBEAT_SECONDS)


async def sent_by(work: Callable[[Send], None]) -> AsyncIterator[bytes]:
    """What `work` sends, from a thread of its own, as lines of JSON; an error is the last one.

    A caller that leaves does not stop `work`.
    """
    loop = asyncio.get_running_loop()
    outbox: asyncio.Queue[bytes | None] = asyncio.Queue()

    def put(line: bytes | None) -> None:
        with suppress(RuntimeError):  # the server has stopped: nobody is there to be told
            loop.call_soon_threadsafe(outbox.put_nowait, line)

    def run() -> None:
        try:
            work(lambda value: put(to_line(value)))
        except FootnoteError as error:
            put(to_line(encode_error(error)))
        except Exception:
            log.exception("a stream failed")
            put(to_line(encode_error(FootnoteError(FAILED))))
        finally:
            put(None)

    threading.Thread(target=run, name="footnote-stream", daemon=True).start()
    while True:
        line: bytes | None = b"\n"
        with anyio.move_on_after(HEARTBEAT_SECONDS):
            line = await outbox.get()
        if line is None:
            return
        yield line

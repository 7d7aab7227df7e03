"""What the app serves beside the pages: fonts, the components' scripts, page images, passages.

    GET /fonts/…                                   the bundled fonts
    GET /ui/{version}/{name}.js                    scripts of the components
    GET /pages/{document_id}/{page}.png            page image: ?library=&marks=12-80p,20-30a&width=
    GET /around/{chunk_id}                         text before and after a passage: ?library=
    …   /footnote/api/…                            the library for other programs of this person

All of it stands behind `Guard`.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from ingest.errors import FootnoteError, NotFound
from rag.ui.cached import backend, opened
from rag.ui.guard import Guard

PROJECT = Path(__file__).resolve().parents[2]
SCRIPT_FOLDER = Path(__file__).resolve().parent / "footnote"
SCRIPTS = ("ahead", "answer", "chats", "dom", "in_sight", "passages", "questions", "sources")
WIDTHS = range(200, 2001)  # pixels of a page image
MARK = re.compile(r"(\d{1,9})-(\d{1,9})([pa])")
KINDS = {"p": "passage", "a": "answer"}

log = logging.getLogger("footnote")


def routes() -> list[BaseRoute]:
    return [
        Mount("/fonts", StaticFiles(directory=PROJECT / "static" / "fonts")),
        Route("/ui/{version}/{name}.js", script),
        Route("/pages/{document_id:int}/{page:int}.png", page_image),
        Route("/around/{chunk_id:int}", around),
        Mount("/footnote/api", LibraryService()),
    ]


def middleware() -> list[Middleware]:
    return [Middleware(Guard)]


def script_error(error: Exception) -> bool:
    """An exception no page has caught: one calm sentence for the person, the rest on stderr."""
    from rag.ui.session import show_fault

    show_fault(error)
    return True


def script(request: Request) -> Response:
    """A component's script; `version` only keeps a browser from using an old one."""
    name = request.path_params["name"]
    if name not in SCRIPTS:
        return PlainTextResponse("No such script.", status_code=404)
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return FileResponse(SCRIPT_FOLDER / f"{name}.js", media_type="text/javascript", headers=headers)


# Starlette runs plain functions in its thread pool, so a slow page does not hold up the server.
def page_image(request: Request) -> Response:
    """A page as PNG with its passage (p) and answer (a) marked; offsets are of the page's text."""
    query = request.query_params
    marks = [
        (int(start), int(end), KINDS[kind])
        for start, end, kind in MARK.findall(query.get("marks", "")[:2_000])
        if int(start) < int(end)
    ]
    width = query.get("width", "")
    pixels = int(width) if width.isdecimal() and int(width) in WIDTHS else 1000
    try:
        library = opened().home.library(query.get("library", ""))
        png = library.page_image(
            request.path_params["document_id"], request.path_params["page"], marks, pixels
        )
    except FootnoteError as error:
        return refusal(error)
    return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=600"})


def around(request: Request) -> Response:
    """{"before": …, "after": …}: the passages beside one, on the same page."""
    try:
        library = opened().home.library(request.query_params.get("library", ""))
        chunk = library.chunks([request.path_params["chunk_id"]]).get(request.path_params["chunk_id"])
        if chunk is None:
            raise NotFound("This passage is not in the library any more.")
        beside = library.neighbours(chunk, before=1, after=1)
    except FootnoteError as error:
        return refusal(error)
    return JSONResponse(
        {
            "before": "\n".join(each.text for each in beside if each.ordinal < chunk.ordinal),
            "after": "\n".join(each.text for each in beside if each.ordinal > chunk.ordinal),
        }
    )


def refusal(error: FootnoteError) -> Response:
    return PlainTextResponse(str(error), status_code=404 if isinstance(error, NotFound) else 503)


class LibraryService:
    """The routes of `ingest.remote.service`, built once the home folder is open."""

    def __init__(self) -> None:
        self._router: Router | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._router is None and backend.opened is not None:
            self._router = Router(backend.service_routes())
        if self._router is None:
            answer = PlainTextResponse("Footnote is still opening. Try again in a moment.", status_code=503)
            await answer(scope, receive, send)
            return
        # The routes carry their whole path, so the mount's share of it is given back.
        await self._router(
            {**scope, "root_path": scope.get("root_path", "").removesuffix("/footnote/api")}, receive, send
        )

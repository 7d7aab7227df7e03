"""Reads files and draws pages in processes of their own, which may crash, hang or be taken over.

`SandboxPool` is the parent's side; `python -m ingest.processes.sandbox` is a child. A child has limits on memory,
CPU time, files and output, no network where the system allows taking it away, and is replaced after
some files. The parent holds the clock and believes nothing it has not checked.

Not covered: a child can read what the user can read (no file-system isolation).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.errors import FootnoteError, Unreadable
from ingest.processes.channel import Channel, ChannelBroken, ChannelClosed, pack, unpack
from ingest.processes.lanes import Duty, Lane
from ingest.processes.limits import address_space_mib, renew_cpu_seconds, resident_mib, restrict
from ingest.settings import Settings

if TYPE_CHECKING:
    from ingest.model.adding import OnProgress
    from ingest.model.pages import Box, FileText, Recognised
    from ingest.model.tables import Table

READING_NICENESS = 5
FILES_PER_CHILD = 50  # then it is replaced: what a file left behind in the libraries' memory goes with it
PAGES_PER_CHILD = 400  # of OCR; starting its engine takes seconds
WORN_MIB = 600  # a child larger than this after a file is replaced
WORN_OCR_MIB = 1_200
# What OCR needs at least of address space: it grows to 2,200 MiB with pictures of many sizes, for OpenVINO plans for
# each size anew; 480 MiB of it are used.
OCR_MEMORY_MIB = 3_072
OCR_PAGE_SECONDS = 180.0  # a full page takes 2 to 6 of one core, a newspaper 30
SHOW_SECONDS = 60.0  # for a page image or boxes; a person waits for it
MAX_LINE = 4_000  # characters of a recognised line
_PROGRESS_SECONDS = 0.1

Ranges = Sequence[tuple[int, int]]


# ------------------------------------------------------------------ the parent's side


class SandboxPool:
    """Up to `settings.readers` processes for reading, one more for OCR, and one that is kept for showing.

    Safe for threads: a call takes a free child of its lane or waits for one. Children start when first
    needed. Showing never waits behind reading, nor reading behind OCR.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        memory, seconds = settings.read_memory_mib, settings.read_timeout_seconds
        reading = Duty(READING_NICENESS, FILES_PER_CHILD, WORN_MIB, seconds, memory)
        ocr = Duty(
            READING_NICENESS, PAGES_PER_CHILD, WORN_OCR_MIB, OCR_PAGE_SECONDS,
            max(memory, OCR_MEMORY_MIB), recognises=True,
        )  # fmt: skip
        self._reading = Lane(settings, max(1, settings.readers), reading)
        self._recognising = Lane(settings, 1, ocr)
        self._showing = Lane(settings, 1, Duty(0, FILES_PER_CHILD, WORN_MIB, seconds, memory))

    def read(
        self, path: Path, name: str, password: str | None = None, on_progress: OnProgress | None = None
    ) -> FileText:
        """The text of the file at `path`, known to people as `name`.

        `on_progress` gets (pages done, pages in all), a few times a second; what it raises stops the
        reading and comes out here. Raises Unreadable or NeedsPassword.
        """
        seconds = self._settings.read_timeout_seconds
        ask = {"do": "read", "path": os.fspath(path), "name": name, "password": password}
        with self._reading.child() as child:
            frame = child.ask(ask, seconds, on_progress)
            try:
                return unpack(frame.header["file_text"], *frame.parts)
            except (ChannelBroken, KeyError, TypeError) as error:
                child.kill()
                raise Unreadable(
                    f"Reading this file gave a result that does not hold ({error}). It is probably damaged."
                ) from error

    def recognise(
        self,
        path: Path,
        media_type: str,
        page: int,
        password: str | None = None,
        seconds: float = OCR_PAGE_SECONDS,
        part: Box | None = None,
    ) -> list[Recognised]:
        """The lines of text on a page of a PDF or a picture, in reading order, by OCR.

        With `part`, only what stands within this box of a PDF's page; the lines' boxes are then shares of it.
        Raises Unreadable, also when it takes longer than `seconds`.
        """
        ask = {
            "do": "recognise", "path": os.fspath(path), "media_type": media_type, "page": page,
            "password": password, "part": part and list(astuple(part)),
        }  # fmt: skip
        with self._recognising.child() as child:
            frame = child.ask(ask, min(seconds, OCR_PAGE_SECONDS))
            from ingest.model.pages import Recognised

            try:
                return [
                    Recognised(_text(text), float(score), _box(edges), (0, 1, 2).index(apart))
                    for text, score, edges, apart in frame.header["lines"]
                ]
            except (KeyError, TypeError, ValueError) as error:
                child.kill()
                raise Unreadable("Recognising this page gave a result that does not hold.") from error

    def page_image(
        self,
        path: Path,
        page: int,
        marks: Sequence[tuple[int, int, str]] = (),
        width: int = 1000,
        password: str | None = None,
        *,
        media_type: str = "application/pdf",
        placed: Sequence[tuple[Box, str]] = (),
    ) -> bytes:
        """PNG of a page of a PDF or a picture. `marks` are (start, end, "passage" | "answer") in PDFium's
        character indices, see `ingest.readers.source_ranges`; `placed` are those whose box is known."""
        ask = {
            "do": "page_image",
            "path": os.fspath(path),
            "media_type": media_type,
            "page": page,
            "marks": [list(mark) for mark in marks],
            "placed": [[[box.left, box.top, box.right, box.bottom], kind] for box, kind in placed],
            "width": width,
            "password": password,
        }
        with self._showing.child() as child:
            frame = child.ask(ask, SHOW_SECONDS)
            if len(frame.parts) != 1 or not frame.parts[0].startswith(b"\x89PNG\r\n\x1a\n"):
                child.kill()
                raise Unreadable("This page could not be drawn: the result is no picture.")
            return frame.parts[0]

    def boxes(self, path: Path, page: int, char_ranges: Ranges, password: str | None = None) -> list[Box]:
        """Boxes of the characters on the page as shown, one per line."""
        ask = {
            "do": "boxes",
            "path": os.fspath(path),
            "page": page,
            "ranges": [list(each) for each in char_ranges],
            "password": password,
        }
        with self._showing.child() as child:
            frame = child.ask(ask, SHOW_SECONDS)
            try:
                return [_box(edges) for edges in frame.header["boxes"]]
            except (KeyError, TypeError, ValueError) as error:
                child.kill()
                raise Unreadable("The places on this page could not be worked out.") from error

    def tables(self, path: Path, name: str) -> list[Table]:
        """The rows of a workbook or of separated values, to compute on. Raises Unreadable."""
        from ingest.model.tables import Table
        from ingest.remote.wire import decode

        ask = {"do": "tables", "path": os.fspath(path), "name": name}
        with self._showing.child() as child:
            frame = child.ask(ask, SHOW_SECONDS)
            try:
                return [decode(Table, json.loads(part)) for part in frame.parts]
            except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
                child.kill()
                raise Unreadable("The rows of this table could not be worked out.") from error

    def limits(self) -> Mapping[str, str]:
        """What a child is held to on this system: limit → "on", or why it is not there."""
        with self._showing.child() as child:
            return child.limits

    def rest(self) -> None:
        """Let the process for OCR go, if it is idle; the next page starts another."""
        self._recognising.rest()

    def close(self) -> None:
        """End all children; calls under way raise Cancelled."""
        for lane in (self._reading, self._recognising, self._showing):
            lane.close()


def _box(edges: Any) -> Box:
    """A box as a child tells it, held within the page."""
    from ingest.model.pages import Box

    return Box(*(min(1.0, max(0.0, float(edge))) for edge in edges))


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_LINE:
        raise TypeError("no line of text")
    return "".join(character for character in value if character.isprintable())


# ------------------------------------------------------------------ the child's side


def main() -> int:
    """Serve requests from standard input until it closes."""
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 0)
    os.dup2(quiet, 1)  # what a library prints must not end up between the frames
    os.close(quiet)
    channel = Channel(incoming, outgoing, 16 * 2**20)
    try:
        first = channel.receive()
        settings = Settings(**first.header["settings"])
        duty = Duty(**first.header["duty"])
        prepare = _load_ocr if duty.recognises else None
        limits = restrict(duty.niceness, duty.memory_mib, duty.seconds, duty.requests, prepare)
        channel.send({"limits": limits})
        while True:
            request = channel.receive()
            renew_cpu_seconds(float(request.header["seconds"]))
            header, parts = answer(request.header, settings, channel)
            channel.send({**header, "mib": resident_mib(), "space": address_space_mib()}, *parts)
    except ChannelClosed:
        return 0


def _load_ocr() -> None:
    from ingest.readers import ocr

    with suppress(Unreadable):  # said to whoever asks for a page
        ocr.recogniser()


def answer(
    ask: Mapping[str, Any], settings: Settings, channel: Channel
) -> tuple[dict[str, Any], list[bytes]]:
    """Do what is asked; every error becomes words."""
    try:
        path = Path(ask["path"])
        if ask["do"] == "read":
            from ingest import readers

            report = Report(channel)
            found = readers.read(path, ask["name"], settings, ask["password"], report)
            header, texts, runs = pack(found)
            return {"file_text": header}, [texts, runs]

        if ask["do"] == "tables":
            from ingest.readers.rows import read_tables
            from ingest.remote.wire import encode, to_line

            return {}, [to_line(encode(table)) for table in read_tables(path, ask["name"], settings)]

        if ask["do"] == "recognise":
            from ingest.readers import ocr

            part = _box(ask["part"]) if ask["part"] else None
            lines = ocr.read_page(path, ask["media_type"], ask["page"], ask["password"], part)
            return {"lines": [[each.text, each.score, astuple(each.box), each.apart] for each in lines]}, []

        from ingest.readers import PICTURES, pdf_show, picture

        if ask["do"] == "page_image":
            marks = [(int(start), int(end), str(kind)) for start, end, kind in ask["marks"]]
            placed = [(_box(edges), str(kind)) for edges, kind in ask["placed"]]
            if ask["media_type"] in PICTURES:
                return {}, [picture.render_picture(path, ask["page"], placed, ask["width"])]
            return {}, [
                pdf_show.render_marked(path, ask["page"], marks, ask["width"], ask["password"], placed)
            ]
        ranges = [(int(start), int(end)) for start, end in ask["ranges"]]
        boxes = pdf_show.boxes(path, ask["page"], ranges, ask["password"])
        return {"boxes": [list(astuple(box)) for box in boxes]}, []
    except FootnoteError as error:
        return {"error": type(error).__name__, "message": str(error)}, []
    except ChannelClosed:
        raise
    except MemoryError:
        return {
            "error": "Unreadable",
            "message": f"This file needs more memory than {settings.read_memory_mib:,} MiB. Split it, or raise "
            "FOOTNOTE_READ_MEMORY_MIB.",
        }, []
    except Exception as error:  # noqa: BLE001 - a file of others may make a library raise anything
        return {
            "error": "Unreadable",
            "message": f"This file could not be read ({type(error).__name__}: {str(error)[:200]}). It is probably "
            "damaged: open it in a viewer and save a copy.",
        }, []


class Report:
    """Sends progress, a few times a second and at the end."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._last = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - self._last >= _PROGRESS_SECONDS:
            self._last = now
            self._channel.send({"done": done, "total": total})


if __name__ == "__main__":
    raise SystemExit(main())

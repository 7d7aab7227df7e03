"""Frames over pipes between processes: a JSON header and raw binary parts, each with its length before it.

No pickle: the process at the other end may have been taken over by a hostile file, so what comes in is
limited in size and checked. A frame on the wire, integers big-endian:

    b"FNF1" · header bytes (u32) · number of parts (u32) · bytes of each part (u64 …) · header · parts
"""

from __future__ import annotations

import json
import struct
import sys
import threading
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, BinaryIO

from ingest.model.pages import Box, FileText, Heading, Page, PageReceipt, PageState, Picture, Receipt, Run

MAGIC = b"FNF1"
MAX_HEADER_BYTES = 64 * 2**20
MAX_PARTS = 1_024
_FRONT = struct.Struct(">4sII")


class ChannelClosed(Exception):
    """The other end is gone."""


class ChannelBroken(Exception):
    """What came is no frame, is over the limit, or does not mean what it should."""


@dataclass(frozen=True, slots=True)
class Frame:
    header: Mapping[str, Any]
    parts: tuple[bytes, ...] = ()


class Channel:
    """Sends and receives frames. Sending is safe for threads; receive in one thread only."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO, max_bytes: int) -> None:
        """`max_bytes` limits a frame received, all parts together."""
        self._incoming = incoming
        self._outgoing = outgoing
        self._max_bytes = max_bytes
        self._sending = threading.Lock()

    def send(self, header: Mapping[str, Any], *parts: bytes) -> None:
        """Raises ChannelClosed when nobody reads any more."""
        encoded = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        front = _FRONT.pack(MAGIC, len(encoded), len(parts))
        front += struct.pack(f">{len(parts)}Q", *map(len, parts))
        try:
            with self._sending:
                for piece in (front, encoded, *parts):
                    self._outgoing.write(piece)
                self._outgoing.flush()
        except (OSError, ValueError) as error:  # ValueError: the file is closed
            raise ChannelClosed from error

    def receive(self) -> Frame:
        """The next frame; waits for it. Raises ChannelClosed at the end, ChannelBroken for anything else."""
        magic, header_bytes, part_count = _FRONT.unpack(self._exactly(_FRONT.size))
        if magic != MAGIC:
            raise ChannelBroken("not a frame")
        if header_bytes > min(MAX_HEADER_BYTES, self._max_bytes) or part_count > MAX_PARTS:
            raise ChannelBroken(
                f"a frame over the limit: header of {header_bytes:,} bytes, {part_count:,} parts"
            )
        lengths: Sequence[int] = struct.unpack(f">{part_count}Q", self._exactly(8 * part_count))
        if header_bytes + sum(lengths) > self._max_bytes:
            raise ChannelBroken(
                f"a frame of {header_bytes + sum(lengths):,} bytes; {self._max_bytes:,} are allowed"
            )
        try:
            header = json.loads(self._exactly(header_bytes))
        except (ValueError, RecursionError) as error:
            raise ChannelBroken("a header that is not JSON") from error
        if not isinstance(header, dict):
            raise ChannelBroken("a header that is not an object")
        return Frame(header, tuple(self._exactly(length) for length in lengths))

    def _exactly(self, length: int) -> bytes:
        pieces: list[bytes] = []
        missing = length
        while missing:
            try:
                piece = self._incoming.read(min(missing, 2**20))
            except (OSError, ValueError) as error:
                raise ChannelClosed from error
            if not piece:
                raise ChannelClosed
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def close(self) -> None:
        for stream in (self._outgoing, self._incoming):
            try:
                stream.close()
            except OSError:  # unsent bytes to a process that is gone
                continue


# ------------------------------------------------------------------ FileText as a frame


def pack(file_text: FileText) -> tuple[dict[str, Any], bytes, bytes]:
    """(header, all page texts as UTF-8, all runs as little-endian int32 triples)."""
    texts = [page.text.encode("utf-8", "replace") for page in file_text.pages]
    numbers = array("i", [n for page in file_text.pages for run in page.runs for n in _triple(run)])
    if sys.byteorder == "big":
        numbers.byteswap()
    receipt = file_text.receipt
    header = {
        "media_type": file_text.media_type,
        "title": file_text.title,
        "made": file_text.made,
        "paged": file_text.paged,
        "unread": list(file_text.unread),
        "pictures": [[each.page, astuple(each.box), each.before] for each in file_text.pictures],
        "pages": [
            [
                page.number,
                page.label,
                len(text),
                len(page.runs),
                [[heading.start, heading.level, heading.text] for heading in page.headings],
            ]
            for page, text in zip(file_text.pages, texts, strict=True)
        ],
        "receipt": {
            "pages": [
                [each.number, each.state.value, each.characters, each.message] for each in receipt.pages
            ],
            "seconds": receipt.seconds,
            "message": receipt.message,
            "warnings": list(receipt.warnings),
        },
    }
    return header, b"".join(texts), numbers.tobytes()


def _triple(run: Run) -> tuple[int, int, int]:
    return run.start, run.source, run.length


def unpack(header: Mapping[str, Any], texts: bytes, runs: bytes) -> FileText:
    """The FileText that `pack` packed. Raises ChannelBroken when anything in it does not hold."""
    try:
        return _unpack(header, texts, runs)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ChannelBroken(f"a file's text that does not hold: {type(error).__name__}: {error}") from error


def _unpack(header: Mapping[str, Any], texts: bytes, runs: bytes) -> FileText:
    numbers = array("i")
    numbers.frombytes(runs)
    if sys.byteorder == "big":
        numbers.byteswap()
    pages: list[Page] = []
    text_at = run_at = 0
    for place, (number, label, text_bytes, run_count, headings) in enumerate(header["pages"], 1):
        if _whole(number) != place or _whole(text_bytes) < 0 or _whole(run_count) < 0:
            raise ValueError("page numbers or lengths")
        text = texts[text_at : text_at + text_bytes].decode("utf-8")
        text_at += text_bytes
        triples = numbers[run_at : run_at + 3 * run_count]
        run_at += 3 * run_count
        pages.append(
            Page(
                number=place,
                text=text,
                label=None if label is None else _words(label),
                headings=tuple(_heading(item, len(text)) for item in headings),
                runs=_runs(triples, len(text)),
            )
        )
    if text_at != len(texts) or run_at != len(numbers):
        raise ValueError("lengths that do not add up")
    receipt = header["receipt"]
    return FileText(
        media_type=_words(header["media_type"]),
        title=_words(header["title"]),
        paged=bool(header["paged"]),
        pages=tuple(pages),
        receipt=Receipt(
            pages=tuple(
                PageReceipt(_whole(number), PageState(state), _whole(characters), _words(message))
                for number, state, characters, message in receipt["pages"]
            ),
            seconds=float(receipt["seconds"]),
            message=_words(receipt["message"]),
            warnings=tuple(_words(warning) for warning in receipt["warnings"]),
        ),
        unread=_numbers(header["unread"], len(pages)),
        pictures=tuple(_picture(item, len(pages)) for item in header["pictures"]),
        made=_words(header["made"]),
    )


def _picture(item: Any, pages: int) -> Picture:
    page, edges, before = item
    left, top, right, bottom = map(float, edges)
    if not (1 <= _whole(page) <= pages and 0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValueError("a picture outside of its page")
    return Picture(page, Box(left, top, right, bottom), _whole(before))


def _numbers(items: Any, pages: int) -> tuple[int, ...]:
    """Page numbers, ascending, each once."""
    found = tuple(_whole(item) for item in items)
    if list(found) != sorted(set(found)) or (found and not 1 <= found[0] <= found[-1] <= pages):
        raise ValueError("page numbers")
    return found


def _heading(item: Any, length: int) -> Heading:
    start, level, text = item
    if not 0 <= _whole(start) <= length or _whole(level) < 1:
        raise ValueError("a heading outside of its page")
    return Heading(start, level, _words(text))


def _runs(triples: array[int], length: int) -> tuple[Run, ...]:
    found: list[Run] = []
    reached = 0
    for at in range(0, len(triples), 3):
        start, source, count = triples[at : at + 3]
        if start < reached or source < 0 or count <= 0 or start + count > length:
            raise ValueError("runs outside of their page")
        reached = start + count
        found.append(Run(start, source, count))
    return tuple(found)


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is not a whole number")
    return value


def _words(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(f"{value!r} is not text")
    return value

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from ingest.model.pages import FileText, Heading, Page, PageReceipt, PageState, Receipt, Run
from ingest.processes.channel import MAGIC, Channel, ChannelBroken, ChannelClosed, pack, unpack

FILE_TEXT = FileText(
    media_type="application/pdf",
    title="Títle",
    paged=True,
    pages=(
        Page(1, "Head\nGrüße 𝒳 text", "iv", (Heading(0, 1, "Head"),), (Run(0, 0, 4), Run(5, 7, 11))),
        Page(2, ""),
        Page(3, "end", None, (), (Run(0, 3, 3),)),
    ),
    receipt=Receipt(
        (
            PageReceipt(1, PageState.READ, 17),
            PageReceipt(2, PageState.FAILED, 0, "PDFium: no"),
            PageReceipt(3, PageState.READ, 3),
        ),
        seconds=0.25,
        warnings=("one", "two"),
    ),
)


def receiving(data: bytes, most: int = 1000) -> Channel:
    return Channel(BytesIO(data), BytesIO(), most)


def sent(*frames: tuple[dict[str, Any], tuple[bytes, ...]]) -> bytes:
    target = BytesIO()
    channel = Channel(BytesIO(), target, 0)
    for header, parts in frames:
        channel.send(header, *parts)
    return target.getvalue()


def test_frames_come_out_as_they_went_in() -> None:
    channel = receiving(sent(({"a": "ü", "n": [1, None]}, (b"\0\1", b"")), ({}, ())))
    first, second = channel.receive(), channel.receive()
    assert (first.header, first.parts) == ({"a": "ü", "n": [1, None]}, (b"\0\1", b""))
    assert (second.header, second.parts) == ({}, ())
    with pytest.raises(ChannelClosed):
        channel.receive()


def test_through_a_pipe_larger_than_its_buffer() -> None:
    import threading

    end, start = os.pipe()
    big = os.urandom(3_000_000)
    with os.fdopen(end, "rb") as incoming, os.fdopen(start, "wb") as outgoing:
        sender = threading.Thread(target=Channel(BytesIO(), outgoing, 0).send, args=({}, big))
        sender.start()
        assert Channel(incoming, BytesIO(), 4_000_000).receive().parts == (big,)
        sender.join()


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack(">4sII", MAGIC, 2_000, 0),
        struct.pack(">4sII", MAGIC, 2, 100_000),
        struct.pack(">4sIIQ", MAGIC, 2, 1, 2**60) + b"{}",
        struct.pack(">4sII", MAGIC, 2, 0) + b"[]",
        struct.pack(">4sII", MAGIC, 2, 0) + b"{x",
        struct.pack(">4sII", MAGIC, 3, 0) + b"\xff\xfe\xfd",
        struct.pack(">4sII", MAGIC, 900, 0) + b'{"a":' + b"[" * 895,
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(ChannelBroken):
        receiving(data).receive()


def test_limit_counts_all_parts_together() -> None:
    data = sent(({}, (b"x" * 400, b"x" * 400)))
    assert len(receiving(data, 802).receive().parts) == 2
    with pytest.raises(ChannelBroken, match="802 bytes; 801 are allowed"):
        receiving(data, 801).receive()


@pytest.mark.parametrize("cut", [1, 11, 15, 25])
def test_a_frame_cut_short_is_a_closed_channel(cut: int) -> None:
    with pytest.raises(ChannelClosed):
        receiving(sent(({"a": 1}, (b"0123456789",)))[:cut]).receive()


def test_sending_to_nobody() -> None:
    end, start = os.pipe()
    os.close(end)
    outgoing = os.fdopen(start, "wb", buffering=0)
    with pytest.raises(ChannelClosed):
        Channel(BytesIO(), outgoing, 0).send({}, b"x" * 100_000)
    outgoing.close()


def test_file_text_comes_out_as_it_went_in() -> None:
    header, texts, runs = pack(FILE_TEXT)
    channel = receiving(sent((header, (texts, runs))), 10_000)
    frame = channel.receive()
    assert unpack(frame.header, *frame.parts) == FILE_TEXT


def page_entry(header: dict[str, Any], place: int, value: object) -> None:
    header["pages"][0][place] = value


@pytest.mark.parametrize(
    "spoil",
    [
        lambda header: page_entry(header, 0, 7),
        lambda header: page_entry(header, 1, 5),
        lambda header: page_entry(header, 2, 1),
        lambda header: page_entry(header, 2, -1),
        lambda header: page_entry(header, 2, 10**9),
        lambda header: page_entry(header, 3, 1),
        lambda header: page_entry(header, 4, [[99, 1, "x"]]),
        lambda header: page_entry(header, 4, [[0, 0, "x"]]),
        lambda header: page_entry(header, 4, [[0, 1, None]]),
        lambda header: header.pop("receipt"),
        lambda header: header.update(title=None),
        lambda header: header.update(pages=3),
        lambda header: header["receipt"].update(seconds="long"),
        lambda header: header["receipt"]["pages"][0].__setitem__(1, "perfect"),
    ],
)
def test_a_file_text_that_does_not_hold_is_refused(spoil: Callable[[dict[str, Any]], object]) -> None:
    header, texts, runs = pack(FILE_TEXT)
    spoil(header)
    with pytest.raises(ChannelBroken):
        unpack(header, texts, runs)


@pytest.mark.parametrize("bad", [Run(10, 0, 99), Run(2, 0, 3), Run(5, -1, 1), Run(5, 0, 0)])
def test_runs_outside_of_their_page_are_refused(bad: Run) -> None:
    page = Page(1, "Head\nGrüße 𝒳 text", runs=(Run(0, 0, 4), bad))
    header, texts, runs = pack(FileText("x", "", False, (page,), FILE_TEXT.receipt))
    with pytest.raises(ChannelBroken, match="runs outside"):
        unpack(header, texts, runs)

"""The ingest worker: a niced process of its own that chunks and embeds; it touches no store.

    owner (this process)  ──frames──▶  python -m ingest.processes.worker
      Worker.chunk(pages, tokens)         chunk_pages
      Worker.embed(texts)                 Embedder.embed_passages

A worker that dies is started again; the call it died in is tried once more, then it is a fault.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, cast

import numpy as np

from ingest.errors import FootnoteError, ModelUnavailable
from ingest.model.chunks import Chunk
from ingest.model.pages import Heading, Page
from ingest.processes.channel import Channel, ChannelBroken, ChannelClosed, Frame
from ingest.processes.limits import FREED_GOES_BACK, resident_mib, step_back
from ingest.protocols import Embedder, Tokenizer, Vectors
from ingest.settings import PROJECT, Settings, settings_from_json, settings_to_json
from ingest.text.chunking import chunk_pages, context_within, embedded_text

NICENESS = 10
OWNER_SECONDS = 1.0  # between looks whether the owner still runs
MAX_FRAME_BYTES = 2**30  # the longest document's pages
# Growth from the first blocks on, after which it starts afresh: OpenVINO keeps something of every shape it has seen.
GROWN_MIB = 100.0


class Worker:
    """The owner's side of one worker process, started at its first call. One call at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._first_mib: float | None = None  # its memory after the first call

    def chunk(self, pages: Sequence[Page], chunk_tokens: int) -> list[Chunk]:
        """Chunks of the pages, measured in the embedder's tokens."""
        rows = [
            [page.number, page.text, [[h.start, h.level, h.text] for h in page.headings]] for page in pages
        ]
        frame = self._call({"op": "chunk", "pages": rows, "tokens": chunk_tokens})
        texts = {page.number: page.text for page in pages}
        return [
            Chunk(ordinal, page, start, end, texts[page][start:end], tuple(headings))
            for ordinal, page, start, end, headings in frame.header["chunks"]
        ]

    def embed(self, texts: Sequence[tuple[str, str]]) -> Vectors:
        """Vectors of (context, text) pairs, L2-normalised float32, shape (len(texts), dimensions)."""
        frame = self._call({"op": "embed", "texts": [list(pair) for pair in texts]})
        return np.frombuffer(frame.parts[0], np.float32).reshape(frame.header["shape"]).copy()

    def _call(self, request: dict[str, Any]) -> Frame:
        with self._lock:
            for _ in range(2):
                channel = self._running()
                try:
                    channel.send(request)
                    frame = channel.receive()
                except (ChannelClosed, ChannelBroken):
                    self._stop()
                    continue
                if "error" in frame.header:
                    raise ModelUnavailable(frame.header["error"])
                mib = float(frame.header["mib"])
                self._first_mib = mib if self._first_mib is None else self._first_mib
                if mib > self._first_mib + GROWN_MIB:
                    self._stop()
                return frame
        raise ModelUnavailable(
            "The process that embeds passages ended unexpectedly, twice. There may be too little "
            "memory; close other programs, then add the file again."
        )

    def _running(self) -> Channel:
        if self._process is None or self._channel is None or self._process.poll() is not None:
            self._stop()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ingest.processes.worker"],
                cwd=PROJECT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={
                    **os.environ,
                    **FREED_GOES_BACK,
                    "OMP_WAIT_POLICY": "PASSIVE",  # idle threads don't spin beside a question
                    "TOKENIZERS_PARALLELISM": "true",  # it never forks, which is what threads would be in the way of
                },
                start_new_session=True,  # Ctrl-C is for the owner, who ends this one by closing its input
            )
            self._channel = Channel(
                cast(BinaryIO, self._process.stdout), cast(BinaryIO, self._process.stdin), MAX_FRAME_BYTES
            )
            self._channel.send({"settings": settings_to_json(self._settings)})
        return self._channel

    def _stop(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._first_mib = None

    def close(self) -> None:
        """End the process, also in the middle of a call."""
        process = self._process
        if process is not None:
            process.kill()
        with self._lock:
            self._stop()


# ---------------------------------------------------------------------- the child's side


def main() -> None:
    """Serve calls from standard input until it closes."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a print of some library is no frame
    with suppress(AttributeError, OSError):  # then it is merely as quick as the page
        step_back(NICENESS)
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    channel = Channel(sys.stdin.buffer, sink, MAX_FRAME_BYTES)
    try:
        desk = _Desk(settings_from_json(channel.receive().header["settings"]))
        while True:
            request = channel.receive().header
            try:
                header, parts = desk.serve(request)
            except FootnoteError as error:
                header, parts = {"error": str(error)}, []
            channel.send({**header, "mib": resident_mib()}, *parts)
    except ChannelClosed:
        return  # the owner has ended


def end_with(owner: int) -> None:
    """End this process, also in the middle of a long call, once its owner is gone: its result has no reader."""
    while os.getppid() == owner:
        time.sleep(OWNER_SECONDS)
    os._exit(1)


class _Desk:
    """Loads what a call needs, once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._embedder: Embedder | None = None
        self._tokenizer: Tokenizer | None = None

    def serve(self, request: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        if request["op"] == "chunk":
            pages = [
                Page(number, text, headings=tuple(Heading(*heading) for heading in headings))
                for number, text, headings in request["pages"]
            ]
            chunks = chunk_pages(pages, self.tokenizer, int(request["tokens"]))
            return {"chunks": [[c.ordinal, c.page, c.start, c.end, c.headings] for c in chunks]}, []
        limit = self._settings.context_tokens
        contexts = {context for context, _ in request["texts"]}  # neighbours share theirs
        within = {context: context_within(context, self.tokenizer, limit) for context in contexts}
        vectors = self.embedder.embed_passages(
            [embedded_text(within[context], text) for context, text in request["texts"]]
        )
        return {"shape": list(vectors.shape)}, [np.ascontiguousarray(vectors, np.float32).tobytes()]

    @property
    def embedder(self) -> Embedder:
        if self._embedder is None:
            from ingest.embedder import load_embedder

            self._embedder = load_embedder(self._settings)
        return self._embedder

    @property
    def tokenizer(self) -> Tokenizer:
        if self._tokenizer is None:
            from ingest.embedder import load_tokenizer

            self._tokenizer = load_tokenizer(self._settings)
        return self._tokenizer


if __name__ == "__main__":
    main()

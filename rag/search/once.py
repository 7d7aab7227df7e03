"""An embedder that makes a question's vector once: its kind is told by it, and then its passages are searched."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from ingest.protocols import Embedder, Tokenizer, Vectors

KEPT = 32  # questions


class Once:
    """`ingest.protocols.Embedder` over another one. Safe for threads."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: OrderedDict[str, Vectors] = OrderedDict()
        self._guard = threading.Lock()
        self.identity = embedder.identity

    @property
    def dimensions(self) -> int:
        return self._embedder.dimensions

    @property
    def window_tokens(self) -> int:
        return self._embedder.window_tokens

    @property
    def tokenizer(self) -> Tokenizer:
        return self._embedder.tokenizer

    @property
    def backend(self) -> str:
        return self._embedder.backend

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embedder.embed_passages(texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        if len(texts) != 1:
            return self._embedder.embed_queries(texts)
        (text,) = texts
        with self._guard:
            vector = self._kept.get(text)
        if vector is None:
            vector = self._embedder.embed_queries(texts)[0]
        with self._guard:
            self._kept[text] = vector
            self._kept.move_to_end(text)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return np.stack([vector])

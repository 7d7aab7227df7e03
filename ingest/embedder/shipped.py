"""The shipped embedder: mean pooling, cosine, no prompts (MODEL.md beside this file)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ingest.embedder.tokenizer import CLS, SEP, WordPieces
from ingest.inference import batches, choice, machine, networks
from ingest.protocols import Vectors
from ingest.settings import Settings

FOLDER = Path(__file__).resolve().parent
WINDOW_TOKENS = 256  # sentence_bert_config.json; [CLS] and [SEP] included
DIMENSIONS = 384

# The least cosine to the golden vectors. int8 changes a text's ten nearest neighbours by a few in a
# hundred at 0.997; bfloat16 rounds only.
LEAST_COSINE: dict[networks.Format, float] = {"float32": 0.99999, "bfloat16": 0.9999, "int8": 0.997}


def shipped_identity(folder: Path = FOLDER) -> str:
    """Weights, pooling, window and way of prefixing; not the number format. Loads no model."""
    return f"shipped-{machine.digest(folder / 'model.safetensors')[:12]}-mean-{WINDOW_TOKENS}-plain"


class ShippedEmbedder:
    """`ingest.protocols.Embedder` with the weights beside this file. Safe for threads."""

    def __init__(self, settings: Settings, folder: Path = FOLDER) -> None:
        """Raises ModelUnavailable when the folder's files are missing or damaged."""
        self._folder = folder
        self._tokenizer = WordPieces(folder / "tokenizer.json")
        self._words = batches.WordTable(folder)
        self._choice = choice.load_network(
            folder,
            "embedder",
            self._disagrees,
            backend=settings.backend,
            threads=settings.threads,
            memory=settings.home / "probe.json",
        )

    @property
    def identity(self) -> str:
        return shipped_identity(self._folder)

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    @property
    def window_tokens(self) -> int:
        return WINDOW_TOKENS

    @property
    def tokenizer(self) -> WordPieces:
        return self._tokenizer

    @property
    def backend(self) -> str:
        return self._choice.network.format

    @property
    def backend_reason(self) -> str:
        """Why this number format, in words for people."""
        return self._choice.reason

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed(self._choice.network, texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._embed(self._choice.network, texts)  # no prompts: both are encoded alike

    def _embed(self, network: networks.Network, texts: Sequence[str]) -> Vectors:
        ids = [
            np.concatenate([[CLS], pieces.ids[: WINDOW_TOKENS - 2], [SEP]])
            for pieces in self._tokenizer.pieces(texts)
        ]
        batches = self._words.batches(ids, streams=network.streams)
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        for batch, (found,) in zip(batches, network.run(batches), strict=True):
            vectors[batch.rows] = found
        return vectors

    def _disagrees(self, network: networks.Network) -> str | None:
        golden = json.loads((self._folder / "golden.json").read_text(encoding="utf-8"))
        expected = np.asarray(golden["vectors"], np.float32)
        least = float((self._embed(network, golden["texts"]) * expected).sum(1).min())
        if least >= LEAST_COSINE[network.format]:
            return None
        return f"cosine to the golden vectors {least:.4f}, needed {LEAST_COSINE[network.format]}"

"""Texts as a network takes them: batches of word vectors of nearly one length."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from ingest.errors import ModelUnavailable

Kind = Literal["embedder", "reader"]

TOKENS_PER_BATCH = 1024
LENGTH_STEP = 8  # lengths are rounded up to this, so that few shapes need kernels of their own


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Texts of nearly one length, ready for a network.

    `words` float16 (texts, tokens, width), `types` int64 (texts, tokens) 0 or 1, `mask` float32
    (texts, tokens) 1 for a token and 0 for padding; `rows` are the places of the texts in the input.
    """

    words: NDArray[np.float16]
    types: NDArray[np.int64]
    mask: NDArray[np.float32]
    rows: NDArray[np.int64]


class WordTable:
    """The word embeddings of a checkpoint in its own float16, looked up outside the network.

    So the int8 files need not hold them (half of all weights), and they stay exact in every format.
    """

    def __init__(self, folder: Path) -> None:
        """Raises ModelUnavailable when the folder's weights are missing or damaged."""
        with open_weights(folder) as weights:
            names: list[str] = weights.keys()
            name = next(n for n in names if n.endswith("embeddings.word_embeddings.weight"))
        self._rows: NDArray[np.float16] = _mapped(folder / "model.safetensors", name)

    def batches(
        self,
        ids: Sequence[NDArray[np.int64]],
        firsts: Sequence[int] | None = None,
        tokens_per_batch: int = TOKENS_PER_BATCH,
    ) -> list[Batch]:
        """Sequences (special tokens included) as batches: longest first, padded within the batch only.

        `firsts` is how many tokens of each have type 0; None is all of them.
        """
        order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
        found, at = [], 0
        while at < len(order):
            length = -(-len(ids[order[at]]) // LENGTH_STEP) * LENGTH_STEP
            rows = order[at : at + max(1, tokens_per_batch // length)]
            at += len(rows)
            padded = np.zeros((len(rows), length), np.int64)
            types, mask = np.zeros_like(padded), np.zeros(padded.shape, np.float32)
            for n, row in enumerate(rows):
                padded[n, : len(ids[row])] = ids[row]
                mask[n, : len(ids[row])] = 1
                if firsts is not None:
                    types[n, firsts[row] : len(ids[row])] = 1
            found.append(Batch(self._rows[padded], types, mask, np.asarray(rows)))
        return found


def open_weights(folder: Path) -> safe_open:
    """The checkpoint of a model folder. Raises ModelUnavailable when it is missing or damaged."""
    file = folder / "model.safetensors"
    try:
        return safe_open(str(file), framework="numpy")
    except Exception as error:
        raise ModelUnavailable(f"{file} cannot be read ({error}). Restore it.") from error


def _mapped(file: Path, name: str) -> NDArray[np.float16]:
    """A tensor of a checkpoint as it lies in the file: processes that look words up share its memory.

    (safetensors: 8 bytes with the length of a JSON header, which tells each tensor's place behind it.)
    """
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        entry = json.loads(stream.read(length))[name]
    kind = {"F16": np.float16, "F32": np.float32}[entry["dtype"]]
    at = 8 + length + int(entry["data_offsets"][0])
    rows: NDArray[np.float16] = np.memmap(file, kind, "r", at, tuple(entry["shape"])).view(np.ndarray)
    return rows

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

TOKENS_PER_BATCH = 1024  # 512 cost an eighth more CPU, 2,048 saves none, and a batch is what a stop waits for
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
        streams: int = 1,
    ) -> list[Batch]:
        """Sequences (special tokens included) as batches: longest first, padded within the batch only.

        `firsts` is how many tokens of each have type 0; None is all of them. As many batches, of about
        the same size, as keep `streams` busy to the end.
        """
        order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
        lengths = [-(-len(ids[row]) // LENGTH_STEP) * LENGTH_STEP for row in order]
        found, at = [], 0
        for count in _even(lengths, tokens_per_batch, streams):
            length, rows = lengths[at], order[at : at + count]
            at += count
            padded = np.zeros((len(rows), length), np.int64)
            types, mask = np.zeros_like(padded), np.zeros(padded.shape, np.float32)
            for n, row in enumerate(rows):
                padded[n, : len(ids[row])] = ids[row]
                mask[n, : len(ids[row])] = 1
                if firsts is not None:
                    types[n, firsts[row] : len(ids[row])] = 1
            found.append(Batch(self._rows[padded], types, mask, np.asarray(rows)))
        return found


def _even(lengths: Sequence[int], most: int, streams: int) -> list[int]:
    """How many texts go into each batch, `lengths` being longest first: as few batches of at most `most` tokens,
    padding included, as are a multiple of `streams`, and the largest of them as small as can be."""
    found = _filled(lengths, most)
    wanted = -(-len(found) // streams) * streams
    low, high = LENGTH_STEP, most
    while high - low > LENGTH_STEP:
        middle = (low + high) // 2
        if len(tried := _filled(lengths, middle)) <= wanted:
            high, found = middle, tried
        else:
            low = middle
    return found


def _filled(lengths: Sequence[int], most: int) -> list[int]:
    """The same, one batch after the other as full as it gets; a text longer than `most` is one of its own."""
    counts, at = [], 0
    while at < len(lengths):
        counts.append(min(max(1, most // lengths[at]), len(lengths) - at))
        at += counts[-1]
    return counts


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

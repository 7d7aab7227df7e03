"""The reader: one pass over a pair of texts, five answers (MODEL.md beside this file)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.embedder.tokenizer import CLS, SEP, Pieces, WordPieces
from ingest.inference import batches, choice, networks
from ingest.settings import Settings
from rag.model import CancelToken

FOLDER = Path(__file__).resolve().parent
A_TOKENS, B_TOKENS = 64, 280  # MODEL.md, "Input"
CONTEXT_TOKENS = 60  # of b, when context and text together are longer than b may be
HISTORY_TOKENS = 250  # MODEL.md, head "carry"
SPAN_TOKENS = 30  # MODEL.md, head "span": i <= j < i + 30

# The most a golden logit may be off (they reach from -11 to 11). Measured: bfloat16 0.06, int8 0.27; int8
# files that were off by 0.8 still ranked pairs with a correlation of 0.9996.
MOST_OFF: dict[networks.Format, float] = {"float32": 0.001, "bfloat16": 0.25, "int8": 1.0}

Arrays = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class RawReading:
    """What the reader says of one (query, passage); every score is an uncalibrated logit.

    `start`:`end` is the best span in characters of the passage's text (0:0 when the text has no
    tokens); `span_score` its start and end logits together, `null_score` those of "no answer".
    `offsets` int32 (tokens, 2), `start_logits` and `end_logits` float32 (tokens,) are of the tokens of
    the text that were read: its tail is missing when it is longer than the window.
    """

    relevance: float
    answerability: float
    start: int
    end: int
    span_score: float
    null_score: float
    offsets: NDArray[np.int32]
    start_logits: NDArray[np.float32]
    end_logits: NDArray[np.float32]


class Reader:
    """The shipped reader. Safe for threads."""

    def __init__(self, settings: Settings, folder: Path = FOLDER) -> None:
        """Raises ModelUnavailable when the folder's files are missing or damaged."""
        self._folder = folder
        self._tokenizer = WordPieces(folder / "tokenizer.json")
        self._words = batches.WordTable(folder)
        self._choice = choice.load_network(
            folder,
            "reader",
            self._disagrees,
            backend=settings.backend,
            threads=settings.threads,
            memory=settings.home / "probe.json",
        )

    @property
    def backend(self) -> str:
        """The number format in use: "float32", "bfloat16", "int8"."""
        return self._choice.network.format

    @property
    def backend_reason(self) -> str:
        """Why this number format, in words for people."""
        return self._choice.reason

    def read(
        self, query: str, passages: Sequence[tuple[str, str]], cancel: CancelToken | None = None
    ) -> list[RawReading]:
        """One reading per passage (context, text), in order; a context may be "".

        The context (title, heading path) is read before the text and never holds the span. Raises
        Cancelled between batches once `cancel` is set.
        """
        if not passages:
            return []
        a, *parts = self._tokenizer.pieces([query, *(part for passage in passages for part in passage)])
        contexts, texts = parts[0::2], parts[1::2]
        for n, (context, text) in enumerate(zip(contexts, texts, strict=True)):
            if len(context) + len(text) > B_TOKENS:
                contexts[n] = context[:CONTEXT_TOKENS]
            texts[n] = text[: B_TOKENS - len(contexts[n])]
        bodies = [np.concatenate([c.ids, t.ids]) for c, t in zip(contexts, texts, strict=True)]
        a = a[:A_TOKENS]
        found = self._forward(self._choice.network, [a.ids] * len(bodies), bodies, cancel)
        return [
            _reading(pair, tokens, len(a) + 2 + len(context), text)
            for (pair, tokens), context, text in zip(found, contexts, texts, strict=True)
        ]

    def support(
        self, pairs: Sequence[tuple[str, str]], cancel: CancelToken | None = None
    ) -> NDArray[np.float32]:
        """How well the evidence supports the claim, one logit per (claim, evidence)."""
        if not pairs:
            return np.zeros(0, np.float32)
        pieces = [p.ids for p in self._tokenizer.pieces([text for pair in pairs for text in pair])]
        claims, evidence = [p[:A_TOKENS] for p in pieces[0::2]], [p[:B_TOKENS] for p in pieces[1::2]]
        found = self._forward(self._choice.network, claims, evidence, cancel)
        return np.asarray([pair[2] for pair, _ in found], np.float32)

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, whole."""
        return [len(pieces) for pieces in self._tokenizer.pieces(texts)]

    def carry(self, question: str, history: str) -> list[tuple[str, int, int, float]]:
        """Words of the history (earlier turns joined by spaces, newest last) with their logits.

        (word, start, end in characters of `history`, logit): above 0 the word belongs into the
        stand-alone query. Only the last 250 tokens of the history are read; a word of several pieces
        has the highest logit of its pieces.
        """
        a, b = self._tokenizer.pieces([question, history])
        a, b = a[:A_TOKENS], b[-HISTORY_TOKENS:]
        ((_, tokens),) = self._forward(self._choice.network, [a.ids], [b.ids])
        words: list[tuple[str, int, int, float]] = []
        for (start, end), continues, logit in zip(
            b.offsets.tolist(), b.continues, tokens[len(a) + 2 : -1, 2], strict=True
        ):
            value = float(logit)
            if continues and words:
                _, start, _, before = words.pop()
                value = max(value, before)
            words.append((history[start:end], start, end, value))
        return words

    def _forward(
        self,
        network: networks.Network,
        firsts: Sequence[NDArray[np.int64]],
        seconds: Sequence[NDArray[np.int64]],
        cancel: CancelToken | None = None,
    ) -> list[Arrays]:
        """Per pair: (3,) relevance, answerability, support; (tokens, 3) start, end, carry."""
        ids = [np.concatenate([[CLS], a, [SEP], b, [SEP]]) for a, b in zip(firsts, seconds, strict=True)]
        batches = self._words.batches(ids, [len(a) + 2 for a in firsts], streams=network.streams)
        outputs = network.run(batches, cancel.check if cancel else None)
        found: dict[int, Arrays] = {}
        for batch, (pairs, tokens) in zip(batches, outputs, strict=True):
            for row, pair, logits in zip(batch.rows.tolist(), pairs, tokens, strict=True):
                found[row] = (pair, logits[: len(ids[row])])
        return [found[row] for row in range(len(ids))]

    def _disagrees(self, network: networks.Network) -> str | None:
        """What is wrong with the golden pairs' five numbers in this format, or None."""
        pairs = json.loads((self._folder / "golden.json").read_text(encoding="utf-8"))["pairs"]
        pieces = self._tokenizer.pieces([text for pair in pairs for text in (pair["a"], pair["b"])])
        found = self._forward(
            network, [p.ids[:A_TOKENS] for p in pieces[0::2]], [p.ids[:B_TOKENS] for p in pieces[1::2]]
        )
        got = np.asarray([[*scores, tokens[0, :2].sum()] for scores, tokens in found])
        wanted = np.asarray(
            [[p[name] for name in ("relevance", "answerability", "support", "null_score")] for p in pairs]
        )
        off = float(np.abs(got - wanted).max())
        if off <= MOST_OFF[network.format]:
            return None
        return f"a golden logit is off by {off:.2f}, allowed {MOST_OFF[network.format]}"


def _reading(pair: NDArray[np.float32], tokens: NDArray[np.float32], at: int, text: Pieces) -> RawReading:
    """`at` is where the text's tokens begin in the pair."""
    starts, ends = tokens[at : at + len(text), 0].copy(), tokens[at : at + len(text), 1].copy()
    null = float(tokens[0, 0] + tokens[0, 1])
    first, last, score = best_span(starts, ends)
    span = (int(text.offsets[first, 0]), int(text.offsets[last, 1])) if len(text) else (0, 0)
    return RawReading(float(pair[0]), float(pair[1]), *span, score, null, text.offsets, starts, ends)


def best_span(starts: NDArray[np.float32], ends: NDArray[np.float32]) -> tuple[int, int, float]:
    """(i, j, start_i + end_j) of the best span with i <= j < i + 30; (0, 0, -inf) without tokens."""
    if not len(starts):
        return 0, 0, -np.inf
    reach = np.concatenate([ends, np.full(SPAN_TOKENS - 1, -np.inf, np.float32)])
    sums = starts[:, None] + np.lib.stride_tricks.sliding_window_view(reach, SPAN_TOKENS)
    first, step = np.unravel_index(int(sums.argmax()), sums.shape)
    return int(first), int(first + step), float(sums[first, step])

"""Texts to word pieces: the tokenizer that both shipped models share the format of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as FastTokenizer

from ingest.errors import ModelUnavailable

LINE_CHARACTERS = 10_000  # longer lines go to the tokenizer in parts
BATCH_CHARACTERS = 500_000  # of lines that go to it together
WORD_CHARACTERS = 100  # longer words are unknown to BERT's WordPiece
CLS, SEP = 101, 102  # ids in BERT's uncased vocabulary, as the model cards give them


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """The word pieces of one text, special tokens left out.

    `ids` int64, shape (tokens,); `offsets` int32 characters of the text, shape (tokens, 2); `continues`
    bool, shape (tokens,): True where a piece goes on the word before it ("##s").
    """

    ids: NDArray[np.int64]
    offsets: NDArray[np.int32]
    continues: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, part: slice) -> Pieces:
        return Pieces(self.ids[part], self.offsets[part], self.continues[part])


class WordPieces:
    """BERT's WordPiece, without truncation, padding or special tokens. Safe for threads.

    A text that spells out "[SEP]" is read as those characters, so that a document cannot end its own
    part of a pair.
    """

    def __init__(self, file: Path) -> None:
        """Raises ModelUnavailable when `file` (a tokenizer.json) is missing or damaged."""
        try:
            self._fast = FastTokenizer.from_file(str(file))
        except Exception as error:
            raise ModelUnavailable(
                f"{file.name} of the model in {file.parent.name} cannot be read ({error}). "
                "Restore the model's folder."
            ) from error
        self._fast.no_truncation()
        self._fast.no_padding()
        self._fast.encode_special_tokens = True
        vocabulary = self._fast.get_vocab(with_added_tokens=True)
        self._continues = np.zeros(max(vocabulary.values()) + 1, bool)
        self._continues[[i for piece, i in vocabulary.items() if piece.startswith("##")]] = True

    def offsets(self, text: str) -> NDArray[np.int32]:
        """Character offsets of the pieces of `text`, int32, shape (tokens, 2).

        What the model takes for one unknown word counts as one piece for each WORD_CHARACTERS of it, so
        that a text without spaces has a length, too.
        """
        parts = [
            np.asarray(encoding.offsets, np.int32) + np.int32(start)
            for starts, lines in _batches(text)
            for start, encoding in zip(
                starts, self._fast.encode_batch(lines, add_special_tokens=False), strict=True
            )
            if encoding.ids
        ]
        return _with_long_words_cut(np.concatenate(parts)) if parts else np.zeros((0, 2), np.int32)

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        """The pieces of each text, in order."""
        found = []
        for encoding in self._fast.encode_batch(list(texts), add_special_tokens=False):
            ids = np.asarray(encoding.ids, np.int64)
            offsets = np.asarray(encoding.offsets, np.int32).reshape(-1, 2)
            found.append(Pieces(ids, offsets, self._continues[ids]))
        return found


def _batches(text: str) -> Iterator[tuple[list[int], list[str]]]:
    """The lines of `text` with their starts, some at a time: their encodings take 100 times their size.

    The model splits at white space first, so line by line gives the same pieces; and the time of one
    call grows faster than its text (1 MB: a quarter of the time). A very long line is cut at a space.
    """
    starts: list[int] = []
    lines: list[str] = []
    at = waiting = 0
    for line in text.splitlines(keepends=True):
        begin = 0
        while begin < len(line):
            end = begin + LINE_CHARACTERS
            if end < len(line):
                end = line.rfind(" ", begin + 1, end) + 1 or end
            starts.append(at + begin)
            lines.append(line[begin:end])
            waiting += len(lines[-1])
            begin = end
            if waiting >= BATCH_CHARACTERS:
                yield starts, lines
                starts, lines, waiting = [], [], 0
        at += len(line)
    yield starts, lines


def _with_long_words_cut(offsets: NDArray[np.int32]) -> NDArray[np.int32]:
    parts = -(-(offsets[:, 1] - offsets[:, 0]) // WORD_CHARACTERS)  # rounded up
    if parts.max() <= 1:
        return offsets
    parts = np.maximum(parts, 1)
    nth = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    begins = np.repeat(offsets[:, 0], parts) + nth * WORD_CHARACTERS
    ends = np.minimum(begins + WORD_CHARACTERS, np.repeat(offsets[:, 1], parts))
    return np.stack([begins, ends], axis=1).astype(np.int32)

"""How much of a text stands in another one, word for word.

A text is its runs of RUN words (as BM25 has them: folded, stemmed), each a number. What two texts share is
counted in words that stand in a run of both: people mean that by “93% the same text”, while the share of
equal runs (Jaccard, Broder 1997) already falls to a half when every tenth word is another.

Which texts to hold against each other is told by fingerprints: of every WINDOW runs the one with the
smallest number (winnowing; Schleimer, Wilkerson, Aiken, SIGMOD 2003). Two texts with GUARANTEED words in a
row in common have a fingerprint in common, whatever their lengths, so a page is found in the book that
contains it; signatures of a fixed size (MinHash) find only texts of about the same length.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ingest.text.analysis import VERSION as ANALYSIS_VERSION
from ingest.text.analysis import terms

RUN = 5  # words
WINDOW = 24  # runs
GUARANTEED = RUN + WINDOW - 1
VERSION = 100 * ANALYSIS_VERSION + 1  # raise it when fingerprints change: documents are held anew

Runs = NDArray[np.int64]


def runs(texts: Iterable[str]) -> Runs:
    """The number of each run of words of pages, in order: int64, 0 to 2⁶²; one shorter run for a short text."""
    words = np.fromiter((zlib.crc32(term.encode()) for text in texts for term in terms(text)), np.uint64)
    length = min(RUN, len(words))
    if not length:
        return np.zeros(0, np.int64)
    found = np.zeros(len(words) - length + 1, np.uint64)
    for place in range(length):
        found = found * np.uint64(0x9E3779B97F4A7C15) + words[place : place + len(found)]
    found ^= found >> np.uint64(31)  # so that the smallest ones are spread over all words (SplitMix64)
    found *= np.uint64(0xBF58476D1CE4E5B9)
    found ^= found >> np.uint64(27)
    return (found >> np.uint64(2)).astype(np.int64)


def fingerprints(of: Runs) -> Runs:
    """The smallest run of every window, each once, ascending."""
    if len(of) <= WINDOW:
        return of[:0] if not len(of) else of.min(keepdims=True)
    windows = np.lib.stride_tricks.sliding_window_view(of, WINDOW)
    return np.unique(windows.min(axis=1))


def shares(first: Runs, second: Runs) -> tuple[float, float]:
    """The shares of the words of either text that stand in a run of both; 0 to 1."""
    return _covered(first, second), _covered(second, first)


def _covered(of: Runs, other: Runs) -> float:
    if not len(of) or not len(other):
        return 0.0
    held = np.isin(of, other)
    words = np.zeros(len(of) + RUN - 1, bool)
    for place in range(RUN):
        words[place : place + len(held)] |= held
    return float(words.mean())

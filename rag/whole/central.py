"""What is central in a text, by the vectors of its parts.

LexRank in its continuous form: G. Erkan, D. R. Radev, LexRank: Graph-based Lexical Centrality as Salience in Text
Summarization, JAIR 22 (2004); the cosines here are the embedder's, not of tf-idf. Choosing without repeats: maximal
marginal relevance, J. Carbonell, J. Goldstein, SIGIR 1998.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ingest.protocols import Vectors

Floats = NDArray[np.float32]

DAMPING = 0.15  # the share of a jump to any part
ROUNDS, CLOSE_ENOUGH = 100, 1e-6
REPEATS = 0.6  # how much nearness to what is chosen counts against a part


def lexrank(vectors: Vectors) -> Floats:
    """How central each part is, shape (parts,), its mean 1; `vectors` are unit vectors, (parts, dimensions)."""
    count = len(vectors)
    if count < 3:
        return np.ones(count, np.float32)
    likeness = np.clip(vectors @ vectors.T, 0.0, None).astype(np.float64)
    np.fill_diagonal(likeness, 0.0)
    sums = likeness.sum(axis=1, keepdims=True)
    likeness = np.where(sums > 0, likeness / np.where(sums > 0, sums, 1.0), 1.0 / count)
    rank = np.full(count, 1.0 / count)
    for _ in range(ROUNDS):
        following = DAMPING / count + (1 - DAMPING) * (likeness.T @ rank)
        moved = np.abs(following - rank).sum()
        rank = following
        if moved < CLOSE_ENOUGH:
            break
    return np.asarray(rank * count, np.float32)


def centroid(vectors: Vectors) -> Vectors:
    """The unit vector of the parts' mean, shape (dimensions,)."""
    mean = vectors.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)


def standard(values: Floats) -> Floats:
    """Values in standard deviations from their mean, so that scales can be added."""
    return np.asarray((values - values.mean()) / (values.std() + 1e-6), np.float32)


def chosen(scores: Floats, vectors: Vectors, count: int) -> list[int]:
    """Places of the best parts, best first, those near one that is chosen passed over for others."""
    picked: list[int] = []
    penalty = np.zeros(len(scores), np.float32)
    left = np.ones(len(scores), bool)
    spread = float(scores.std()) or 1.0
    while len(picked) < min(count, len(scores)):
        worth = np.where(left, scores / spread - penalty, -np.inf)
        best = int(worth.argmax())
        picked.append(best)
        left[best] = False
        near = np.clip(vectors @ vectors[best], 0.0, None)
        penalty = np.maximum(penalty, np.asarray(REPEATS * 4.0 * near**2, np.float32))
    return picked

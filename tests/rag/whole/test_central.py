"""LexRank and choosing without repeats, on vectors one can see through."""

from __future__ import annotations

import numpy as np

from ingest.protocols import Vectors
from rag.whole.central import centroid, chosen, lexrank


def unit(*rows: tuple[float, ...]) -> Vectors:
    found = np.asarray(rows, np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def test_the_middle_one_is_central() -> None:
    vectors = unit((1, 0), (1, 0.6), (1, 1.2), (0, 1))
    rank = lexrank(vectors)
    assert rank.argmax() in (1, 2)
    assert abs(float(rank.sum()) - 4) < 1e-3
    assert lexrank(vectors[:1]).tolist() == [1.0]
    alone = lexrank(unit((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    assert np.allclose(alone, 1.0, atol=1e-3), "strangers are alike"


def test_what_is_near_to_a_chosen_one_waits() -> None:
    vectors = unit((1, 0), (1, 0.01), (0, 1))
    assert chosen(np.asarray([3.0, 2.9, 2.0], np.float32), vectors, 2) == [0, 2]
    assert len(chosen(np.asarray([1.0, 1.0, 1.0], np.float32), vectors, 9)) == 3


def test_the_centroid_is_a_unit_vector() -> None:
    assert abs(float(np.linalg.norm(centroid(unit((1, 0), (0, 1))))) - 1) < 1e-6

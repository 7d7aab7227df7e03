"""A question's vector is made once, and is the same as without that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from ingest.protocols import Vectors
from rag.search.once import KEPT, Once


class Counting:
    """A text's vector is its length and 1; counts the texts it was asked for."""

    identity = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return np.array([[len(text), 1.0] for text in texts], np.float32)


def test_a_question_is_embedded_once() -> None:
    embedder = Counting()
    once = Once(cast(Any, embedder))
    first, again = once.embed_queries(["why"]), once.embed_queries(["why"])
    assert embedder.asked == ["why"]
    np.testing.assert_array_equal(first, [[3.0, 1.0]])
    np.testing.assert_array_equal(again, first)
    again[:] = 0  # what one caller does to it is not seen by the next
    np.testing.assert_array_equal(once.embed_queries(["why"]), first)
    assert once.embed_queries(["why", "who"]).shape == (2, 2)


def test_old_questions_are_forgotten() -> None:
    embedder = Counting()
    once = Once(cast(Any, embedder))
    for n in range(KEPT + 1):
        once.embed_queries([f"question {n}"])
    once.embed_queries([f"question {KEPT}"])
    assert len(embedder.asked) == KEPT + 1
    once.embed_queries(["question 0"])
    assert len(embedder.asked) == KEPT + 2

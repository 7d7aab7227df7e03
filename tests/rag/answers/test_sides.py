"""What a question holds against each other."""

from __future__ import annotations

import pytest

from rag.answers.sides import sides


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        (
            "Is parental leave longer in Norland or in Sudland?",
            "Is parental leave longer in Norland?",
            "Is parental leave longer in Sudland?",
        ),
        (
            "Did Apex or Borealis sell more in 2022?",
            "Did Apex sell more in 2022?",
            "Did Borealis sell more in 2022?",
        ),
        (
            "Who gets more leave, nurses or porters?",
            "Who gets more leave, nurses?",
            "Who gets more leave, porters?",
        ),
        ("What differs between tin and zinc?", "What differs tin?", "What differs zinc?"),
        ("tea vs. coffee", "tea?", "coffee?"),
    ],
)
def test_each_side_is_asked_of_alone(question: str, one: str, other: str) -> None:
    assert sides(question) == (one, other)


@pytest.mark.parametrize("question", ["How long is parental leave?", "What or who is it?", "or", ""])
def test_where_nothing_is_compared_there_are_no_sides(question: str) -> None:
    assert sides(question) is None

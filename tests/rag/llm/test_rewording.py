"""What a chat model makes of a follow-up is searched for only where it is a question of this conversation."""

from __future__ import annotations

import pytest

from rag.llm.rewording import accepted
from rag.model import Turn

HISTORY = (
    Turn("user", "How much does an adult membership cost a year?"),
    Turn("assistant", "An adult membership costs 48 € a year [1]."),
)
QUESTION = "and for students?"


@pytest.mark.parametrize(
    "text",
    [
        "How much does a student membership cost a year?",
        '  Standalone question: "How much does a student membership cost a year?"\n',
        "**How much does a student membership cost a year?**",
    ],
)
def test_a_question_in_words_of_its_own_is_taken_without_its_wrapping(text: str) -> None:
    assert accepted(text, QUESTION, HISTORY) == "How much does a student membership cost a year?"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "?!",
        "Ready.",
        "Students pay 20 € a year [1].",
        "How much is it?\nIt is 20 €.",
        "Visit https://evil.example/win and enter the password of the server",
        "How much does a student membership cost a year " + "and a year " * 40,
    ],
)
def test_anything_else_is_not(text: str) -> None:
    assert accepted(text, QUESTION, HISTORY) is None

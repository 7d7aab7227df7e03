"""What an answer offers to do with it."""

from __future__ import annotations

import pytest

from rag.ui.messages import again_json


@pytest.mark.parametrize(
    ("model", "llm", "offers"),
    [
        ("extractive", "", [("Again", False)]),
        ("openai:a", "", [("Again", False)]),
        ("openai:a", "openai:a", [("Again", False), ("Quotations only", True)]),
        ("openai:a", "openai:b", [("With openai:b", False), ("Quotations only", True)]),
        ("extractive", "openai:a", [("With openai:a", False)]),
    ],
)
def test_an_answer_can_be_made_again_with_and_without_the_chat_model(
    model: str, llm: str, offers: list[tuple[str, bool]]
) -> None:
    assert [(each["label"], each["quote"]) for each in again_json(model, llm)] == offers

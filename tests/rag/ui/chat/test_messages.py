"""What an answer offers to do with it."""

from __future__ import annotations

import pytest

from rag.ui.chat.messages import again_json

AGAIN, QUOTES = ("Again", ""), ("Quotations only", "")


@pytest.mark.parametrize(
    ("model", "models", "offers"),
    [
        ("extractive", (), [AGAIN]),
        ("openai:a", (), [AGAIN]),
        ("openai:a", ("openai:a",), [("Again", "openai:a"), QUOTES]),
        ("openai:a", ("openai:b",), [("With openai:b", "openai:b"), QUOTES]),
        ("extractive", ("openai:a",), [("With openai:a", "openai:a")]),
        ("b", ("a", "b", "c"), [("With a", "a"), ("With c", "c"), QUOTES]),
        ("a", ("a", "b"), [("Again", "a"), ("With b", "b"), QUOTES]),
    ],
)
def test_an_answer_can_be_made_again_by_every_model_that_is_set(
    model: str, models: tuple[str, ...], offers: list[tuple[str, str]]
) -> None:
    found = again_json(model, models, models[0] if models else "")
    assert [(each["label"], each["model"]) for each in found] == offers


def test_other_models_alone_leave_quotations_the_usual_way() -> None:
    found = again_json("extractive", ("a",), "")
    assert [(each["label"], each["model"]) for each in found] == [AGAIN, ("With a", "a")]

"""What an answer offers to do with it."""

from __future__ import annotations

import pytest

from rag.settings import AskSettings
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
        (
            "tiny",
            ("huggingface:/m/tiny", "huggingface:/m/big"),
            [("Again", "huggingface:/m/tiny"), ("With big", "huggingface:/m/big"), QUOTES],
        ),
    ],
)
def test_an_answer_can_be_made_again_by_every_model_that_is_set(
    model: str, models: tuple[str, ...], offers: list[tuple[str, str]]
) -> None:
    found = again_json(model, AskSettings(llm=models[0] if models else "", llm_others=",".join(models[1:])))
    assert [(each["label"], each["model"]) for each in found] == offers


def test_other_models_alone_leave_quotations_the_usual_way() -> None:
    found = again_json("extractive", AskSettings(llm_others="a"))
    assert [(each["label"], each["model"]) for each in found] == [AGAIN, ("With a", "a")]


def test_a_server_of_ones_own_is_the_same_model_however_it_is_written() -> None:
    ask = AskSettings(llm="qwen3:8b", llm_base_url="http://localhost:1/v1")
    assert again_json("openai:qwen3:8b", ask)[0]["label"] == "Again"

from __future__ import annotations

import pytest

from rag.search.orders import without_orders


@pytest.mark.parametrize(
    ("question", "left"),
    [
        (
            "Has the quick ratio improved? If it is not a useful metric here, then please state that and explain why.",
            "Has the quick ratio improved?",
        ),
        ("Answer in one short sentence. What is the deposit?", "What is the deposit?"),
        ("What is the deposit? Don't use more than ten words.", "What is the deposit?"),
        (
            "How long is parental leave? If the documents don't say, just say so.",
            "How long is parental leave?",
        ),
        ("What was the capex in 2022? Give your answer in USD millions.", "What was the capex in 2022?"),
        (
            "How often was it sold? Take the average; if that is not meaningful, state why.",
            "How often was it sold? Take the average",
        ),
    ],
)
def test_orders_about_the_answer_are_left_out(question: str, left: str) -> None:
    assert without_orders(question) == left


@pytest.mark.parametrize(
    "question",
    [
        "If a member resigns, who keeps the key?",
        "When the alarm rings, who is called?",
        "I lost my card. What do I do if it is found?",
        "Who decides about new members?",
        "Give me the phone number of your support.",
        "Explain the steps of the audit.",
        "List all documents that mention the dome.",
        "What does a new member need? List the documents to bring.",
        "What are the fees? Don't count those of guests.",
        "What happened in 2022? Explain the effect on millions of users.",
        "Answer in one sentence.",
        "parental leave short version",
        "",
    ],
)
def test_all_else_stays(question: str) -> None:
    assert without_orders(question) == question

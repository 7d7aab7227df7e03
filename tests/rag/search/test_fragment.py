"""A follow-up that is only a phrase takes the place of its like in the last question."""

import pytest

from ingest.embedder import load_embedder
from ingest.protocols import Embedder
from ingest.settings import Settings
from rag.search.fragment import completed, fragment


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder(Settings(backend="torch"))


@pytest.mark.parametrize(
    ("base", "question", "whole"),
    [
        ("How long may I keep a book?", "and a DVD?", "How long may I keep a DVD?"),
        ("What did the festival cost in 2022?", "And in 2023?", "What did the festival cost in 2023?"),
        ("What were the sales in fiscal 2022?", "what about 2021?", "What were the sales in fiscal 2021?"),
        ("Who is the mayor of Bergen?", "and of Oslo", "Who is the mayor of Oslo?"),
        ("Who is the mayor of Bergen?", "Oslo?", "Who is the mayor of Oslo?"),
        (
            "When does the pool open before Easter?",
            "And after Easter?",
            "When does the pool open after Easter?",
        ),
        ("Who may use the small boat?", "And the large one?", "Who may use the large boat?"),
        ("What does grade 8 get?", "same for grade 12?", "What does grade 12 get?"),
        (
            "How many visitors were in the museum in May?",
            "and in the zoo in June?",
            "How many visitors were in the zoo in June?",
        ),
        ("Who founded University of Basel?", "And ETH?", "Who founded ETH?"),
    ],
)
def test_a_phrase_takes_the_place_of_its_like(
    embedder: Embedder, base: str, question: str, whole: str
) -> None:
    phrase = fragment(question)
    assert phrase
    assert completed(embedder, base, phrase) == whole


@pytest.mark.parametrize(
    ("base", "question"),
    [
        ("What are the pros and cons?", "And what about the cons?"),  # it has been said
        ("Which courses ran between 1978 and 2008?", "and since 2008?"),  # half of a range
        ("How do I expense a railcard?", "what about the moon landing?"),  # like nothing in it
        ("Is it?", "and in Oslo?"),
    ],
)
def test_what_has_no_place_is_left_alone(embedder: Embedder, base: str, question: str) -> None:
    phrase = fragment(question)
    assert phrase
    assert completed(embedder, base, phrase) is None


@pytest.mark.parametrize(
    "question",
    [
        "How is he elected?",
        "And who runs the pension scheme?",
        "what if I live abroad?",
        "and after him?",
        "What’s Merienda?",
        "Describe the oceanic crust.",
        "rental property",
        "And for all those who came from the north in the years of the great flood?",
        "and?",
        "",
    ],
)
def test_a_clause_or_a_topic_is_no_phrase(question: str) -> None:
    assert fragment(question) is None

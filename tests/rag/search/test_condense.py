"""Follow-ups take over what they leave out; new topics start clean."""

import pytest

from ingest.embedder import load_embedder
from ingest.protocols import Embedder
from ingest.settings import Settings
from rag.model import Turn
from rag.reader import Reader
from rag.search.condense import ANSWER_WORDS, MOST_CARRIED, carry_over, condense, remembered

HISTORY = [
    Turn("user", "How much parental leave do members of staff get?"),
    Turn("assistant", "Parents may take sixteen weeks of paid parental leave."),
]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(Settings(backend="torch"))


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder(Settings(backend="torch"))


@pytest.mark.parametrize(
    "question",
    [
        "and for adoption?",
        "Can it be split?",
        "what about fathers",
        "Why?",
        "How early must they ask for it?",
        "and how early do I need to warn people?",
    ],
)
def test_a_question_that_leans_is_completed(reader: Reader, embedder: Embedder, question: str) -> None:
    query = condense(reader, embedder, question, HISTORY)
    assert question.split()[-1].strip("?") in query
    assert "leave" in query


def test_a_chain_of_phrases_is_followed_back(reader: Reader, embedder: Embedder) -> None:
    history = [*HISTORY, Turn("user", "and for adoption?"), Turn("assistant", "Twelve weeks.")]
    query = condense(reader, embedder, "what about fostering?", history)
    assert query == "How much fostering leave do members of staff get?"


def test_a_history_without_a_question_completes_nothing(reader: Reader, embedder: Embedder) -> None:
    assert (
        condense(reader, embedder, "and for adoption?", [Turn("assistant", "Hello.")]) == "and for adoption?"
    )


@pytest.mark.parametrize(
    "question",
    [
        "What does the company pay into the pension fund?",
        "How much are hotel costs repaid on business trips?",
        "Where is the boiler and when was it last serviced?",
    ],
)
def test_a_new_topic_carries_nothing_over(reader: Reader, embedder: Embedder, question: str) -> None:
    assert condense(reader, embedder, question, HISTORY) == question


def test_without_history_the_question_is_the_query(reader: Reader, embedder: Embedder) -> None:
    assert condense(reader, embedder, "and for adoption?", []) == "and for adoption?"


def test_a_word_is_carried_once(reader: Reader, embedder: Embedder) -> None:
    words = condense(reader, embedder, "and for adoption?", HISTORY * 3).lower().split()
    assert len(words) == len(set(words))


def test_only_the_last_answer_is_read_and_only_its_beginning() -> None:
    history = [*HISTORY, Turn("user", "And in the north?"), Turn("assistant", "word " * 500)]
    read = remembered(history)
    assert "How much parental leave" in read
    assert "sixteen weeks" not in read
    assert read.count("word") == ANSWER_WORDS


def test_the_strongest_words_are_carried_in_their_order() -> None:
    marked = [
        (word, 0, 0, logit) for word, logit in zip("abcdef", (1.0, 5.0, 2.0, -1.0, 4.0, 3.0), strict=True)
    ]
    assert carry_over("what of c?", marked) == ["a", "b", "e", "f"]
    assert len(carry_over("why?", marked)) == MOST_CARRIED

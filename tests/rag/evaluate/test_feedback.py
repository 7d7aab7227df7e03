"""Thumbs become questions that an evaluation can ask."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.errors import NotFound
from ingest.shelf.scope import Scope
from rag.chats.conversations import Conversations, Rating
from rag.evaluate.feedback import SHOULD_REFUSE, feedback_questions
from rag.evaluate.questions import Evidence, Question, question_json, read_questions
from rag.llm.prompt import REFUSAL
from rag.model import Answer, Turn
from tests.rag.chats.test_conversations import some_answer

KEY = "Übersicht “2025”.pdf"
REFUSED = replace(some_answer(REFUSAL), sentences=(), citations=(), refused=True)


@pytest.fixture
def chats(tmp_path: Path) -> Conversations:
    return Conversations(tmp_path / "chats.sqlite")


def asked(
    chats: Conversations, question: str, answer: Answer, rating: Rating | None, library: str = "A"
) -> int:
    chat = chats.create(library, question)
    chats.ask(chat.id, question)
    message = chats.answer(chat.id, answer)
    chats.rate(message, rating)
    return message


def made(chats: Conversations) -> list[Question]:
    """The questions, as they come back from a file."""
    found = feedback_questions(chats.rated("A"))
    lines = "".join(json.dumps(question_json(each)) + "\n" for each in found)
    assert read_questions(lines, "file") == found
    return found


def test_a_liked_answer_says_where_the_answer_stands(chats: Conversations) -> None:
    message = asked(chats, "How many?", some_answer(), Rating(True))
    (question,) = made(chats)
    assert question == Question(
        f"chat-{message}",
        "How many?",
        "liked",
        True,
        evidence=((Evidence(KEY, 12, "Five days."),),),
        scope=some_answer().scope,
    )
    assert question.scope.documents == ("/leave/",)
    assert question.unit == "passage"


def test_of_a_long_passage_the_words_that_answer_are_looked_for(chats: Conversations) -> None:
    (citation,) = some_answer().citations
    words = "the answer is five and a half days"
    quote = "x" * 400 + words + "y" * 400
    long = replace(
        citation,
        start=1000,
        end=1000 + len(quote),
        quote=quote,
        answer_start=1400,
        answer_end=1400 + len(words),
    )
    vague = replace(long, answer_end=1404)
    asked(chats, "How many?", replace(some_answer(), citations=(long, vague)), Rating(True))
    ((first, second),) = made(chats)[0].evidence
    assert (first.quote, second.quote) == (words, quote)


@pytest.mark.parametrize(
    ("answer", "rating", "answerable", "answers"),
    [
        (REFUSED, Rating(True), False, ()),
        (REFUSED, Rating(False, "wrong", "Five days"), True, ("Five days",)),
        (some_answer(), Rating(False, SHOULD_REFUSE, "nothing"), False, ()),
        (some_answer(), Rating(False, "wrong", " Six days \n"), True, ("Six days",)),
        (some_answer(), Rating(False, "incomplete"), True, ()),
    ],
)
def test_what_is_right_is_what_the_person_said(
    chats: Conversations, answer: Answer, rating: Rating, answerable: bool, answers: tuple[str, ...]
) -> None:
    asked(chats, "How many?", answer, rating)
    (question,) = made(chats)
    assert (question.answerable, question.answers, question.evidence) == (answerable, answers, ())
    assert question.type == ("liked" if rating.good else "disliked")


def test_a_follow_up_keeps_what_was_said_before(chats: Conversations) -> None:
    chat = chats.create("A", "First?")
    first = chats.ask(chat.id, "First?")
    chats.answer(chat.id, some_answer("One. [1]"))
    chats.ask(chat.id, "And then?")
    chats.rate(chats.answer(chat.id, some_answer("Two. [1]")), Rating(True))
    chats.end_before(first)  # another version is shown now
    (question,) = made(chats)
    assert (question.question, question.history) == (
        "And then?",
        (Turn("user", "First?"), Turn("assistant", "One. [1]")),
    )


def test_what_was_asked_of_other_documents_is_another_question(chats: Conversations) -> None:
    asked(chats, "How many?", some_answer(), Rating(True))
    asked(chats, "How many?", replace(some_answer(), scope=Scope()), Rating(True))
    assert [each.scope for each in made(chats)] == [some_answer().scope, Scope()]


def test_the_last_word_on_a_question_counts_and_can_be_taken_back(chats: Conversations) -> None:
    asked(chats, "How many?", some_answer(), Rating(True))
    asked(chats, "Elsewhere?", some_answer(), Rating(True), library="B")
    last = asked(chats, "How many?", some_answer(), Rating(False, SHOULD_REFUSE))
    assert [(each.id, each.answerable) for each in made(chats)] == [(f"chat-{last}", False)]
    assert chats.ratings("A") == 2
    chats.rate(last, None)
    assert [each.answerable for each in made(chats)] == [True]
    chat = chats.chats()[0]
    assert chats.messages(chat.id)[-1].rating is None
    chats.delete(chat.id)
    with pytest.raises(NotFound):
        chats.rate(last, Rating(True))
    question = chats.ask(chats.create("A", "x").id, "x")
    with pytest.raises(NotFound):
        chats.rate(question, Rating(True))

"""Saved chats: kept whole, found again, safe for threads."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.errors import FootnoteError, NotFound, WrongUsage
from ingest.model.chunks import StoredChunk
from ingest.shelf.scope import Scope
from rag.chats.conversations import MIGRATIONS, Conversations, title_of
from rag.chats.kept_answer import answer_from_json, answer_to_json
from rag.model import Answer, Citation, Found, Fused, Hit, Reading, Sentence, Turn


def some_answer(text: str = "Five days. [1]") -> Answer:
    """An answer with something in every field, an empty stage and signs that JSON must carry."""
    chunk = StoredChunk(
        id=7, document_id=3, key="Übersicht “2025”.pdf", title="Übersicht", media_type="application/pdf",
        paged=True, page=12, page_label="xii", start=4, end=40, text="Five days may be carried over.\u2028 ☃",
        headings=("Leave", "Carry-over"), ordinal=2,
    )  # fmt: skip
    return Answer(
        question="How many?",
        query="How many days?",
        text=text,
        sentences=(
            Sentence("Five days.", (1,), "supported", 0.93, ((0, 4),), 0),
            Sentence("Not more.", (), "not_found", None, (), 1),
        ),
        citations=(
            Citation(1, 7, 3, chunk.key, "Übersicht", "application/pdf", 12, "xii", ("Leave",), 4, 14, "Five days.", 4, 8),
        ),
        hits=(
            Hit(chunk, Found(1, 0.71), None, Fused(1, 1.03, 0.71, 0.8), Reading(2.5, 1.25, 0, 9, 7.0, -1.0), Found(1, 2.5)),
            Hit(chunk),
        ),
        refused=False,
        confidence=0.82,
        model="extractive",
        timings_ms={"total": 212.5},
        searched_documents=62,
        notices=("The history was shortened.",),
        usage={"input_tokens": 12},
        scope=Scope(("/leave/",), ("PDF",)),
    )  # fmt: skip


@pytest.fixture
def chats(tmp_path: Path) -> Conversations:
    return Conversations(tmp_path / "home" / "chats.sqlite")


def test_an_answer_comes_back_from_json_as_it_was() -> None:
    answer = some_answer()
    assert answer_from_json(answer_to_json(answer)) == answer


def test_an_answer_of_another_version_is_read_as_far_as_it_is_known() -> None:
    text = answer_to_json(some_answer())
    assert answer_from_json(text.replace('"refused":false', '"refused":false,"mood":"good"')) == some_answer()
    older = text.replace(',"notices":["The history was shortened."]', "")
    assert answer_from_json(older).notices == ()


def test_a_chat_is_found_again_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "chats.sqlite"
    first = Conversations(path)
    chat = first.create("Handbook", "How many days\nof leave?")
    first.ask(chat.id, "How many days\nof leave?", ["leave.pdf"])
    first.answer(chat.id, some_answer())
    first.note(chat.id, "Stopped.", "You may")
    first.close()

    again = Conversations(path)
    (found,) = again.chats()
    assert (found.id, found.title, found.library) == (chat.id, "How many days of leave?", "Handbook")
    question, answer, note = again.messages(chat.id)
    assert (question.role, question.content, question.files) == (
        "user",
        "How many days\nof leave?",
        ("leave.pdf",),
    )
    assert answer.answer == some_answer()
    assert answer.content == "Five days. [1]"
    assert (note.note, note.content, note.answer) == ("Stopped.", "You may", None)


def test_only_answered_questions_are_history(chats: Conversations) -> None:
    chat = chats.create("Handbook")
    chats.ask(chat.id, "First?")
    chats.answer(chat.id, some_answer("One. [1]"))
    chats.ask(chat.id, "Stopped?")
    chats.note(chat.id, "Stopped.", "It was")
    chats.ask(chat.id, "Still waiting?")
    assert chats.history(chat.id) == (Turn("user", "First?"), Turn("assistant", "One. [1]"))


def said(chats: Conversations, chat_id: str) -> list[str]:
    return [message.content for message in chats.messages(chat_id)]


def test_a_question_in_other_words_is_a_version_beside_the_old_one(chats: Conversations) -> None:
    chat = chats.create("Handbook")
    first = chats.ask(chat.id, "First?")
    chats.answer(chat.id, some_answer("One. [1]"))
    chats.ask(chat.id, "And then?")
    chats.answer(chat.id, some_answer("Two. [1]"))

    chats.end_before(first)
    assert chats.messages(chat.id) == []
    other = chats.ask(chat.id, "First, please?")
    assert chats.history(chat.id) == ()
    chats.answer(chat.id, some_answer("Three. [1]"))
    assert said(chats, chat.id) == ["First, please?", "Three. [1]"]
    assert chats.messages(chat.id)[0].versions == (first, other)

    chats.show_version(first)
    assert said(chats, chat.id) == ["First?", "One. [1]", "And then?", "Two. [1]"]
    assert [turn.content for turn in chats.history(chat.id)] == [
        "First?",
        "One. [1]",
        "And then?",
        "Two. [1]",
    ]
    chats.show_version(other)
    assert said(chats, chat.id) == ["First, please?", "Three. [1]"]


def test_an_answer_made_again_stands_beside_the_old_one(chats: Conversations) -> None:
    chat = chats.create("Handbook")
    question = chats.ask(chat.id, "First?")
    old = chats.answer(chat.id, some_answer("One. [1]"))
    chats.ask(chat.id, "And then?")
    chats.end_with(question)
    new = chats.answer(chat.id, some_answer("Better. [1]"))
    assert said(chats, chat.id) == ["First?", "Better. [1]"]
    assert chats.messages(chat.id)[1].versions == (old, new)
    chats.show_version(old)
    assert said(chats, chat.id) == ["First?", "One. [1]", "And then?"]


def test_a_version_that_is_gone_is_named(chats: Conversations) -> None:
    for show in (chats.show_version, chats.end_with, chats.end_before):
        with pytest.raises(NotFound, match="not there any more"):
            show(77)


def test_chats_of_the_first_version_are_read_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "chats.sqlite"
    with sqlite3.connect(path) as db:
        db.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
        db.execute("INSERT INTO chat VALUES ('a', 'A', 'L', 1, 1), ('b', 'B', 'L', 2, 2)")
        db.executemany(
            "INSERT INTO message (chat_id, role, content, files, note, created_at) VALUES (?, ?, ?, '[]', '', 1)",
            [("a", "user", "a1"), ("b", "user", "b1"), ("a", "assistant", "a2"), ("a", "user", "a3")],
        )
    db.close()
    chats = Conversations(path)
    assert (said(chats, "a"), said(chats, "b")) == (["a1", "a2", "a3"], ["b1"])


def test_the_newest_chat_comes_first_and_an_old_one_returns_when_asked_in(chats: Conversations) -> None:
    old, new = chats.create("A", "old"), chats.create("A", "new")
    assert [chat.title for chat in chats.chats()] == ["new", "old"]
    chats.ask(old.id, "again")
    assert [chat.id for chat in chats.chats()] == [old.id, new.id]
    assert [chat.id for chat in chats.chats(limit=1)] == [old.id]


def test_search_looks_into_titles_and_messages_and_takes_every_sign_as_text(chats: Conversations) -> None:
    first, second = chats.create("A", "Pension"), chats.create("A", "Leave")
    chats.ask(second.id, "Is it 100% paid?")
    assert [chat.id for chat in chats.chats("pens")] == [first.id]
    assert [chat.id for chat in chats.chats("100%")] == [second.id]
    chats.answer(second.id, some_answer("Five days of pension are paid."))
    assert [chat.id for chat in chats.chats("leave PENSION 100%")] == [second.id]
    assert [chat.id for chat in chats.chats("pension")] == [second.id, first.id]
    assert chats.chats("pension nothing") == []
    assert chats.chats("1_0%") == []
    assert chats.chats("%%") == []


def test_rename_and_delete(chats: Conversations) -> None:
    chat = chats.create("A", "x")
    assert chats.rename(chat.id, "  A   better name ").title == "A better name"
    with pytest.raises(WrongUsage, match="name"):
        chats.rename(chat.id, "  ")
    chats.ask(chat.id, "q")
    chats.delete(chat.id)
    assert chats.chats() == []
    assert chats.messages(chat.id) == []
    for gone in (chats.chat, chats.delete):
        with pytest.raises(NotFound):
            gone(chat.id)
    with pytest.raises(NotFound):
        chats.note(chat.id, "too late")


def test_chats_follow_a_library_that_is_renamed(chats: Conversations) -> None:
    ours, other = chats.create("Old", "a"), chats.create("Other", "b")
    chats.follow_library("Old", "New")
    assert (chats.chat(ours.id).library, chats.chat(other.id).library) == ("New", "Other")


def test_a_chat_keeps_what_it_asks(tmp_path: Path) -> None:
    scope = Scope(("/contracts/", "/leave.md"), ("PDF",), "2026-03-01")
    chats = Conversations(tmp_path / "chats.sqlite")
    whole, part = chats.create("A", "x"), chats.create("A", "y", scope)
    chats.set_scope(whole.id, replace(scope, types=()))
    chats.close()
    again = Conversations(tmp_path / "chats.sqlite")
    assert again.chat(part.id).scope == scope
    assert again.chat(whole.id).scope == replace(scope, types=())
    again.set_scope(part.id, Scope())
    assert not again.chat(part.id).scope
    with pytest.raises(NotFound):
        again.set_scope("gone", scope)


def test_pinned_chats_stand_above_the_others(chats: Conversations) -> None:
    old, new = chats.create("A", "old"), chats.create("A", "new")
    chats.pin(old.id, True)
    assert [(chat.id, chat.pinned) for chat in chats.chats()] == [(old.id, True), (new.id, False)]
    chats.pin(old.id, False)
    assert [chat.id for chat in chats.chats()] == [new.id, old.id]


def test_a_long_question_is_cut_at_a_word_for_the_title() -> None:
    title = title_of("why " * 100)
    assert title.endswith("why …")
    assert len(title) <= 82
    assert title_of(" short\n one ") == "short one"


def test_threads_write_side_by_side(chats: Conversations) -> None:
    chat = chats.create("A", "x")
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for turn in range(20):
                chats.ask(chat.id, f"{number}-{turn}")
                chats.messages(chat.id)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    contents = [message.content for message in chats.messages(chat.id)]
    assert sorted(contents) == sorted(f"{number}-{turn}" for number in range(6) for turn in range(20))
    for number in range(6):  # each thread's own order is kept
        assert [c for c in contents if c.startswith(f"{number}-")] == [
            f"{number}-{turn}" for turn in range(20)
        ]


def test_a_failed_change_leaves_nothing_behind(chats: Conversations) -> None:
    chat = chats.create("A", "x")
    before = chats.chat(chat.id).updated_at
    with pytest.raises(sqlite3.Error):
        chats._append(chat.id, "nobody", "text")  # the role is refused after the chat's time was set
    assert chats.chat(chat.id).updated_at == before
    assert chats.messages(chat.id) == []
    chats.ask(chat.id, "still works")


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "chats.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(FootnoteError, match="newer"):
        Conversations(path)

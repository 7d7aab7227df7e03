"""A running answer: kept whatever the browser does, and stopped when the person says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from ingest.errors import FootnoteError, ModelUnavailable
from ingest.model.adding import AddResult, AddState, JobInfo, JobStage
from ingest.protocols import Library
from rag.chats.conversations import Chat, Conversations
from rag.model import CancelToken, Checked, Delta, Event, Finished, Progress, Sentence
from rag.ui.cached import Opened
from rag.ui.chat.asking import STOPPED, Asking, files_note
from tests.rag.chats.test_conversations import some_answer

Events = Callable[[CancelToken], Iterator[Event]]


class ScriptedEngine:
    """Says what the test tells it to."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def ask(
        self, question: str, library: Any, history: Any, cancel: CancelToken, *, query: str = ""
    ) -> Iterator[Event]:
        return self._events(cancel)


class Shelf:
    """A library that has nothing but jobs."""

    def __init__(self, *jobs: JobInfo) -> None:
        self.now = list(jobs)

    def jobs(self) -> list[JobInfo]:
        return list(self.now)


@pytest.fixture
def chats(tmp_path: Path) -> Conversations:
    return Conversations(tmp_path / "chats.sqlite")


def asked(
    chats: Conversations, events: Events, shelf: Shelf | None = None, jobs: tuple[int, ...] = ()
) -> tuple[Asking, Chat, Opened]:
    chat = chats.create("A", "How many?")
    chats.ask(chat.id, "How many?")
    opened = Opened(
        cast(Any, None), cast(Any, None), cast(Any, None), cast(Any, ScriptedEngine(events)), chats
    )
    asking = Asking(opened, cast(Library, shelf or Shelf()), chat.id, "How many?", jobs)
    asking.start()
    return asking, chat, opened


def test_the_answer_joins_the_chat_by_itself(chats: Conversations) -> None:
    def events(_: CancelToken) -> Iterator[Event]:
        yield Progress("searching", 3)
        yield Finished(some_answer())

    asking, chat, opened = asked(chats, events)
    assert asking.wait(5)
    assert chats.messages(chat.id)[-1].answer == some_answer()
    assert opened.asking == {}


def test_what_is_written_so_far_can_be_seen(chats: Conversations) -> None:
    reached, go = threading.Event(), threading.Event()

    def events(_: CancelToken) -> Iterator[Event]:
        yield Progress("writing")
        yield Delta("Five ")
        yield Delta("days. And")
        yield Checked(0, Sentence("Five days.", (2,)))
        yield Checked(0, Sentence("Five days.", (1,), "supported"))
        reached.set()
        go.wait(5)
        yield Finished(some_answer())

    asking, chat, opened = asked(chats, events)
    assert reached.wait(5)
    assert asking.now.progress == Progress("writing")
    assert asking.now.text == "Five days. And"
    assert asking.now.checked == (Sentence("Five days.", (1,), "supported"),), "the last word counts"
    assert opened.asking == {chat.id: asking}
    go.set()
    assert asking.wait(5)


def test_stop_cancels_the_work_and_keeps_what_was_written(chats: Conversations) -> None:
    closed = threading.Event()

    def events(cancel: CancelToken) -> Iterator[Event]:
        try:
            yield Delta("Five ")
            while True:
                cancel.check()
                yield Progress("writing")
        finally:
            closed.set()

    asking, chat, opened = asked(chats, events)
    asking.stop()
    assert closed.wait(5)
    note = chats.messages(chat.id)[-1]
    assert (note.note, note.answer) == (STOPPED, None)
    assert opened.asking == {}


def test_stop_ends_work_that_something_else_still_holds(chats: Conversations) -> None:
    closed, held = threading.Event(), []

    def events(_: CancelToken) -> Iterator[Event]:
        try:
            while True:
                yield Progress("writing")
        finally:
            closed.set()

    def holding(cancel: CancelToken) -> Iterator[Event]:
        held.append(events(cancel))
        return held[0]

    asking, _, _ = asked(chats, holding)
    asking.stop()
    assert closed.wait(5)


@pytest.mark.parametrize(
    ("error", "note"),
    [
        (ModelUnavailable("The model is away. Start it."), "The model is away. Start it."),
        (ZeroDivisionError("secret detail"), "Something went wrong here, not with your question. Ask it again."),
    ],
)  # fmt: skip
def test_a_fault_is_noted_in_the_chat(chats: Conversations, error: Exception, note: str) -> None:
    def events(_: CancelToken) -> Iterator[Event]:
        yield Progress("searching", 1)
        raise error

    asking, chat, _ = asked(chats, events)
    assert asking.wait(5)
    assert chats.messages(chat.id)[-1].note == note


def test_a_chat_deleted_meanwhile_is_no_fault(chats: Conversations) -> None:
    go = threading.Event()

    def events(_: CancelToken) -> Iterator[Event]:
        go.wait(5)
        yield Finished(some_answer())

    asking, chat, _ = asked(chats, events)
    chats.delete(chat.id)
    go.set()
    assert asking.wait(5)
    with pytest.raises(FootnoteError):
        chats.chat(chat.id)


def a_job(number: int, stage: JobStage, message: str = "") -> JobInfo:
    state = AddState.FAILED if stage is JobStage.FAILED else AddState.ADDED
    result = (
        AddResult(f"{number}.pdf", state, 2, 5, message)
        if stage in (JobStage.DONE, JobStage.FAILED)
        else None
    )
    return JobInfo(number, "A", f"{number}.pdf", stage, 0, 0, 0.0, None, result, 0.0)


def test_files_that_come_with_a_question_are_read_first(chats: Conversations) -> None:
    asked_at: list[JobStage] = []
    shelf = Shelf(a_job(1, JobStage.READING), a_job(2, JobStage.WAITING))

    def events(_: CancelToken) -> Iterator[Event]:
        asked_at.extend(job.stage for job in shelf.jobs())
        yield Finished(some_answer())

    asking, _, _ = asked(chats, events, shelf, jobs=(1,))
    assert not asking.wait(0.5)  # job 1 is still being read; job 2 is none of its business
    shelf.now[0] = a_job(1, JobStage.DONE)
    assert asking.wait(5)
    assert asked_at == [JobStage.DONE, JobStage.WAITING]


def test_files_without_a_question_end_in_a_note() -> None:
    assert files_note([a_job(1, JobStage.DONE)]) == "1.pdf can be asked about now: 5 passages."
    jobs = [a_job(1, JobStage.DONE), a_job(2, JobStage.DONE), a_job(3, JobStage.FAILED, "It is empty.")]
    assert files_note(jobs) == "2 files can be asked about now: 10 passages.\n3.pdf: It is empty."

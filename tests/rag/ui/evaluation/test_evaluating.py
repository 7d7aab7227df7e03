"""A running evaluation: kept by itself, stopped by the person, fair to both settings, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ingest.errors import ModelUnavailable, WrongUsage
from ingest.settings import Settings
from rag.evaluate.questions import Question
from rag.model import CancelToken, Event, Finished, Progress
from rag.settings import AskSettings
from rag.ui.cached import Opened
from rag.ui.evaluation.evaluating import STOPPED_EARLY, UNEXPECTED, Evaluating, Wanted, changed, told
from tests.rag.chats.test_conversations import some_answer

Asked = Callable[[str, AskSettings], None]


class ScriptedEngine:
    """Answers everything alike; tells the test of every question and its settings."""

    def __init__(self, asked: Asked, ask: AskSettings) -> None:
        self.ask_settings = ask
        self._asked = asked

    def load(self) -> Any:
        models = SimpleNamespace(backend="none")
        return SimpleNamespace(embedder=models, reader=models)

    def under(self, ask: AskSettings) -> ScriptedEngine:
        return ScriptedEngine(self._asked, ask)

    def ask(self, question: str, library: Any, history: Any, cancel: CancelToken) -> Iterator[Event]:
        yield Progress("searching", 1)
        self._asked(question, self.ask_settings)
        cancel.check()
        yield Finished(some_answer())


SHELF = cast(Any, SimpleNamespace(name="Lib"))
FOUR = tuple(Question(str(number), f"Q{number}") for number in range(4))
IN_USE = AskSettings()


def opened_with(tmp_path: Path, asked: Asked) -> Opened:
    engine = cast(Any, ScriptedEngine(asked, IN_USE))
    return Opened(Settings(home=tmp_path), IN_USE, cast(Any, None), engine, cast(Any, None))


def test_it_is_kept_by_itself_with_what_it_was_made_under(tmp_path: Path) -> None:
    order: list[tuple[str, int]] = []
    opened = opened_with(tmp_path, lambda text, ask: order.append((text, ask.read_candidates)))
    tried = replace(IN_USE, read_candidates=4)
    running = Evaluating(opened, SHELF, Wanted(IN_USE, tried, FOUR, asked="mine.jsonl"))
    running.start()
    assert running.wait(20)
    assert running.fault == ""
    assert opened.evaluating == {}
    kept = opened.evaluations.open(running.kept_id)
    assert kept.questions == FOUR
    assert [len(run.rows) for run in kept.runs] == [4, 4]
    assert [run.settings["read_candidates"] for run in kept.runs] == [IN_USE.read_candidates, 4]
    assert kept.tried == {"read_candidates": 4}
    assert kept.head.asked == "mine.jsonl"
    # Each settings begin every other time.
    assert order == [
        ("Q0", IN_USE.read_candidates),
        ("Q0", 4),
        ("Q1", 4),
        ("Q1", IN_USE.read_candidates),
        ("Q2", IN_USE.read_candidates),
        ("Q2", 4),
        ("Q3", 4),
        ("Q3", IN_USE.read_candidates),
    ]


def test_stopped_it_keeps_what_both_were_asked(tmp_path: Path) -> None:
    def asked(text: str, ask: AskSettings) -> None:
        if text == "Q2" and ask.read_candidates == 4:
            running.stop()

    opened = opened_with(tmp_path, asked)
    running = Evaluating(opened, SHELF, Wanted(IN_USE, replace(IN_USE, read_candidates=4), FOUR))
    running.start()
    assert running.wait(20)
    kept = opened.evaluations.open(running.kept_id)
    assert [[row.id for row in run.rows] for run in kept.runs] == [["0", "1"], ["0", "1"]]
    assert (kept.head.questions, kept.head.wanted) == (2, 4)


def test_progress_can_be_seen_and_a_stop_before_the_first_answer_keeps_nothing(tmp_path: Path) -> None:
    reached, go = threading.Event(), threading.Event()

    def asked(text: str, ask: AskSettings) -> None:
        reached.set()
        go.wait(10)

    opened = opened_with(tmp_path, asked)
    running = Evaluating(opened, SHELF, Wanted(IN_USE, None, FOUR))
    running.start()
    assert reached.wait(10)
    now = running.now
    assert (now.stage, now.done, now.total, now.ended) == ("asking", 0, 4, False)
    with pytest.raises(WrongUsage, match="is running"):
        Evaluating(opened, cast(Any, SimpleNamespace(name="Other")), Wanted(IN_USE, None, FOUR)).start()
    running.stop()
    assert running.now.stage == "stopping"
    go.set()
    assert running.wait(20)
    assert running.fault == STOPPED_EARLY
    assert opened.evaluations.heads() == []
    assert opened.evaluating == {"Lib": running}, "a fault stays until someone has seen it"


@pytest.mark.parametrize(
    ("error", "fault"),
    [(ModelUnavailable("The model is away. Start it."), "The model is away. Start it."), (ZeroDivisionError("x"), UNEXPECTED)],
)  # fmt: skip
def test_a_fault_is_told_in_its_words(tmp_path: Path, error: Exception, fault: str) -> None:
    def asked(text: str, ask: AskSettings) -> None:
        raise error

    opened = opened_with(tmp_path, asked)
    running = Evaluating(opened, SHELF, Wanted(IN_USE, None, FOUR))
    running.start()
    assert running.wait(20)
    assert (running.fault, running.kept_id) == (fault, "")


def test_a_question_that_cannot_be_asked_does_not_hold_up_the_others(tmp_path: Path) -> None:
    def asked(text: str, ask: AskSettings) -> None:
        if text == "Q1":
            raise WrongUsage("Too long.")

    opened = opened_with(tmp_path, asked)
    running = Evaluating(opened, SHELF, Wanted(IN_USE, None, FOUR))
    running.start()
    assert running.wait(20)
    (run,) = opened.evaluations.open(running.kept_id).runs
    assert [row.error for row in run.rows] == ["", "Too long.", "", ""]


def test_a_key_is_never_kept() -> None:
    ask = replace(IN_USE, llm="openai:x", llm_api_key="sk-secret", llm_base_url="http://me:pw@host")
    assert told(ask)["llm"] == "openai:x"
    assert not {"llm_api_key", "llm_base_url"} & set(told(ask))
    assert "llm" not in told(IN_USE)
    assert changed(IN_USE, replace(IN_USE, coverage_weight=2.0)) == {"coverage_weight": 2.0}

"""A text checked while it is written comes out as if it had been checked at its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.errors import Cancelled
from ingest.settings import Settings
from rag.answers.ground import answer_text, ground, strict
from rag.llm.prompt import parse_answer
from rag.llm.proofread import Proofreader, finished
from rag.model import CancelToken, Checked, Delta, Event, Hit, Sentence
from rag.reader import Reader
from tests.rag.answers.test_ground import chunk

HITS = [
    Hit(chunk(1, "The swimming pool opens at nine in the morning. It is closed on Mondays.")),
    Hit(chunk(2, "Unused leave of up to five days moves into the next year.")),
    Hit(chunk(3, "The joining fee is 30 euros and is paid once, according to section No. 5 of the rules.")),
]
TEXTS = [
    "The pool opens at nine in the morning [2]. The moon is made of green cheese [1]. It is closed on Mondays [1].",
    "# Fees\n\nIn short:\n- The joining fee is 30 euros [3].\n- It costs 900 dollars [3][9].\n\n"
    "See No. 5 of the rules [1, 3]. [2]\n",
    "| what | fee |\n|---|---|\n| joining | 30 euros |\n[3]\n\n```\ncode [1]\n```\nUp to five days move on.",
    "Up to five days of unused leave\nmove into the next year [2].\nshort\nThe pool opens at nine. Really?! Yes.",
    "Nothing of this is known.",
    "",
]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(Settings(backend="torch"))


class SlowReader:
    """Says yes to everything, as slowly as it is told."""

    def __init__(self, wait: Callable[[], object]) -> None:
        self._wait = wait

    def lengths(self, texts: Sequence[str]) -> list[int]:
        return [1] * len(texts)

    def support(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        self._wait()
        return np.full(len(pairs), 9.0, np.float32)


def pieces_of(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def told(events: Sequence[Event]) -> tuple[str, list[Sentence]]:
    """The text of the Deltas and the sentences as they stand at the end."""
    sentences: dict[int, Sentence] = {}
    for event in events:
        if isinstance(event, Checked):
            sentences[event.number] = event.sentence
    return "".join(e.text for e in events if isinstance(e, Delta)), list(sentences.values())


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("text", TEXTS)
def test_the_outcome_is_that_of_checking_at_the_end(reader: Reader, text: str, size: int) -> None:
    expected = ground(reader, parse_answer(text, HITS), HITS)
    events: list[Event] = []
    with Proofreader(reader, HITS) as proofreader:
        for piece in pieces_of(text, size):
            events += proofreader.add(piece)
            time.sleep(0.001)
        events += proofreader.finish(CancelToken())
        assert proofreader.outcome() == (*expected, 0)
    said, sentences = told(events)
    assert said == text
    assert sentences == list(expected[0]), "what was told on the way is what stands there at the end"


@pytest.mark.parametrize("text", TEXTS)
def test_strictly_nothing_is_told_that_is_not_supported(reader: Reader, text: str) -> None:
    expected = strict(*ground(reader, parse_answer(text, HITS), HITS))
    events: list[Event] = []
    with Proofreader(reader, HITS, strictly=True) as proofreader:
        for piece in pieces_of(text, 5):
            events += proofreader.add(piece)
        events += proofreader.finish(CancelToken())
        sentences, citations, left_out = proofreader.outcome()
    assert (sentences, citations) == expected
    said, told_sentences = told(events)
    assert said == answer_text(sentences)
    assert told_sentences == list(sentences)
    checked = ground(reader, parse_answer(text, HITS), HITS)[0]
    assert left_out == sum(each.verdict in ("partly", "not_found") for each in checked)


def test_a_sentence_is_told_before_the_text_ends(reader: Reader) -> None:
    with Proofreader(reader, HITS) as proofreader:
        list(proofreader.add("The pool opens at nine in the morning [2]. And "))
        until = time.monotonic() + 10
        found: list[Event] = []
        while not found and time.monotonic() < until:
            found = [event for event in proofreader.add(" ") if isinstance(event, Checked)]
            time.sleep(0.01)
    (event,) = found
    assert isinstance(event, Checked)
    assert (event.sentence.verdict, event.sentence.markers) == ("supported", (1,))


def test_the_stream_does_not_wait_for_the_check() -> None:
    go = threading.Event()
    text = "The morning is long and cold at the pool [1]. " * 50
    began = time.perf_counter()
    with Proofreader(SlowReader(lambda: go.wait(20)), HITS) as proofreader:  # type: ignore[arg-type]
        for piece in pieces_of(text, 4):
            list(proofreader.add(piece))
        seconds = time.perf_counter() - began
        go.set()
        _, sentences = told(list(proofreader.finish(CancelToken())))
    assert seconds < 5
    assert [each.verdict for each in sentences] == ["supported"] * 50


def test_stop_ends_it_after_the_sentence_it_is_at() -> None:
    cancel, passes = CancelToken(), []

    def slow() -> None:
        passes.append(1)
        time.sleep(0.2)

    with Proofreader(SlowReader(slow), HITS) as proofreader:  # type: ignore[arg-type]
        list(proofreader.add("A longer sentence about winter and ice [1]. " * 50))
        cancel.cancel()
        with pytest.raises(Cancelled):
            list(proofreader.finish(cancel))
    assert not proofreader._thread.is_alive()
    assert len(passes) < 10


def test_a_fault_of_the_check_reaches_the_one_who_waits() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    with Proofreader(SlowReader(broken), HITS) as proofreader:  # type: ignore[arg-type]
        list(proofreader.add("A longer sentence about winter and ice [1]."))
        with pytest.raises(ZeroDivisionError):
            list(proofreader.finish(CancelToken()))


@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("", []),
        ("The pool opens", []),
        ("The pool opens. ", []),
        ("The pool opens. [", []),
        ("The pool opens. [1] ", []),
        ("The pool opens [1]. And", [("The pool opens.", (1,))]),
        ("The pool opens. [passage", []),
        ("See No. 5", []),
        ("- one\n- two", [("- one", ())]),
        ("One is here [1].\n\nTwo [", [("One is here.", (1,))]),
    ],
)
def test_a_sentence_is_finished_when_another_has_begun(
    text: str, done: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert [(each.text, each.markers) for each in finished(text, HITS)] == done

"""The labelled follow-ups that change one thing: every file can be read, and an answer is judged by its pattern."""

import re
from dataclasses import replace

from rag.evaluate.labels import labelled
from rag.evaluate.one_changed import FOLDER, LIBRARY, Asked, rank_of, verdict
from rag.model import Answer
from tests.rag.answers.test_ground import read_hit

WANTED = Asked("x", ("What does a bath cost?",), "And a towel?", "a/fees.md", r"towel is \d €", r"\d €")


def test_every_line_has_patterns_and_questions_before_it() -> None:
    files = sorted(FOLDER.glob("*.jsonl"))
    assert len(files) == 3
    rows = [row for file in files for row in labelled(file, Asked)]
    assert len({row.id for row in rows}) == len(rows) >= 80
    for row in rows:
        assert row.asked
        assert re.compile(row.found)
        assert re.compile(row.says)


def test_an_answer_is_judged_by_document_passage_and_words() -> None:
    other, right = (read_hit(n, "A towel is 3 €.").hit for n in (1, 2))
    right = replace(right, chunk=replace(right.chunk, key=f"{LIBRARY}/a/fees.md"))
    answer = Answer("q", "q", "It is 3 €.", (), (), (other, right), False, 0.9, "extractive", {}, 2)
    assert rank_of(answer, WANTED) == 2
    assert rank_of(replace(answer, hits=(other,)), WANTED) == 0
    assert verdict(answer, WANTED) == "right"
    assert verdict(replace(answer, text="Nothing."), WANTED) == "wrong"
    assert verdict(replace(answer, refused=True), WANTED) == "refused"

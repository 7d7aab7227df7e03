"""Sets of questions: read, written, and their faults named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.errors import WrongUsage
from rag.evaluate.questions import Evidence, Question, load_questions, save_questions
from rag.model import Turn


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    questions = [
        Question("1", "How long?"),
        Question(
            "2", "And then?", "list", False, (Turn("user", "Ünder"),), ("a", "b"), ("c|d",),
            ((Evidence("x.pdf", 3, "quote"), Evidence("y.pdf", 4, "quote")), (Evidence("z.md", None, "", 2),)),
        ),
    ]  # fmt: skip
    save_questions(questions, tmp_path / "set" / "questions.jsonl")
    assert load_questions(tmp_path / "set") == questions


def test_the_unit_follows_from_the_evidence() -> None:
    def unit(*evidence: Evidence) -> str:
        return Question("1", "?", evidence=(evidence,)).unit

    assert unit(Evidence("a", 1, "words")) == "passage"
    assert unit(Evidence("a", 1)) == "page"
    assert unit(Evidence("a")) == "document"


def test_groups_follow_the_type_or_are_given(tmp_path: Path) -> None:
    evidence = [
        {"doc": "a", "quote": "one"},
        {"doc": "b", "quote": "two"},
        {"doc": "b", "page": 2, "quote": "two"},
    ]

    def groups(**more: object) -> int:
        file = tmp_path / "q.jsonl"
        file.write_text(json.dumps({"id": 1, "question": "?", "evidence": evidence, **more}))
        return len(load_questions(file)[0].evidence)

    assert groups(type="fact") == 1, "alternatives"
    assert groups(type="list") == 2, "one quotation on two pages is one thing to find"
    assert groups() == 2


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "Line 2"),
        ('{"id": "x"}', "Line 2"),
        ('{"question": ""}', "Line 2"),
        ('{"question": "?", "evidence": [{"page": 3}]}', "Line 2"),
        ('{"question": "?", "history": "earlier"}', "Line 2"),
        ("[]", "Line 2"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(f'{{"id": 1, "question": "fine?"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(WrongUsage, match=told):
        load_questions(file)


def test_no_file_and_no_questions_are_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="cannot be read"):
        load_questions(tmp_path)
    (tmp_path / "questions.jsonl").write_text("\n")
    with pytest.raises(WrongUsage, match="holds no questions"):
        load_questions(tmp_path)

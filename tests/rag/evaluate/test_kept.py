"""Evaluations in the home folder: kept whole, listed by their heads, damaged ones named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.errors import DiskFull, NotFound, WrongUsage
from rag.evaluate.evaluation import Row, Run, StageHit
from rag.evaluate.kept import Evaluation, Evaluations, evaluation
from rag.evaluate.questions import Evidence, Question
from rag.model import Turn

HOSTILE = "**x** <script>alert(1)</script> \u2028 \x85 “naïve” 茶"


def some_evaluation(made_at: float = 1000.0, runs: int = 2) -> Evaluation:
    questions = (
        Question("1", HOSTILE, "fact", True, (Turn("user", "before"),), ("five",), (), ((Evidence("a.md", 2, "q", 3),),)),
        Question("2", "Unanswerable?", answerable=False),
    )  # fmt: skip
    hit = StageHit(7, "a.md", 2, "text", 1, None, 1, 1, 4.5, 2.0, 3.25, "five", True)
    rows = (
        Row("1", HOSTILE, "fact", True, {"hit@5": 1.0, "right": 1.0}, (1, None), "Five. [1]", False, 0.9, {"total": 310.0}, (hit,)),
        Row("2", "Unanswerable?", "", False, {"false_answer": 0.0, "right": 1.0}, (), "", True, 0.02, {"total": 290.0}),
    )  # fmt: skip
    run = Run(
        "footnote", "Lib", "passage", rows, {"dense_weight": 1.0, "read_candidates": 32}, {}, "cpu", made_at
    )
    return evaluation(
        "Lib", questions, (run,) * runs, asked="q.jsonl", wanted=5, tried={"read_candidates": 4}
    )


def test_what_is_kept_comes_back_whole(tmp_path: Path) -> None:
    store = Evaluations(tmp_path / "evaluations")
    kept = some_evaluation()
    store.keep(kept)
    assert store.open(kept.head.id) == kept
    assert store.heads() == [kept.head]
    assert kept.head.figures[0]["hit@5"] == 1.0
    assert (kept.head.questions, kept.head.wanted) == (2, 5)
    whole = json.loads(store.file(kept.head.id).read_text(encoding="utf-8"))
    assert [row["id"] for row in whole["runs"][1]["rows"]] == ["1", "2"]  # any program can read it


def test_the_newest_comes_first_and_other_files_are_left_alone(tmp_path: Path) -> None:
    store = Evaluations(tmp_path)
    old, new = some_evaluation(1.0), some_evaluation(2.0, runs=1)
    for each in (old, new):
        store.keep(each)
    (tmp_path / "squad--footnote.json").write_text("{}", encoding="utf-8")
    assert [head.id for head in store.heads()] == [new.head.id, old.head.id]
    assert Evaluations(tmp_path / "none").heads() == []


def test_a_list_reads_heads_only(tmp_path: Path) -> None:
    store = Evaluations(tmp_path)
    kept = some_evaluation()
    store.keep(kept)
    file = store.file(kept.head.id)
    file.write_text(file.read_text(encoding="utf-8").split("\n")[0] + "\nno JSON any more", encoding="utf-8")
    assert store.heads() == [kept.head]
    with pytest.raises(WrongUsage, match=file.name):
        store.open(kept.head.id)


def test_rename_and_delete(tmp_path: Path) -> None:
    store = Evaluations(tmp_path)
    kept = some_evaluation()
    store.keep(kept)
    store.rename(kept.head.id, "  Before\nthe *move*  ")
    assert store.heads()[0].name == "Before the *move*"
    assert store.open(kept.head.id).runs == kept.runs
    with pytest.raises(WrongUsage, match="name"):
        store.rename(kept.head.id, "  ")
    store.delete(kept.head.id)
    store.delete(kept.head.id)
    assert store.heads() == []
    with pytest.raises(NotFound):
        store.open(kept.head.id)


@pytest.mark.parametrize("text", ["", "{}", '{"head": 5,', "\xff\x00", '{"head": {"id": "000000000000"},'])
def test_a_damaged_file_is_listed_with_its_fault(tmp_path: Path, text: str) -> None:
    (tmp_path / "0123456789ab.json").write_bytes(text.encode("latin-1"))
    store = Evaluations(tmp_path)
    (head,) = store.heads()
    assert "0123456789ab.json" in head.fault
    with pytest.raises(WrongUsage, match="Delete it"):
        store.open(head.id)
    store.delete(head.id)
    assert store.heads() == []


@pytest.mark.parametrize("name", ["../settings", "0123456789AB", "", "0123456789ab/..", "0123456789ab\n"])
def test_an_id_from_an_address_reaches_nothing_else(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "evaluations"
    folder.mkdir()
    (tmp_path / "settings.json").write_text("{}", encoding="utf-8")
    store = Evaluations(folder)
    with pytest.raises(NotFound):
        store.open(name)
    store.delete(name)
    assert (tmp_path / "settings.json").exists()


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "evaluations").write_text("a file where the folder would be", encoding="utf-8")
    with pytest.raises(DiskFull, match="could not be kept"):
        Evaluations(tmp_path / "evaluations").keep(some_evaluation())


def test_an_evaluation_needs_a_question() -> None:
    run = replace(some_evaluation().runs[0], rows=())
    with pytest.raises(WrongUsage):
        evaluation("Lib", (), (run,))

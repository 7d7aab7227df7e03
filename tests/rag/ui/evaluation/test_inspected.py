"""A question of an evaluation looked into: what was wanted, and its passages."""

from __future__ import annotations

from rag.evaluate.evaluation import Row, StageHit
from rag.evaluate.questions import Evidence, Question
from rag.ui.evaluation.inspected import expected_answer, passages_json, wanted_lines

TEXT = "Before <b>that</b> stands much. " * 12 + "Tea is steeped for five minutes in April. After it."


def hit(**more: object) -> StageHit:
    values: dict[str, object] = {"dense": 3, "fused": 2, "relevance": 2.0, "answerability": 1.0, "margin": 4.0, "span": "five minutes", "shows": True}  # fmt: skip
    return StageHit(7, "tea.md", None, TEXT[:240], **{**values, **more})  # type: ignore[arg-type]


def test_what_was_wanted_in_words() -> None:
    both = Question(
        "1", "q", must=("5|five", "days"), evidence=((Evidence("a.pdf", 3, "x"), Evidence("b.md")),)
    )
    assert wanted_lines(both) == ["a.pdf, p. 3: “x” or b.md"]
    assert expected_answer(both) == "All of: 5 or five; days"
    assert "refusal is right" in expected_answer(Question("1", "q", answerable=False))


def test_a_passage_is_whole_and_shows_evidence_and_span() -> None:
    wanted = Question("1", "q", evidence=((Evidence("tea.md", None, "Tea is steeped for five minutes"),),))
    (shown,) = passages_json(wanted, Row("1", "q", hits=(hit(),)), None, {7: TEXT})
    assert "".join(run["text"] for run in shown["runs"]) == TEXT
    styles = {run["style"]: run["text"] for run in shown["runs"] if run["style"]}
    assert styles == {"evidence": "Tea is steeped for ", "evidence span": "five minutes"}
    assert shown["before"] is True
    assert "five minutes" in "".join(run["text"] for run in shown["short"])
    assert (shown["dense"], shown["words"], shown["relevance"], shown["was"]) == (3, None, 88, None)


def test_a_passage_that_is_gone_shows_its_kept_beginning() -> None:
    wanted = Question("1", "q")
    for texts in ({}, {7: "Something else stands here now."}):
        (shown,) = passages_json(wanted, Row("1", "q", hits=(hit(shows=False),)), None, texts)
        assert "".join(run["text"] for run in shown["runs"]) == TEXT[:240]
        assert shown["cut"] is True


def test_the_place_under_the_other_settings_stands_beside() -> None:
    other = Row("1", "q", hits=(StageHit(9, "b.md", None, "b"), hit()))
    rows = passages_json(
        Question("1", "q"), Row("1", "q", hits=(hit(), StageHit(8, "c.md", 2, "c"))), other, {}
    )
    assert [each["was"] for each in rows] == ["2", "–"]
    assert "did not read" in rows[1]["scores"]

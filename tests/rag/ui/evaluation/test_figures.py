"""What an evaluation says to people: its figures, its questions."""

from __future__ import annotations

import pytest

from rag.evaluate.evaluation import Comparison, Row, Run
from rag.evaluate.kept import Evaluation, evaluation
from rag.evaluate.questions import Evidence, Question
from rag.ui.evaluation.asked import asked_in, chosen, found_at, ordinal, question_json
from rag.ui.evaluation.figures import (
    chance,
    comparisons_of,
    figure_of,
    kept_line,
    lines_of,
    main_figure,
    outcome,
    shown_difference,
    verdict,
)

FOUND = figure_of("hit@5")
FIRST = figure_of("mrr")


def question(number: int, answers: tuple[str, ...] = ()) -> Question:
    evidence = ((Evidence("a.md", None, f"quote {number}"),),)
    return Question(str(number), f"Q{number}", answers=answers, evidence=evidence)


def row(number: int, rank: int | None, right: bool) -> Row:
    scores = {
        "hit@5": float(rank is not None and rank <= 5),
        "mrr": 1 / rank if rank else 0.0,
        "right": float(right),
    }
    return Row(str(number), f"Q{number}", scores=scores, ranks=(rank,), answer="A", milliseconds={"total": 400.0})  # fmt: skip


def compared(first: list[int | None], second: list[int | None]) -> Evaluation:
    questions = [question(number, answers=("five",)) for number in range(len(first))]
    runs = [
        Run("footnote", "Lib", "passage", tuple(row(n, rank, rank == 1) for n, rank in enumerate(ranks)))
        for ranks in (first, second)
    ]
    return evaluation("Lib", questions, runs)


def test_a_clear_win_is_told_as_one() -> None:
    kept = compared([None] * 10 + [1] * 5, [1] * 15)
    told = comparisons_of(kept)
    assert verdict(told) == (
        "The tried settings are better: found among the first 5, first place and right answers."
    )
    line = next(line for line in lines_of(kept, told) if line.figure == FOUND)
    assert line.values == ("33%", "100%")
    assert line.difference == "+66.7 points"
    assert line.chance.startswith("unlikely to be chance (p = 0.00")
    assert line.outcome == "10 won, 0 lost, 5 tied"
    assert main_figure(kept.head) == "found among the first 5: 33% → 100%"


def test_a_loss_a_tie_and_chance_are_told_as_they_are() -> None:
    assert verdict(comparisons_of(compared([1] * 15, [None] * 15))).startswith(
        "The settings as they were are better"
    )
    assert verdict(comparisons_of(compared([1, 2], [1, 2]))).startswith("Both settings give the same")
    unclear = comparisons_of(compared([None, 1, 1], [1, 1, 1]))
    assert verdict(unclear).startswith("No clear winner")
    assert chance(unclear["hit@5"]).startswith("could be chance (p = ")


def test_of_what_is_better_low_the_second_wins_by_less() -> None:
    told = Comparison("false_refusal", 0.5, 0.1, -0.4, 0, 4, 6, 0.01, ())
    assert outcome(figure_of("false_refusal"), told) == "4 won, 0 lost, 6 tied"
    assert verdict({"false_refusal": told}) == "The tried settings are better: false refusals."
    assert shown_difference(figure_of("false_refusal"), -0.4) == "−40 points"


def test_the_largest_change_comes_first_and_filters_hold() -> None:
    asked = asked_in(compared([1, 3, None, 2], [1, 1, 1, 2]))
    assert [each.number for each in chosen(asked, "All", FIRST)][:2] == [3, 2]
    assert [each.number for each in chosen(asked, "Changed", FIRST)] == [3, 2]
    assert [each.number for each in chosen(asked, "Missed", FIRST)] == [4]  # found second, answered wrongly
    line = question_json(asked[1], FIRST)
    assert (line["found"], line["answer"], line["state"]) == ("3rd → 1st", "wrong → right", "better")
    assert question_json(asked[0], FIRST)["found"] == "1st"


def test_a_single_run_has_the_worst_first() -> None:
    kept = evaluation("Lib", [question(n) for n in range(3)], [Run("f", "Lib", "passage", (row(0, 1, True), row(1, None, True), row(2, 4, True)))])  # fmt: skip
    asked = asked_in(kept)
    assert [each.number for each in chosen(asked, "All", FIRST)] == [2, 3, 1]
    assert comparisons_of(kept) == {}
    assert [line.difference for line in lines_of(kept, {})] == ["", "", "", ""]


def test_a_question_that_failed_is_named_so_and_missed() -> None:
    kept = evaluation(
        "Lib", [question(0)], [Run("f", "Lib", "passage", (Row("0", "Q0", error="Too long."),))]
    )
    (only,) = asked_in(kept)
    assert (found_at(only.rows[0]), only.missed) == ("not asked", True)
    assert main_figure(kept.head) == ""


@pytest.mark.parametrize(("number", "word"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st"), (113, "113th")])  # fmt: skip
def test_ordinals(number: int, word: str) -> None:
    assert ordinal(number) == word


def test_a_stopped_one_says_so() -> None:
    questions = [question(0)]
    run = Run("f", "Lib", "passage", (row(0, 1, True),))
    assert kept_line(evaluation("Lib", questions, [run], wanted=50).head) == "1 of 50 questions, stopped then"

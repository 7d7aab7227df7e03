"""The questions of an evaluation as people read them: filtered, ordered, each with what became of it.

No streamlit here; they travel as plain data and are drawn with `textContent` (`footnote/`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.evaluate.evaluation import Row
from rag.evaluate.kept import Evaluation
from rag.evaluate.questions import Question
from rag.ui.evaluation.figures import Figure
from rag.ui.render import Json

FIRST = 5  # a question counts as missed when nothing it wants is among the first five


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its rows; `number` is its 1-based place in the evaluation."""

    number: int
    question: Question
    rows: tuple[Row, ...]

    def change(self, figure: Figure) -> float:
        """How much better (> 0) or worse the second row is; 0 for a single one."""
        values = [row.scores.get(figure.metric) for row in self.rows]
        if len(values) != 2 or values[0] is None or values[1] is None:
            return 0.0
        return (values[1] - values[0]) * (figure.better or 1)

    @property
    def missed(self) -> bool:
        """Whether the last settings did not find it, answered wrongly, or could not ask."""
        row = self.rows[-1]
        first = first_rank(row)
        return bool(
            row.error
            or (self.question.evidence and (first is None or first > FIRST))
            or row.scores.get("right") == 0
        )

    @property
    def differs(self) -> bool:
        """Whether the two settings came to something else: another place, another verdict."""
        return len({(found_at(row), answered(self.question, row)) for row in self.rows}) > 1


def asked_in(kept: Evaluation) -> list[Asked]:
    rows = zip(*(run.rows for run in kept.runs), strict=True)
    return [
        Asked(number, question, each)
        for number, (question, each) in enumerate(zip(kept.questions, rows, strict=True), start=1)
    ]


Filter = Literal["All", "Changed", "Missed"]


def chosen(asked: Sequence[Asked], which: Filter, figure: Figure) -> list[Asked]:
    """Those of a filter; of a comparison by the size of the change, of a single run the worst first."""
    kept = [
        each
        for each in asked
        if which == "All" or (each.missed if which == "Missed" else each.differs or each.change(figure))
    ]

    def order(each: Asked) -> tuple[float, ...]:
        value = each.rows[-1].scores.get(figure.metric, math.inf) * (figure.better or 1)
        return (-abs(each.change(figure)), not each.differs, not each.missed, value, each.number)

    return sorted(kept, key=order)


def question_json(each: Asked, figure: Figure) -> Json:
    """A line of the list."""
    change = each.change(figure)
    state = "better" if change > 0 else "worse" if change < 0 else ""
    return {
        "number": each.number,
        "question": each.question.question,
        "found": arrow([found_at(row) for row in each.rows]),
        "answer": arrow([answered(each.question, row) for row in each.rows]),
        "state": state if figure.better else "",
        "missed": each.missed,
    }


def arrow(values: Sequence[str]) -> str:
    """ "3rd → 1st", or one value where they agree."""
    return " → ".join(dict.fromkeys(values)) if len(set(values)) == 1 else " → ".join(values)


def first_rank(row: Row) -> int | None:
    return min((rank for rank in row.ranks if rank is not None), default=None)


def found_at(row: Row) -> str:
    """The place of the first evidence."""
    if row.error:
        return "not asked"
    if not row.ranks:
        return "–"
    first = first_rank(row)
    return "not found" if first is None else ordinal(first)


def answered(question: Question, row: Row) -> str:
    if row.error:
        return "not asked"
    if "right" not in row.scores:
        return "refused" if row.refused else "–"
    right = row.scores["right"] == 1
    if not question.answerable:
        return "rightly refused" if right else "wrongly answered"
    return "refused" if row.refused else "right" if right else "wrong"


def ordinal(number: int) -> str:
    """ "1st", "22nd", "13th"."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"

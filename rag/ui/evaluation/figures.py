"""An evaluation as people read it: its figures, and what they say of two settings. No streamlit here.

Its questions are in `asked`, one of them with its passages in `inspected`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from rag.evaluate.evaluation import Comparison, Run, compare
from rag.evaluate.kept import Evaluation, Head
from rag.ui.render import counted, day_of

CHANCE = 0.05  # p from which on a difference could well be chance
SIDES = ("As set", "Tried")  # the two runs of a comparison


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric of `rag.evaluate`: its plain name, its formal one, and which way is better (0: neither)."""

    metric: str
    label: str
    formal: str
    kind: Literal["share", "number", "words", "time"] = "share"
    better: Literal[-1, 0, 1] = 1


FIGURES = (
    Figure(
        "hit@5",
        "Found among the first 5",
        "hit@5: questions with any of their evidence in the first five places",
    ),
    Figure(
        "hit@10",
        "Found among the first 10",
        "hit@10: questions with any of their evidence in the first ten places",
    ),
    Figure(
        "mrr", "First place", "MRR: mean of 1 / place of the first evidence; 1.00 is always first", "number"
    ),
    Figure(
        "ndcg@10",
        "Order of the first 10",
        "nDCG@10: how much of the evidence stands in the first ten places, and how high; 1.00 is ideal",
        "number",
    ),
    Figure(
        "right", "Right answers", "Answer containment: the answer holds what is asked for; a refusal does not"
    ),
    Figure("words", "Words in an answer", "Mean number of words", "words", 0),
    Figure(
        "false_refusal",
        "False refusals",
        "False-refusal rate: refused although the documents tell, at the set threshold",
        better=-1,
    ),
    Figure(
        "false_answer",
        "False answers",
        "False-answer rate: answered although the documents don’t tell, at the set threshold",
        better=-1,
    ),
)
TIME = Figure("p50", "Median time", "Median (p50) of the whole time of a question", "time", -1)
MAIN = ("hit@5", "right", "false_answer")  # the first of these that was scored stands for an evaluation


def figure_of(metric: str) -> Figure:
    return next(figure for figure in FIGURES if figure.metric == metric)


def shown_value(figure: Figure, value: float | None) -> str:
    if value is None:
        return "–"
    match figure.kind:
        case "share":
            return f"{round(100 * value)}%"
        case "time":
            return seconds(value)
        case "words":
            return f"{value:.0f}"
    return f"{value:.2f}"


def shown_difference(figure: Figure, difference: float) -> str:
    """With its sign; points of a hundred for shares."""
    if abs(difference) < 5e-4:
        return "±0"
    match figure.kind:
        case "share":
            return signed(round(100 * difference, 1), "points")
        case "time":
            return signed(round(difference / 1000, 1), "s")
        case "words":
            return signed(round(difference, 1), "words")
    return f"{difference:+.2f}".replace("-", "−")


def signed(value: float, unit: str) -> str:
    return f"{value:+g} {unit}".replace("-", "−") if value else "±0"


def seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 100 else f"{milliseconds:.0f} ms"


def main_metric(head: Head) -> Figure:
    """The figure that stands for an evaluation."""
    scored = [metric for metric in MAIN if all(metric in figures for figures in head.figures)]
    return figure_of(scored[0] if scored else MAIN[0])


def main_figure(head: Head) -> str:
    """ "found among the first 5: 92%", of two runs "88% → 92%"; "" where nothing was scored."""
    figure = main_metric(head)
    values = [figures.get(figure.metric) for figures in head.figures]
    if not values or values[0] is None:
        return ""
    line = " → ".join(shown_value(figure, value) for value in values)
    return f"{figure.label[0].lower()}{figure.label[1:]}: {line}"


def moment(made_at: float) -> str:
    """ "Today, 14:05", "21 November 2026"."""
    when = datetime.fromtimestamp(made_at)
    day = day_of(made_at)
    return f"{day}, {when:%H:%M}" if day in ("Today", "Yesterday") else f"{when.day} {when:%B %Y}"


# ---------------------------------------------------------------------- the table of figures


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: values of each run, and how they compare."""

    figure: Figure
    values: tuple[str, ...]
    questions: int  # that have this score
    difference: str = ""
    chance: str = ""
    likely: bool = False  # whether the difference is unlikely to be chance
    winner: int | None = None  # the run that is better then
    outcome: str = ""  # "3 won, 1 lost, 46 tied"


def lines_of(kept: Evaluation, comparisons: Mapping[str, Comparison]) -> list[Line]:
    """The figures that were scored, and the time."""
    found = []
    for figure in FIGURES:
        values = [figures.get(figure.metric) for figures in kept.head.figures]
        if all(value is None for value in values):
            continue
        shown = tuple(shown_value(figure, value) for value in values)
        number = len(kept.runs[0].values(figure.metric))
        told = comparisons.get(figure.metric)
        if told is None:
            found.append(Line(figure, shown, number))
            continue
        found.append(
            Line(
                figure,
                shown,
                number,
                shown_difference(figure, told.difference),
                chance(told),
                told.p < CHANCE,
                winner(figure, told),
                outcome(figure, told),
            )
        )
    times = [figures.get("milliseconds", {}).get("p50") for figures in kept.head.figures]
    if all(time is not None for time in times):
        difference = shown_difference(TIME, times[1] - times[0]) if len(times) == 2 else ""
        shown = tuple(shown_value(TIME, time) for time in times)
        found.append(Line(TIME, shown, len(kept.runs[0].rows), difference))
    return found


def comparisons_of(kept: Evaluation) -> dict[str, Comparison]:
    """By metric; nothing for a single run."""
    if len(kept.runs) != 2:
        return {}
    first, second = kept.runs
    return {
        figure.metric: compare(first, second, figure.metric)
        for figure in FIGURES
        if set(first.values(figure.metric)) & set(second.values(figure.metric))
    }


def chance(told: Comparison) -> str:
    """The p-value in words."""
    if told.won == told.lost == 0:
        return "no difference"
    p = f"p < {0.001}" if told.p < 0.001 else f"p = {told.p:.3f}" if told.p < 0.1 else f"p = {told.p:.2f}"
    return f"{'unlikely to be' if told.p < CHANCE else 'could be'} chance ({p})"


def winner(figure: Figure, told: Comparison) -> int | None:
    """0 or 1, the better run, where that is unlikely to be chance."""
    if told.p >= CHANCE or not figure.better:
        return None
    return int(told.difference * figure.better > 0)


def outcome(figure: Figure, told: Comparison) -> str:
    """Question by question: how many the second settings won, lost and tied."""
    if figure.better == 0:
        return f"{told.won} longer, {told.lost} shorter, {told.tied} alike"
    won, lost = (told.won, told.lost) if figure.better > 0 else (told.lost, told.won)
    return f"{won} won, {lost} lost, {told.tied} tied"


def verdict(comparisons: Mapping[str, Comparison]) -> str:
    """What a comparison says, in a sentence."""
    better: list[str] = []
    worse: list[str] = []
    for figure in FIGURES:
        told = comparisons.get(figure.metric)
        if told and figure.better and told.p < CHANCE:
            (better if told.difference * figure.better > 0 else worse).append(figure.label.lower())
    if better and worse:
        return f"The tried settings are better in {listed(better)}, and worse in {listed(worse)}."
    if better:
        return f"The tried settings are better: {listed(better)}."
    if worse:
        return f"The settings as they were are better: {listed(worse)}."
    if all(told.won == told.lost == 0 for told in comparisons.values()):
        return "Both settings give the same results on these questions."
    return "No clear winner: what differs could be chance. More questions would tell more."


def listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


# ---------------------------------------------------------------------- lines about it


def kept_line(head: Head) -> str:
    """ "50 questions of 120 made from the documents" for the list and the top of a result."""
    asked = counted(head.questions, "question")
    if head.wanted > head.questions:
        asked = f"{head.questions:,} of {counted(head.wanted, 'question')}, stopped then"
    return asked


def settings_lines(
    tried: Mapping[str, Any], before: Mapping[str, Any], names: Mapping[str, str]
) -> list[str]:
    """ "Passages read: 32 → 16" for every setting that was changed."""
    return [
        f"{names.get(name, name)}: {number(before.get(name))} → {number(value)}"
        for name, value in tried.items()
    ]


def number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def run_settings(run: Run) -> dict[str, Any]:
    """The settings of a run that may be used again: not the chat model's."""
    return {name: value for name, value in run.settings.items() if not name.startswith("llm")}

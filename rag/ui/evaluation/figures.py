"""An evaluation as people read it: figures, what they say of two settings, questions, passages. No streamlit here.

Questions and passages travel as plain data and are drawn with `textContent` (`footnote/`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any, Literal

from ingest.places import page_of
from rag.evaluate.evaluation import KEPT_CHARACTERS, Comparison, Row, Run, StageHit, compare
from rag.evaluate.kept import Evaluation, Head
from rag.evaluate.questions import Evidence, Question
from rag.ui.render import Json, counted, day_of

CHANCE = 0.05  # p from which on a difference could well be chance
FIRST = 5  # a question counts as missed when nothing it wants is among the first five
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


# ---------------------------------------------------------------------- the list of questions


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


# ---------------------------------------------------------------------- the inspector


def wanted_lines(question: Question) -> list[str]:
    """What was to be found, a line for each thing; alternatives stand beside each other."""
    return [" or ".join(evidence_text(each) for each in group) for group in question.evidence]


def evidence_text(evidence: Evidence) -> str:
    page = f", {page_of(evidence.document, evidence.page)}" if evidence.page is not None else ""
    quote = f": “{evidence.quote}”" if evidence.quote else ""
    return f"{evidence.document}{page}{quote}"


def expected_answer(question: Question) -> str:
    """What an answer has to hold; "" where nothing is known of it."""
    if not question.answerable:
        return "The documents don’t say: a refusal is right."
    if question.must:
        return "All of: " + "; ".join(item.replace("|", " or ") for item in question.must)
    return " or ".join(question.answers)


def row_line(question: Question, row: Row) -> str:
    """ "Found 3rd · right · confidence 83% · 0.8 s (searching 0.1 s, reading 0.6 s)"."""
    parts = []
    if question.evidence:
        parts.append("Not found" if first_rank(row) is None else f"Found {found_at(row)}")
    if "right" in row.scores or row.refused:
        parts.append(answered(question, row))
    if row.confidence is not None:
        parts.append(f"confidence {round(100 * row.confidence)}%")
    if total := row.milliseconds.get("total"):
        stages = [
            f"{stage} {seconds(spent)}"
            for stage, spent in row.milliseconds.items()
            if stage != "total" and spent >= 10
        ]
        parts.append(seconds(total) + (f" ({', '.join(stages)})" if stages else ""))
    line = " · ".join(parts)
    return line[:1].upper() + line[1:]


def passages_json(question: Question, row: Row, other: Row | None, texts: Mapping[int, str]) -> list[Json]:
    """The hits of a row with their place at every stage; `other` is the row of the other settings.

    `texts` are whole passages by chunk id; where one is missing or has changed, its kept beginning is shown.
    """
    places = {hit.chunk_id: place for place, hit in enumerate(other.hits, start=1)} if other else {}
    return [
        {
            "place": place,
            "was": ("–" if hit.chunk_id not in places else str(places[hit.chunk_id])) if other else None,
            "document": hit.document,
            "page": page_of(hit.document, hit.page),
            "dense": hit.dense,
            "words": hit.words,
            "fused": hit.fused,
            "relevance": None if hit.relevance is None else percent(hit.relevance),
            "scores": scores_line(hit),
            "shows": hit.shows,
            **passage_runs(question, hit, texts.get(hit.chunk_id, "")),
        }
        for place, hit in enumerate(row.hits, start=1)
    ]


def percent(logit: float) -> int:
    """A logit on a scale of 0 to 100 (logistic; an order, not a probability)."""
    return round(100 / (1 + math.exp(-max(-30.0, min(30.0, logit)))))


def scores_line(hit: StageHit) -> str:
    if hit.relevance is None or hit.answerability is None or hit.margin is None:
        return "The reader did not read this passage: it stood too far back."
    span = f" Span: “{hit.span}”." if hit.span else ""
    return (
        f"Reader: relevance {hit.relevance:.2f}, answerability {hit.answerability:.2f}, "
        f"span over no answer {hit.margin:.2f}.{span}"
    )


EXCERPT = 220  # characters of a passage while it is folded


def passage_runs(question: Question, hit: StageHit, text: str) -> Json:
    """`runs` is the passage in pieces of one style ("", "evidence", "span", "evidence span"), `short` a part
    of it around what matters; `cut` says that only the beginning is known."""
    whole = " ".join(text.split())
    known = bool(whole) and whole.startswith(hit.text)
    if not known:
        whole = hit.text
    marks = []
    for evidence in (each for group in question.evidence for each in group):
        quote = " ".join(evidence.quote.split())
        if hit.shows and quote:
            match = SequenceMatcher(None, whole, quote, autojunk=False).find_longest_match()
            if match.size * 2 >= len(quote):
                marks.append((match.a, match.a + match.size, "evidence"))
    if hit.span and (hit.margin or 0) > 0 and (at := whole.find(hit.span)) >= 0:
        marks.append((at, at + len(hit.span), "span"))
    focus = min((start for start, _, _ in marks), default=0)
    start = 0 if focus < EXCERPT // 2 else whole.rfind(" ", 0, focus - 60) + 1
    end = (
        len(whole)
        if start + EXCERPT >= len(whole)
        else max(whole.rfind(" ", start, start + EXCERPT), start + 60)
    )
    return {
        "runs": runs(whole, marks, 0, len(whole)),
        "short": runs(whole, marks, start, end),
        "before": start > 0,
        "after": end < len(whole),
        "cut": not known and len(hit.text) >= KEPT_CHARACTERS,
    }


def runs(text: str, marks: Sequence[tuple[int, int, str]], start: int, end: int) -> list[Json]:
    """`text[start:end]` in pieces of one style."""
    bounds = {at for mark in marks for at in mark[:2] if start < at < end}
    cuts = sorted({start, end, *bounds})
    return [
        {
            "text": text[low:high],
            "style": " ".join(sorted({name for s, e, name in marks if s <= low and high <= e})),
        }
        for low, high in zip(cuts, cuts[1:], strict=False)
    ]


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

"""One question of an evaluation looked into: what was wanted, what came of it, the passages stage by stage.

No streamlit here; passages travel as plain data and are drawn with `textContent` (`footnote/`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from ingest.places import page_of
from rag.evaluate.evaluation import KEPT_CHARACTERS, Row, StageHit
from rag.evaluate.questions import Evidence, Question
from rag.ui.evaluation.asked import answered, first_rank, found_at
from rag.ui.evaluation.figures import seconds
from rag.ui.render import Json

EXCERPT = 220  # characters of a passage while it is folded


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

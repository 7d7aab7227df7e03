"""Ask every question of a set, score what comes back, keep it: one run of one system on one set.

questions ─ask→ Reply ─judge→ Row ─summary→ figures
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from ingest.errors import FootnoteError, WrongUsage
from ingest.remote.wire import decode
from rag.evaluate import metrics
from rag.evaluate.judge import is_right, ranks_of, shows_any
from rag.evaluate.questions import Question, Unit
from rag.evaluate.systems import Reply, System
from rag.model import CancelToken, Found, Fused, Hit

CUTOFFS = (1, 3, 5, 10, 20)
KEPT_HITS = 20  # of a question, with their ranks at every stage
KEPT_CHARACTERS = 240  # of a hit's text

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class StageHit:
    """A passage and where each stage ranked it: the retrieval inspector's row.

    Ranks are 1-based, None where a stage did not have it; `relevance`, `answerability` and `margin` are
    the reader's logits; `shows` whether it holds what was to be found.
    """

    chunk_id: int
    document: str
    page: int | None
    text: str
    dense: int | None = None
    words: int | None = None
    fused: int | None = None
    reranked: int | None = None
    relevance: float | None = None
    answerability: float | None = None
    margin: float | None = None
    span: str = ""
    shows: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One question's outcome. `scores` hold what can be scored of it, by metric; `error` why nothing can."""

    id: str
    question: str
    type: str = ""
    answerable: bool = True
    scores: Mapping[str, float] = field(default_factory=dict)
    ranks: tuple[int | None, ...] = ()
    answer: str = ""
    refused: bool = False
    confidence: float | None = None
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    hits: tuple[StageHit, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """All rows of one system on one set, and under what they were made."""

    system: str
    set: str
    unit: Unit
    rows: tuple[Row, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    cpu: str = ""
    made_at: float = 0.0  # Unix seconds
    peak_mib: float = 0.0

    def values(self, metric: str) -> dict[str, float]:
        """The score of every question that has one, by question id."""
        return {row.id: row.scores[metric] for row in self.rows if metric in row.scores}


def ask_all(
    system: System,
    questions: Sequence[Question],
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> tuple[Row, ...]:
    """A row for each question, in order. Raises Cancelled when `cancel` is set; a question that fails
    becomes a row with its error, and scores nothing."""
    cancel = cancel or CancelToken()
    rows: list[Row] = []
    for number, question in enumerate(questions, start=1):
        cancel.check()
        try:
            rows.append(judged(question, system.ask(question, cancel), system.shown))
        except WrongUsage as error:
            rows.append(
                Row(question.id, question.question, question.type, question.answerable, error=str(error))
            )
        if on_progress:
            on_progress(number, len(questions))
    return tuple(rows)


def judged(question: Question, reply: Reply, shown: int) -> Row:
    """A question's row: `shown` passages are what the system hands to its answer."""
    ranks = tuple(ranks_of(question, reply.found))
    scores: dict[str, float] = {}
    if question.evidence:
        handed = ranks_of(question, reply.found[:shown])
        scores |= {f"hit@{k}": metrics.hit(ranks, k) for k in CUTOFFS}
        scores |= {f"recall@{k}": metrics.recall(ranks, k) for k in CUTOFFS}
        scores["hit@shown"] = float(any(rank is not None for rank in handed))
        grades = [max(each.grade for each in group) for group in question.evidence]
        scores["ndcg@10"] = metrics.ndcg(ranks, grades)
        scores["mrr"] = metrics.reciprocal_rank(ranks)
    answer = reply.answer
    if answer is not None:
        scores |= _answer_scores(question, reply)
    return Row(
        question.id,
        question.question,
        question.type,
        question.answerable,
        {name: round(value, 4) for name, value in scores.items()},
        ranks,
        answer.text if answer else "",
        answer.refused if answer else False,
        answer.confidence if answer else None,
        {stage: round(spent, 1) for stage, spent in reply.milliseconds.items()},
        tuple(_stage_hit(question, hit) for hit in reply.hits[:KEPT_HITS]),
    )


def _answer_scores(question: Question, reply: Reply) -> dict[str, float]:
    answer = reply.answer
    assert answer is not None
    scores: dict[str, float] = {"words": float(len(answer.text.split()))}
    if question.graded:
        scores["right"] = float(is_right(question, answer.text, answer.refused))
    if question.answerable and question.answers and not answer.refused:
        scores["exact"] = metrics.exact_match(answer.text, question.answers)
        scores["f1"] = metrics.token_f1(answer.text, question.answers)
    scores["false_refusal" if question.answerable else "false_answer"] = float(
        answer.refused if question.answerable else not answer.refused
    )
    checked = [sentence for sentence in answer.sentences if sentence.verdict]
    if checked:
        scores["supported"] = mean(sentence.verdict == "supported" for sentence in checked)
    if question.evidence and answer.citations:
        cited = [(c.document, (c.page,), c.quote) for c in answer.citations]
        shown = [[shows_any(group, *each) for group in question.evidence] for each in cited]
        scores["citation_precision"] = mean(any(each) for each in shown)
        scores["citation_recall"] = mean(any(column) for column in zip(*shown, strict=True))
    return scores


def _stage_hit(question: Question, hit: Hit) -> StageHit:
    reading = hit.reading
    chunk = hit.chunk
    return StageHit(
        chunk.id,
        chunk.key,
        chunk.shown_page,
        " ".join(chunk.text.split())[:KEPT_CHARACTERS],
        dense=_rank(hit.dense),
        words=_rank(hit.words),
        fused=_rank(hit.fused),
        reranked=_rank(hit.reranked),
        relevance=round(reading.relevance, 2) if reading else None,
        answerability=round(reading.answerability, 2) if reading else None,
        margin=round(reading.margin, 2) if reading else None,
        span=" ".join(chunk.text[reading.start : reading.end].split()) if reading else "",
        shows=any(
            shows_any(group, chunk.key, (chunk.shown_page,), chunk.text) for group in question.evidence
        ),
    )


def _rank(found: Found | Fused | None) -> int | None:
    return found.rank if found else None


# ---------------------------------------------------------------------- figures


def summary(run: Run) -> dict[str, Any]:
    """Means of every score, refusal over answerable and unanswerable questions, times, memory.

    `auc` tells how well confidence separates the two, with a 95% interval; `by_type` the share of right
    answers (or of hits among the first five) by type.
    """
    names = list(dict.fromkeys(name for row in run.rows for name in row.scores))
    means = {name: round(mean(run.values(name).values()), 4) for name in names}
    figures: dict[str, Any] = {"questions": len(run.rows), **means}
    if failed := sum(bool(row.error) for row in run.rows):
        figures["failed"] = failed
    sure = [(row.confidence, row.answerable) for row in run.rows if row.confidence is not None]
    if len({answerable for _, answerable in sure}) == 2:
        probabilities, labels = np.array([p for p, _ in sure], np.float64), np.array([a for _, a in sure])
        figures["auc"] = round(metrics.auc(probabilities, labels), 4)
        low, high = metrics.bootstrap(lambda i: metrics.auc(probabilities[i], labels[i]), len(labels))
        figures["auc_95"] = [round(low, 3), round(high, 3)]
        figures["ece"] = round(metrics.expected_calibration_error(probabilities, labels), 4)
    by = "right" if "right" in names else "hit@5"
    types = list(dict.fromkeys(row.type for row in run.rows if row.type and by in row.scores))
    if len(types) > 1:
        figures["by_type"] = {
            kind: round(mean(row.scores[by] for row in run.rows if row.type == kind and by in row.scores), 3)
            for kind in types
        }
    figures["milliseconds"] = metrics.percentiles(
        [row.milliseconds["total"] for row in run.rows if "total" in row.milliseconds]
    )
    if run.peak_mib:
        figures["peak_mib"] = round(run.peak_mib)
    return figures


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs on the same questions, question by question, in one metric.

    `won`, `lost` and `tied` are counts for the second run; `difference` its mean less the first one's;
    `p` the two-sided permutation test of that.
    """

    metric: str
    first: float
    second: float
    difference: float
    won: int
    lost: int
    tied: int
    p: float
    changes: tuple[tuple[str, float, float], ...]  # question id, first, second; the largest change first


def compare(first: Run, second: Run, metric: str) -> Comparison:
    """Raises FootnoteError when the runs share no question that has this score."""
    one, other = first.values(metric), second.values(metric)
    ids = [each for each in one if each in other]
    if not ids:
        raise FootnoteError(
            f"These runs have no question in common that is scored by {metric}. Run both on one set."
        )
    a, b = np.array([one[i] for i in ids]), np.array([other[i] for i in ids])
    changes = sorted(
        ((i, one[i], other[i]) for i in ids if one[i] != other[i]), key=lambda c: -abs(c[2] - c[1])
    )
    return Comparison(
        metric,
        float(a.mean()),
        float(b.mean()),
        float((b - a).mean()),
        int((b > a).sum()),
        int((b < a).sum()),
        int((a == b).sum()),
        metrics.permutation_test(b - a),
        tuple(changes),
    )


# ---------------------------------------------------------------------- kept


def save_run(run: Run, file: Path) -> None:
    """A run as JSON: settings, versions and figures first, then a row for each question."""
    raw = asdict(run)
    rows = raw.pop("rows")
    text = json.dumps({**raw, "figures": summary(run), "rows": rows}, ensure_ascii=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".part")
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(file)


def load_run(file: Path) -> Run:
    """Raises WrongUsage when the file is no run."""
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        raw.pop("figures", None)
        run: Run = decode(Run, raw)
        return run
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongUsage(
            f"{file.name} is no kept evaluation ({error!r}). Delete it, or choose another."
        ) from error


def made_under() -> dict[str, str]:
    """Versions that bear on results."""
    from importlib.metadata import version

    return {name: version(name) for name in ("chromadb", "tantivy", "openvino", "torch", "pypdfium2")}


def peak_mib() -> float:
    """The most memory this process has held, MiB; 0 where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return next(
        (int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0.0
    )


def now() -> float:
    return time.time()

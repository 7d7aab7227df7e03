"""`python -m rag.evaluate.grade --exam DIR ANSWERS.jsonl`: grade what `python -m rag ask --batch` wrote.

Refused questions count as wrong answers where the documents tell, and as right ones where they don't.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from rag.evaluate.judge import Found, is_right, ranks_of
from rag.evaluate.metrics import percentiles
from rag.evaluate.questions import Question, load_questions


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.grade", description=__doc__)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--exam", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    given = {}
    for line in chosen.answers.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        given[row["id"]] = row
    questions = load_questions(chosen.exam, below="docs/")
    asked = [question for question in questions if question.answerable]
    ranks = [first_rank(question, given[question.id]["hits"]) for question in asked]
    right = {q.id: is_right(q, given[q.id]["answer"], given[q.id]["refused"]) for q in questions}
    by_kind: dict[str, list[bool]] = {}
    for question in questions:
        by_kind.setdefault(question.type, []).append(right[question.id])
    print(
        json.dumps(
            {
                "questions": len(questions),
                **{f"hit@{k}": share([bool(r and r <= k) for r in ranks]) for k in (1, 5, 10, 20)},
                "right": share([right[q.id] for q in asked]),
                "false_refusals": share([given[q.id]["refused"] for q in asked]),
                "true_refusals": share([given[q.id]["refused"] for q in questions if not q.answerable]),
                "mean_words": round(mean(len(row["answer"].split()) for row in given.values()), 1),
                "right_by_type": {kind: share(values) for kind, values in by_kind.items()},
                "total_ms": percentiles([row["timings_ms"]["total"] for row in given.values()]),
            },
            indent=1,
        )
    )


def first_rank(question: Question, hits: Sequence[dict[str, Any]]) -> int | None:
    """Where the first evidence stands among the hits, 1-based."""
    found = [Found(hit["document"], (hit["page"],), hit["text"]) for hit in hits]
    return min((rank for rank in ranks_of(question, found) if rank is not None), default=None)


def share(values: Sequence[bool]) -> float:
    return round(sum(values) / max(1, len(values)), 3)


if __name__ == "__main__":
    main()

"""Fit what tells the kinds of questions apart: `python -m rag refit --data DIR`.

Phrasings of every kind (phrasings.py) against ordinary questions of public sets below DIR: SQuAD's unanswerable ones,
CANARD's and CAsT's rewrites, mtRAG's, HotpotQA's out of HaluEval, Cranfield's. Questions that `route` takes by
their form are left out of these. The figures are of fits that have not seen the phrasing, or the question.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.protocols import Embedder
from rag.evaluate.phrasings import Grammar, Phrased
from rag.whole.kinds import FILE, KINDS, Kinds
from rag.whole.route import route

Floats = NDArray[np.float64]

EACH = 24  # questions made of every phrasing
LEAST = 3  # phrasings a pair of words stands in to be told apart by; a word alone needs but one
STRENGTH = 0.3  # C of the L2 penalty
FOLDS = 5
BOUNDS = (0.05, 0.1, 0.2, 0.3, 0.5)
ORDINARY = {  # file → (its field, at most so many)
    "squad_dev_v2.0/qa.jsonl.gz": ("question", 2_500),
    "canard/test.jsonl.gz": ("rewrite", 1_500),
    "trec_cast/rewrites.jsonl.gz": ("rewrite", 1_000),
    "mtrag/rewrites.jsonl.gz": ("rewrite", 700),
    "halueval/qa_pairs.jsonl.gz": ("question", 500),
    "cranfield/queries.jsonl.gz": ("text", 225),
}


@dataclass(frozen=True, slots=True)
class Fitting:
    """`x` has shape (questions, features), `labels` are places in KINDS."""

    questions: tuple[Phrased, ...]
    x: Floats
    labels: NDArray[np.int64]


def refit_kinds(embedder: Embedder, data: Path, keep: bool = True) -> dict[str, Any]:
    """Figures of folds; with `keep` the fit on all replaces the kept one."""
    grammar = Grammar.read()
    made = list(grammar.questions(EACH))
    asked = [Phrased(text, "ordinary", f"{n % FOLDS}") for n, text in enumerate(ordinary(data))]
    blank = Kinds(
        embedder.identity,
        tuple(grammar.telling(LEAST)),
        np.zeros(0),
        np.zeros((0, 0)),
        {kind: frozenset(grammar.asking(kind)) for kind in KINDS},
    )
    fitting = prepared(embedder, blank, [*made, *asked])
    figures = out_of_fold(fitting)
    if keep:
        intercepts, weights = fitted(fitting.x, fitting.labels)
        kinds = Kinds(blank.embedder, blank.terms, intercepts, weights, blank.asking)
        lines = len({each.line for each in made})
        kinds.write(FILE, f"{len(made)} questions of {lines} phrasings, {len(asked)} ordinary ones")
    return {"made": len(made), "public_questions": len(asked), "terms": len(blank.terms), **figures}


def prepared(embedder: Embedder, kinds: Kinds, questions: Sequence[Phrased]) -> Fitting:
    vectors = embedder.embed_queries([each.question for each in questions])
    x = [kinds.features(v, each.question) for v, each in zip(vectors, questions, strict=True)]
    labels = [KINDS.index(each.kind) for each in questions]
    return Fitting(tuple(questions), np.stack(x), np.array(labels))


def fitted(x: Floats, labels: NDArray[np.int64], strength: float = STRENGTH) -> tuple[Floats, Floats]:
    """Intercepts, shape (kinds,), and weights, shape (kinds, features)."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=400).fit(x, labels)
    return np.asarray(model.intercept_, np.float64), np.asarray(model.coef_, np.float64)


def out_of_fold(fitting: Fitting) -> dict[str, Any]:
    """Of questions whose phrasing a fit has not seen: how many are of the right kind, how many ordinary
    ones of public sets have a probability of being so below each bound."""
    lines = sorted({each.line for each in fitting.questions if not each.line.isdecimal()})
    Random(4).shuffle(lines)
    folds = {line: n % FOLDS for n, line in enumerate(lines)}
    folds |= {str(n): n for n in range(FOLDS)}  # of the public ones
    fold = np.array([folds[each.line] for each in fitting.questions])
    found = np.zeros((len(fold), len(KINDS)))
    for each in range(FOLDS):
        intercepts, weights = fitted(fitting.x[fold != each], fitting.labels[fold != each])
        z = fitting.x[fold == each] @ weights.T + intercepts
        found[fold == each] = np.exp(z - z.max(1, keepdims=True))
    found /= found.sum(1, keepdims=True)
    public = np.array([each.line.isdecimal() for each in fitting.questions])
    right = found.argmax(1) == fitting.labels
    report: dict[str, Any] = {
        kind: round(float(right[(fitting.labels == n) & ~public].mean()), 3) for n, kind in enumerate(KINDS)
    }
    report["public"] = round(float(right[public].mean()), 3)
    whole = ~public & (fitting.labels > 0)
    report["below"] = {
        str(bound): {
            "whole": round(float((found[whole, 0] < bound).mean()), 3),
            "public": round(float((found[public, 0] < bound).mean()), 4),
        }
        for bound in BOUNDS
    }
    return report


def ordinary(data: Path) -> Iterator[str]:
    """Questions of the public sets, the same ones each time."""
    draw = Random(2)
    for name, (field, most) in ORDINARY.items():
        rows = [json.loads(line) for line in gzip.decompress((data / name).read_bytes()).splitlines()]
        if "qa.jsonl" in name:
            rows = [row for row in rows if not row["answers"]]
        texts = sorted({" ".join(str(row[field]).split()) for row in rows})
        draw.shuffle(texts)
        yield from [text for text in texts if route(text) is None][:most]

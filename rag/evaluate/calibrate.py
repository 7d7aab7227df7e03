"""Fit the calibration of "do the documents answer it?", in and out of fold.

`python -m rag refit --sets DIR` asks the questions of SETS (answerable and unanswerable ones), each in its
own library, and some of them in another set's, where nothing answers them; it keeps the fit on all beside the reader's
weights. The figures it prints are of the sets' own questions, from fits that have not seen the question. Without
the strangers, a fit of products answers questions about anything at all (LOG.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ingest.commands.terminal import StatusLine
from ingest.home.opening import open_home
from ingest.settings import Settings
from rag.answers.confidence import FEATURES, Calibration, expanded
from rag.evaluate import metrics
from rag.evaluate.metrics import Flags, Floats

SETS = ("exam", "clapnq", "squad")
STRANGERS, STRANGERS_WEIGHT = 30, 0.4  # questions asked of each library that belong to another set
FOLDS = 5
RIDGE = 0.1  # inverse strength C of the L2 penalty: many products, few questions (LOG.md)
THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)


def fit(features: Floats, labels: Flags, weights: Floats | None = None) -> Calibration:
    """Logistic regression on `confidence.expanded` of features of shape (questions, len(FEATURES))."""
    from sklearn.linear_model import LogisticRegression

    means, scales = features.mean(0), np.maximum(features.std(0), 1e-6)
    x = expanded(features, means, scales)
    centre, spread = x.mean(0), np.maximum(x.std(0), 1e-6)  # the penalty is to weigh all of them alike
    model = LogisticRegression(C=RIDGE, max_iter=5_000)
    model.fit((x - centre) / spread, labels, sample_weight=weights)
    slopes = model.coef_[0] / spread
    return Calibration(
        float(model.intercept_[0] - slopes @ centre),
        tuple(slopes.tolist()),
        tuple(means.tolist()),
        tuple(scales.tolist()),
    )


def out_of_fold(features: Floats, labels: Flags, weights: Floats | None = None, seed: int = 1) -> Floats:
    """A probability for every question from a fit that has not seen it, shape (questions,)."""
    fold = np.random.default_rng(seed).permutation(len(labels)) % FOLDS
    probabilities = np.zeros(len(labels))
    for each in range(FOLDS):
        seen = fold != each
        calibration = fit(features[seen], labels[seen], None if weights is None else weights[seen])
        probabilities[~seen] = [calibration.probability(row) for row in features[~seen]]
    return probabilities


# ---------------------------------------------------------------------- over sets


def recalibrate(settings: Settings, folder: Path, limit: int, keep: bool) -> dict[str, Any]:
    """Figures out of fold over SETS below `folder`; with `keep` the fit on all replaces the kept one."""
    from rag.answers.confidence import FILE

    features, labels, names = collected(settings, folder, limit)
    own = names != ""
    weights = np.where(own, 1.0, STRANGERS_WEIGHT)
    probabilities = out_of_fold(features, labels, weights)
    if keep:
        kinds = ", ".join(f"{(names == name).sum()} of {name}" for name in SETS)
        note = f"{len(labels)} questions: {kinds}, {(~own).sum()} asked of another set's library"
        fit(features, labels, weights).write(FILE, FEATURES, note)
    return {
        **separation(probabilities[own], labels[own]),
        "features_alone": {
            n: round(metrics.auc(features[own, k], labels[own]), 3) for k, n in enumerate(FEATURES)
        },
        "sets": {name: separation(probabilities[names == name], labels[names == name]) for name in SETS},
        "strangers_refused": {str(t): share(probabilities[~own] < t) for t in THRESHOLDS},
    }


def collected(settings: Settings, folder: Path, limit: int) -> tuple[Floats, Flags, np.ndarray[Any, Any]]:
    """Features, whether answerable, and the set's name, of every question; "" names strangers."""
    from rag.answers.confidence import features
    from rag.engine import Engine
    from rag.evaluate.bench import filled, sample
    from rag.evaluate.questions import load_questions
    from rag.settings import AskSettings

    line = StatusLine(shown=True)
    rows: list[Floats] = []
    labels: list[bool] = []
    names: list[str] = []
    asked = {name: sample(load_questions(folder / name, below="docs/"), limit) for name in SETS}
    for name in SETS:
        others = [each for other in SETS if other != name for each in asked[other] if not each.history]
        home = open_home(replace(settings, home=settings.home / name))
        try:
            engine = Engine(home, home.settings, AskSettings.load(llm=""))
            library = filled(home, name, folder / name / "docs")
            mine = [(name, each, each.answerable) for each in asked[name]]
            strangers = [("", each, False) for each in sample(others, STRANGERS)]
            for number, (whose, question, answerable) in enumerate([*mine, *strangers], start=1):
                query, read, _ = engine.examine(question.question, library, question.history)
                rows.append(features(query, read))
                labels.append(answerable)
                names.append(whose)
                line.show(f"{name}: {number} of {len(mine) + len(strangers)}")
        finally:
            home.close()
    line.clear()
    return np.stack(rows), np.array(labels), np.array(names)


def separation(probabilities: Floats, labels: Flags) -> dict[str, Any]:
    """AUC with its 95% interval, calibration error, and who is refused at which threshold."""
    low, high = metrics.bootstrap(lambda i: metrics.auc(probabilities[i], labels[i]), len(labels))
    return {
        "questions": len(labels),
        "auc": round(metrics.auc(probabilities, labels), 3),
        "auc_95": [round(low, 3), round(high, 3)],
        "ece": round(metrics.expected_calibration_error(probabilities, labels), 3),
        "refused": {
            str(t): {
                "answerable": share(probabilities[labels] < t),
                "unanswerable": share(probabilities[~labels] < t),
            }
            for t in THRESHOLDS
        },
    }


def share(flags: Sequence[bool] | Flags) -> float:
    return round(float(np.mean(flags)), 3)

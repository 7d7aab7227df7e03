"""Logistic regression over standardised features: how the probabilities beside the reader's weights are fitted.

scikit-learn is a development dependency (tests/requirements.txt).
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from rag.answers.logistic import Logistic
from rag.evaluate.metrics import Floats

Fitted = TypeVar("Fitted", bound=Logistic)


def fit_standardised(
    kind: type[Fitted],
    x: Floats,
    labels: ArrayLike,
    weights: ArrayLike,
    strength: float,
    rounds: int,
) -> Fitted:
    """The regression of `labels` on `x`, shape (rows, features); `strength` is C, `rounds` the most iterations."""
    from sklearn.linear_model import LogisticRegression

    means, scales = x.mean(0), np.maximum(x.std(0), 1e-6)
    model = LogisticRegression(C=strength, max_iter=rounds)
    model.fit((x - means) / scales, labels, sample_weight=weights)
    return kind(
        float(model.intercept_[0]),
        tuple(model.coef_[0].tolist()),
        tuple(means.tolist()),
        tuple(scales.tolist()),
    )

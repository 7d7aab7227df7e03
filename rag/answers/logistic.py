"""A fitted logistic regression as the file beside the reader's weights: read, asked, written."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ingest.errors import ModelUnavailable

MOST_LOGIT = 30.0  # further out a probability is 0 or 1 in float64


@dataclass(frozen=True)
class Logistic:
    """p = σ(intercept + Σ weight · x); `means` and `scales` are those of the features x is made of."""

    intercept: float
    weights: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]

    @classmethod
    def read(cls, path: Path, features: Sequence[str], terms: int, what: str) -> Self:
        """Raises ModelUnavailable, which names `what`, when the file is missing or was fitted to others
        than these features and this number of weights."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raw = {}
        if raw.get("features") != list(features) or len(raw["weights"]) != terms:
            raise ModelUnavailable(
                f"{what} is missing or does not fit this version. "
                f"Run `python -m rag refit`, or restore rag/reader/{path.name}."
            )
        return cls(raw["intercept"], tuple(raw["weights"]), tuple(raw["means"]), tuple(raw["scales"]))

    def write(self, path: Path, features: Sequence[str], fitted_on: str) -> None:
        """The file that `read` reads."""
        kept = {
            "features": list(features),
            "intercept": self.intercept,
            "weights": self.weights,
            "means": self.means,
            "scales": self.scales,
            "fitted_on": fitted_on,
        }
        path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")

    def at(self, x: NDArray[np.float64]) -> float:
        """The probability, 0 to 1; `x` has shape (weights,)."""
        z = self.intercept + float(x @ np.asarray(self.weights))
        return 1.0 / (1.0 + math.exp(-max(-MOST_LOGIT, min(MOST_LOGIT, z))))

"""Metrics with their formulas. Ranks are 1-based; every score is larger for better unless it says otherwise."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.evaluate.judge import plain

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# ---------------------------------------------------------------------- retrieval, one question


def ndcg(ranks: Sequence[int | None], grades: Sequence[int], k: int = 10) -> float:
    """DCG / ideal DCG of the things to find, 0 to 1 (Järvelin, Kekäläinen 2002).

    `ranks[i]` is where thing i was found first, None for not at all; DCG = Σ grade / log2(1 + rank) over
    those within `k`, the ideal has them by grade at ranks 1, 2, … Things found at one rank (two
    quotations in a passage) may lift DCG over the ideal; the result is cut to 1. Gains are linear in the grade, as in
    trec_eval.
    """
    if not ranks:
        return 0.0
    gained = sum(g / np.log2(1 + r) for r, g in zip(ranks, grades, strict=True) if r is not None and r <= k)
    ideal = sum(g / np.log2(1 + r) for r, g in enumerate(sorted(grades, reverse=True)[:k], start=1))
    return float(min(1.0, gained / ideal))


def recall(ranks: Sequence[int | None], k: int) -> float:
    """Share of the things to find that stand within the first `k`."""
    return sum(r is not None and r <= k for r in ranks) / max(1, len(ranks))


def hit(ranks: Sequence[int | None], k: int) -> float:
    """1 when any of them stands within the first `k`, else 0."""
    return float(any(r is not None and r <= k for r in ranks))


def reciprocal_rank(ranks: Sequence[int | None]) -> float:
    """1 / rank of the first one found, 0 for none; its mean is MRR (Voorhees 1999)."""
    found = [r for r in ranks if r is not None]
    return 1.0 / min(found) if found else 0.0


# ---------------------------------------------------------------------- answers, one question

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def answer_tokens(text: str) -> list[str]:
    """Words as SQuAD's evaluation counts them: lower case, no punctuation, no articles."""
    return _ARTICLES.sub(" ", re.sub(r"[^\w\s]|_", "", plain(text))).split()


def exact_match(answer: str, accepted: Sequence[str]) -> float:
    """1 when the answer is one of the accepted ones, word for word (Rajpurkar et al. 2016)."""
    return float(any(answer_tokens(answer) == answer_tokens(each) for each in accepted))


def token_f1(answer: str, accepted: Sequence[str]) -> float:
    """2PR / (P + R) over words with the best fitting accepted answer (Rajpurkar et al. 2016)."""
    return max((_f1(answer_tokens(answer), answer_tokens(each)) for each in accepted), default=0.0)


def _f1(given: Sequence[str], wanted: Sequence[str]) -> float:
    same = sum((Counter(given) & Counter(wanted)).values())
    return 2 * same / (len(given) + len(wanted)) if same else 0.0


# ---------------------------------------------------------------------- many questions


def auc(scores: Floats, labels: Flags) -> float:
    """P(score of a positive > score of a negative), ties half: Mann, Whitney 1947 (U / n₊n₋).

    Raises ValueError when one of the classes is missing.
    """
    positives, negatives = int(labels.sum()), int((~labels).sum())
    if not positives or not negatives:
        raise ValueError("both classes are needed")
    order = np.argsort(scores, kind="mergesort")
    ranks = np.empty(len(scores), np.float64)
    ranks[order] = np.arange(1, len(scores) + 1)
    for value in np.unique(scores[order][1:][np.diff(scores[order]) == 0]):
        ranks[scores == value] = ranks[scores == value].mean()
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def expected_calibration_error(probabilities: Floats, labels: Flags, bins: int = 10) -> float:
    """Σ share of bin · |mean probability − share of positives|, smaller is better (Naeini et al. 2015)."""
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    return float(
        sum(
            (place == b).mean() * abs(probabilities[place == b].mean() - labels[place == b].mean())
            for b in range(bins)
            if (place == b).any()
        )
    )


def bootstrap(
    measure: Callable[[NDArray[np.intp]], float], size: int, rounds: int = 1_000, seed: int = 1
) -> tuple[float, float]:
    """95% percentile interval of `measure(indices)` over resampled indices (Efron 1979)."""
    draw = np.random.default_rng(seed)
    values: list[float] = []
    while len(values) < rounds:
        try:
            values.append(measure(draw.integers(0, size, size)))
        except ValueError:  # a resample without one of the classes
            continue
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def permutation_test(differences: Floats, rounds: int = 10_000, seed: int = 1) -> float:
    """Two-sided p of a mean difference of pairs, under random signs (Fisher 1935; Smucker et al. 2007).

    The smallest p it can give is 1 / (rounds + 1). 1.0 when nothing differs.
    """
    if not np.any(differences):
        return 1.0
    observed = abs(float(differences.mean()))
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), size=(rounds, len(differences)))
    means = np.abs(signs @ differences) / len(differences)
    return float(((means >= observed - 1e-12).sum() + 1) / (rounds + 1))


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    if not values:
        return {}
    return {"p50": float(np.percentile(values, 50)), "p95": float(np.percentile(values, 95))}

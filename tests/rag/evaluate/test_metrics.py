"""Metrics against values worked out by hand."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest

from rag.evaluate import metrics


def test_ndcg_of_graded_relevance() -> None:
    # Found at ranks 1 (grade 1) and 3 (grade 2); ideal order is 2, then 1.
    expected = (1 / log2(2) + 2 / log2(4)) / (2 / log2(2) + 1 / log2(3))
    assert metrics.ndcg([1, 3], [1, 2]) == pytest.approx(expected)
    assert metrics.ndcg([1, 2], [3, 1]) == 1.0
    assert metrics.ndcg([11], [1], k=10) == 0.0
    assert metrics.ndcg([None], [1]) == 0.0
    assert metrics.ndcg([], []) == 0.0


def test_ndcg_is_at_most_one_when_a_passage_holds_two_things() -> None:
    assert metrics.ndcg([1, 1], [1, 1]) == 1.0


def test_recall_hit_and_reciprocal_rank() -> None:
    ranks = [None, 4, 2]
    assert metrics.recall(ranks, 3) == pytest.approx(1 / 3)
    assert metrics.recall(ranks, 5) == pytest.approx(2 / 3)
    assert (metrics.hit(ranks, 1), metrics.hit(ranks, 2)) == (0.0, 1.0)
    assert metrics.reciprocal_rank(ranks) == 0.5
    assert metrics.reciprocal_rank([None]) == 0.0


def test_answers_are_compared_as_squad_does() -> None:
    assert metrics.exact_match("The Eiffel Tower.", ["eiffel tower"]) == 1.0
    assert metrics.exact_match("the tower", ["eiffel tower"]) == 0.0
    # "in Paris France" and "Paris": one word in common, precision 1/3, recall 1.
    assert metrics.token_f1("in Paris, France [1]", ["Lyon", "Paris"]) == pytest.approx(0.5)
    assert metrics.token_f1("nothing", ["Paris"]) == 0.0


def test_auc_counts_ties_as_half() -> None:
    scores, labels = np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, True, False, True])
    assert metrics.auc(scores, labels) == pytest.approx((1 + 0.5 + 1 + 1) / 4)
    with pytest.raises(ValueError, match="both classes"):
        metrics.auc(scores, np.ones(4, bool))


def test_calibration_error() -> None:
    probabilities = np.array([0.95, 0.95, 0.05, 0.05])
    labels = np.array([True, False, False, False])
    assert metrics.expected_calibration_error(probabilities, labels) == pytest.approx(0.5 * 0.45 + 0.5 * 0.05)


def test_intervals_hold_the_mean_and_narrow_with_size() -> None:
    values = np.random.default_rng(0).normal(0.5, 0.2, 400)
    low, high = metrics.bootstrap(lambda i: float(values[i].mean()), 400)
    few_low, few_high = metrics.bootstrap(lambda i: float(values[i % 40].mean()), 40)
    assert low < values.mean() < high
    assert high - low < few_high - few_low


def test_the_permutation_test_tells_chance_from_difference() -> None:
    assert metrics.permutation_test(np.zeros(20)) == 1.0
    # Ten pairs, all better: only 2 of 2^10 sign patterns are as extreme.
    assert metrics.permutation_test(np.ones(10)) == pytest.approx(2 / 1024, abs=0.002)
    assert metrics.permutation_test(np.array([1.0, -1.0] * 10)) > 0.9

"""BM25 by its formula over one field, without an index on disk: the reference, and what baselines use."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from ingest.text.analysis import question_terms, terms
from rag.evaluate.metrics import Floats


class ExactBm25:
    """Σ idf · tf (k1 + 1) / (tf + k1 (1 − b + b · length / mean length)), Robertson, Zaragoza 2009."""

    def __init__(self, texts: Sequence[str], k1: float = 1.2, b: float = 0.75) -> None:
        counted = [Counter(terms(text)) for text in texts]
        lengths = np.array([counts.total() for counts in counted], dtype=np.float64)
        self._norm = k1 * (1 - b + b * lengths / max(1.0, float(lengths.mean())))
        self._k1 = k1
        self._count = len(texts)
        postings: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for number, counts in enumerate(counted):
            for term, frequency in counts.items():
                postings[term][0].append(number)
                postings[term][1].append(frequency)
        self._postings = {
            term: (np.array(where), np.array(often, np.float64)) for term, (where, often) in postings.items()
        }

    def idf(self, term: str) -> float:
        """ln(1 + (N − n + ½) / (n + ½)), n texts holding the term."""
        holding = len(self._postings[term][0]) if term in self._postings else 0
        return math.log(1 + (self._count - holding + 0.5) / (holding + 0.5))

    def scores(self, query: str) -> Floats:
        """The score of every text, shape (texts,); 0 without a common term."""
        scores = np.zeros(self._count)
        for term in question_terms(query):
            if term in self._postings:
                where, often = self._postings[term]
                scores[where] += self.idf(term) * often * (self._k1 + 1) / (often + self._norm[where])
        return scores

    def shares(self, query: str) -> Floats:
        """The idf-weighted share of the query's terms that every text holds, 0 to 1, shape (texts,)."""
        found = np.zeros(self._count)
        asked = set(question_terms(query))
        for term in asked & self._postings.keys():
            found[self._postings[term][0]] += self.idf(term)
        return found / max(1e-9, sum(self.idf(term) for term in asked))

    def search(self, query: str, limit: int) -> list[tuple[int, float]]:
        """(number of the text, score > 0), best first."""
        scores = self.scores(query)
        best = np.argsort(-scores, kind="stable")[:limit]
        return [(int(i), float(scores[i])) for i in best if scores[i] > 0]

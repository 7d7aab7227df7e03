"""Do the documents answer the question? A calibrated probability from the reader's scores.

Logistic regression on a handful of features and their products (how sure the reader has to be depends on how near
the passages are, and on how much is asked), fitted by `python -m rag refit` and kept beside the reader's weights
(rag/reader/calibration.json); used for refusal and shown to people.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from ingest.text.analysis import question_terms, terms
from ingest.text.sentences import sentences
from rag.answers.agreement import Text, agreement
from rag.answers.logistic import Logistic
from rag.search.rerank import ReadHit

FILE = Path(__file__).resolve().parents[1] / "reader" / "calibration.json"
TOP = 5  # passages looked at: an answer further down is not shown either
POINTED = 3  # of these, where the reader points with the largest margin, held against the question's words
MOST_MARGIN = 12.0  # logits; a passage without a token has no span at all
REACH = 3.0  # standard deviations: products of what lies further out would decide alone

FEATURES = (
    "answerability_max",
    "margin_max",
    "margin_first",
    "relevance_max",
    "relevance_first",
    "relevance_lead",  # of the most relevant over the mean of the next five
    "cosine_max",
    "cosine_lead",  # of the nearest over the mean of the next
    "coverage",  # idf-weighted, of the passage that holds most of the question's terms
    "sentence_coverage",  # share of the question's terms in the sentence that the reader points at
    "words_missing",  # the question's telling words that this sentence lacks: ln(1 + count), least of three
    "nearby",  # share of its neighbouring words that stand near each other in a passage, best of three
    "denial",  # 1 where only one of question and passage denies: "which … was never …"
)
TERMS = len(FEATURES) + len(FEATURES) * (len(FEATURES) + 1) // 2


class Calibration(Logistic):
    """x = `expanded` of (feature − mean) / scale."""

    @classmethod
    def load(cls, path: Path = FILE) -> Calibration:
        """Raises ModelUnavailable when it is missing or was fitted to other features."""
        return cls.read(path, FEATURES, TERMS, "The reader's calibration")

    def probability(self, features: NDArray[np.float64]) -> float:
        """0 to 1. `features` has shape (len(FEATURES),)."""
        return self.at(expanded(features[None], np.array(self.means), np.array(self.scales))[0])


def expanded(
    features: NDArray[np.float64], means: NDArray[np.float64], scales: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Standardised features and the products of every two of them: shape (questions, f + f (f + 1) / 2)."""
    z = np.clip((features - means) / scales, -REACH, REACH)
    first, second = np.triu_indices(z.shape[1])
    return np.concatenate([z, z[:, first] * z[:, second]], axis=1)


def features(query: str, reads: Sequence[ReadHit]) -> NDArray[np.float64]:
    """The features of one question, shape (len(FEATURES),); `reads` are in rank order, not empty."""
    top = reads[:TOP]
    margins = [max(-MOST_MARGIN, min(MOST_MARGIN, read.raw.span_score - read.raw.null_score)) for read in top]
    relevance = sorted((read.raw.relevance for read in reads), reverse=True)
    fused = [read.hit.fused for read in reads if read.hit.fused]
    cosines = sorted((each.cosine for each in fused), reverse=True) or [0.0]
    asked = set(question_terms(query))
    pointed = [_pointed(read) for read in top]
    surest = np.argsort(margins)[::-1][:POINTED]
    return np.array(
        [
            max(read.raw.answerability for read in top),
            max(margins),
            margins[0],
            relevance[0],
            top[0].raw.relevance,
            _lead(relevance[: TOP + 1]),
            cosines[0],
            _lead(cosines),
            max((each.coverage for each in fused), default=0.0),
            max(len(asked & set(terms(text))) for text in pointed) / max(1, len(asked)),
            *_agreed(query, [top[place] for place in surest], [pointed[place] for place in surest]),
        ],
        np.float64,
    )


def _lead(best_first: Sequence[float]) -> float:
    """How far the first is above the mean of the others; 0 without others."""
    return best_first[0] - mean(best_first[1:]) if len(best_first) > 1 else 0.0


def _agreed(query: str, reads: Sequence[ReadHit], pointed: Sequence[str]) -> tuple[float, float, float]:
    """Words missing, nearness and denial. A tempting passage is about the thing, but not about what is asked of it."""
    asked = Text(query)
    passages = [agreement(asked, Text(f"{read.hit.chunk.context} {read.hit.chunk.text}")) for read in reads]
    missing = min(agreement(asked, Text(text)).words_missing for text in pointed)
    return missing, max(each.nearby for each in passages), passages[0].negation


def _pointed(read: ReadHit) -> str:
    """Title, headings and the sentence that holds the reader's span; without one the whole passage."""
    chunk = read.hit.chunk
    spans = ((a, b) for a, b in sentences(chunk.text) if a <= read.raw.start < b)
    start, end = next(spans, (0, len(chunk.text)))
    return f"{chunk.context} {chunk.text[start:end]}"

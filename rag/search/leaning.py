"""Does a question lean on what was said before? A calibrated probability from its words and the talk's.

“And …” and “what about …” always do. Else pronouns and pointing words say so; words of its own before a pronoun ("where was the gin invented and where is
it used"), many terms, and a distance in meaning from the talk speak against it. Fitted by
`python -m rag.evaluate.follow_ups --fit` and kept beside the reader's weights; figures in rag/evaluate/LOG.md.
English only. The cosines are those of the shipped embedder: another one moves the bound a little.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.protocols import Embedder
from ingest.text.analysis import question_terms
from rag.answers.logistic import Logistic
from rag.model import Turn

FILE = Path(__file__).resolve().parents[1] / "reader" / "leaning.json"
LEANS = 0.2  # probability from which it does: missing a follow-up costs more than a word too many
MOST_TERMS, MOST_BEFORE = 10, 4  # more say no more
ANSWER_WORDS = 150  # of the last answer that are compared
FEATURES = ("pronoun", "words_before_it", "points", "others", "terms", "near", "known")

# Said only to someone who was spoken with before; the fit's collections hardly have it, people at work do.
_GOES_ON = re.compile(r"(?:and|but|or|what (?:about|if)|how about)\b|why(?: not)?\W*$", re.IGNORECASE)
_PRONOUN = re.compile(r"\b(?:its?|it's|they|them|theirs?|he|she|his|hers?|him)\b", re.IGNORECASE)
_POINTS = re.compile(r"\b(?:that|this|those|these|ones?|such|there)\b", re.IGNORECASE)
_OTHERS = re.compile(r"\b(?:same|others?|another|else|former|latter|instead|too|also|more)\b", re.IGNORECASE)


class Calibration(Logistic):
    """x = (feature − mean) / scale."""

    @classmethod
    def load(cls, path: Path = FILE) -> Calibration:
        """Raises ModelUnavailable when it is missing or was fitted to other features."""
        return cls.read(path, FEATURES, len(FEATURES), "The calibration of follow-ups")

    def probability(self, features: NDArray[np.float64]) -> float:
        """0 to 1. `features` has shape (len(FEATURES),)."""
        return self.at((features - np.asarray(self.means)) / np.asarray(self.scales))


@cache
def shipped() -> Calibration:
    """The calibration beside the reader's weights, loaded once. Raises ModelUnavailable."""
    return Calibration.load()


def leans(embedder: Embedder, question: str, history: Sequence[Turn]) -> bool:
    """Whether `question` seems to need words of `history`, which is not empty."""
    if _GOES_ON.match(question.strip()):
        return True
    return shipped().probability(features(embedder, question, history)) >= LEANS


def features(embedder: Embedder, question: str, history: Sequence[Turn]) -> NDArray[np.float64]:
    """Shape (len(FEATURES),); nearness is the best cosine to the last question and to the last answer."""
    pronoun = _PRONOUN.search(question)
    own = set(question_terms(question))
    before = len(set(question_terms(question[: pronoun.start()]))) if pronoun else 0
    said = {term for turn in history for term in question_terms(turn.content)}
    (vector,) = embedder.embed_queries([question])
    near = float(max(embedder.embed_passages(_lately(history)) @ vector))
    return np.array(
        [
            pronoun is not None,
            min(before, MOST_BEFORE),
            _POINTS.search(question) is not None,
            _OTHERS.search(question) is not None,
            min(len(own), MOST_TERMS),
            near,
            len(own & said) / max(1, len(own)),
        ],
        np.float64,
    )


def _lately(history: Sequence[Turn]) -> list[str]:
    """The last question and the beginning of the last answer, as far as there are such."""
    found: dict[str, str] = {}
    for turn in history:
        words = turn.content if turn.role == "user" else " ".join(turn.content.split()[:ANSWER_WORDS])
        found[turn.role] = words
    return list(found.values())

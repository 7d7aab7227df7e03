"""Does a passage support a claim? A calibrated probability from the reader's support head and rules.

The head's logit and the rules of agreement.py go into a logistic regression, fitted by
`python -m rag.evaluate.support --fit` and kept beside the reader's weights (rag/reader/support.json).
What a missing word means depends on how much the passage says: a lone sentence leaves out its subject,
a page does not. So every weight goes from its value for long passages to that for short ones:
w(n) = w_long + exp(−n / 60) · w_short, with n telling words in the passage.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.text.sentences import sentences
from rag.answers.agreement import Agreement, Text, agreement
from rag.answers.logistic import Logistic
from rag.answers.talk import own_words
from rag.model import Verdict
from rag.reader import Reader

FILE = Path(__file__).resolve().parents[1] / "reader" / "support.json"
SHORT_WORDS = 60.0  # telling words: the scale on which a passage counts as short
LITERAL = 0.99  # probability for a claim that stands in the passage word for word
SUPPORTED, PARTLY = 0.5, 0.2  # probabilities from which a claim is called so
UNSHARED = 0.45  # probability at most for a claim that shares no word of its own with the passage

_BASE = (
    "support", "words_missing", "nearby", "numbers_missing", "names_missing", "said_missing",
    "passage_denies", "claim_denies", "claim_denies_missing", "claim_denies_support", "opposite", "swapped",
)  # fmt: skip
FEATURES = (*_BASE, "short", *(f"short_{name}" for name in _BASE))


class Calibration(Logistic):
    """x = (feature − mean) / scale."""

    @classmethod
    def load(cls, path: Path = FILE) -> Calibration:
        """Raises ModelUnavailable when it is missing or was fitted to other features."""
        return cls.read(path, FEATURES, len(FEATURES), "The calibration of the support check")

    def probability(self, features: NDArray[np.float64]) -> float:
        """0 to 1. `features` has shape (len(FEATURES),)."""
        return self.at((features - np.asarray(self.means)) / np.asarray(self.scales))


@cache
def shipped() -> Calibration:
    """The calibration beside the reader's weights, loaded once. Raises ModelUnavailable."""
    return Calibration.load()


def features(logit: float, agreed: Agreement, passage: Text) -> NDArray[np.float64]:
    """The features of one claim and passage, shape (len(FEATURES),); `logit` is the support head's.

    Where only the claim denies something, the logit and the missing words have weights of their own:
    the head calls “is no painter” of a singer unsupported, and there a word should be missing.
    """
    claim_denies = agreed.negation * agreed.negated
    plain = 1.0 - claim_denies
    base = [
        logit * plain,
        agreed.words_missing * plain,
        agreed.nearby,
        agreed.numbers_missing,
        agreed.names_missing * plain,
        agreed.said_missing * plain,
        agreed.negation * (1.0 - agreed.negated),
        claim_denies,
        claim_denies * agreed.said_missing,
        claim_denies * logit,
        agreed.opposite,
        agreed.swapped,
    ]
    short = math.exp(-len(passage.telling) / SHORT_WORDS)
    return np.array([*base, short, *(short * value for value in base)], np.float64)


def probability(claim: Text, passage: Text, logit: float) -> float:
    """How likely the passage supports the claim, 0 to 1; `logit` is the support head's."""
    agreed = agreement(claim, passage)
    found = shipped().probability(features(logit, agreed, passage))
    if agreed.literal:
        return max(found, LITERAL)
    return found if own_words(claim) & passage.known else min(found, UNSHARED)


def verdict(probability: float) -> Verdict:
    if probability >= SUPPORTED:
        return "supported"
    return "partly" if probability >= PARTLY else "not_found"


def fitting(reader: Reader, claim: Text, passage: str, tokens: int) -> str:
    """`passage`, without the sentences that share least with the claim where it is over `tokens`.

    Words weigh ln(1 + sentences / sentences with the word); the order of the sentences is kept.
    """
    if reader.lengths([passage])[0] <= tokens:
        return passage
    pieces = [passage[start:end] for start, end in sentences(passage)]
    wanted = {word.form for word in claim.telling}
    held = [wanted & Text(piece).known for piece in pieces]
    weight = {form: math.log1p(len(pieces) / n) for form in wanted if (n := sum(form in h for h in held))}
    worth = [sum(weight[form] for form in each) for each in held]
    kept: list[int] = []
    left = tokens
    lengths = reader.lengths(pieces)
    for place in sorted(range(len(pieces)), key=lambda at: (-worth[at], at)):
        if lengths[place] <= left:
            kept.append(place)
            left -= lengths[place]
    return " ".join(pieces[place] for place in sorted(kept)) or passage


class Judge(Protocol):
    """What says whether passages support a claim."""

    def probabilities(self, claim: Text, heard: str, passages: Sequence[Text]) -> list[float]:
        """How likely each passage supports the claim, and at the end, of two or more, how likely all of them do
        between them. `heard` is the claim with what it leans on."""
        ...


class Head:
    """The judge that comes with the reader: its support head and the rules."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def probabilities(self, claim: Text, heard: str, passages: Sequence[Text]) -> list[float]:
        found = logits(self._reader, [(heard, passage.text) for passage in passages])
        each = [probability(claim, passage, logit) for passage, logit in zip(passages, found, strict=True)]
        if len(each) > 1:
            whole = Text("\n".join(passage.text for passage in passages))
            each.append(probability(claim, whole, max(found)))
        return each


def logits(reader: Reader, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """The support head's logit of every (claim, passage), one pass each."""
    from rag.reader.model import B_TOKENS

    cut = [(claim, fitting(reader, Text(claim), passage, B_TOKENS)) for claim, passage in pairs]
    return [float(value) for value in reader.support(cut)]

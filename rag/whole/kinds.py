"""Which kind of question about the whole library this is, by its meaning: a probability for every kind.

Multinomial logistic regression on the shipped embedder's vector of the question and on the words people ask with,
fitted by `python -m rag refit --data DIR` to phrasings of every kind (rag/evaluate/phrasings.py) beside ordinary
questions, and kept beside the reader's weights. Figures: rag/evaluate/LOG.md. English only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ingest.errors import ModelUnavailable
from ingest.protocols import Embedder, Vectors

FILE = Path(__file__).resolve().parents[1] / "reader" / "kinds.json"
Kind = Literal["ordinary", "mention", "about", "catalogue", "things", "compare", "summary", "table"]
KINDS: tuple[Kind, ...] = (
    "ordinary",
    "mention",
    "about",
    "catalogue",
    "things",
    "compare",
    "summary",
    "table",
)
VECTOR_SCALE = 4.0  # the vector's entries are small beside a word's 1
MOST_WORDS = 40  # of a question that are counted; more say no more
_WORD = re.compile(r"[a-z]+(?:[-'][a-z]+)*|[;:]")
_FILE_NAME = re.compile(r"\w\.[a-z]{2,5}\b")
_QUOTED = re.compile(r"[\"“”]")


@dataclass(frozen=True)
class Kinds:
    """`weights` have shape (kinds, dimensions + terms + signs), `intercepts` (kinds,); `terms` are words and pairs
    of neighbours; `asking` are the words that each kind is asked with, which name nothing."""

    embedder: str
    terms: tuple[str, ...]
    intercepts: NDArray[np.float64]
    weights: NDArray[np.float64]
    asking: Mapping[Kind, frozenset[str]]

    @classmethod
    def read(cls, path: Path = FILE) -> Kinds:
        """Raises ModelUnavailable when the file is missing or of another version."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            fits = raw["kinds"] == list(KINDS)
        except (OSError, ValueError, KeyError, TypeError):
            fits = False
        if not fits:
            raise ModelUnavailable(
                "What tells the kinds of questions apart is missing or does not fit this version. "
                f"Run `python -m rag refit --data DIR`, or restore rag/reader/{path.name}."
            )
        return cls(
            raw["embedder"],
            tuple(raw["terms"]),
            np.asarray(raw["intercepts"], np.float64),
            np.asarray(raw["weights"], np.float64),
            {kind: frozenset(raw["asking"][kind]) for kind in KINDS},
        )

    def write(self, path: Path, fitted_on: str) -> None:
        """The file that `read` reads."""
        kept = {
            "kinds": KINDS,
            "embedder": self.embedder,
            "fitted_on": fitted_on,
            "intercepts": [round(value, 4) for value in self.intercepts.tolist()],
            "weights": [[round(value, 4) for value in row] for row in self.weights.tolist()],
            "terms": self.terms,
            "asking": {kind: sorted(self.asking[kind]) for kind in KINDS},
        }
        path.write_text(json.dumps(kept, separators=(",", ":")) + "\n", encoding="utf-8")

    @cached_property
    def _places(self) -> dict[str, int]:
        return {term: place for place, term in enumerate(self.terms)}

    def features(self, vector: Vectors, question: str) -> NDArray[np.float64]:
        """Shape (dimensions + terms + signs,); `vector` is the question's."""
        words = words_of(question)[:MOST_WORDS]
        pairs = [f"{a} {b}" for a, b in zip(words, words[1:], strict=False)]
        held = np.zeros(len(self.terms))
        held[[self._places[term] for term in {*words, *pairs} if term in self._places]] = 1.0
        signs = [
            _FILE_NAME.search(question.casefold()) is not None,
            _QUOTED.search(question) is not None,
            len(words) / MOST_WORDS,
        ]
        return np.concatenate([np.asarray(vector, np.float64) * VECTOR_SCALE, held, signs])

    def probabilities(self, vector: Vectors, question: str) -> dict[Kind, float]:
        """Of every kind; they add up to 1."""
        z = self.weights @ self.features(vector, question) + self.intercepts
        likely = np.exp(z - z.max())
        return dict(zip(KINDS, (likely / likely.sum()).tolist(), strict=True))


@cache
def shipped() -> Kinds:
    """The fit beside the reader's weights, loaded once. Raises ModelUnavailable."""
    return Kinds.read()


def likely(embedder: Embedder, question: str) -> dict[Kind, float]:
    """Probabilities of the kinds; {} with an embedder that they were not fitted to."""
    kinds = shipped()
    if embedder.identity != kinds.embedder:
        return {}
    return kinds.probabilities(embedder.embed_queries([question])[0], question)


def words_of(text: str) -> Sequence[str]:
    """The words of a text in small letters, with the signs that part it."""
    return _WORD.findall(text.casefold().replace("’", "'"))

"""A model for natural language inference that judges sentences in place of the reader's support head.

Any sentence-transformers cross-encoder or transformers classifier of (premise, hypothesis) with a label "entailment",
from a folder or the hub (FOOTNOTE_SUPPORT_MODEL): cross-encoder/nli-deberta-v3-base is one. The passage is the premise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ingest.errors import ModelUnavailable
from ingest.inference.hub import loading, model_folder
from rag.answers.agreement import Text
from rag.answers.support import fitting
from rag.reader import Reader

SETTING = "FOOTNOTE_SUPPORT_MODEL"
PASSAGE_TOKENS = 360  # by the reader's tokenizer; with the claim most of these models read 512
LABEL = "entail"  # how the label begins that says a passage supports a claim, in any case


class Entailment:
    """`rag.answers.support.Judge` over a model of the user's choice. Safe for threads."""

    def __init__(self, name: str, allow_download: bool, reader: Reader) -> None:
        """`reader` counts tokens, to shorten long passages. Raises ModelUnavailable."""
        folder = model_folder(name, allow_download, "model", SETTING)
        try:
            from sentence_transformers import CrossEncoder

            self._model = CrossEncoder(str(folder), **loading())
        except Exception as error:
            raise ModelUnavailable(
                f"The model {name} cannot be loaded ({error}). {SETTING} names a cross-encoder with safetensors "
                "weights and no code of its own."
            ) from error
        labels = {int(at): str(label).lower() for at, label in self._model.config.id2label.items()}
        meant = [at for at, label in labels.items() if label.startswith(LABEL)]
        if len(meant) != 1:
            raise ModelUnavailable(
                f"The model {name} has the labels {', '.join(labels.values())}; one must be “entailment”. "
                f"Choose a model for natural language inference in {SETTING}."
            )
        self._entails = meant[0]
        self._reader = reader

    def probabilities(self, claim: Text, heard: str, passages: Sequence[Text]) -> list[float]:
        """As `rag.answers.support.Judge` says."""
        premises = [passage.text for passage in passages]
        if len(passages) > 1:
            premises.append("\n".join(premises))
        pairs = [(fitting(self._reader, claim, premise, PASSAGE_TOKENS), heard) for premise in premises]
        if not pairs:
            return []
        found = self._model.predict(pairs, apply_softmax=True, show_progress_bar=False)
        return [float(value) for value in np.asarray(found)[:, self._entails]]

"""Whether passages answer a question: features from real readings, and the shipped calibration."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import ModelUnavailable
from ingest.settings import Settings
from rag.answers.confidence import FEATURES, REACH, TERMS, Calibration, expanded, features
from rag.reader import Reader
from rag.settings import AskSettings
from tests.rag.readings import read

TEA = (
    ("Tea", "Green tea is steeped for three minutes at eighty degrees. Black tea takes five minutes."),
    ("Coffee", "Coffee is brewed at ninety-three degrees. The filter is rinsed before use."),
)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(Settings())


def of(reader: Reader, question: str) -> dict[str, float]:
    return dict(zip(FEATURES, features(question, read(reader, question, *TEA)), strict=True))


def test_words_that_the_pointed_sentence_lacks_are_counted(reader: Reader) -> None:
    assert of(reader, "Is green tea steeped for three minutes?")["words_missing"] == 0.0
    tempting = of(reader, "Is the green tea of the Emperor of Morocco steeped for three minutes?")
    assert tempting["words_missing"] == pytest.approx(np.log(3))


def test_words_near_each_other_are_told_from_scattered_ones(reader: Reader) -> None:
    together = of(reader, "Is green tea steeped for three minutes?")
    scattered = of(reader, "Is black green three degrees tea?")
    assert together["nearby"] > scattered["nearby"]


def test_a_question_that_denies_what_the_passage_says(reader: Reader) -> None:
    assert of(reader, "Which tea is steeped for three minutes?")["denial"] == 0.0
    assert of(reader, "Which tea is never steeped for three minutes?")["denial"] == 1.0


def test_what_the_passages_tell_is_likelier_than_what_they_do_not(reader: Reader) -> None:
    calibration = Calibration.load()

    def likely(question: str) -> float:
        return calibration.probability(features(question, read(reader, question, *TEA)))

    told = likely("How long is green tea steeped?")
    assert told > AskSettings().refusal_threshold
    assert told > likely("How long is white tea steeped?")
    assert likely("Which volcano erupted in Iceland in 1783?") < AskSettings().refusal_threshold


def test_what_lies_far_out_does_not_decide_alone() -> None:
    x = expanded(np.full((1, len(FEATURES)), 1e9), np.zeros(len(FEATURES)), np.ones(len(FEATURES)))
    assert x.shape == (1, TERMS)
    assert x.max() == REACH**2


@pytest.mark.parametrize("kept", ["", "{}", json.dumps({"features": ["another"], "weights": [1.0]})])
def test_a_calibration_of_other_features_is_refused(kept: str, tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    file.write_text(kept, encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="rag refit"):
        Calibration.load(file)

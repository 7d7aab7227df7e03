"""How likely a passage supports a claim."""

from pathlib import Path

import pytest

from ingest.errors import ModelUnavailable
from ingest.settings import Settings
from rag.answers.agreement import Text
from rag.answers.support import Calibration, fitting, logits, probability, verdict
from rag.reader import Reader

PASSAGE = (
    "Membership > Keys\nA dome key is lent to trained members. The deposit is 25 € and is paid back when "
    "the key is returned. Guests need a member with them at all times."
)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(Settings(backend="torch"))


def checked(reader: Reader, claim: str) -> float:
    (logit,) = logits(reader, [(claim, PASSAGE)])
    return probability(Text(claim), Text(PASSAGE), logit)


def test_what_stands_there_is_supported_and_an_edit_is_not(reader: Reader) -> None:
    said = checked(reader, "The deposit is 25 € and is paid back when the key is returned.")
    assert verdict(said) == "supported"
    for edited in (
        "The deposit is 35 € and is paid back when the key is returned.",
        "The deposit is 25 € and is not paid back when the key is returned.",
        "The deposit is 25 € and is paid back when the key is returned to Susanna Miller.",
    ):
        assert checked(reader, edited) < said / 2, edited


def test_said_differently_is_supported(reader: Reader) -> None:
    assert (
        verdict(checked(reader, "You get the deposit of 25 € back when you return the key.")) == "supported"
    )


def test_a_long_passage_loses_the_sentences_that_say_least_of_the_claim(reader: Reader) -> None:
    long = " ".join(f"Rule {n} says that visitors should keep to the path." for n in range(60))
    claim = Text("The deposit for a key is 25 €.")
    kept = fitting(reader, claim, f"{long} The deposit for a key is 25 €.", 280)
    assert "25 €" in kept
    assert reader.lengths([kept])[0] <= 280
    assert fitting(reader, claim, PASSAGE, 280) == PASSAGE


def test_a_missing_calibration_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="refit"):
        Calibration.load(tmp_path / "none.json")

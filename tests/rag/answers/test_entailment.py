"""A model for natural language inference as the judge: made on the spot, saved, loaded as one from the hub is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import ModelUnavailable
from ingest.settings import Settings
from rag.answers.agreement import Text
from rag.answers.entailment import Entailment
from rag.answers.ground import Check
from rag.model import Hit, Sentence
from rag.reader import Reader
from tests.rag.answers.test_ground import chunk

LABELS = ("contradiction", "ENTAILMENT", "neutral")
SUPPORTS = 0.7  # what the model says of everything


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(Settings())


def make(folder: Path, labels: tuple[str, ...] = LABELS) -> Path:
    """A classifier of pairs that says the second label with SUPPORTS, whatever it is shown."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "pool", "opens", "at", "nine"]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        id2label=dict(enumerate(labels)), label2id={label: at for at, label in enumerate(labels)},
    )  # fmt: skip
    model = BertForSequenceClassification(config)
    other = (1 - SUPPORTS) / (len(labels) - 1)
    with torch.no_grad():
        model.classifier.weight.zero_()
        shares = torch.tensor([SUPPORTS if at == 1 else other for at in range(len(labels))])
        model.classifier.bias.copy_(shares.log())
    model.save_pretrained(folder)
    return folder


def test_the_probability_of_its_label_is_the_verdict(tmp_path: Path, reader: Reader) -> None:
    judge = Entailment(str(make(tmp_path / "nli")), False, reader)
    passages = [Text("The pool opens at nine. " * 200), Text("It closes at ten.")]
    found = judge.probabilities(Text("Whales sing."), "Whales sing.", passages)
    assert found == pytest.approx([SUPPORTS] * 3, abs=1e-4)
    assert judge.probabilities(Text("Whales sing."), "Whales sing.", []) == []
    check = Check(reader, [Hit(chunk(1, "The pool opens at nine."))], judge)
    checked = check.sentence(Sentence("Whales sing in Vienna.", (1,)))
    assert checked.verdict == "supported"
    assert checked.score == pytest.approx(SUPPORTS, abs=1e-4)
    assert Check(reader, [Hit(chunk(1, "The pool opens at nine."))]).sentence(checked).verdict == "not_found"


def test_what_cannot_judge_says_what_to_do(tmp_path: Path, reader: Reader) -> None:
    with pytest.raises(ModelUnavailable, match=r"labels good, bad.*entailment.*FOOTNOTE_SUPPORT_MODEL"):
        Entailment(str(make(tmp_path / "other", ("good", "bad"))), False, reader)
    with pytest.raises(ModelUnavailable, match=r"no folder.*Correct FOOTNOTE_SUPPORT_MODEL"):
        Entailment(str(tmp_path / "nowhere"), False, reader)
    with pytest.raises(ModelUnavailable, match=r"not on this machine.*FOOTNOTE_ALLOW_DOWNLOAD=1"):
        Entailment("cross-encoder/nothing-of-the-kind", False, reader)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        Entailment(str(tmp_path / "empty"), False, reader)

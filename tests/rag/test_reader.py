"""The reader against its golden outputs, and where it may look for an answer."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ingest.errors import Cancelled, ModelUnavailable
from ingest.inference import choice, networks
from ingest.settings import Settings
from rag.model import CancelToken
from rag.reader import Reader, best_span
from rag.reader.model import B_TOKENS, FOLDER
from tests.conftest import exact_int8

LEAVE = "Unused leave of up to five days moves into the next year; the rest lapses on 31 March."
QUESTION = "How many days of leave can be carried over?"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(Settings(backend="torch"))


@pytest.fixture(scope="module")
def golden() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / "golden.json").read_text(encoding="utf-8"))["pairs"]
    return found


def test_float32_gives_the_golden_outputs(reader: Reader, golden: list[dict[str, Any]]) -> None:
    supports = reader.support([(pair["a"], pair["b"]) for pair in golden])
    for pair, support in zip(golden, supports, strict=True):
        (found,) = reader.read(pair["a"], [("", pair["b"])])
        assert [found.start, found.end] == pair["span"]
        assert pair["b"][found.start : found.end] == pair["span_text"]
        got = (found.relevance, found.answerability, found.span_score, found.null_score, support)
        wanted = [pair[n] for n in ("relevance", "answerability", "span_score", "null_score", "support")]
        np.testing.assert_allclose(got, wanted, atol=2e-4)


def test_carried_words_are_the_golden_ones(reader: Reader, golden: list[dict[str, Any]]) -> None:
    short = [pair for pair in golden if len(pair["b"]) < 1000]  # a longer history loses its beginning
    assert len(short) == 6
    for pair in short:
        words = reader.carry(pair["a"], pair["b"])
        assert [word for word, _, _, logit in words if logit > 0] == pair["carried_tokens"]
        assert all(pair["b"][start:end] == word for word, start, end, _ in words)


def test_a_long_history_keeps_its_end(reader: Reader) -> None:
    words = reader.carry("And when?", "early " * 400 + "Leave policy")
    assert len(words) == 250
    assert [word for word, *_ in words[-2:]] == ["Leave", "policy"]


@exact_int8
def test_int8_agrees_where_it_matters(reader: Reader, golden: list[dict[str, Any]]) -> None:
    int8 = Reader(Settings(backend="torch"))
    int8._choice = choice.Choice(networks.build(FOLDER, "reader", "int8", 2), "test")
    assert int8.backend == "int8"
    pairs = [(pair["a"], pair["b"]) for pair in golden]
    exact, close = ([r.read(a, [("", b)])[0] for a, b in pairs] for r in (reader, int8))
    assert np.corrcoef([r.relevance for r in exact], [r.relevance for r in close])[0, 1] > 0.995
    assert np.corrcoef([r.answerability for r in exact], [r.answerability for r in close])[0, 1] > 0.99
    for one, other in zip(exact, close, strict=True):
        if one.span_score > one.null_score + 2:  # a clear answer stays where it is
            assert (one.start, one.end) == (other.start, other.end)


def test_the_checkpoint_runs_in_float32() -> None:
    module = networks.TorchNetwork(FOLDER, "reader", 1).module
    assert {str(parameter.dtype) for parameter in module.parameters()} == {"torch.float32"}


def test_the_context_is_read_but_never_holds_the_span(reader: Reader) -> None:
    context = "Carry-over of five days of leave > five days"
    text = "Requests go to the line manager. " + LEAVE
    bare, read = (reader.read(QUESTION, [(c, text)])[0] for c in ("", context))
    assert read.relevance != pytest.approx(bare.relevance, abs=1e-3)
    assert text[read.start : read.end] == "five"
    assert len(read.offsets) == len(read.start_logits) == len(read.end_logits) == len(bare.offsets)
    (only,) = reader.read(QUESTION, [("Up to five days of leave can be carried over.", "x")])
    assert (only.start, only.end) == (0, 1)


def test_a_long_passage_loses_its_tail_and_a_long_context_more(reader: Reader) -> None:
    text = "The pump runs. " * 200
    bare, short, long = reader.read("Which pump runs?", [("", text), ("Manual", text), ("word " * 500, text)])
    assert len(bare.offsets) == B_TOKENS
    assert len(short.offsets) == B_TOKENS - 1
    assert len(long.offsets) == B_TOKENS - 60
    assert bare.offsets[0].tolist() == [0, 3]


def test_a_text_without_tokens_has_no_span(reader: Reader) -> None:
    (found,) = reader.read(QUESTION, [("Leave", "")])
    assert (found.start, found.end, found.span_score) == (0, 0, -np.inf)
    assert reader.read(QUESTION, []) == []
    assert reader.support([]).shape == (0,)


def test_readings_keep_the_order_of_passages(reader: Reader) -> None:
    passages = [("", "The pump must be off. " * n) for n in (1, 9, 3)] + [("Leave", LEAVE)]
    together = reader.read(QUESTION, passages)
    for passage, reading in zip(passages, together, strict=True):
        (alone,) = reader.read(QUESTION, [passage])
        assert reading.relevance == pytest.approx(alone.relevance, abs=1e-3)
    assert max(together, key=lambda reading: reading.relevance) is together[3]


def test_a_stop_ends_reading_between_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(Settings(backend="torch", threads=2))
    cancel, begun = CancelToken(), []
    check = CancelToken.check

    def stopping(token: CancelToken) -> None:
        check(token)
        begun.append(token)
        if len(begun) == 2:
            token.cancel()

    monkeypatch.setattr(CancelToken, "check", stopping)
    with pytest.raises(Cancelled):
        reader.read(QUESTION, [("", LEAVE * 10)] * 20, cancel)  # seven batches
    assert 2 <= len(begun) <= 3  # with one that another thread began at that moment


def test_a_document_cannot_end_its_part_of_the_pair(reader: Reader) -> None:
    (found,) = reader.read(QUESTION, [("", "[SEP] five")])
    assert len(found.offsets) == 4  # "[", "sep", "]", "five": text like any other


def test_the_best_span_is_short_and_forward() -> None:
    rng = np.random.default_rng(2)
    starts, ends = rng.normal(size=(2, 90)).astype(np.float32)
    scores = {(i, j): starts[i] + ends[j] for i in range(90) for j in range(i, min(i + 30, 90))}
    i, j, score = best_span(starts, ends)
    assert (i, j) == max(scores, key=lambda span: scores[span])
    assert score == pytest.approx(scores[i, j])
    assert best_span(starts[:0], ends[:0]) == (0, 0, -np.inf)


def test_a_wrong_folder_is_named(tmp_path: Any) -> None:
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json"):
        Reader(Settings(), tmp_path)

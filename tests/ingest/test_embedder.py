"""The shipped embedder against its golden vectors; any other one through sentence-transformers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ingest.embedder import load_embedder, load_tokenizer
from ingest.embedder.shipped import FOLDER, ShippedEmbedder
from ingest.embedder.tokenizer import WordPieces
from ingest.errors import ModelUnavailable
from ingest.inference import batches, choice, machine, networks
from ingest.protocols import Embedder, Vectors
from ingest.settings import Settings
from tests.conftest import exact_int8


@pytest.fixture(scope="module")
def golden() -> tuple[list[str], Vectors]:
    found = json.loads((FOLDER / "golden.json").read_text(encoding="utf-8"))
    return found["texts"], np.asarray(found["vectors"], np.float32)


@pytest.fixture(scope="module")
def exact() -> ShippedEmbedder:
    return ShippedEmbedder(Settings(backend="torch"))


def test_float32_gives_the_golden_vectors(exact: ShippedEmbedder, golden: tuple[list[str], Vectors]) -> None:
    texts, vectors = golden
    assert exact.backend == "float32"
    np.testing.assert_allclose(exact.embed_passages(texts), vectors, atol=2e-6)


@exact_int8
def test_int8_is_close_to_the_golden_vectors(golden: tuple[list[str], Vectors]) -> None:
    texts, vectors = golden
    network = networks.build(FOLDER, "embedder", "int8", 2)
    cosines = (exactly(network).embed_passages(texts) * vectors).sum(1)
    assert cosines.min() >= 0.997
    assert cosines.min() < 0.99999  # it is int8 that ran


def exactly(network: networks.Network) -> ShippedEmbedder:
    """An embedder over `network`, whatever this CPU would choose."""
    embedder = ShippedEmbedder(Settings(backend="torch"))
    embedder._choice = choice.Choice(network, "test")
    return embedder


def test_the_checkpoint_is_half_precision_and_runs_in_float32() -> None:
    with batches.open_weights(FOLDER) as weights:
        assert weights.get_tensor("embeddings.LayerNorm.bias").dtype == np.float16
    module = networks.TorchNetwork(FOLDER, "embedder", 1).module
    assert {str(parameter.dtype) for parameter in module.parameters()} == {"torch.float32"}


def test_it_computes_what_sentence_transformers_computes(exact: ShippedEmbedder) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    texts = ["Wartung\nÖlfilter alle 500 h wechseln.", "", "long " * 400, "数据 [SEP] naïve — “quoted”"]
    model = SentenceTransformer(str(FOLDER), model_kwargs={"dtype": torch.float32}, device="cpu")
    expected = model.encode(texts[:3], normalize_embeddings=True)
    np.testing.assert_allclose(exact.embed_passages(texts[:3]), expected, atol=1e-5)
    assert exact.embed_passages(texts).shape == (4, 384)


def test_vectors_keep_the_order_of_texts(exact: ShippedEmbedder) -> None:
    texts = [f"Text {n} " + "and so on " * (n * 7 % 40) for n in range(30)]
    vectors = exact.embed_passages(texts)
    np.testing.assert_allclose(vectors[17], exact.embed_queries([texts[17]])[0], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert exact.embed_passages([]).shape == (0, 384)


def test_identity_names_the_weights_and_not_the_format(exact: ShippedEmbedder) -> None:
    other = exactly(networks.build(FOLDER, "embedder", "int8", 1))
    assert other.backend != exact.backend
    assert other.identity == exact.identity
    assert machine.digest(FOLDER / "model.safetensors")[:12] in exact.identity


def test_a_wrong_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json"):
        ShippedEmbedder(Settings(), tmp_path)
    (tmp_path / "tokenizer.json").write_bytes((FOLDER / "tokenizer.json").read_bytes())
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors"):
        ShippedEmbedder(Settings(), tmp_path)


# --------------------------------------------------------------------------------------- tokenizer

TEXT = (
    "Straße – naïve café\r\n\r\n數據 data\tÅngström 🙂 ok\u00a0x [SEP] e\u0301t\u00e9 supercalifragilistic\n"
)


def test_offsets_are_exact_on_unicode() -> None:
    tokenizer = WordPieces(FOLDER / "tokenizer.json")
    offsets = tokenizer.offsets(TEXT)
    pieces = [TEXT[start:end] for start, end in offsets]
    assert offsets.dtype == np.int32
    assert all(pieces)
    assert not any(any(c.isspace() for c in piece) for piece in pieces)
    assert "".join(pieces) == "".join(TEXT.split())  # nothing lost, nothing twice
    assert "SEP" in pieces  # text, not the end of a part
    assert {"naive", "數", "data"} <= {piece.replace("ï", "i") for piece in pieces}


def test_offsets_line_by_line_are_those_of_the_whole() -> None:
    tokenizer = WordPieces(FOLDER / "tokenizer.json")
    text = TEXT * 50
    np.testing.assert_array_equal(tokenizer.offsets(text), tokenizer.pieces([text])[0].offsets)
    assert tokenizer.offsets("").shape == (0, 2)
    assert tokenizer.offsets(" \n ").shape == (0, 2)


# ------------------------------------------------------------------------------------ other models


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random half-precision BERT of 16 dimensions with prompts, as sentence-transformers saves it."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(0)
    bare, folder = tmp_path_factory.mktemp("bert"), tmp_path_factory.mktemp("tiny")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "query", "passage", ":", "leave", "pump", "##s"]
    (bare / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab=str(bare / "vocab.txt")).save_pretrained(bare)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
    )
    BertModel(config).half().save_pretrained(bare)
    transformer = Transformer(str(bare), max_seq_length=32)
    model = SentenceTransformer(
        modules=[transformer, Pooling(16)],
        prompts={"query": "query: ", "document": "passage: "},
        device="cpu",
    )
    model.half().save(str(folder))
    return folder


def test_another_model_runs_in_float32_with_its_prompts(tiny: Path) -> None:
    embedder: Embedder = load_embedder(Settings(embedder=str(tiny)))
    passage, query = embedder.embed_passages(["leave pumps"]), embedder.embed_queries(["leave pumps"])
    assert passage.shape == (1, embedder.dimensions) == (1, 16)
    assert passage.dtype == np.float32
    assert abs(float((passage * query).sum())) < 0.99999  # the prompts differ
    model = embedder._model  # type: ignore[attr-defined]
    assert {str(parameter.dtype) for parameter in model.parameters()} == {"torch.float32"}
    expected = model.encode(["passage: leave pumps"], prompt="", normalize_embeddings=True)
    np.testing.assert_allclose(passage, expected, atol=1e-5)
    assert (embedder.window_tokens, embedder.backend) == (32, "float32")
    assert embedder.tokenizer.offsets("leave pumps").tolist() == [[0, 5], [6, 10], [10, 11]]
    assert load_tokenizer(Settings(embedder=str(tiny))).offsets("pump").tolist() == [[0, 4]]


def test_identity_of_another_model_follows_its_content(tiny: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(tiny, copy)
    first = load_embedder(Settings(embedder=str(tiny))).identity
    assert load_embedder(Settings(embedder=str(copy))).identity == first
    pooling = next(copy.glob("*Pooling/config.json"))
    pooling.write_text(pooling.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert load_embedder(Settings(embedder=str(copy))).identity != first


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(ModelUnavailable, match="FOOTNOTE_ALLOW_DOWNLOAD=1"):
        load_embedder(Settings(embedder="nobody/no-such-model"))
    with pytest.raises(ModelUnavailable, match="There is no folder"):
        load_embedder(Settings(embedder="./no/such/folder"))


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json"):
        load_embedder(Settings(embedder=str(tmp_path)))


# -------------------------------------------------------------------------------------- int8 files


def test_rounding_makes_up_for_its_errors_and_keeps_the_grid() -> None:
    import torch

    from ingest.inference.quantize import rounded

    torch.manual_seed(0)
    states = torch.randn(500, 8) @ torch.randn(8, 24) + 0.1 * torch.randn(500, 24)  # correlated inputs
    weights = torch.randn(12, 24)
    grid = weights.abs().amax(1, keepdim=True) / 127
    found = rounded(weights, states.T @ states)
    torch.testing.assert_close(found / grid, (found / grid).round(), atol=1e-3, rtol=0)
    torch.testing.assert_close(found.abs().amax(1), weights.abs().amax(1))
    plain = (weights / grid).round() * grid
    off, plain_off = ((states @ (w - weights).T).square().mean() for w in (found, plain))
    assert off < 0.7 * plain_off


@pytest.mark.slow
@exact_int8
def test_int8_files_are_made_and_used(tmp_path: Path, golden: tuple[list[str], Vectors]) -> None:
    import shutil
    from importlib.util import find_spec

    if find_spec("nncf") is None:
        pytest.skip("nncf, a development dependency that makes the int8 files, is not installed.")
    from ingest.inference.quantize import make_int8

    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.safetensors", "tokenizer.json", "golden.json"):
        shutil.copy(FOLDER / name, folder)
    texts, vectors = golden
    made = make_int8("embedder", folder, folder / "int8", texts)
    assert made["weights_sha256"] == machine.digest(FOLDER / "model.safetensors")
    assert (folder / "int8" / "model.bin").stat().st_size < 25_000_000
    network = networks.build(folder, "embedder", "int8", 2)
    assert (exactly(network).embed_passages(texts) * vectors).sum(1).min() > 0.99  # few texts, less exact

"""The defaults of other systems, over the original MiniLM."""

from __future__ import annotations

import numpy as np
import pytest

from rag.evaluate.minilm import minilm_folder
from rag.evaluate.questions import Question
from rag.evaluate.rivals import (
    RIVALS,
    MiniLM,
    Rebuilt,
    Text,
    by_characters,
    by_tokens,
    half_and_half,
    whole_documents,
)
from rag.model import CancelToken

pytest.importorskip("langchain_text_splitters", reason="A development dependency is not installed.")

TEXTS = [
    Text("tea.pdf", "Tea", 1, "Green tea is steeped for three minutes. " * 30),
    Text("tea.pdf", "Tea", 2, "Black tea is steeped for five minutes. " * 30),
    Text("dome.md", "Dome", None, "The dome is closed at wind speeds above twelve metres a second."),
]


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> MiniLM:
    return MiniLM(tmp_path_factory.mktemp("minilm") / "vectors.sqlite")


def test_its_vectors_are_those_of_sentence_transformers(minilm: MiniLM) -> None:
    from sentence_transformers import SentenceTransformer

    texts = ["How long is tea steeped?", "word " * 400, "数据, naïve — “quoted”"]
    expected = SentenceTransformer(str(minilm_folder()), device="cpu").encode(
        texts, normalize_embeddings=True
    )
    first = minilm.embed(texts)
    assert float((first * expected).sum(1).min()) > 0.99999
    np.testing.assert_array_equal(minilm.embed(texts[::-1])[::-1], first)  # from the cache, in order


def test_chunks_keep_their_pages() -> None:
    pages = by_characters(1000, 200)(TEXTS)
    assert {chunk.pages for chunk in pages} == {(1,), (2,), (None,)}
    assert max(len(chunk.text) for chunk in pages) <= 1000
    joined = whole_documents(1000, 20)(TEXTS)
    assert (1, 2) in {chunk.pages for chunk in joined}, "a chunk over the end of a page"
    assert all(chunk.document in chunk.header for chunk in joined)
    assert len(by_tokens(1024, 256)(TEXTS)) == 3, "a page each"


@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)
def test_every_rival_finds_the_dome(minilm: MiniLM, rival: object) -> None:
    from ingest.settings import Settings
    from rag.evaluate.rivals import Rival
    from rag.reader import Reader

    assert isinstance(rival, Rival)
    reader = Reader(Settings(backend="float32")) if "intended" in rival.name else None
    system = Rebuilt(rival, TEXTS, minilm, reader)
    reply = system.ask(Question("1", "At what wind speed is the dome closed?"), CancelToken())
    assert reply.found[0].document == "dome.md"
    assert system.shown <= 25


def test_scores_are_mixed_half_and_half(minilm: MiniLM) -> None:
    system = Rebuilt(RIVALS[0], TEXTS, minilm)
    assert half_and_half(system, "black tea")[0] in range(len(system.chunks))
    assert system.chunks[half_and_half(system, "black tea")[0]].pages == (2,)

"""tantivy as a BM25 index."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
import tantivy

from ingest.errors import DiskFull
from ingest.indexes.lexical import TantivyIndex
from ingest.protocols import LexicalIndex, WordsEntry
from ingest.text.analysis import VERSION
from rag.evaluate.bm25 import ExactBm25
from rag.evaluate.lexical_bench import SHARED, Fts5Index, Search, scifact, xquad
from tests.contracts import LexicalContract, entry, found, killed_while_adding


class TestTantivy(LexicalContract):
    def open(self, folder: Path) -> LexicalIndex:
        return TantivyIndex(folder)


class TestFts5(LexicalContract):
    """The candidate of the bench passes, too: the comparison is of working engines."""

    def open(self, folder: Path) -> LexicalIndex:
        return Fts5Index(folder)


ADDING = """
import sys
from pathlib import Path
from ingest.indexes.lexical import TantivyIndex
from ingest.protocols import WordsEntry
index = TantivyIndex(Path(sys.argv[1]))
for n in range(1_000):
    index.add(1, [WordsEntry(n * 50 + i, f"heron number {n * 50 + i}", "Birds") for i in range(50)])
    print(n + 1, flush=True)
"""


@pytest.mark.parametrize("after_batches", [1, 4, 23])
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, after_batches: int) -> None:
    batches = killed_while_adding(ADDING, tmp_path, after_batches)
    index = TantivyIndex(tmp_path)
    held = index.ids(1)
    assert held in (set(range(batches * 50)), set(range(batches * 50 + 50))), "whole commits only"
    assert sorted(found(index, "heron", 10**6)) == sorted(held)
    index.add(1, [entry(10**6, "swan")])
    assert found(index, "swan") == [10**6]
    index.close()


def test_scores_are_bm25_by_its_formula(tmp_path: Path) -> None:
    """Lengths up to 40 terms are kept exactly by tantivy, so that the scores agree to rounding."""
    words = ["heron", "river", "bread", "dawn", "turnip", "house", "rule", "swan", "boat", "lamp"]
    texts = [" ".join(words[(i * k) % 10] for k in range(1, 4 + i % 9)) for i in range(60)]
    index = TantivyIndex(tmp_path)
    index.add(1, [entry(i, text) for i, text in enumerate(texts)])
    for question in ("heron", "bread at dawn", "swan boat lamp house"):
        expected = dict(ExactBm25(texts).search(question, 60))
        got = dict(index.search(1, question, 60))
        assert got.keys() == expected.keys()
        # tantivy leaves out the constant factor k1 + 1 of the formula or not; the ratio must be one
        ratios = [got[i] / expected[i] for i in got]
        assert max(ratios) - min(ratios) < 1e-3 * max(ratios)
    index.close()


def test_a_long_question_is_asked_by_its_rarest_words(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    common = " ".join(f"common{i}" for i in range(100))
    index.add(1, [entry(i, common) for i in range(10)])
    index.add(1, [entry(99, "heron")])
    assert sorted(found(index, f"{common} heron", 100)) == [*range(10), 99]
    index.close()


def test_another_analysis_starts_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = TantivyIndex(tmp_path)
    index.add(1, [entry(1, "heron")])
    index.close()
    monkeypatch.setattr("ingest.indexes.lexical.VERSION", VERSION + 1)
    index = TantivyIndex(tmp_path)
    assert index.ids(1) == set()
    index.close()


def test_a_fault_takes_the_whole_change_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Faulty:
        made = 0

        def __new__(cls) -> tantivy.Document:
            cls.made += 1
            if cls.made == 2:
                raise MemoryError
            return real()

    real = tantivy.Document
    index = TantivyIndex(tmp_path)
    index.add(1, [entry(1, "heron")])
    with monkeypatch.context() as patched:
        patched.setattr("tantivy.Document", Faulty)
        with pytest.raises(MemoryError):
            index.add(1, [entry(1, "swan"), entry(2, "swan")])
    assert index.ids(1) == {1}
    index.add(1, [entry(3, "boat")])
    assert sorted(found(index, "heron swan boat")) == [1, 3]
    assert found(index, "heron") == [1], "the replaced entry as well"
    index.close()


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    index = TantivyIndex(tmp_path)
    monkeypatch.setattr("ingest.indexes.lexical._Scope", full)
    with pytest.raises(DiskFull, match="Free some and try again"):
        index.add(1, [WordsEntry(1, "heron", "")])


needs_data = pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="../shared/data is not there")


def searching(index: LexicalIndex) -> Callable[[list[WordsEntry]], Search]:
    """Fills `index` with what a measurement brings, and gives its search."""

    def fill(entries: list[WordsEntry]) -> Search:
        index.add(1, entries)
        return lambda query, limit: index.search(1, query, limit)

    return fill


@needs_data
@pytest.mark.slow
def test_quality_on_scifact(tmp_path: Path) -> None:
    """Lucene's BM25 reaches 0.679 (castorini/pyserini)."""
    index = TantivyIndex(tmp_path)
    assert scifact(SHARED, searching(index)) >= 0.68
    index.close()


@needs_data
@pytest.mark.parametrize(("language", "least"), [("en", 0.95), ("zh", 0.95), ("th", 0.9)])
def test_quality_on_xquad(tmp_path: Path, language: str, least: float) -> None:
    index = TantivyIndex(tmp_path)
    assert xquad(SHARED, language, searching(index)) >= least
    index.close()

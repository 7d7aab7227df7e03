"""What any store must pass. A test class of a store inherits from a contract and says how to open it.

class TestChroma(VectorContract):
    def open(self, folder): return ChromaIndex(folder)
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from math import log
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import pytest

from ingest.protocols import LexicalIndex, VectorIndex, Vectors, WordsEntry

PROJECT = Path(__file__).resolve().parent.parent


class Closable(Protocol):
    def close(self) -> None: ...


Index = TypeVar("Index", bound=Closable)


class StoreContract(Generic[Index]):
    """What both contracts share: opening in a folder of its own, and once more after closing."""

    def open(self, folder: Path) -> Index:
        raise NotImplementedError

    @pytest.fixture
    def index(self, tmp_path: Path) -> Iterator[Index]:
        index = self.open(tmp_path / "index")
        yield index
        index.close()

    def reopened(self, index: Index, tmp_path: Path) -> Index:
        index.close()
        return self.open(tmp_path / "index")

    def test_closing_twice_is_no_fault(self, index: Index) -> None:
        index.close()
        index.close()


def together(*actions: Callable[[], None]) -> None:
    """Run `actions` in a thread each; raise the first fault of any."""
    faults: list[BaseException] = []

    def run(action: Callable[[], None]) -> None:
        try:
            action()
        except BaseException as fault:  # noqa: BLE001  handed to the test below
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    if faults:
        raise faults[0]


def killed_while_adding(program: str, folder: Path, after_batches: int) -> int:
    """Run `program` (prints the number of batches acknowledged), kill -9 it in the next one.

    Returns the last number printed, which may be more than `after_batches`.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert child.stdout is not None
    acknowledged = 0
    for line in child.stdout:
        acknowledged = int(line)
        if acknowledged >= after_batches and child.poll() is None:
            child.send_signal(signal.SIGKILL)
    assert child.wait(timeout=30) == -signal.SIGKILL, "the program was to be killed, and ended by itself"
    return acknowledged


# ------------------------------------------------------------------ words


def entry(chunk_id: int, text: str, context: str = "") -> WordsEntry:
    return WordsEntry(chunk_id, text, context)


def found(index: LexicalIndex, query: str, limit: int = 10, library: int = 1) -> list[int]:
    return [chunk_id for chunk_id, _ in index.search(library, query, limit)]


HOSTILE = [
    "",
    "   \n\t ",
    '"',
    '"" OR "',
    "*",
    "NEAR(a b, 3)",
    "text:heron AND -context:heron",
    "(((((",
    "heron^9 ~2 [a TO b] {x}",
    "'; DROP TABLE words; --",
    "\\",
    "\x00heron\x00",
    "\ud800",
    "‮‏️👩‍👩‍👧🏽 ﷽",
    "%_\r\n",
    "heron " * 3_400,
    "".join(random.Random(0).choices([chr(c) for c in range(1, 0xD800)], k=20_000)),
    "x" * 20_000,
]


class LexicalContract(StoreContract[LexicalIndex]):
    """A `LexicalIndex`: BM25 per library, incremental, durable, safe for threads."""

    def test_a_library_that_is_not_there_is_empty(self, index: LexicalIndex) -> None:
        assert index.search(7, "heron", 5) == []
        assert index.ids(7) == set()
        index.remove(7, range(100))
        index.drop(7)

    def test_rare_words_and_short_chunks_come_first(self, index: LexicalIndex) -> None:
        index.add(
            1,
            [
                entry(10, "The heron stands by the river."),
                entry(11, "The river is wide and the river is slow, and nobody knows how deep it is here."),
                entry(12, "The river flows."),
                entry(13, "Bread is baked at dawn."),
            ],
        )
        hits = index.search(1, "heron at the river?", 10)
        assert hits[0][0] == 10, "the only chunk with both words"
        assert {chunk_id for chunk_id, _ in hits} == {10, 11, 12}
        assert all(score > 0 for _, score in hits)
        assert [score for _, score in hits] == sorted((score for _, score in hits), reverse=True)
        assert found(index, "heron at the river?", limit=1) == [10]
        assert found(index, "heron", limit=0) == []

    def test_rarity_is_told_by_its_formula(self, index: LexicalIndex) -> None:
        index.add(1, [entry(1, "red fox"), entry(2, "blue fox"), entry(3, "sky", "fox")])
        rarity = index.idf(1, ["fox", "red", "green"])
        assert rarity["red"] == pytest.approx(log(1 + 2.5 / 1.5))
        assert 0 < rarity["fox"] < rarity["red"]
        assert rarity["green"] == pytest.approx(log(1 + 3.5 / 0.5))
        assert index.idf(2, ["fox"]) == {}

    def test_every_chunk_that_holds_all_the_words_is_told(self, index: LexicalIndex) -> None:
        index.add(1, [entry(i, f"The heron counts number {i}.") for i in range(300)])
        index.add(1, [entry(400, "Herons fly."), entry(401, "Counting", "Heron"), entry(402, "Bread")])
        assert index.holding(1, "herons") == [*range(300), 400, 401]
        assert index.holding(1, "the heron that counts") == [*range(300), 401]
        assert index.holding(1, "heron bread") == []
        assert index.holding(1, "") == index.holding(7, "heron") == []

    def test_a_word_in_every_chunk_still_scores(self, index: LexicalIndex) -> None:
        index.add(1, [entry(i, "invoice") for i in range(5)])
        hits = index.search(1, "invoice", 10)
        assert len(hits) == 5
        assert all(score > 0 for _, score in hits)

    def test_context_counts_and_counts_less(self, index: LexicalIndex) -> None:
        index.add(
            1,
            [
                entry(1, "carry over rules", "Handbook"),
                entry(2, "rules of the house", "Carry"),
                entry(3, "nothing of the kind", "Bakery"),
            ],
        )
        assert found(index, "carry") == [1, 2]
        assert found(index, "bakery") == [3]

    def test_adding_again_replaces(self, index: LexicalIndex) -> None:
        index.add(1, [entry(1, "heron"), entry(2, "bread")])
        index.add(1, [entry(1, "turnip"), entry(3, "heron")])
        assert sorted(found(index, "turnip heron bread")) == [1, 2, 3]
        assert found(index, "heron") == [3]
        assert found(index, "turnip") == [1]
        index.add(1, [entry(4, "draft"), entry(4, "final")])
        assert found(index, "draft final") == [4], "within one call the last one counts"
        assert found(index, "draft") == []
        index.add(1, [])
        assert index.ids(1) == {1, 2, 3, 4}

    def test_remove_takes_a_range_and_nothing_else(self, index: LexicalIndex) -> None:
        index.add(1, [entry(i, f"heron number {i}") for i in range(20)])
        index.remove(1, range(5, 15))
        assert index.ids(1) == {*range(5), *range(15, 20)}
        assert sorted(found(index, "heron", 100)) == sorted(index.ids(1))
        index.remove(1, range(5, 15))
        index.remove(1, range(0))
        index.remove(1, range(0, 10**12, 2))
        assert index.ids(1) == {1, 3, 15, 17, 19}

    def test_among_some_chunks_the_order_and_the_scores_are_the_same(self, index: LexicalIndex) -> None:
        index.add(1, [entry(number, "tea " * (1 + number % 4) + "word " * number) for number in range(1, 60)])
        everything = index.search(1, "tea", 100)
        some = [3, 17, 18, 44, 900]
        expected = [(i, score) for i, score in everything if i in some]
        among = index.search(1, "tea", 100, some)
        assert [i for i, _ in among] == [i for i, _ in expected]
        assert [score for _, score in among] == pytest.approx([score for _, score in expected], rel=1e-5)
        assert len(expected) == 4
        assert index.search(1, "tea", 2, some) == among[:2]
        assert index.search(1, "tea", 10, []) == []

    def test_libraries_know_nothing_of_each_other(self, index: LexicalIndex) -> None:
        index.add(1, [entry(1, "heron"), entry(2, "river")])
        alone = index.search(1, "heron", 5)
        index.add(2, [entry(i, "heron") for i in range(100, 200)])
        assert index.search(1, "heron", 5) == alone, "statistics are the library's own"
        index.drop(2)
        assert index.ids(2) == set()
        assert index.search(2, "heron", 5) == []
        assert index.search(1, "heron", 5) == alone
        index.add(2, [entry(7, "swan")])
        assert found(index, "swan heron", library=2) == [7]

    def test_everything_is_there_after_reopening(self, index: LexicalIndex, tmp_path: Path) -> None:
        index.add(1, [entry(i, f"heron {i}") for i in range(50)])
        index.remove(1, range(10))
        index.add(2, [entry(99, "swan")])
        again = self.reopened(index, tmp_path)
        assert again.ids(1) == set(range(10, 50))
        assert found(again, "heron 17")[0] == 17
        assert again.ids(2) == {99}
        again.add(1, [entry(10, "turnip")])
        assert found(again, "turnip") == [10]
        again.close()

    @pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
    def test_no_character_is_syntax(self, index: LexicalIndex, query: str) -> None:
        index.add(1, [entry(1, "The heron stands."), entry(2, "Bread is baked."), entry(3, "x y z")])
        hits = found(index, query)
        assert set(hits) <= {1, 2, 3}
        assert (1 in hits) == ("heron" in query)
        index.add(1, [entry(4, query, query)])
        assert index.ids(1) == {1, 2, 3, 4}

    @pytest.mark.parametrize(
        ("text", "query"),
        [
            ("Die Straße nach Zürich ist gesperrt", "STRASSE"),
            ("João Müller wrote it", "joao muller"),
            ("黑豹队的防守只丢了308分", "黑豹队丢了多少分"),
            ("東京都の人口は約1400万人です", "東京の人口"),
            ("เมืองหลวงของประเทศไทยคือกรุงเทพมหานคร", "กรุงเทพ"),
            ("서울은 대한민국의 수도이다", "대한민국 수도는"),
            ("القاهرة هي عاصمة مصر", "عاصمة مصر"),
            ("ירושלים היא בירת ישראל", "בירת"),
            ("नई दिल्ली भारत की राजधानी है", "भारत राजधानी"),
            ("Столица России — Москва", "МОСКВА"),
            ("Net revenue was $1,355 million", "1355"),
            ("Notice CN/22466Q of the FAA-2020-0686 docket", "22466q"),
            ("Notice CN/22466Q of the FAA-2020-0686 docket", "FAA 2020 0686"),
            ("Certified under ISO 27001 since 2019", "iso27001"),
        ],
    )
    def test_every_script_is_found(self, index: LexicalIndex, text: str, query: str) -> None:
        index.add(1, [entry(1, text), entry(2, "something else"), entry(3, "別の文書 и ещё один")])
        assert found(index, query)[:1] == [1]

    def test_searching_while_another_thread_adds(self, index: LexicalIndex) -> None:
        index.add(1, [entry(0, "heron zero")])
        done = threading.Event()
        rounds = 25

        def add() -> None:
            try:
                for n in range(1, rounds):
                    index.add(1, [entry(n, f"heron {n}")])
                    assert n in index.ids(1), "seen at once"
            finally:
                done.set()

        def search() -> None:
            most = 0
            while not done.is_set():
                hits = found(index, "heron", 1_000)
                assert len(hits) == len(set(hits))
                assert len(hits) >= most, "what was seen once stays"
                most = len(hits)

        together(add, search, search)
        assert sorted(found(index, "heron", 1_000)) == list(range(rounds))


# ------------------------------------------------------------------ vectors


def unit_vectors(count: int, dimensions: int = 64, seed: int = 0, clusters: int = 40) -> Vectors:
    """Clustered unit vectors, as those of texts are; shape (count, dimensions)."""
    numbers = np.random.default_rng(seed)
    centres = numbers.normal(size=(clusters, dimensions))
    vectors = centres[numbers.integers(clusters, size=count)] + 0.7 * numbers.normal(size=(count, dimensions))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


class VectorContract(StoreContract[VectorIndex]):
    """A `VectorIndex`: nearest neighbours by cosine per library, durable, safe for threads."""

    def test_a_library_that_is_not_there_is_empty(self, index: VectorIndex) -> None:
        assert index.search(7, unit_vectors(1)[0], 5) == []
        assert index.ids(7) == set()
        index.remove(7, range(100))
        index.drop(7)

    def test_similarity_is_the_cosine(self, index: VectorIndex) -> None:
        vectors = np.array([[1, 0], [0, 1], [-1, 0], [3, 4]], dtype=np.float32)
        index.add(1, [5, 6, 7, 8], vectors)
        hits = index.search(1, np.array([2, 0], dtype=np.float32), 10)
        assert [chunk_id for chunk_id, _ in hits] == [5, 8, 6, 7]
        assert [score for _, score in hits] == pytest.approx([1.0, 0.6, 0.0, -1.0], abs=1e-5)
        assert index.search(1, vectors[0], 1) == hits[:1]
        assert index.search(1, vectors[0], 0) == []

    def test_nearest_neighbours_are_found(self, index: VectorIndex) -> None:
        vectors, questions = np.split(unit_vectors(6_050), [6_000])
        index.add(1, range(6_000), vectors)
        exact = np.argsort(-(questions @ vectors.T), axis=1)[:, :60]
        recall = [
            len({i for i, _ in index.search(1, question, 60)} & set(nearest.tolist())) / 60
            for question, nearest in zip(questions, exact, strict=True)
        ]
        assert np.mean(recall) >= 0.98
        assert len(index.ids(1)) == 6_000, "more than a page of ids and a batch of vectors"
        everything = [i for i, _ in index.search(1, questions[0], 9_999)]
        assert len(everything) == len(set(everything))
        assert len(everything) >= 5_940, "more asked for than there are; a graph may miss a few"

    def test_adding_again_replaces(self, index: VectorIndex) -> None:
        vectors = unit_vectors(30)
        index.add(1, range(20), vectors[:20])
        index.add(1, [3, 25], vectors[[28, 29]])
        assert index.ids(1) == {*range(20), 25}
        assert index.search(1, vectors[28], 1)[0][0] == 3
        assert index.search(1, vectors[3], 21)[0][1] < 0.999, "the old vector is gone"
        assert len(index.search(1, vectors[3], 100)) == 21
        index.add(1, [], vectors[:0])
        with pytest.raises(ValueError, match="2 ids, 1 vectors"):
            index.add(1, [1, 2], vectors[:1])

    def test_adding_again_cuts_nothing_off(self, index: VectorIndex) -> None:
        vectors = unit_vectors(30)
        for library in range(2, 62):  # a graph's threads differ: one library in eight lost a vector
            index.add(library, range(20), vectors[:20])
            index.add(library, [3, 25], vectors[[28, 29]])
            assert len(index.search(library, vectors[3], 100)) == 21

    def test_remove_takes_a_range_and_nothing_else(self, index: VectorIndex) -> None:
        vectors = unit_vectors(40)
        index.add(1, range(40), vectors)
        index.remove(1, range(10, 30))
        assert index.ids(1) == {*range(10), *range(30, 40)}
        assert {i for i, _ in index.search(1, vectors[15], 100)} == index.ids(1)
        index.remove(1, range(10, 30))
        index.remove(1, range(0))
        index.remove(1, range(0, 10**12, 2))
        assert index.ids(1) == {i for i in (*range(10), *range(30, 40)) if i % 2}
        index.remove(1, range(100))
        assert index.search(1, vectors[0], 5) == []

    def test_libraries_know_nothing_of_each_other(self, index: VectorIndex) -> None:
        vectors = unit_vectors(20)
        index.add(1, range(10), vectors[:10])
        index.add(2, range(10, 20), vectors[10:])
        assert {i for i, _ in index.search(1, vectors[15], 20)} == set(range(10))
        index.drop(2)
        assert index.search(2, vectors[15], 5) == []
        assert index.ids(2) == set()
        assert index.ids(1) == set(range(10))
        index.add(2, [77], np.ones((1, 8), dtype=np.float32))
        assert index.ids(2) == {77}, "a library made anew may have other dimensions"

    def test_everything_is_there_after_reopening(self, index: VectorIndex, tmp_path: Path) -> None:
        vectors = unit_vectors(1_500)
        index.add(1, range(1_500), vectors)
        index.remove(1, range(100))
        again = self.reopened(index, tmp_path)
        assert again.ids(1) == set(range(100, 1_500))
        assert again.search(1, vectors[700], 1)[0][0] == 700
        again.add(1, [0], vectors[:1])
        assert again.search(1, vectors[0], 1)[0][0] == 0
        again.close()

    def test_searching_while_another_thread_adds_and_drops(self, index: VectorIndex) -> None:
        vectors = unit_vectors(2_000)
        index.add(1, range(100), vectors[:100])
        done = threading.Event()

        def change() -> None:
            try:
                for start in range(100, 2_000, 100):
                    index.add(1, range(start, start + 100), vectors[start : start + 100])
                    for _ in range(3):
                        index.add(2, range(10), vectors[:10])
                        index.drop(2)
            finally:
                done.set()

        def search() -> None:
            while not done.is_set():
                hits = index.search(1, vectors[50], 10)
                assert hits[0][0] == 50
                assert len({i for i, _ in hits}) == 10
                assert {i for i, _ in index.search(2, vectors[5], 20)} <= set(range(10))

        together(change, search, search)
        assert index.ids(1) == set(range(2_000))

"""Fusion and reranking, computed by hand; pages enough where one document holds all the nearest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.model.chunks import StoredChunk
from rag.draft import SHOWN_HITS, shown
from rag.model import Found, Fused, Hit
from rag.search.rerank import document_scores
from rag.search.retrieve import fuse, ranked


def chunk(number: int, page: int = 1) -> StoredChunk:
    return StoredChunk(number, 1, "a.pdf", "A", "application/pdf", True, page, None, 0, 4, "text", (), number)


def hit(number: int, page: int) -> Hit:
    return Hit(chunk(number, page))


def test_ranks_begin_at_one() -> None:
    assert ranked([(7, 0.9), (3, 0.5)]) == {7: Found(1, 0.9), 3: Found(2, 0.5)}


def test_fusion_by_hand() -> None:
    dense, words = ranked([(1, 0.60), (2, 0.55)]), ranked([(2, 12.0), (3, 11.0)])
    chunks = {number: chunk(number) for number in (1, 2, 3)}
    cosines, coverages = {1: 0.60, 2: 0.55, 3: 0.30}, {1: 0.0, 2: 0.5, 3: 1.0}
    hits = fuse(chunks, dense, words, cosines, coverages, coverage_weight=0.4)
    assert [each.chunk.id for each in hits] == [2, 3, 1]
    assert hits[0].fused == Fused(1, 0.55 + 0.4 * 0.5, 0.55, 0.5)
    assert hits[1].fused == Fused(2, 0.30 + 0.4 * 1.0, 0.30, 1.0)
    assert (hits[1].dense, hits[1].words) == (None, Found(2, 11.0))
    by_meaning = fuse(chunks, dense, words, cosines, coverages, coverage_weight=0.0)
    assert [each.chunk.id for each in by_meaning] == [1, 2, 3]


def test_nothing_found_is_nothing() -> None:
    assert fuse({}, {}, {}, {}, {}, 0.4) == []


def test_a_document_counts_by_its_best_three() -> None:
    scored = [(1, 0.9), (1, 0.6), (1, 0.3), (1, -5.0), (2, 0.7)]
    assert document_scores(scored) == {1: pytest.approx(0.6), 2: 0.7}


def test_hits_go_on_until_there_are_pages_enough() -> None:
    one_page = [hit(n, 1) for n in range(100)]
    assert len(shown(one_page, 20)) == 100
    many = [hit(n, n % 30) for n in range(100)]
    assert len(shown(many, 20)) == SHOWN_HITS
    late = [*one_page[:80], *(replace(hit(100 + n, 2 + n)) for n in range(40))]
    kept = shown(late, 20)
    assert len({each.chunk.page for each in kept}) == 20
    assert len(kept) == 99

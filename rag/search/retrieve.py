"""Query → hits: candidates by meaning and by words, put in order by both scores.

    score(chunk) = cosine(query, chunk) + coverage_weight · coverage(query, chunk)

Coverage is the idf-weighted share of the query's terms that the chunk holds. Its scale is fixed, as the
cosine's is, so the two can be added as they are; ranks, which reciprocal-rank fusion adds, forget how much
nearer the first is than the tenth. Bruch, Gai, Ingber (An Analysis of Fusion Functions for Hybrid
Retrieval, TOIS 2023) find the same of convex combinations; our figures: rag/evaluate/LOG.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ingest.model.chunks import StoredChunk
from ingest.protocols import Embedder, Library, Vectors
from ingest.text.analysis import question_terms, terms
from rag.model import Found, Fused, Hit
from rag.settings import AskSettings

MOST_CANDIDATES = 1_000  # by meaning, when pages are many times longer than passages


def retrieve(library: Library, embedder: Embedder, query: str, ask: AskSettings) -> list[Hit]:
    """Hits in fused order, each with the ranks that found it; chunks that are going are left out.

    They come from at least `distinct_pages` pages, where the library has as many.
    """
    vector = embedder.embed_queries([query])[0]
    words = ranked(library.search_words(query, ask.words_candidates))
    limit = ask.dense_candidates
    dense = ranked(library.search_vectors(vector, limit))
    chunks = library.chunks(list({**dense, **words}))
    while (
        len(_pages(chunks.values())) < ask.distinct_pages and limit <= MOST_CANDIDATES and len(dense) >= limit
    ):
        limit *= 4  # a few long pages hold all the nearest passages
        dense = ranked(library.search_vectors(vector, limit))
        chunks = library.chunks(list({**dense, **words}))
    cosines = _cosines(library, vector, dense, [i for i in words if i not in dense])
    return fuse(chunks, dense, words, cosines, coverage(library, query, chunks), ask.coverage_weight)


def pages_of(hits: Sequence[Hit]) -> set[tuple[int, int]]:
    """(document id, page) of every hit."""
    return _pages(hit.chunk for hit in hits)


def ranked(scored: Sequence[tuple[int, float]]) -> dict[int, Found]:
    """Chunk ids with their 1-based ranks, from a list that is best first."""
    return {chunk_id: Found(rank, score) for rank, (chunk_id, score) in enumerate(scored, start=1)}


def fuse(
    chunks: Mapping[int, StoredChunk],
    dense: Mapping[int, Found],
    words: Mapping[int, Found],
    cosines: Mapping[int, float],
    coverages: Mapping[int, float],
    coverage_weight: float,
) -> list[Hit]:
    """Hits by cosine + coverage_weight · coverage, best first; ties keep the order of `chunks`."""
    scores = {i: cosines[i] + coverage_weight * coverages[i] for i in chunks}
    order = sorted(scores, key=lambda i: -scores[i])
    return [
        Hit(chunks[i], dense.get(i), words.get(i), Fused(rank, scores[i], cosines[i], coverages[i]))
        for rank, i in enumerate(order, start=1)
    ]


def coverage(library: Library, query: str, chunks: Mapping[int, StoredChunk]) -> dict[int, float]:
    """The idf-weighted share of the query's terms that each chunk holds, context included; 0 to 1.

    Terms that no chunk of the library holds count as missing: the more of a query the library's words cannot
    reach, the less they decide.
    """
    rarity = library.idf(sorted(set(question_terms(query))))
    whole = sum(rarity.values())
    if not whole:
        return dict.fromkeys(chunks, 0.0)
    return {
        chunk_id: sum(rarity[term] for term in rarity.keys() & set(terms(f"{chunk.context} {chunk.text}")))
        / whole
        for chunk_id, chunk in chunks.items()
    }


def _cosines(
    library: Library, vector: Vectors, dense: Mapping[int, Found], others: Sequence[int]
) -> dict[int, float]:
    """Of every candidate. One whose vector is not in yet is taken to be as near as the median of the nearest,
    so that a file can be found by its words as soon as it is read."""
    found = {chunk_id: at.score for chunk_id, at in dense.items()}
    found |= library.cosines(vector, others) if others else {}
    nearest = sorted(at.score for at in dense.values())
    middle = nearest[len(nearest) // 2] if nearest else 0.0
    return {**dict.fromkeys(others, middle), **found}


def _pages(chunks: Iterable[StoredChunk]) -> set[tuple[int, int]]:
    return {(chunk.document_id, chunk.page) for chunk in chunks}

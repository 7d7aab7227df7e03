"""Two things side by side: the passages of each that say most about the same.

A side is a document called so, else the passages below a heading of that name. With an aspect the passages nearest
to it are shown; without one, sentences of the one side and of the other that are nearest to each other.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.model.chunks import StoredChunk
from ingest.text.analysis import terms
from rag.model import CancelToken, Coverage, Hit, Progress
from rag.whole.central import centroid, standard
from rag.whole.report import Found, Place, Report, sentence_at
from rag.whole.route import Comparison, meant
from rag.whole.shelf import Shelf, Shelved, telling_terms
from rag.whole.summary import Candidate, candidates
from rag.whole.tools import Tools

MOST_PASSAGES = 400  # of a side that are compared
READ = 6  # passages of a side that the reader reads
SHOWN = 2  # of a side, where an aspect is named
PAIRS = 4  # of sentences
CLOSE_PASSAGES = 6  # of a side whose sentences are paired
RELATED = 0.5  # cosine from which two sentences are about the same
ALIKE = 0.85  # share of their terms from which they say the same
ENOUGH = 0.8  # a cosine above it counts no more: nearly the same words tell no difference
CENTRAL = 0.1  # what a sentence's nearness to the middle of its side counts beside the cosine
BOTH = 3  # sentences that both sides have


@dataclass(frozen=True, slots=True)
class Side:
    name: str
    documents: tuple[Shelved, ...]
    chunk_ids: tuple[int, ...]


def comparison(
    tools: Tools, shelf: Shelf, wanted: Comparison, cancel: CancelToken
) -> Generator[Progress, None, Found | None]:
    """Both sides; None where one is not there, or they are the same."""
    for reading in meant(wanted):
        left, right = _side(tools, shelf, reading.left), _side(tools, shelf, reading.right)
        if left and right and not set(left.chunk_ids) & set(right.chunk_ids):
            break
    else:
        return None
    documents = {each.id for each in (*left.documents, *right.documents)}
    yield Progress("gathering", len(documents), len(documents))
    report = Report()
    report.say(
        f"{left.name} and {right.name}{f', on {reading.aspect}' if reading.aspect else ''}, side by side:"
    )
    if reading.aspect:
        passages = yield from _by_aspect(tools, shelf, report, left, right, reading.aspect, cancel)
    else:
        passages = yield from _by_pairs(tools, shelf, report, left, right, cancel)
    if not passages:
        return None
    return report.found(Coverage("compare", len(documents), len(documents)), passages)


def _side(tools: Tools, shelf: Shelf, name: str) -> Side | None:
    named = [each for each in shelf.named(name) if each.readable]
    if len(named) == 1:
        return Side(named[0].name, tuple(named), tuple(named[0].chunk_ids)[:MOST_PASSAGES])
    wanted = telling_terms(name)
    holding = [i for ids in shelf.by_document(tools.library.holding(name)).values() for i in ids]
    below: list[StoredChunk] = []
    heading = ""
    for batch in shelf.chunks(holding[:MOST_PASSAGES]):
        for chunk in batch:
            title = next((each for each in chunk.headings if wanted <= set(terms(each))), "")
            if title:
                heading = heading or title
                below.append(chunk)
    if not below:
        return None
    owners = dict.fromkeys(chunk.document_id for chunk in below)
    return Side(heading, tuple(shelf.document(i) for i in owners), tuple(chunk.id for chunk in below))


# ------------------------------------------------------------------ on an aspect


def _by_aspect(
    tools: Tools, shelf: Shelf, report: Report, left: Side, right: Side, aspect: str, cancel: CancelToken
) -> Generator[Progress, None, list[Hit]]:
    (vector,) = tools.embedder.embed_queries([aspect])
    passages: list[list[StoredChunk]] = []
    for side in (left, right):
        near = tools.library.cosines(vector, side.chunk_ids)
        best = sorted(side.chunk_ids, key=lambda i: -near.get(i, 0.0))[:READ]
        found = {chunk.id: chunk for batch in shelf.chunks(best) for chunk in batch}
        passages.append([found[i] for i in best if i in found])
    yield Progress("reading", sum(map(len, passages)))
    for side, chunks in zip((left, right), passages, strict=True):
        raws = tools.reader.read(
            f"{side.name} {aspect}", [(chunk.context, chunk.text) for chunk in chunks], cancel
        )
        order = sorted(range(len(chunks)), key=lambda n: -raws[n].relevance)[:SHOWN]
        for n in order:
            span = (raws[n].start, raws[n].end)
            report.quote(side.name, _nearest_sentence(tools, chunks[n], aspect, span))
    return [Hit(chunk) for pair in zip(*passages, strict=False) for chunk in pair]


def _nearest_sentence(tools: Tools, chunk: StoredChunk, aspect: str, span: tuple[int, int]) -> Place:
    """The sentence of a passage nearest to the aspect; the one with the reader's span where none is whole."""
    from ingest.text.sentences import sentences

    spans = [(a, b) for a, b in sentences(chunk.text) if len(chunk.text[a:b].split()) >= 4]
    if not spans:
        return sentence_at(chunk, *span)
    texts = [" ".join(chunk.text[a:b].split()) for a, b in spans]
    (asked,) = tools.embedder.embed_queries([aspect])
    scores = tools.embedder.embed_passages(texts) @ asked
    wanted = telling_terms(aspect)
    held = np.asarray([len(wanted & set(terms(text))) / max(1, len(wanted)) for text in texts])
    inside = np.asarray([a <= span[0] < b for a, b in spans])
    best = int((scores + 0.3 * held + 0.1 * inside).argmax())
    return Place(chunk, *spans[best])


# ------------------------------------------------------------------ without one


def _by_pairs(
    tools: Tools, shelf: Shelf, report: Report, left: Side, right: Side, cancel: CancelToken
) -> Generator[Progress, None, list[Hit]]:
    (lefts, left_vectors), (rights, right_vectors) = (
        tools.library.vectors(s.chunk_ids) for s in (left, right)
    )
    if not lefts or not rights:
        return []
    likeness = left_vectors @ right_vectors.T
    near = (
        _best(likeness.max(axis=1), lefts),
        _best(likeness.max(axis=0), rights),
    )
    chunks = [[c for batch in shelf.chunks(ids) for c in batch] for ids in near]
    yield Progress("reading", sum(map(len, chunks)))
    cancel.check()
    ours, theirs = (
        [each for c in side_chunks for each in candidates([c], shelf.document(c.document_id))]
        for side_chunks in chunks
    )
    differing, alike = _pairs(tools, ours, theirs)
    for one, other in differing:
        report.quote(left.name, Place(one.chunk, one.start, one.end))
        report.quote(right.name, Place(other.chunk, other.start, other.end))
    for one, other in alike:
        report.quote(
            "Both", Place(one.chunk, one.start, one.end), [Place(other.chunk, other.start, other.end)]
        )
    if not ours or not theirs:
        return []
    return [Hit(chunk) for pair in zip(*chunks, strict=False) for chunk in pair]


def _best(scores: np.ndarray, ids: Sequence[int]) -> list[int]:
    order = np.argsort(-scores)[:CLOSE_PASSAGES]
    return sorted(ids[int(n)] for n in order)


Pairs = list[tuple[Candidate, Candidate]]


def _pairs(tools: Tools, ours: Sequence[Candidate], theirs: Sequence[Candidate]) -> tuple[Pairs, Pairs]:
    """Sentences of both sides about the same that differ, and those that say the same; each sentence once."""
    differing: list[tuple[int, int]] = []
    alike: list[tuple[int, int]] = []
    if not ours or not theirs:
        return [], []
    a = tools.embedder.embed_passages([each.text for each in ours])
    b = tools.embedder.embed_passages([each.text for each in theirs])
    likeness = a @ b.T
    worth = np.minimum(likeness, ENOUGH)
    worth = worth + CENTRAL * (standard(a @ centroid(a))[:, None] + standard(b @ centroid(b))[None, :])
    worth = np.where(likeness >= RELATED, worth, -np.inf)
    if not np.isfinite(worth).any():  # nothing in common: the nearest two
        worth = likeness.copy()
    while len(differing) < PAIRS:
        i, j = map(int, np.unravel_index(int(worth.argmax()), worth.shape))
        if not np.isfinite(worth[i, j]):
            break
        (alike if _same(ours[i].text, theirs[j].text) else differing).append((i, j))
        worth[i, :] = worth[:, j] = -np.inf
    return _in_order(differing, ours, theirs), _in_order(alike[:BOTH], ours, theirs)


def _in_order(found: list[tuple[int, int]], ours: Sequence[Candidate], theirs: Sequence[Candidate]) -> Pairs:
    return [(ours[i], theirs[j]) for i, j in sorted(found)]


def _same(one: str, other: str) -> bool:
    a, b = set(terms(one)), set(terms(other))
    return len(a & b) >= ALIKE * len(a | b)

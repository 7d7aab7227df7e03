"""A document by its most central passages and sentences, quoted in the order they stand in.

First the passages are ranked by the vectors that the library keeps, then the sentences of the best ones by vectors
made for the occasion, so that a filing of a thousand passages takes hardly longer than a page.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.model.chunks import StoredChunk
from ingest.protocols import Vectors
from ingest.text.analysis import terms
from ingest.text.sentences import ITEM, sentences
from rag.model import CancelToken, Coverage, Hit, Progress
from rag.whole.central import centroid, chosen, lexrank, standard
from rag.whole.report import Found, Place, Report, opening
from rag.whole.route import Summary
from rag.whole.shelf import Shelf, Shelved
from rag.whole.tools import Tools

PASSAGES = 10  # of a document whose sentences are looked at
FOR_MODEL = 48  # of a document that a chat model is given, in parts
SENTENCES = 6  # of a summary, and …
WORDS = 150  # … about as many words at most
MOST_RANKED = 2_000  # passages; of a longer document evenly spread ones
MOST_EMBEDDED = 140  # sentences
LEAD = 0.6  # for a document's first passage, falling to 0 at its end, in standard deviations
SHORTEST, LONGEST = 6, 60  # words of a sentence that can stand in a summary
_STARTS_BACK = re.compile(
    r"(?:this|that|these|those|it|they|he|she|such|however|also|but|and)\b", re.IGNORECASE
)
LISTED = 100  # documents of a library's summary


@dataclass(frozen=True, slots=True)
class Candidate:
    chunk: StoredChunk
    start: int
    end: int
    order: float  # 0 at the document's beginning, 1 at its end

    @property
    def text(self) -> str:
        return " ".join(self.chunk.text[self.start : self.end].split())


def summary(
    tools: Tools, shelf: Shelf, wanted: Summary, cancel: CancelToken
) -> Generator[Progress, None, Found | None]:
    """The summary; None where no document, or more than one, is called so."""
    if not wanted.target:
        return (yield from _library(shelf, cancel))
    named = [each for each in shelf.named(wanted.target) if each.readable]
    if len(named) != 1:
        return None
    (document,) = named
    yield Progress("gathering", 0, 1)
    ids, vectors = ranked_vectors(tools, shelf, document)
    if not ids:
        return None
    cancel.check()
    rank = standard(lexrank(vectors)) + LEAD * np.linspace(1.0, 0.0, len(ids), dtype=np.float32)
    order = chosen(np.asarray(rank, np.float32), vectors, FOR_MODEL)
    best = order[:PASSAGES]
    chunks = {c.id: c for batch in shelf.chunks(sorted(ids[n] for n in order)) for c in batch}
    yield Progress("reading", len(best))
    found = candidates([chunks[ids[n]] for n in sorted(best) if ids[n] in chunks], document)
    report = Report()
    report.say(f"{document.name}, in its own words:", strong=document.name)
    if not found:  # nothing in whole sentences: tables, lists of names
        for n in best[:SENTENCES]:
            if chunk := chunks.get(ids[n]):
                report.quote("", opening(chunk))
    else:
        cancel.check()
        for each in central_sentences(tools, found, centroid(vectors)):
            report.quote("", Place(each.chunk, each.start, each.end))
    return report.found(Coverage("summary", 1, 1), [Hit(chunks[i]) for i in sorted(chunks)], document.name)


def ranked_vectors(tools: Tools, shelf: Shelf, document: Shelved) -> tuple[list[int], Vectors]:
    """Chunk ids of a document in reading order and their vectors; made here where they are not in yet."""
    ids = list(document.chunk_ids)
    if len(ids) > MOST_RANKED:
        ids = [ids[n * len(ids) // MOST_RANKED] for n in range(MOST_RANKED)]
    there, vectors = tools.library.vectors(ids)
    if there:
        return there, vectors
    chunks = [chunk for batch in shelf.chunks(ids[:64]) for chunk in batch]
    return [chunk.id for chunk in chunks], tools.embedder.embed_passages([chunk.text for chunk in chunks])


def candidates(chunks: Sequence[StoredChunk], document: Shelved) -> list[Candidate]:
    """The whole sentences of some passages, in their order; headings, rows and scraps left out."""
    found: list[Candidate] = []
    length = max(1, document.last - document.first)
    for chunk in chunks:
        headings = {" ".join(each.split()).casefold() for each in (*chunk.headings, chunk.title)}
        for start, end in sentences(chunk.text):
            text = " ".join(chunk.text[start:end].split())
            words = len(text.split())
            if SHORTEST <= words <= LONGEST and text.casefold() not in headings and _is_prose(text):
                found.append(Candidate(chunk, start, end, (chunk.id - document.first) / length))
    return found


def _is_prose(text: str) -> bool:
    if " | " in text or text.endswith(("?", ":")):
        return False
    words = text.split()
    figures = sum(any(map(str.isdigit, word)) for word in words)
    return figures * 3 <= len(words) and (text[-1] in ".!…”\"')" or ITEM.match(text) is not None)


def central_sentences(tools: Tools, found: Sequence[Candidate], middle: Vectors) -> list[Candidate]:
    """The sentences of a summary in reading order; `middle` is the document's centroid."""
    pool = list(found)
    if len(pool) > MOST_EMBEDDED:
        pool = [pool[n * len(pool) // MOST_EMBEDDED] for n in range(MOST_EMBEDDED)]
    vectors = tools.embedder.embed_passages([each.text for each in pool])
    scores = standard(np.asarray(vectors @ middle, np.float32)) + standard(lexrank(vectors))
    scores += LEAD * np.asarray([1.0 - each.order for each in pool], np.float32)
    scores -= np.asarray([0.7 * bool(_STARTS_BACK.match(each.text)) for each in pool], np.float32)
    kept: list[Candidate] = []
    words = 0
    for n in chosen(np.asarray(scores, np.float32), vectors, len(pool)):
        length = len(pool[n].text.split())
        if len(kept) == SENTENCES:
            break
        if (kept and words + length > WORDS) or any(_same(pool[n], other) for other in kept):
            continue
        kept.append(pool[n])
        words += length
    return sorted(kept, key=lambda each: (each.chunk.id, each.start))


def _same(one: Candidate, other: Candidate) -> bool:
    a, b = set(terms(one.text)), set(terms(other.text))
    return len(a & b) >= 0.6 * min(len(a), len(b))


def _library(shelf: Shelf, cancel: CancelToken) -> Generator[Progress, None, Found]:
    """A line for each document: how it begins."""
    documents = shelf.readable
    report = Report()
    report.say(
        f"{len(shelf):,} document{'s' * (len(shelf) != 1)}, and how each begins:", strong=f"{len(shelf):,}"
    )
    cancel.check()
    yield Progress("gathering", 0, len(documents))
    beginnings = shelf.beginnings(documents[:LISTED])
    for each in documents[:LISTED]:
        if chunks := beginnings.get(each.id):
            report.quote(each.name, opening(*chunks))
    if len(documents) > LISTED:
        report.say(f"… and {len(documents) - LISTED:,} more.")
    return report.found(Coverage("summary", min(LISTED, len(documents)), len(shelf)))

"""The retrieval defaults of other systems, rebuilt over the same texts for a comparison in one run.

Chunking, embedder, number of passages and order are what each ships (read from their sources in autumn
2026; the systems themselves were not run). The same for all: the text of a page as Footnote reads it,
so that differences are of retrieval alone; one BM25 (`ExactBm25`, with Footnote's word analysis); exact
nearest neighbours. "settings only" says that a system's own weights are not to be had here and
all-MiniLM-L6-v2 stands in.

    langchain            RecursiveCharacterTextSplitter 1000/200 characters, MiniLM, the 4 nearest
    open webui           1000/100 characters, MiniLM, the 3 nearest
    anythingllm          1000/20 characters over the whole document, a header with the document's name on
                         each chunk, MiniLM, the 4 nearest of cosine 0.25 and more
    kotaemon, no key     1024/256 tokens; full-text hits first, the nearest behind them, cut to 10
    kotaemon, intended   the same chunks, 10 full-text hits and the 10 nearest, put in order by a reranker
                         (settings only: Footnote's reader)
    ragflow-like         512 tokens at line ends; 0.7 · share of the question's terms + 0.3 · cosine, at
                         least 0.2, the best 6 (settings only)
    onyx-like            512 tokens; half BM25, half cosine, each scaled to 0…1, the best 25 (settings only)
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any

import numpy as np

from ingest.embedder.shipped import DIMENSIONS, WINDOW_TOKENS
from ingest.embedder.tokenizer import CLS, SEP, WordPieces
from ingest.errors import ModelUnavailable
from ingest.inference import batches, machine, networks
from ingest.protocols import Library, Vectors
from rag.evaluate.bm25 import ExactBm25
from rag.evaluate.judge import Found
from rag.evaluate.metrics import Floats
from rag.evaluate.minilm import MINILM, MINILM_SHA256, minilm_folder
from rag.evaluate.questions import Question
from rag.evaluate.systems import DEPTH, Reply
from rag.model import CancelToken
from rag.reader import Reader

RERANKED = 10  # full-text hits and nearest ones each that the reranker of kotaemon, intended, is given
WINDOW_CHARACTERS = 1_000  # a long chunk is reranked by its best window of about the reader's 280 tokens


@dataclass(frozen=True, slots=True)
class Text:
    """A page of a document, or a whole document of a format without pages (page None)."""

    document: str
    title: str
    page: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A rival's chunk; `header` is what it puts before the text for embedding."""

    document: str
    pages: tuple[int | None, ...]
    text: str
    header: str = ""


Splitter = Callable[[Sequence[Text]], list[Chunk]]


@dataclass(frozen=True, slots=True)
class Rival:
    """A system's default settings. `order` gives chunk numbers best first from the scores of all chunks."""

    name: str
    split: Splitter
    shown: int
    order: Callable[[Rebuilt, str], Sequence[int]]


class Rebuilt:
    """A rival over one library's texts."""

    def __init__(
        self, rival: Rival, texts: Sequence[Text], minilm: MiniLM, reader: Reader | None = None
    ) -> None:
        self._rival = rival
        self.minilm = minilm
        self.reader = reader
        self.chunks = rival.split(texts)
        self.words = ExactBm25([f"{chunk.header}{chunk.text}" for chunk in self.chunks])
        self.vectors = minilm.embed([f"{chunk.header}{chunk.text}" for chunk in self.chunks])

    @property
    def name(self) -> str:
        return self._rival.name

    @property
    def shown(self) -> int:
        return self._rival.shown

    def ask(self, question: Question, cancel: CancelToken) -> Reply:
        """Only the question itself is searched: none of these rewrites a follow-up without a chat model."""
        cancel.check()
        began = time.perf_counter()
        best = self._rival.order(self, question.question)
        spent = (time.perf_counter() - began) * 1000
        hits = (self.chunks[number] for number in best)
        return Reply(tuple(Found(c.document, c.pages, c.text) for c in hits), {"total": spent})

    def cosines(self, question: str) -> Floats:
        """Of the question to every chunk, shape (chunks,)."""
        return np.asarray(self.vectors @ self.minilm.embed([question])[0], np.float64)


# ---------------------------------------------------------------------- orders


def nearest(system: Rebuilt, question: str) -> Sequence[int]:
    return _best(system.cosines(question))


def nearest_above(least: float) -> Callable[[Rebuilt, str], Sequence[int]]:
    def order(system: Rebuilt, question: str) -> Sequence[int]:
        cosines = system.cosines(question)
        return [number for number in _best(cosines) if cosines[number] >= least]

    return order


def words_first(system: Rebuilt, question: str) -> Sequence[int]:
    """Full-text hits, the nearest chunks behind them, repeats left standing as they do there."""
    return [
        *(number for number, _ in system.words.search(question, DEPTH)),
        *_best(system.cosines(question)),
    ][:DEPTH]


def reranked(system: Rebuilt, question: str) -> Sequence[int]:
    words = [number for number, _ in system.words.search(question, RERANKED)]
    chosen = list(dict.fromkeys([*words, *_best(system.cosines(question))[:RERANKED]]))
    windows = [(n, window) for n in chosen for window in _windows(system.chunks[n].text)]
    if system.reader is None:
        raise ModelUnavailable("This baseline reranks with the reader, and none was given.")
    scores: dict[int, float] = {}
    raws = system.reader.read(question, [(system.chunks[n].header.strip(), window) for n, window in windows])
    for (number, _), raw in zip(windows, raws, strict=True):
        scores[number] = max(scores.get(number, raw.relevance), raw.relevance)
    return sorted(chosen, key=lambda number: -scores[number])


def mostly_words(system: Rebuilt, question: str) -> Sequence[int]:
    scores = 0.7 * system.words.shares(question) + 0.3 * system.cosines(question)
    return [number for number in _best(scores) if scores[number] >= 0.2]


def half_and_half(system: Rebuilt, question: str) -> Sequence[int]:
    return _best(0.5 * _scaled(system.words.scores(question)) + 0.5 * _scaled(system.cosines(question)))


def _best(scores: Floats) -> list[int]:
    return [int(i) for i in np.argsort(-scores, kind="stable")[:DEPTH]]


def _scaled(scores: Floats) -> Floats:
    low, high = float(scores.min()), float(scores.max())
    return (scores - low) / max(1e-9, high - low)


def _windows(text: str) -> Iterator[str]:
    count = max(1, round(len(text) / WINDOW_CHARACTERS))
    size = -(-len(text) // count)
    for start in range(0, max(1, len(text)), max(1, size)):
        yield text[start : start + size]


# ---------------------------------------------------------------------- chunks


def by_characters(size: int, overlap: int) -> Splitter:
    """Every page by itself, as loaders that give a document a page have it."""
    return lambda texts: [
        Chunk(text.document, (text.page,), piece)
        for text in texts
        for piece, _ in _split(text.text, size, overlap, len)
    ]


def whole_documents(size: int, overlap: int) -> Splitter:
    """Pages joined; a chunk lies on every page it touches. Each has its document's name before it."""

    def split(texts: Sequence[Text]) -> list[Chunk]:
        chunks: list[Chunk] = []
        for document, group in groupby(texts, lambda text: text.document):
            pages = list(group)
            ends = list(accumulate(len(page.text) for page in pages))
            header = f"<document_metadata>\nsourceDocument: {document}\n</document_metadata>\n\n"
            for piece, start in _split("".join(page.text for page in pages), size, overlap, len):
                first = int(np.searchsorted(ends, start, side="right"))
                last = int(np.searchsorted(ends, start + len(piece), side="left"))
                on = tuple(page.page for page in pages[first : min(last, len(pages) - 1) + 1])
                chunks.append(Chunk(document, on, piece, header))
        return chunks

    return split


def by_tokens(size: int, overlap: int, separators: Sequence[str] | None = None) -> Splitter:
    """Every page by itself, measured in MiniLM's word pieces."""

    def split(texts: Sequence[Text]) -> list[Chunk]:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()

        def length(text: str) -> int:
            return len(tokenizer.encode(text, add_special_tokens=False).ids)

        return [
            Chunk(text.document, (text.page,), piece)
            for text in texts
            for piece, _ in _split(text.text, size, overlap, length, separators)
        ]

    return split


def _split(
    text: str, size: int, overlap: int, length: Callable[[str], int], separators: Sequence[str] | None = None
) -> Iterator[tuple[str, int]]:
    """Pieces with their offsets."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    options: dict[str, Any] = {"separators": list(separators)} if separators else {}
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=size, chunk_overlap=overlap, length_function=length, add_start_index=True, **options
    )
    for document in splitter.create_documents([text]):
        yield document.page_content, int(document.metadata["start_index"])


RIVALS = (
    Rival("langchain", by_characters(1000, 200), 4, nearest),
    Rival("open webui", by_characters(1000, 100), 3, nearest),
    Rival("anythingllm", whole_documents(1000, 20), 4, nearest_above(0.25)),
    Rival("kotaemon, no key", by_tokens(1024, 256), 10, words_first),
    Rival("kotaemon, intended (settings only)", by_tokens(1024, 256), 10, reranked),
    Rival("ragflow-like (settings only)", by_tokens(512, 0, ["\n", " ", ""]), 6, mostly_words),
    Rival("onyx-like (settings only)", by_tokens(512, 0, ["\n\n", ". ", "\n", " ", ""]), 25, half_and_half),
)


# ---------------------------------------------------------------------- texts and their embedder


def library_texts(library: Library) -> list[Text]:
    """The pages of a library's documents, as its reader gave them."""
    texts: list[Text] = []
    for origin in library.origins():
        paged = library.detail(origin.key).paged
        texts.extend(
            Text(origin.key, origin.title, page.number if paged else None, page.text)
            for page in library.pages(origin.key)
            if page.text.strip()
        )
    return texts


class MiniLM:
    """The original all-MiniLM-L6-v2 (float32); a text's vector is kept in `cache` for the next run."""

    def __init__(self, cache: Path) -> None:
        """Raises ModelUnavailable when the package is missing or holds other weights."""
        folder = minilm_folder()
        if hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest() != MINILM_SHA256:
            raise ModelUnavailable(f"The weights of {MINILM} are not the original ones. Install it anew.")
        # float32 and mean pooling over 256 tokens, as its own files say, in the engine Footnote uses:
        # least cosine to sentence-transformers' vectors 0.999999 (tests/rag/evaluate/test_rivals.py).
        self._network = networks.build(folder, "embedder", "float32", machine.cores())
        self._pieces, self._words = WordPieces(folder / "tokenizer.json"), batches.WordTable(folder)
        self._kept = sqlite3.connect(cache, check_same_thread=False)
        self._kept.execute(
            "CREATE TABLE IF NOT EXISTS vector (text BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID"
        )

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, shape (texts, 384)."""
        keys = [hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16] for text in texts]
        known: dict[bytes, bytes] = {}
        for key in set(keys):
            row = self._kept.execute("SELECT value FROM vector WHERE text = ?", (key,)).fetchone()
            if row:
                known[key] = row[0]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        todo = sorted(missing.items(), key=lambda pair: len(pair[1]))
        for start in range(0, len(todo), 512):
            part = todo[start : start + 512]
            ids = [
                np.concatenate([[CLS], pieces.ids[: WINDOW_TOKENS - 2], [SEP]])
                for pieces in self._pieces.pieces([text for _, text in part])
            ]
            vectors = np.zeros((len(part), DIMENSIONS), np.float32)
            batches = self._words.batches(ids)
            for batch, (found,) in zip(batches, self._network.run(batches), strict=True):
                vectors[batch.rows] = found
            rows = [(key, vector.tobytes()) for (key, _), vector in zip(part, vectors, strict=True)]
            known.update(rows)
            with self._kept:
                self._kept.executemany("INSERT OR REPLACE INTO vector VALUES (?, ?)", rows)
        together = np.frombuffer(b"".join(known[key] for key in keys), np.float32)
        return together.reshape(len(texts), DIMENSIONS)

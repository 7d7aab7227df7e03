"""BM25 engines compared: SQLite FTS5 and tantivy on the same chunks, the same analysis, one run.

    python -m rag.evaluate.lexical_bench --chunks 500000 --json figures.json

Speed: build, add 100 and remove 100 of the full index, 200 real questions, restart, disk, peak memory
(each engine in a process of its own). Quality: nDCG@10 on SciFact beside an exact BM25 of the same
parameters, hit@5 on XQuAD (question to its paragraph among 240, per language). Data: ../shared/data.

Chunks are 150 words of real text; when there are too few, sentences of neighbouring ones are shuffled
among each other, which keeps words, lengths and frequencies but makes rare words less rare.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import platform
import random
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ingest.indexes.lexical import TantivyIndex
from ingest.protocols import LexicalIndex, WordsEntry
from ingest.text.analysis import question_terms, terms
from rag.evaluate.bm25 import ExactBm25

SHARED = Path(__file__).resolve().parents[3] / "shared"
CHUNK_WORDS = 150
BATCH = 2_000  # chunks per commit while building
LANGUAGES = ("en", "de", "es", "ro", "el", "ru", "tr", "vi", "ar", "hi", "zh", "th")


class Fts5Index:
    """The candidate that was not chosen: one FTS5 table per library in one database file.

    Text is stored (contentless tables that can delete need SQLite 3.43, Debian 12 has 3.40). Terms come
    analysed; FTS5's `ascii` tokenizer only splits them at spaces. BM25 with k1 = 1.2, b = 0.75, fixed;
    its lengths and term counts run over both columns together.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(folder / "lexical.sqlite", check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._lock = threading.Lock()

    def exists(self, library_id: int) -> bool:
        return bool(
            self._database.execute(
                "SELECT 1 FROM sqlite_master WHERE name = ?", (f"words_{library_id}",)
            ).fetchone()
        )

    def add(self, library_id: int, entries: Sequence[WordsEntry]) -> None:
        rows = [(e.chunk_id, " ".join(terms(e.text)), " ".join(terms(e.context))) for e in entries]
        with self._lock, self._database:
            self._database.execute(
                f"CREATE VIRTUAL TABLE IF NOT EXISTS words_{library_id} USING fts5(text, context, "
                "tokenize=\"ascii tokenchars '-.,:/_&'\")"
            )
            self._database.executemany(
                f"INSERT OR REPLACE INTO words_{library_id}(rowid, text, context) VALUES (?, ?, ?)", rows
            )

    def remove(self, library_id: int, chunk_ids: range) -> None:
        doomed = chunk_ids if len(chunk_ids) < BATCH else [i for i in self.ids(library_id) if i in chunk_ids]
        with self._lock, self._database:
            if self.exists(library_id):
                self._database.executemany(
                    f"DELETE FROM words_{library_id} WHERE rowid = ?", ((i,) for i in doomed)
                )

    def search(
        self, library_id: int, query: str, limit: int, among: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        match = " OR ".join(f'"{term}"' for term in question_terms(query)[:64] if '"' not in term)
        with self._lock:
            if not match or not self.exists(library_id):
                return []
            rows = self._database.execute(
                f"SELECT rowid, -rank FROM words_{library_id} WHERE words_{library_id} MATCH ?1 "
                "AND rank MATCH 'bm25(1.0, 0.3)' AND (?2 IS NULL OR rowid IN (SELECT value FROM json_each(?2))) "
                "ORDER BY rank LIMIT ?3",
                (match, None if among is None else json.dumps(list(among)), limit),
            )
            return [(int(i), float(score)) for i, score in rows]

    def idf(self, library_id: int, terms: Sequence[str]) -> dict[str, float]:
        count = len(self.ids(library_id))
        found: dict[str, float] = {}
        with self._lock:
            for term in terms if count else ():
                (holding,) = self._database.execute(
                    f"SELECT count(*) FROM words_{library_id} WHERE words_{library_id} MATCH ?",
                    (f'"{term}"',),
                ).fetchone()
                found[term] = math.log(1 + (count - holding + 0.5) / (holding + 0.5))
        return found

    def holding(self, library_id: int, words: str) -> list[int]:
        match = " AND ".join(f'"{term}"' for term in question_terms(words) if '"' not in term)
        with self._lock:
            if not match or not self.exists(library_id):
                return []
            rows = self._database.execute(
                f"SELECT rowid FROM words_{library_id} WHERE words_{library_id} MATCH ? ORDER BY rowid",
                (match,),
            )
            return [int(row[0]) for row in rows]

    def ids(self, library_id: int) -> set[int]:
        with self._lock:
            if not self.exists(library_id):
                return set()
            return {row[0] for row in self._database.execute(f"SELECT rowid FROM words_{library_id}")}

    def drop(self, library_id: int) -> None:
        with self._lock, self._database:
            self._database.execute(f"DROP TABLE IF EXISTS words_{library_id}")

    def close(self) -> None:
        self._database.close()


ENGINES: dict[str, Callable[[Path], LexicalIndex]] = {"tantivy": TantivyIndex, "fts5": Fts5Index}


# ------------------------------------------------------------------ data


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    yield from (json.loads(line) for line in text.split("\n") if line)


def real_texts(shared: Path) -> Iterator[tuple[str, str]]:
    """(title, text) of everything in `shared` that has text of its own."""
    data = shared / "data"
    for name in ("squad_dev_v2.0", "scifact", "cranfield"):
        for row in read_lines(data / name / "corpus.jsonl.gz"):
            yield row["title"], row["text"]
    for row in read_lines(data / "chunking_eval" / "corpus_docs.jsonl.gz"):
        yield row["title"], row["text"]
    for path in sorted((shared / "exam" / "docs").rglob("*.md")):
        yield path.stem, path.read_text(encoding="utf-8")
    import pypdfium2  # the bench reads filings without the sandbox; `ingest` itself never does here

    for path in sorted((data / "financebench" / "pdfs").glob("*.pdf")):
        with pypdfium2.PdfDocument(path) as filing:
            for page in filing:
                yield path.stem, page.get_textpage().get_text_bounded()


def chunks(shared: Path, count: int) -> Iterator[WordsEntry]:
    """`count` chunks; the real ones first."""
    real: list[tuple[str, str]] = []
    for title, text in real_texts(shared):
        words = text.split()
        for start in range(0, len(words), CHUNK_WORDS):
            if start == 0 or len(words) - start > CHUNK_WORDS // 3:
                real.append((title, " ".join(words[start : start + CHUNK_WORDS])))
    for number, (title, text) in enumerate(real[:count]):
        yield WordsEntry(number, text, title)
    print(f"{len(real)} chunks of real text", file=sys.stderr)
    randomly = random.Random(0)
    sentences = [re.split(r"(?<=[.;!?]) ", text) for _, text in real]
    for number in range(len(real), count):
        at = randomly.randrange(len(real))
        pool = sentences[at] + sentences[randomly.randrange(len(real))] + sentences[at - 1]
        words = " ".join(randomly.sample(pool, len(pool))).split()
        yield WordsEntry(number, " ".join(words[:CHUNK_WORDS]), real[at][0])


def real_questions(shared: Path, count: int) -> list[str]:
    """Equal shares from SQuAD, SciFact, FinanceBench and the exam."""
    data = shared / "data"
    sources = [
        [row["text"] for row in read_lines(data / "squad_dev_v2.0" / "queries.jsonl.gz")],
        [row["text"] for row in read_lines(data / "scifact" / "queries.jsonl.gz")],
        [row["question"] for row in read_lines(data / "financebench" / "questions.jsonl")],
        [row["question"] for row in read_lines(shared / "exam" / "questions.jsonl")],
    ]
    randomly = random.Random(0)
    return [q for source in sources for q in randomly.sample(source, min(len(source), count // 4))]


# ------------------------------------------------------------------ speed


def milliseconds(action: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    action(*arguments)
    return (time.perf_counter() - started) * 1_000


def speed(engine: str, shared: Path, count: int, folder: Path) -> dict[str, float]:
    """Figures of one engine in this process; CPU time (all threads) is what a busy machine leaves alone."""
    figures: dict[str, float] = {"chunks": count}
    index = ENGINES[engine](folder)
    source, adding, working = chunks(shared, count), 0.0, 0.0
    done = 0
    while batch := list(islice(source, BATCH)):
        started, worked_from = time.perf_counter(), time.process_time()
        index.add(1, batch)
        adding += time.perf_counter() - started
        working += time.process_time() - worked_from
        done += len(batch)
        if done % 50_000 == 0:
            print(f"{engine}: {done} chunks, {adding:.0f} s", file=sys.stderr, flush=True)
    figures["build_seconds"], figures["build_cpu_seconds"] = adding, working

    extra = [WordsEntry(count + i, e.text, e.context) for i, e in enumerate(islice(chunks(shared, 500), 500))]
    hundreds = range(0, len(extra), 100)
    adds = [milliseconds(index.add, 1, extra[n : n + 100]) for n in hundreds]
    removes = [milliseconds(index.remove, 1, range(count + n, count + n + 100)) for n in hundreds]
    figures["add_100_ms"] = float(np.median(adds))
    figures["remove_100_ms"] = float(np.median(removes))
    questions = real_questions(shared, 200)
    worked_from = time.process_time()
    latencies = [milliseconds(index.search, 1, question, 60) for question in questions]
    figures["query_cpu_mean_ms"] = (time.process_time() - worked_from) * 1_000 / len(questions)
    figures["questions"] = len(questions)
    figures["query_p50_ms"], figures["query_p95_ms"] = map(float, np.percentile(latencies, [50, 95]))
    figures["ids_ms"] = milliseconds(index.ids, 1)
    figures["held"] = len(index.ids(1))
    figures["close_ms"] = milliseconds(index.close)
    started = time.perf_counter()
    index = ENGINES[engine](folder)
    index.search(1, questions[0], 60)
    figures["restart_ms"] = (time.perf_counter() - started) * 1_000
    index.close()
    figures["disk_mib"] = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**20
    figures["peak_rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return figures


# ------------------------------------------------------------------ quality


def ndcg(ranked: Sequence[int], relevant: dict[int, int], k: int = 10) -> float:
    """Järvelin, Kekäläinen 2002, with linear gain as trec_eval has it."""
    gained = sum(relevant.get(i, 0) / math.log2(rank + 2) for rank, i in enumerate(ranked[:k]))
    ideal = sorted(relevant.values(), reverse=True)[:k]
    return gained / sum(gain / math.log2(rank + 2) for rank, gain in enumerate(ideal))


Search = Callable[[str, int], list[tuple[int, float]]]


def scifact(shared: Path, make: Callable[[list[WordsEntry]], Search]) -> float:
    """Mean nDCG@10 over the 300 test claims."""
    folder = shared / "data" / "scifact"
    documents = list(read_lines(folder / "corpus.jsonl.gz"))
    number = {row["_id"]: i for i, row in enumerate(documents)}
    claims = {row["_id"]: row["text"] for row in read_lines(folder / "queries.jsonl.gz")}
    relevant: dict[str, dict[int, int]] = defaultdict(dict)
    for line in (folder / "qrels" / "test.tsv").read_text().splitlines()[1:]:
        claim, document, grade = line.split("\t")
        relevant[claim][number[document]] = int(grade)
    search = make([WordsEntry(i, row["text"], row["title"]) for i, row in enumerate(documents)])
    return float(
        np.mean([ndcg([i for i, _ in search(claims[c], 10)], grades) for c, grades in relevant.items()])
    )


def xquad(shared: Path, language: str, make: Callable[[list[WordsEntry]], Search]) -> float:
    """Share of the 1,190 questions whose paragraph is among the first five of 240."""
    rows = list(read_lines(shared / "data" / "xquad" / f"{language}.jsonl.gz"))
    number = {name: i for i, name in enumerate(dict.fromkeys(row["para_id"] for row in rows))}
    texts = {number[row["para_id"]]: row["context"] for row in rows}
    search = make([WordsEntry(i, text, "") for i, text in texts.items()])
    found = [number[row["para_id"]] in {i for i, _ in search(row["question"], 5)} for row in rows]
    return float(np.mean(found))


def quality(shared: Path, languages: Iterable[str] = LANGUAGES) -> dict[str, dict[str, float]]:
    """Per engine, and for the exact BM25 over context and text as one field."""

    def exact(entries: list[WordsEntry]) -> Search:
        return ExactBm25([f"{e.context}\n{e.text}" for e in entries]).search

    figures: dict[str, dict[str, float]] = {}
    for name in ("exact", *ENGINES):
        with tempfile.TemporaryDirectory() as folder:
            opened: list[LexicalIndex] = []

            def indexed(
                entries: list[WordsEntry],
                name: str = name,
                folder: str = folder,
                opened: list[LexicalIndex] = opened,
            ) -> Search:
                index = ENGINES[name](Path(folder) / str(len(opened)))
                opened.append(index)
                index.add(1, entries)
                return lambda query, limit: index.search(1, query, limit)

            make = exact if name == "exact" else indexed
            figures[name] = {"scifact_ndcg_10": scifact(shared, make)}
            figures[name] |= {f"xquad_{code}_hit_5": xquad(shared, code, make) for code in languages}
            for index in opened:
                index.close()
    return figures


# ------------------------------------------------------------------ command


def processor() -> str:
    """The CPU's name and the flags that matter here."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.+)", info.read_text()) if info.exists() else []
    return names[0] if names else platform.processor()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.lexical_bench", description=__doc__)
    parser.add_argument("--chunks", type=int, default=500_000)
    parser.add_argument("--engine", choices=[*ENGINES], help="only this one's speed, in this process")
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--no-quality", action="store_true")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args(arguments)
    if not (options.shared / "data").is_dir():
        parser.error(f"{options.shared} has no data sets; give their folder with --shared")
    if options.engine:
        folder = Path(tempfile.mkdtemp(prefix="footnote-bench-"))
        try:
            print(json.dumps(speed(options.engine, options.shared, options.chunks, folder)))
        finally:
            shutil.rmtree(folder)
        return 0
    figures: dict[str, Any] = {"cpu": processor(), "sqlite": sqlite3.sqlite_version, "speed": {}}
    if not options.no_quality:
        figures["quality"] = quality(options.shared)
    for engine in ENGINES:
        command = [sys.executable, "-m", "rag.evaluate.lexical_bench", "--engine", engine]
        command += ["--chunks", str(options.chunks), "--shared", str(options.shared)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        figures["speed"][engine] = json.loads(done.stdout)
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

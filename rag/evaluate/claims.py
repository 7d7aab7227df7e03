"""Labelled claims: (claim, passage, does the passage support it?) from public sets and from edits.

`fever` and `wice` read FEVER-symmetric (Schuster et al. 2019) and WiCE (Kamoi et al. 2023, oracle
chunks: “supported” against the two other labels); `halueval` the QA pairs of HaluEval (Li et al. 2023),
question and answer together as the claim. `edited` makes claims out of passages (corruptions.py).
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from ingest.embedder import load_tokenizer
from ingest.model.chunks import context_line
from ingest.readers import read
from ingest.settings import Settings
from ingest.text.chunking import chunk_pages
from ingest.text.sentences import sentences
from rag.evaluate.corruptions import edits, names_of, reworded
from rag.evaluate.questions import load_questions

PER_KIND = 75  # of four kinds: 300 edits
WORDS = (7, 45)  # of a sentence that is edited
_PROSE = re.compile(r"[A-Z“\"'].*[.!?]['\"”)]*$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Claim:
    """`passage` is the evidence as the reader gets it: context on a line of its own, then the text."""

    text: str
    passage: str
    supported: bool
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of a file: where it is from, its context line, its text."""

    document: str
    page: int | None
    context: str
    text: str

    @property
    def evidence(self) -> str:
        return f"{self.context}\n{self.text}" if self.context else self.text


def lines(file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a .jsonl.gz file."""
    with gzip.open(file, "rt", encoding="utf-8") as rows:
        yield from map(json.loads, rows)


def wice(folder: Path, part: str) -> list[Claim]:
    """`part` is "dev" or "test"."""
    rows = lines(folder / f"oracle_chunks_{part}.jsonl.gz")
    return [Claim(r["claim"], " ".join(r["evidence"]), r["label"] == "supported", r["label"]) for r in rows]


def fever(folder: Path, part: str) -> list[Claim]:
    """`part` is "dev" or "test"."""
    rows = lines(folder / f"{part}.jsonl.gz")
    return [Claim(r["claim"], r["evidence"], r["label"] == "SUPPORTS", r["label"]) for r in rows]


def halueval(folder: Path) -> list[Claim]:
    found: list[Claim] = []
    for row in lines(folder / "qa_pairs.jsonl.gz"):
        for name in ("right_answer", "hallucinated_answer"):
            claim = f"{row['question']} {row[name]}"
            found.append(Claim(claim, row["knowledge"], name == "right_answer", name))
    return found


def passages(folder: Path, settings: Settings) -> list[Passage]:
    """The chunks of every file below `folder`, as ingest makes them; keys as `ingest add folder` gives."""
    tokenizer = load_tokenizer(settings)
    found: list[Passage] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in (".md", ".txt", ".html", ".htm", ".pdf"):
            continue
        file = read(path, path.name, settings)
        key = path.relative_to(folder.parent).as_posix()
        for chunk in chunk_pages(file.pages, tokenizer, settings.chunk_tokens):
            page = chunk.page if file.paged else None
            found.append(Passage(key, page, context_line(file.title, chunk.headings), chunk.text))
    return found


def exam_claims(exam: Path, settings: Settings, said_differently: bool) -> list[Claim]:
    """300 edited sentences and 300 as they were, out of the documents that hold the exam's evidence."""
    documents = {
        each.document
        for question in load_questions(exam, below="docs/")
        for group in question.evidence
        for each in group
    }
    held = [each for each in passages(exam / "docs", settings) if each.document in documents]
    return edited(held, said_differently)


def squad_claims(folder: Path, said_differently: bool, seed: int = 6) -> list[Claim]:
    """As many, out of SQuAD's articles that the reader has not seen (`test_articles.json`)."""
    unseen = set(json.loads((folder / "test_articles.json").read_text(encoding="utf-8")))
    rows = [row for row in lines(folder / "corpus.jsonl.gz") if row["title"] in unseen]
    found = [Passage(r["title"], None, str(r["title"]).replace("_", " "), r["text"]) for r in rows]
    return edited(found, said_differently, seed)


def edited(held: Sequence[Passage], said_differently: bool, seed: int = 6) -> list[Claim]:
    """PER_KIND edits of every kind and, for each, its sentence as it was.

    With `said_differently` both are reworded, so that no supported claim stands in its passage word
    for word.
    """
    home: dict[str, Passage] = {}
    for passage in held:
        for start, end in sentences(passage.text):
            sentence = " ".join(passage.text[start:end].split())
            count = len(sentence.split())
            if WORDS[0] <= count <= WORDS[1] and _PROSE.match(sentence) and "|" not in sentence:
                home.setdefault(sentence, passage)
    names = names_of(passage.text for passage in held)
    draw = Random(seed)
    found: list[Claim] = []
    for edit in edits(list(home), names, PER_KIND, seed):
        for text, supported in ((edit.sentence, True), (edit.corrupted, False)):
            claim = reworded(text, draw) if said_differently else text
            found.append(Claim(claim, home[edit.sentence].evidence, supported, edit.kind))
    return found

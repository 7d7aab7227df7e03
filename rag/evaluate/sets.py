"""`python -m rag.evaluate.sets DATA OUT`: public test collections as sets (`rag.evaluate.questions`).

What each is, and which part is used: SETS. Texts become HTML files with their title as heading; PDFs are linked. The
collections are not part of this repository; DATA holds them as their publishers do.
"""

from __future__ import annotations

import argparse
import gzip
import html
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rag.evaluate.questions import FILE, Evidence, Question, load_questions, save_questions

ANSWERS_KEPT = 4  # different answers of SQuAD's annotators to one question


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.sets", description=__doc__)
    parser.add_argument("data", type=Path, help="folder that holds exam/ and data/")
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", choices=sorted(SETS), default=sorted(SETS))
    chosen = parser.parse_args(arguments)
    for name in chosen.only:
        folder = chosen.out / name
        if not (folder / FILE).exists():
            save_questions(SETS[name](chosen.data, folder / "docs"), folder / FILE)
        print(f"{name}: {len(load_questions(folder))} questions")


def exam(data: Path, docs: Path) -> list[Question]:
    """62 documents of two handbooks and some PDFs, 60 questions as colleagues type them, ten unanswerable."""
    _link(data / "exam" / "docs", docs)
    return load_questions(data / "exam")


def financebench(data: Path, docs: Path) -> list[Question]:
    """14 company filings in one library, 54 questions of analysts; evidence is a page (Islam et al. 2023)."""
    _link(data / "data" / "financebench" / "pdfs", docs)
    return load_questions(data / "data" / "financebench")


def scifact(data: Path, docs: Path) -> list[Question]:
    """300 test claims against 5,183 abstracts (Wadden et al. 2020, as in BEIR)."""
    return _collection(data / "data" / "scifact", docs)


def cranfield(data: Path, docs: Path) -> list[Question]:
    """225 questions against 1,399 abstracts in grades of relevance (Cleverdon 1967)."""
    return _collection(data / "data" / "cranfield", docs)


def chunking_eval(data: Path, docs: Path) -> list[Question]:
    """Five long texts, 472 questions with the excerpts that answer them (Smith, Troynikov 2024)."""
    folder = data / "data" / "chunking_eval"
    for row in _lines(folder / "corpus_docs.jsonl.gz"):
        _write(docs / f"{row['_id']}.txt", row["text"])
    return [
        Question(
            row["_id"],
            row["text"],
            evidence=tuple(
                (Evidence(f"{row['doc_id']}.txt", quote=each["content"]),) for each in row["references"]
            ),
        )
        for row in _lines(folder / "queries.jsonl.gz")
    ]


def squad(data: Path, docs: Path) -> list[Question]:
    """SQuAD 2.0 dev (Rajpurkar et al. 2018): all 1,204 paragraphs, a document each; the questions of the
    articles that no model here was trained on, as many unanswerable as answerable ones."""
    folder = data / "data" / "squad_dev_v2.0"
    for row in _lines(folder / "corpus.jsonl.gz"):
        _page(docs / f"{_safe(row['_id'])}.html", row["title"].replace("_", " "), row["text"])
    held_out = set(json.loads((folder / "test_articles.json").read_text(encoding="utf-8")))
    found: list[Question] = []
    for row in _lines(folder / "qa.jsonl.gz"):
        if row["title"] not in held_out:
            continue
        answers = [each if isinstance(each, str) else each["text"] for each in row["answers"]]
        found.append(
            Question(
                row["id"],
                row["question"],
                answerable=not row["is_impossible"],
                answers=tuple(dict.fromkeys(answers))[:ANSWERS_KEPT] if not row["is_impossible"] else (),
                evidence=() if row["is_impossible"] else ((Evidence(f"{_safe(row['para_id'])}.html"),),),
            )
        )
    return found


def clapnq(data: Path, docs: Path) -> list[Question]:
    """CLAPNQ dev (Rosenthal et al. 2024): 600 questions, half of them unanswerable, and the passages each was asked of."""
    found: list[Question] = []
    for row in _lines(data / "data" / "clapnq" / "dev.jsonl.gz"):
        for number, passage in enumerate(row["passages"]):
            _page(docs / f"{row['id']}-{number}.html", passage["title"], passage["text"])
        found.append(
            Question(
                str(row["id"]),
                row["question"],
                answerable=not row["is_impossible"],
                evidence=() if row["is_impossible"] else ((Evidence(f"{row['id']}-0.html"),),),
            )
        )
    return found


def xquad(data: Path, docs: Path) -> list[Question]:
    """XQuAD (Artetxe et al. 2020): 240 paragraphs and 1,190 questions in each of twelve languages, in one library."""
    found: list[Question] = []
    for file in sorted((data / "data" / "xquad").glob("*.jsonl.gz")):
        language = file.name.split(".")[0]
        for row in _lines(file):
            name = f"{language}-{_safe(row['para_id'])}.html"
            if not (docs / name).exists():
                _page(docs / name, row["title"].replace("_", " "), row["context"])
            found.append(
                Question(f"{language}-{row['id']}", row["question"], language, evidence=((Evidence(name),),))
            )
    return found


SETS: dict[str, Callable[[Path, Path], list[Question]]] = {
    "chunking_eval": chunking_eval,
    "clapnq": clapnq,
    "cranfield": cranfield,
    "exam": exam,
    "financebench": financebench,
    "scifact": scifact,
    "squad": squad,
    "xquad": xquad,
}


def _collection(folder: Path, docs: Path) -> list[Question]:
    """A collection as BEIR lays it out: corpus, queries, qrels/test.tsv."""
    for row in _lines(folder / "corpus.jsonl.gz"):
        _page(docs / f"{_safe(row['_id'])}.html", row["title"], row["text"])
    relevant: dict[str, list[tuple[Evidence, ...]]] = defaultdict(list)
    for line in (folder / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            relevant[query].append((Evidence(f"{_safe(document)}.html", grade=int(grade)),))
    return [
        Question(row["_id"], row["text"], evidence=tuple(relevant[row["_id"]]))
        for row in _lines(folder / "queries.jsonl.gz")
        if row["_id"] in relevant
    ]


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name)


def _page(file: Path, title: str, text: str) -> None:
    paragraphs = "".join(f"<p>{html.escape(part)}</p>\n" for part in text.split("\n") if part.strip())
    head = html.escape(title)
    _write(file, f"<!doctype html><meta charset=utf-8><title>{head}</title>\n<h1>{head}</h1>\n{paragraphs}")


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _link(source: Path, docs: Path) -> None:
    docs.parent.mkdir(parents=True, exist_ok=True)
    docs.symlink_to(source.resolve(), target_is_directory=True)


if __name__ == "__main__":
    main()

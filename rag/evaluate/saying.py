"""`python -m rag.evaluate.saying`: which sentences of a chat model's answer say something, and are they found?

The sentences (rag/evaluate/saying/) are held against their passages as those of an answer are, each with a marker of the
first passage. A line has `id`, `language`, `question`, `passages`, and sentences of three kinds: `silent` ones, which say
nothing a document could tell; `supported` claims; `invented` ones, some of them dressed as talk about the documents.
Counted: sentences of a kind by their verdict, "nothing" where they have none. Both files were written before the mechanism;
the second was asked once, at its end.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.model.chunks import StoredChunk
from ingest.settings import Settings, go_offline
from rag.evaluate.labels import labelled
from rag.model import Hit, Sentence

if TYPE_CHECKING:
    from rag.reader import Reader

FOLDER = Path(__file__).resolve().parent / "saying"
KINDS = ("silent", "supported", "invented")
RIGHT = {"silent": {"nothing"}, "supported": {"supported"}, "invented": {"partly", "not_found"}}


@dataclass(frozen=True, slots=True)
class Said:
    """A question, the passages that answer it, and what a model might write; sentences by kind."""

    id: str
    language: str
    question: str
    passages: tuple[str, ...]
    silent: tuple[str, ...]
    supported: tuple[str, ...]
    invented: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.saying", description=__doc__)
    parser.add_argument("--only", nargs="+", help="of the files, without .jsonl")
    parser.add_argument("--show", action="store_true", help="the sentences that went wrong, too")
    chosen = parser.parse_args(arguments)
    settings = Settings.load()
    go_offline(os.environ, settings.allow_download)

    from rag.reader import Reader

    reader = Reader(settings)
    files = [file for file in sorted(FOLDER.glob("*.jsonl")) if file.stem in (chosen.only or [file.stem])]
    report = {file.stem: measured(reader, labelled(file, Said), chosen.show) for file in files}
    print(json.dumps({"reader": reader.backend, **report}, indent=1, ensure_ascii=False))


def measured(reader: Reader, rows: Sequence[Said], show: bool = False) -> dict[str, Any]:
    """Counts by kind and verdict, English beside the other languages; with `show` what went wrong."""
    counts: dict[str, Counter[str]] = {}
    wrong: dict[str, list[str]] = {}
    for row in rows:
        for kind in KINDS:
            for text, verdict in zip(getattr(row, kind), verdicts(reader, row, kind), strict=True):
                name = kind if row.language == "en" else f"{kind}, other languages"
                counts.setdefault(name, Counter())[verdict] += 1
                if verdict not in RIGHT[kind]:
                    wrong.setdefault(name, []).append(f"{row.id} {verdict}: {text}")
    report: dict[str, Any] = {name: dict(count.most_common()) for name, count in sorted(counts.items())}
    return {**report, **({"wrong": wrong} if show else {})}


def verdicts(reader: Reader, row: Said, kind: str) -> list[str]:
    """What is said of each sentence of a kind, alone behind the row's question."""
    from rag.answers.ground import Check

    check = Check(
        reader, [Hit(_chunk(n, text)) for n, text in enumerate(row.passages, 1)], question=row.question
    )
    return [check.sentence(Sentence(text, (1,))).verdict or "nothing" for text in getattr(row, kind)]


def _chunk(number: int, text: str) -> StoredChunk:
    return StoredChunk(
        number, number, f"{number}.txt", "", "text/plain", False, 1, None, 0, len(text), text, (), 0
    )


if __name__ == "__main__":
    main()

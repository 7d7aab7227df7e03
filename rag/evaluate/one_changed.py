"""`python -m rag.evaluate.one_changed --data DIR --exam DIR`: follow-ups that change one thing of the last question.

The questions (rag/evaluate/following/) are asked through the engine, after the answers it gives to the questions before
them, of one library: the exam's documents and SQuAD's articles, a file each. A line has `id`, `asked` (the questions
before), `question`, the `document` that answers it, and `found`, a pattern that the passage holds; `says` is one for the
answer where that is another. Counted: the passage first and among the first five after reading, answers that hold
what they should, other answers, refusals. The hold-out was written before the mechanism and asked once.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.evaluate.homes import settings_over
from rag.evaluate.labels import labelled
from rag.model import Answer, Finished, Turn

if TYPE_CHECKING:
    from ingest.protocols import Library
    from rag.engine import Engine

FOLDER = Path(__file__).resolve().parent / "following"
LIBRARY = "following"
FIRST = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """A follow-up and what is known of its answer; `found` and `says` are regular expressions."""

    id: str
    asked: tuple[str, ...]
    question: str
    document: str
    found: str
    says: str = ""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.one_changed", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with squad_dev_v2.0")
    parser.add_argument("--exam", type=Path, required=True, help="folder with docs/")
    parser.add_argument("--only", nargs="+", help="of the files, without .jsonl")
    parser.add_argument("--home", type=Path, help="its library is kept for the next run")
    chosen = parser.parse_args(arguments)
    settings = settings_over(chosen.home, "one-changed")

    from ingest.home.opening import open_home
    from rag.engine import Engine
    from rag.evaluate.bench import filled
    from rag.settings import AskSettings

    with tempfile.TemporaryDirectory(prefix="footnote-texts-") as scratch:
        texts = Path(scratch) / LIBRARY
        put_together(chosen.exam / "docs", chosen.data / "squad_dev_v2.0", texts)
        home = open_home(replace(settings, home=settings.home / LIBRARY))
        try:
            library = filled(home, LIBRARY, texts)
            engine = Engine(home, home.settings, AskSettings())
            files = [
                file for file in sorted(FOLDER.glob("*.jsonl")) if file.stem in (chosen.only or [file.stem])
            ]
            report = {file.stem: measured(engine, library, labelled(file, Asked)) for file in files}
        finally:
            home.close()
    print(json.dumps(report, indent=1, ensure_ascii=False))


def put_together(exam: Path, squad: Path, texts: Path) -> None:
    """The exam's documents below `exam/`, SQuAD's articles below `squad/`."""
    from rag.evaluate.claims import lines

    shutil.copytree(exam, texts / "exam")
    (texts / "squad").mkdir()
    articles: dict[str, list[str]] = defaultdict(list)
    for row in lines(squad / "corpus.jsonl.gz"):
        articles[row["title"]].append(row["text"])
    for title, paragraphs in articles.items():
        (texts / "squad" / f"{title}.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")


def measured(engine: Engine, library: Library, questions: Sequence[Asked]) -> dict[str, Any]:
    """Counts over the questions, and what became of those that were not answered rightly."""
    counts: Counter[str] = Counter()
    wrong: dict[str, str] = {}
    for each in questions:
        history: list[Turn] = []
        for question in each.asked:
            history += [
                Turn("user", question),
                Turn("assistant", _answer(engine, library, question, history).text),
            ]
        answer = _answer(engine, library, each.question, history)
        rank = rank_of(answer, each)
        counts["first"] += rank == 1
        counts[f"among_{FIRST}"] += 0 < rank <= FIRST
        kind = verdict(answer, each)
        counts[kind] += 1
        if kind != "right":
            wrong[each.id] = f"{kind}: {answer.query} — {answer.text[:200]}"
    return {"questions": len(questions), **counts, "not_right": wrong}


def rank_of(answer: Answer, wanted: Asked) -> int:
    """Of the first passage that answers, from 1; 0 where there is none."""
    for rank, hit in enumerate(answer.hits, start=1):
        key = hit.chunk.key.removeprefix(f"{LIBRARY}/")
        if key == wanted.document and re.search(
            wanted.found, f"{hit.chunk.context} {hit.chunk.text}", re.DOTALL
        ):
            return rank
    return 0


def verdict(answer: Answer, wanted: Asked) -> str:
    """ "right", "wrong" or "refused"."""
    if answer.refused:
        return "refused"
    return "right" if re.search(wanted.says or wanted.found, answer.text, re.DOTALL) else "wrong"


def _answer(engine: Engine, library: Library, question: str, history: Sequence[Turn]) -> Answer:
    *_, last = engine.ask(question, library, history)
    assert isinstance(last, Finished)
    return last.answer


if __name__ == "__main__":
    main()

"""`python -m rag.evaluate.whole_library --exam DIR`: questions about a whole library, right or wrong by kind.

DIR holds docs/, the exam's documents; the tables beside the questions (rag/evaluate/whole/) are added to them. A
line of the questions has `id`, `kind`, `question` and what a right answer has to show:

    documents   keys that must be cited, and no others but `optional` ones (a summary may cite fewer)
    must        words that must stand in the answer, all of them; alternatives behind bars
    some        words of which MOST must stand in it

`--hold-out` asks the other half, which was written when the mechanism was fixed. `--ordinary FILE…` counts the
questions of other sets (JSON lines with `question` or `text`, gzipped or not) that would be taken for such ones
in that library: each is wrong.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.evaluate.homes import settings_over
from rag.evaluate.labels import labelled

if TYPE_CHECKING:
    from ingest.protocols import Library
    from rag.engine import Engine
    from rag.model import Answer

FOLDER = Path(__file__).resolve().parent / "whole"
MOST = 0.6
LIBRARY = "whole"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question with what a right answer shows."""

    id: str
    kind: str
    question: str
    documents: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    some: tuple[str, ...] = ()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.whole_library", description=__doc__)
    parser.add_argument("--exam", type=Path, required=True, help="folder with docs/")
    parser.add_argument("--questions", type=Path, help="another file of questions")
    parser.add_argument("--hold-out", action="store_true", help="the questions nothing was tuned on")
    parser.add_argument("--home", type=Path, help="kept for the next run")
    parser.add_argument(
        "--ordinary", type=Path, nargs="+", help="files of questions that are not of this sort"
    )
    chosen = parser.parse_args(arguments)
    settings = settings_over(chosen.home, "whole")

    from ingest.home.opening import open_home
    from rag.engine import Engine
    from rag.settings import AskSettings

    home = open_home(settings)
    try:
        from rag.evaluate.bench import filled

        filled(home, LIBRARY, chosen.exam / "docs")
        library = filled(home, LIBRARY, FOLDER / "tables")
        engine = Engine(home, settings, AskSettings())
        if chosen.ordinary:
            print(
                json.dumps(
                    [taken(engine, library, file) for file in chosen.ordinary], indent=1, ensure_ascii=False
                )
            )
        else:
            file = chosen.questions or FOLDER / ("hold-out.jsonl" if chosen.hold_out else "questions.jsonl")
            print(json.dumps(measured(engine, library, load(file)), indent=1, ensure_ascii=False))
    finally:
        home.close()


def load(file: Path) -> list[Labelled]:
    """The questions of a file."""
    return labelled(file, Labelled)


def measured(engine: Engine, library: Library, questions: Sequence[Labelled]) -> dict[str, Any]:
    """Right and wrong by kind, with why, and how long it took."""
    from rag.evaluate.metrics import percentiles
    from rag.model import Finished

    engine.load()
    by_kind: dict[str, list[bool]] = {}
    wrong: dict[str, str] = {}
    spent: list[float] = []
    for each in questions:
        began = time.perf_counter()
        *_, last = engine.ask(each.question, library)
        spent.append((time.perf_counter() - began) * 1000)
        assert isinstance(last, Finished)
        why = fault(each, last.answer)
        by_kind.setdefault(each.kind, []).append(not why)
        if why:
            wrong[each.id] = f"{each.question} — {why}"
    everything = [right for values in by_kind.values() for right in values]
    return {
        "questions": len(questions),
        "right": sum(everything),
        "share": round(sum(everything) / len(everything), 3),
        "by_kind": {kind: f"{sum(values)} of {len(values)}" for kind, values in by_kind.items()},
        "wrong": wrong,
        "milliseconds": percentiles(spent),
    }


def fault(question: Labelled, answer: Answer) -> str:
    """What is wrong with an answer; "" when it is right."""
    if answer.coverage is None:
        return "answered in the ordinary way"
    cited = {citation.document for citation in answer.citations}
    wanted = set(question.documents)
    if question.kind != "summary" and (missing := wanted - cited):
        return f"not cited: {', '.join(sorted(missing))}"
    if wanted and (others := cited - wanted - set(question.optional)):
        return f"cited: {', '.join(sorted(others))}"
    text = plain(" ".join(re.sub(r"\[\d+\]", " ", answer.text).split()))
    absent = [item for item in question.must if not holds(text, item)]
    if absent:
        return f"not said: {', '.join(absent)}"
    said = sum(holds(text, item) for item in question.some)
    if said < MOST * len(question.some):
        return f"only {said} of {len(question.some)} said: {', '.join(i for i in question.some if not holds(text, i))} missing"
    return ""


def plain(text: str) -> str:
    """Lower case, with straight quotes and dashes."""
    return text.casefold().translate(str.maketrans("’‘“”–—", "''\"\"--"))


def holds(text: str, item: str) -> bool:
    """Whether one of the alternatives stands in the text, not within a word or a number."""
    return any(
        re.search(rf"(?<![\w])(?<!\d[.,]){re.escape(plain(each))}(?:\.0+)?(?![\w]|[.,]\d)", text) is not None
        for each in item.split("|")
    )


# ------------------------------------------------------------------ questions of the ordinary kind


def taken(engine: Engine, library: Library, file: Path) -> dict[str, Any]:
    """How many questions of a file are taken for ones about the whole library, by their words and in the end."""
    from rag.model import CancelToken, outcome
    from rag.whole.gather import gathered
    from rag.whole.kept import Kept
    from rag.whole.route import route
    from rag.whole.tools import Tools

    models = engine.load()
    tools = Tools(library, models.embedder, models.reader, Kept())
    asked = by_words = 0
    found: list[str] = []
    began = time.perf_counter()
    for question in ordinary(file):
        asked += 1
        by_words += route(question) is not None
        if outcome(gathered(tools, question, CancelToken())) is not None:
            found.append(question)
    return {
        "file": file.name,
        "questions": asked,
        "by_words": by_words,
        "taken": len(found),
        "share": round(len(found) / max(1, asked), 4),
        "which": found[:20],
        "mean_ms": round((time.perf_counter() - began) * 1000 / max(1, asked), 2),
    }


def ordinary(file: Path) -> Iterator[str]:
    raw = file.read_bytes()
    text = (gzip.decompress(raw) if file.suffix == ".gz" else raw).decode("utf-8")
    for line in text.splitlines():
        row = json.loads(line)
        yield str(row.get("question") or row.get("text") or "")


if __name__ == "__main__":
    main()

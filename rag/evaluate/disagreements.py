"""`python -m rag.evaluate.disagreements`: which documents that disagree are noticed, and what is warned of wrongly.

The pairs (rag/evaluate/disagreeing/) become one library, and each question is asked through the engine. A line has
`id`, `kind`, `question`, `texts` (two documents by file name) and `values`, the words of both sides that a right
notice has to tell; kind "none" has none: its documents only seem to disagree, and any notice is wrong. The files that
are called hold-outs were written before anything was tried on them.

`--sets DIR --only NAME… --limit N` asks the questions of sets instead (`python -m rag.evaluate.sets` makes them) and
shows every warning with the two sentences it rests on, to be read: right or wrong is for a person to say.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.settings import Settings
from rag.evaluate.homes import settings_over
from rag.evaluate.labels import labelled

if TYPE_CHECKING:
    from ingest.protocols import Library
    from rag.engine import Engine
    from rag.model import Turn

FOLDER = Path(__file__).resolve().parent / "disagreeing"
NONE = "none"
LIMIT = 300  # questions asked of a set at most, evenly spread
LIBRARY = "disagreeing"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two documents and a question that they answer differently, or only seem to."""

    id: str
    kind: str
    question: str
    texts: Mapping[str, str]
    values: tuple[str, ...] = field(default=())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.disagreements", description=__doc__)
    parser.add_argument("--sets", type=Path, help="folder of sets, whose questions are asked instead")
    parser.add_argument("--only", nargs="+", default=["exam", "squad", "clapnq"], help="of the sets")
    parser.add_argument("--limit", type=int, default=LIMIT, help="questions of a set; 0 is all")
    parser.add_argument("--home", type=Path, help="its libraries are kept for the next run")
    chosen = parser.parse_args(arguments)
    settings = settings_over(chosen.home, "disagreements")
    if chosen.sets:
        report: Any = {name: set_warnings(settings, chosen.sets / name, chosen.limit) for name in chosen.only}
    else:
        report = measured(settings, {file.stem: load(file) for file in sorted(FOLDER.glob("*.jsonl"))})
    print(json.dumps(report, indent=1, ensure_ascii=False))


def load(file: Path) -> list[Pair]:
    """The pairs of a file."""
    return labelled(file, Pair)


# ---------------------------------------------------------------------- pairs


def measured(settings: Settings, files: Mapping[str, Sequence[Pair]]) -> dict[str, Any]:
    """Noticed and wrongly warned of by file and kind, all documents in one library."""
    from ingest.home.opening import open_home
    from rag.engine import Engine
    from rag.evaluate.bench import filled
    from rag.settings import AskSettings

    with tempfile.TemporaryDirectory(prefix="footnote-pairs-") as scratch:
        for pairs in files.values():
            for pair in pairs:
                for name, text in pair.texts.items():
                    (Path(scratch) / name).write_text(text, encoding="utf-8")
        home = open_home(replace(settings, home=settings.home / LIBRARY))
        try:
            library = filled(home, LIBRARY, Path(scratch))
            engine = Engine(home, home.settings, AskSettings())
            return {name: _asked(engine, library, pairs) for name, pairs in files.items()}
        finally:
            home.close()


def _asked(engine: Engine, library: Library, pairs: Sequence[Pair]) -> dict[str, Any]:
    by_kind: dict[str, list[bool]] = {}
    wrong: dict[str, str] = {}
    for pair in pairs:
        notice = warning(engine, library, pair.question)
        right = is_right(pair, notice)
        by_kind.setdefault(pair.kind, []).append(right)
        if not right:
            wrong[pair.id] = f"{pair.question} — {notice or 'nothing was noticed'}"
    noticed = [right for kind, values in by_kind.items() if kind != NONE for right in values]
    return {
        "noticed": f"{sum(noticed)} of {len(noticed)}",
        "by_kind": {kind: f"{sum(values)} of {len(values)}" for kind, values in by_kind.items()},
        "not_right": wrong,
    }


def is_right(pair: Pair, notice: str) -> bool:
    """Whether a notice tells both values, or there is none where none should be."""
    if pair.kind == NONE:
        return not notice
    return bool(notice) and all(value in notice for value in pair.values)


def warning(engine: Engine, library: Library, question: str, history: Sequence[Turn] = ()) -> str:
    """The notice of documents that disagree, as a person sees it; "" without one."""
    from rag.answers.disagree import OPENING
    from rag.model import Finished

    *_, last = engine.ask(question, library, history)
    assert isinstance(last, Finished)
    return next((notice for notice in last.answer.notices if notice.startswith(OPENING)), "")


# ---------------------------------------------------------------------- sets


def set_warnings(settings: Settings, folder: Path, limit: int) -> dict[str, Any]:
    """Every warning over a set's questions, with the sentences it rests on."""
    from ingest.home.opening import open_home
    from rag.answers.disagree import disagreement
    from rag.engine import Engine
    from rag.evaluate.bench import filled, sample
    from rag.evaluate.questions import load_questions
    from rag.settings import AskSettings

    print(folder.name, "…", file=sys.stderr)
    home = open_home(replace(settings, home=settings.home / folder.name))
    try:
        library = filled(home, folder.name, folder / "docs")
        engine = Engine(home, home.settings, AskSettings())
        questions = sample(load_questions(folder, below="docs/"), limit)
        warned: list[dict[str, Any]] = []
        for each in questions:
            if notice := warning(engine, library, each.question, each.history):
                found = disagreement(*engine.examine(each.question, library, each.history)[:2])
                said = [claim.sentence.text for claim in found or ()]
                warned.append({"question": each.question, "notice": notice, "sentences": said})
        return {"questions": len(questions), "warnings": len(warned), "which": warned}
    finally:
        home.close()


if __name__ == "__main__":
    main()

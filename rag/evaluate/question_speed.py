"""`python -m rag.evaluate.question_speed FOLDER… --questions FILE`: question to answer, in a large library.

Adds each FOLDER to a library (kept in --home for the next run), then asks the questions of FILE (JSON
lines with `question`) one after the other, as a person alone at the machine would; with `--beside FOLDER`
once more while that folder is being taken in, and how many times as long the median question took. Prints
JSON: chunks, median and 95th percentile of the total and of each stage in milliseconds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.evaluate.homes import settings_over

if TYPE_CHECKING:
    from ingest.home.opening import LocalHome
    from ingest.protocols import Library
    from rag.engine import Engine

LIBRARY = "speed"
WARM_UP = 3  # questions asked first and not counted


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.question_speed", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="documents")
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--beside", type=Path, metavar="FOLDER", help="files to take in meanwhile")
    chosen = parser.parse_args(arguments)
    settings = settings_over(chosen.home, "speed")

    from ingest.home.opening import open_home
    from ingest.inference.machine import cpu_name
    from rag.engine import Engine
    from rag.evaluate.bench import filled
    from rag.settings import AskSettings

    home = open_home(settings)
    try:
        for folder in chosen.folders:
            library = filled(home, LIBRARY, folder)
        engine = Engine(home, settings, replace(AskSettings.load(), llm=""))
        models = engine.load()
        lines = chosen.questions.read_text(encoding="utf-8").splitlines()
        questions = [json.loads(line)["question"] for line in lines][: chosen.limit]
        timed(engine, library, questions[:WARM_UP])
        found: dict[str, Any] = {
            "cpu": cpu_name(),
            "formats": {"embedder": models.embedder.backend, "reader": models.reader.backend},
            "chunks": library.info().chunks,
            "milliseconds": timed(engine, library, questions),
        }
        if chosen.beside:
            found["beside"] = beside(home, engine, library, questions, chosen.beside)
            alone, busy = (
                each["total"]["p50"] for each in (found["milliseconds"], found["beside"]["milliseconds"])
            )
            found["beside"]["times_as_long"] = round(busy / alone, 2)
        print(json.dumps(found, indent=1))
    finally:
        home.close()


def timed(engine: Engine, library: Library, questions: Iterable[str]) -> dict[str, Any]:
    """Ask all; by stage how many, median and 95th percentile in milliseconds."""
    from rag.evaluate.metrics import percentiles
    from rag.model import Finished

    stages: dict[str, list[float]] = {}
    for question in questions:
        *_, last = engine.ask(question, library)
        assert isinstance(last, Finished)
        for stage, spent in last.answer.timings_ms.items():
            stages.setdefault(stage, []).append(spent)
    return {stage: {"n": len(values), **percentiles(values)} for stage, values in stages.items()}


def beside(
    home: LocalHome, engine: Engine, library: Library, questions: Sequence[str], folder: Path
) -> dict[str, Any]:
    """Ask again and again while the files of `folder` are being taken into a library of their own, till they are in."""
    from ingest.commands.gather import gather
    from ingest.model.adding import ENDED

    if home.catalog.libraries.id_of("beside") is not None:
        home.delete("beside")
    other = home.library(home.create("beside").name)
    other.enqueue(gather([str(folder)]).sources)
    asked = 0

    def while_busy() -> Iterable[str]:
        nonlocal asked
        for question in cycle(questions):
            if all(job.stage in ENDED for job in other.jobs()):
                return
            asked += 1
            yield question

    milliseconds = timed(engine, library, while_busy())
    return {
        "questions": asked,
        "pages": sum(row.pages or 0 for row in other.origins()),
        "milliseconds": milliseconds,
    }


if __name__ == "__main__":
    main()

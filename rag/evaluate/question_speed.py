"""`python -m rag.evaluate.question_speed FOLDER --questions FILE`: question to answer, in a large library.

Adds FOLDER to a library (kept in --home for the next run), then asks each question of FILE (JSON
lines with `question`) one after the other, as a person alone at the machine would. Prints JSON:
chunks, median and 95th percentile of the total and of each stage in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ingest.settings import Settings, go_offline

WARM_UP = 3  # questions asked first and not counted


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.question_speed", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="documents")
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--limit", type=int, default=60)
    chosen = parser.parse_args(arguments)
    settings = Settings.load(home=chosen.home or Path(tempfile.mkdtemp(prefix="footnote-speed-")))
    go_offline(os.environ, settings.allow_download)

    from ingest.home import open_home
    from ingest.inference import cpu_name
    from rag.engine import Engine
    from rag.evaluate.bench import filled
    from rag.evaluate.metrics import percentiles
    from rag.model import Finished
    from rag.settings import AskSettings

    home = open_home(settings)
    try:
        for folder in chosen.folders:
            library = filled(home, "speed", folder)
        engine = Engine(home, settings, AskSettings.load())
        models = engine.load()
        lines = chosen.questions.read_text(encoding="utf-8").splitlines()
        questions = [json.loads(line)["question"] for line in lines][: chosen.limit]
        stages: dict[str, list[float]] = {}
        for number, question in enumerate([*questions[:WARM_UP], *questions]):
            *_, last = engine.ask(question, library)
            assert isinstance(last, Finished)
            if number >= WARM_UP:
                for stage, spent in last.answer.timings_ms.items():
                    stages.setdefault(stage, []).append(spent)
        print(
            json.dumps(
                {
                    "cpu": cpu_name(),
                    "formats": {"embedder": models.embedder.backend, "reader": models.reader.backend},
                    "chunks": library.info().chunks,
                    "questions": len(questions),
                    "milliseconds": {stage: percentiles(values) for stage, values in stages.items()},
                },
                indent=1,
            )
        )
    finally:
        home.close()


if __name__ == "__main__":
    main()

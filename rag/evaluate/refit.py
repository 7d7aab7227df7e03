"""Everything that is fitted to the two models' weights, made anew: `python -m rag refit`.

After weights have been replaced: int8 files (static quantisation, calibrated on real pairs), the
golden check in every number format, the calibration of "do the documents answer it?", and what tells the kinds of
questions about a whole library apart.
"""

from __future__ import annotations

import gzip
import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from ingest.commands.terminal import say, tell
from ingest.errors import ModelUnavailable, WrongUsage
from ingest.settings import Settings

PAIRS = 240  # read by the quantiser, spread over the file


def refit(options: Namespace) -> int:
    """The command. Exit status 0; raises WrongUsage or ModelUnavailable."""
    if not (options.pairs or options.sets or options.data):
        raise WrongUsage(
            "Give --pairs FILE for the int8 files, --sets DIR for the calibration, --data DIR for the kinds of "
            "questions, or several."
        )
    settings = Settings.load(home=options.home)
    if options.pairs:
        make_int8_files(read_pairs(Path(options.pairs)))
    check_formats(settings)
    if options.sets:
        from rag.evaluate.calibrate import recalibrate

        say(json.dumps(recalibrate(settings, Path(options.sets), options.limit, keep=True), indent=1))
    if options.data:
        from ingest.embedder import load_embedder
        from rag.evaluate.fit_kinds import refit_kinds

        say(json.dumps(refit_kinds(load_embedder(settings), Path(options.data)), indent=1))
    return 0


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """(question, passage) of JSON lines with `question` and `context`, PAIRS of them, evenly spread."""
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        found = [(str(row["question"]), str(row["context"])) for row in rows]
    except (OSError, ValueError, KeyError) as error:
        raise WrongUsage(
            f"{path} is not a file of JSON lines with question and context ({error!r}). Choose another."
        ) from error
    return found[:: max(1, len(found) // PAIRS)][:PAIRS]


def make_int8_files(pairs: Sequence[tuple[str, str]]) -> None:
    if find_spec("nncf") is None:
        raise ModelUnavailable(
            "This needs NNCF. Run: .venv/bin/python -m pip install -r tests/requirements.txt"
        )
    from ingest.embedder.shipped import FOLDER as EMBEDDER
    from ingest.inference.quantize import make_int8
    from rag.reader.model import FOLDER as READER

    texts = [text for pair in pairs for text in pair]
    tell(f"Quantising the embedder on {len(texts)} texts …")
    make_int8("embedder", EMBEDDER, EMBEDDER / "int8", texts)
    tell(f"Quantising the reader on {len(pairs)} pairs …")
    make_int8("reader", READER, READER / "int8", list(pairs))


def check_formats(settings: Settings) -> None:
    """Hold float32 and int8 against the golden outputs. Raises ModelUnavailable when one disagrees."""
    from ingest.embedder.shipped import ShippedEmbedder
    from rag.reader import Reader

    for backend in ("float32", "int8"):
        forced = replace(settings, backend=backend)
        ShippedEmbedder(forced)
        Reader(forced)
        tell(f"{backend}: embedder and reader agree with their golden outputs.")

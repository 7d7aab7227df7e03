"""Evaluations kept in the home folder, each a file `evaluations/<id>.json`.

The first line of a file is its head, as a whole: a list of a hundred evaluations reads a hundred lines.
"""

from __future__ import annotations

import json
import logging
import os
import re
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ingest.errors import DiskFull, NotFound, WrongUsage
from ingest.remote.wire import decode, encode
from rag.evaluate.evaluation import Run, summary
from rag.evaluate.questions import Question

FOLDER = "evaluations"  # in the home folder
NAME_CHARACTERS = 80
_ID = re.compile(r"[0-9a-f]{12}")

log = logging.getLogger("footnote")


@dataclass(frozen=True, slots=True)
class Head:
    """What a list shows of an evaluation. `figures` are `evaluation.summary` of each run, in their order.

    `asked` tells where the questions are from: "" for made from the documents, else a file's name.
    `wanted` is how many questions there were; more than `questions` when it was stopped. `fault` is why
    the file cannot be read; then nothing else is known of it.
    """

    id: str
    name: str
    library: str
    asked: str
    questions: int
    wanted: int
    made_at: float  # Unix seconds
    figures: tuple[Mapping[str, Any], ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Questions, and one run on them, or two under different settings."""

    head: Head
    questions: tuple[Question, ...]
    runs: tuple[Run, ...]
    tried: Mapping[str, Any] = field(default_factory=dict)  # settings the second run changed


def evaluation(
    library: str,
    questions: Sequence[Question],
    runs: Sequence[Run],
    *,
    asked: str = "",
    wanted: int = 0,
    tried: Mapping[str, Any] | None = None,
) -> Evaluation:
    """A new evaluation with an id of its own. Raises WrongUsage without a question or a run."""
    if not questions or not runs:
        raise WrongUsage("An evaluation needs a question that was asked. Run it again.")
    head = Head(
        uuid.uuid4().hex[:12],
        asked or "Made from the documents",
        library,
        asked,
        len(questions),
        max(wanted, len(questions)),
        runs[0].made_at,
        tuple(summary(run) for run in runs),
    )
    return Evaluation(head, tuple(questions), tuple(runs), dict(tried or {}))


class Evaluations:
    """The evaluations of one home folder. Files of other names beside them are left alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def heads(self) -> list[Head]:
        """All of them, the newest first; a file that cannot be read is one with a `fault`."""
        found = []
        for file in self._folder.glob("*.json"):
            if _ID.fullmatch(file.stem):
                try:
                    found.append(_read_head(file))
                except WrongUsage as error:
                    log.warning("%s", error)
                    made_at = file.stat().st_mtime if file.exists() else 0.0
                    found.append(Head(file.stem, "Cannot be read", "", "", 0, 0, made_at, fault=str(error)))
        return sorted(found, key=lambda head: (-head.made_at, head.id))

    def open(self, evaluation_id: str) -> Evaluation:
        """Raises NotFound when there is none, WrongUsage when its file is damaged."""
        file = self.file(evaluation_id)
        try:
            raw = json.loads(file.read_text(encoding="utf-8"))
            found: Evaluation = decode(Evaluation, raw)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _damaged(file, error) from error
        return found

    def keep(self, kept: Evaluation) -> None:
        """Write it, whole or not at all. Raises DiskFull."""
        head, *rest = (
            json.dumps({name: value}, ensure_ascii=False)[1:-1] for name, value in encode(kept).items()
        )
        self._write(kept.head.id, "{" + head + ",\n" + ",\n".join(rest) + "}\n")

    def rename(self, evaluation_id: str, name: str) -> None:
        """Raises WrongUsage for an empty name, NotFound, DiskFull."""
        name = " ".join(name.split())[:NAME_CHARACTERS]
        if not name:
            raise WrongUsage("Type a name first.")
        kept = self.open(evaluation_id)
        self.keep(replace(kept, head=replace(kept.head, name=name)))

    def delete(self, evaluation_id: str) -> None:
        """One that is gone already is no fault."""
        if _ID.fullmatch(evaluation_id):
            (self._folder / f"{evaluation_id}.json").unlink(missing_ok=True)

    def file(self, evaluation_id: str) -> Path:
        """Where it lies. Raises NotFound; an id comes from an address, so it is looked at first."""
        file = self._folder / f"{evaluation_id}.json"
        if not _ID.fullmatch(evaluation_id) or not file.is_file():
            raise NotFound("This evaluation is not here any more. Choose another, or run a new one.")
        return file

    def _write(self, evaluation_id: str, text: str) -> None:
        draft = self._folder / f"{evaluation_id}.{os.getpid()}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft.write_text(text, encoding="utf-8")
            draft.replace(self._folder / f"{evaluation_id}.json")
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            raise DiskFull(
                f"The evaluation could not be kept ({error.strerror}). Free some space, then run it again."
            ) from error


def _read_head(file: Path) -> Head:
    """The head alone. Raises WrongUsage."""
    try:
        with file.open(encoding="utf-8") as lines:
            line = lines.readline()
        head: Head = decode(Head, json.loads(line.rstrip().removesuffix(",") + "}")["head"])
        if head.id != file.stem:
            raise ValueError(f"it holds {head.id}")
        return head
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(file, error) from error


def _damaged(file: Path, error: Exception) -> WrongUsage:
    return WrongUsage(f"{file.name} is no kept evaluation ({error!r}). Delete it, or choose another.")

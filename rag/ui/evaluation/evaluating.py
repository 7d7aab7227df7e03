"""An evaluation on its way: it runs in a thread of its own and is kept whatever the browser does.

Under two settings every question is asked twice in a row, and each of them begins every other time, so
that neither gains by what the other has warmed up; and when the person stops, both have seen the same
questions. What was asked until then is kept.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from ingest.errors import Cancelled, FootnoteError, WrongUsage
from ingest.inference.machine import cpu_name
from ingest.protocols import Library
from rag.engine import Engine
from rag.evaluate.automatic import automatic_questions
from rag.evaluate.evaluation import Row, Run, ask_all, made_under, now, peak_mib
from rag.evaluate.kept import evaluation
from rag.evaluate.questions import Question
from rag.evaluate.systems import Footnote
from rag.model import CancelToken
from rag.settings import AskSettings
from rag.ui.cached import Opened

STOPPED_EARLY = "Stopped before a question was asked; nothing was kept."
UNEXPECTED = "Something went wrong here, not with your questions. Run the evaluation again."
TIMED_FROM = 2  # questions from which on the time left is told

log = logging.getLogger("footnote")

Stage = Literal["loading", "making", "asking", "scoring", "stopping"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be evaluated. `questions` are a file's, or empty: then `count` are made from the library.

    `tried` are settings to compare with, None for a single run. `asked` names the file.
    """

    settings: AskSettings
    tried: AskSettings | None = None
    questions: tuple[Question, ...] = ()
    count: int = 50
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Now:
    """What there is to show at this moment. `seconds_left` is 0 while it cannot be told."""

    stage: Stage
    done: int
    total: int
    seconds_left: float
    ended: bool


class Evaluating:
    """One evaluation of one library. `kept_id` names it once it is kept; `fault` tells why it is not."""

    def __init__(self, opened: Opened, library: Library, wanted: Wanted) -> None:
        self.library_name = library.name
        self.kept_id = ""
        self.fault = ""
        self._opened = opened
        self._library = library
        self._wanted = wanted
        self._cancel = CancelToken()
        self._ended = threading.Event()
        self._stage: Stage = "loading"
        self._done = 0
        self._total = 0
        self._asked_from = 0.0

    def start(self) -> None:
        """Raises WrongUsage while another one runs: they would slow each other and measure that."""
        running = [each for each in self._opened.evaluating.values() if not each.ended]
        if running:
            raise WrongUsage(
                f"An evaluation of “{running[0].library_name}” is running. Stop it, or wait for its end."
            )
        self._opened.evaluating[self.library_name] = self
        threading.Thread(target=self._run, name="footnote-evaluate", daemon=True).start()

    def stop(self) -> None:
        """End at the next step; what was asked is kept. Does not wait."""
        self._cancel.cancel()

    def wait(self, seconds: float) -> bool:
        """Whether it ended within `seconds`."""
        return self._ended.wait(seconds)

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    @property
    def now(self) -> Now:
        stage: Stage = "stopping" if self._cancel.cancelled and not self.ended else self._stage
        left = 0.0
        if self._done >= TIMED_FROM:
            left = (time.monotonic() - self._asked_from) / self._done * (self._total - self._done)
        return Now(stage, self._done, self._total, left, self.ended)

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        try:
            self._evaluate()
        except Cancelled:
            self.fault = STOPPED_EARLY
        except FootnoteError as error:
            self.fault = str(error)
        except Exception:
            log.exception("an evaluation failed")
            self.fault = UNEXPECTED
        finally:
            if not self.fault:  # a fault stays until someone has seen it
                self._opened.evaluating.pop(self.library_name, None)
            self._ended.set()

    def _evaluate(self) -> None:
        wanted = self._wanted
        self._opened.engine.load()
        engines = [
            self._opened.engine.under(ask) for ask in (wanted.settings, wanted.tried) if ask is not None
        ]
        self._cancel.check()
        self._stage = "making"
        questions = wanted.questions or tuple(automatic_questions(self._library, wanted.count))
        if not questions:
            raise WrongUsage(
                "No questions can be made from these documents: they have too few whole sentences and "
                "headings. Give a file of questions."
            )
        self._stage, self._total = "asking", len(questions)
        self._asked_from = time.monotonic()
        rows = self._ask(engines, questions)
        self._stage = "scoring"
        answered = len(rows[0])
        runs = [
            run_of(engine, self._library, questions, each) for engine, each in zip(engines, rows, strict=True)
        ]
        kept = evaluation(
            self.library_name,
            questions[:answered],
            runs,
            asked=wanted.asked,
            wanted=len(questions),
            tried=changed(wanted.settings, wanted.tried) if wanted.tried else {},
        )
        self._opened.evaluations.keep(kept)
        self.kept_id = kept.head.id

    def _ask(self, engines: Sequence[Engine], questions: Sequence[Question]) -> list[list[Row]]:
        """Rows of each engine for the same questions: all of them, or those before the stop.

        Raises Cancelled when there is none.
        """
        systems = [Footnote(engine, self._library) for engine in engines]
        rows: list[list[Row]] = [[] for _ in systems]
        for number, question in enumerate(questions):
            order = range(len(systems)) if number % 2 == 0 else reversed(range(len(systems)))
            try:
                found = {at: ask_all(systems[at], [question], cancel=self._cancel)[0] for at in order}
            except Cancelled:
                if not rows[0]:
                    raise
                break
            for at, row in found.items():
                rows[at].append(row)
            self._done = number + 1
        return rows


def run_of(engine: Engine, library: Library, questions: Sequence[Question], rows: Sequence[Row]) -> Run:
    """A run with all that it was made under; the chat model by its name, never its key."""
    units = [question.unit for question in questions if question.evidence]
    models = engine.load()
    return Run(
        Footnote.name,
        library.name,
        units[0] if units else "passage",
        tuple(rows),
        told(engine.ask_settings),
        {**made_under(), "embedder": models.embedder.backend, "reader": models.reader.backend},
        cpu_name(),
        now(),
        peak_mib(),
    )


def told(ask: AskSettings) -> dict[str, Any]:
    """Settings as they are kept with a run: of the chat model only its name, and only where it wrote."""
    return {
        name: value
        for name, value in asdict(ask).items()
        if not name.startswith("llm") or (name == "llm" and value)
    }


def changed(settings: AskSettings, tried: AskSettings) -> dict[str, Any]:
    """The settings of `tried` that are others than those of `settings`."""
    before = told(settings)
    return {name: value for name, value in told(tried).items() if before.get(name) != value}


def quoting(ask: AskSettings) -> AskSettings:
    """The same settings without a chat model."""
    return replace(ask, llm="")

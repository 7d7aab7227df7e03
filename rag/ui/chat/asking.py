"""An answer on its way: it runs in a thread of its own and is kept whatever the browser does.

A page that is reloaded, or a person who looks at another chat meanwhile, finds it again. Only the
stop button (or a fault) ends it early.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from ingest.errors import Cancelled, FootnoteError, NotFound
from ingest.model.adding import ENDED, JobInfo, JobStage
from ingest.protocols import Library
from ingest.shelf.scope import Scope
from rag.model import Answer, CancelToken, Checked, Delta, Finished, Progress, Sentence
from rag.ui.cached import Opened
from rag.ui.render import counted

STOPPED = "Stopped. Ask again, or ask something else."

log = logging.getLogger("footnote")


@dataclass(frozen=True, slots=True)
class Now:
    """What there is to show at this moment."""

    progress: Progress | None
    jobs: tuple[JobInfo, ...]  # files that are read before the question is asked
    text: str
    checked: tuple[Sentence, ...]  # the first sentences of the text, held against their passages
    ended: bool


class Asking:
    """One question of one chat. The question stands in the chat already; its answer joins it there."""

    def __init__(
        self,
        opened: Opened,
        library: Library,
        chat_id: str,
        question: str,
        job_ids: Sequence[int] = (),
        query: str = "",
        llm: str | None = None,
        scope: Scope | None = None,
    ) -> None:
        """`query` is searched for as it is; `llm` writes instead of the model that is set, "" for quotations.

        `scope` is resolved when the files that come with the question are there.
        """
        self.chat_id = chat_id
        self.question = question
        self._opened = opened
        self._library = library
        self._query = query
        self._llm = llm
        self._scope = scope or Scope()
        self._job_ids = frozenset(job_ids)
        self._cancel = CancelToken()
        self._progress: Progress | None = None
        self._jobs: tuple[JobInfo, ...] = ()
        self._text: list[str] = []
        self._checked: dict[int, Sentence] = {}
        self._ended = threading.Event()
        self.started = time.monotonic()

    def start(self) -> None:
        self._opened.asking[self.chat_id] = self
        threading.Thread(target=self._run, name="footnote-ask", daemon=True).start()

    def stop(self) -> None:
        """End the work at its next step, and wait a moment until that is written down."""
        self._cancel.cancel()
        self._ended.wait(timeout=5)

    def wait(self, seconds: float) -> bool:
        """Whether it ended within `seconds`."""
        return self._ended.wait(seconds)

    @property
    def now(self) -> Now:
        checked = tuple(self._checked.copy().values())
        return Now(self._progress, self._jobs, "".join(self._text), checked, self._ended.is_set())

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        chats = self._opened.conversations
        try:
            self._read_files()
            if self.question:
                chats.answer(self.chat_id, self._answer())
            else:
                chats.note(self.chat_id, files_note(self._jobs))
        except Cancelled:
            self._keep_note(STOPPED)
        except FootnoteError as error:
            self._keep_note(str(error))
        except Exception:
            log.exception("a question failed")
            self._keep_note("Something went wrong here, not with your question. Ask it again.")
        finally:
            self._opened.asking.pop(self.chat_id, None)
            self._ended.set()

    def _keep_note(self, note: str) -> None:
        try:
            self._opened.conversations.note(self.chat_id, note, "".join(self._text))
        except NotFound:
            log.warning("the chat was deleted while it was being answered")

    def _read_files(self) -> None:
        """Wait until the files that came with the question are in the library."""
        while self._job_ids:
            self._jobs = tuple(job for job in self._library.jobs() if job.id in self._job_ids)
            if all(job.stage in ENDED for job in self._jobs):
                return
            self._cancel.check()
            time.sleep(0.2)

    def _answer(self) -> Answer:
        history = self._opened.conversations.history(self.chat_id)
        engine = self._opened.engine
        if self._llm is not None and self._llm != engine.ask_settings.llm:
            engine = engine.under(engine.ask_settings.with_model(self._llm))
        library = self._library.within(self._scope) if self._scope else self._library
        # Closed at once when it is stopped between two events: a request must not live until memory is tidied.
        with closing(engine.ask(self.question, library, history, self._cancel, query=self._query)) as events:
            for event in events:
                match event:
                    case Progress():
                        self._progress = event
                    case Delta(text):
                        self._text.append(text)
                    case Checked(number, sentence):
                        self._checked[number] = sentence
                    case Finished(answer):
                        return answer
                self._cancel.check()
        raise Cancelled(STOPPED)


def files_note(jobs: Sequence[JobInfo]) -> str:
    """What became of files that came without a question."""
    added = [job for job in jobs if job.stage is JobStage.DONE]
    failed = [job for job in jobs if job.stage is not JobStage.DONE]
    lines = []
    if added:
        passages = counted(sum(job.result.chunks for job in added if job.result), "passage")
        names = added[0].key if len(added) == 1 else f"{len(added)} files"
        lines.append(f"{names} can be asked about now: {passages}.")
    for job in failed:
        lines.append(f"{job.key}: {job.result.message if job.result else 'stopped.'}")
    return "\n".join(lines) or "Nothing was added."

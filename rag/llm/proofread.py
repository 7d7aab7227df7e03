"""A chat model's text, checked while it is still being written.

A thread beside the stream holds each finished sentence against its passages; the stream never waits
for it. What was checked early is only remembered: at the end the whole text is parsed once more, and a
sentence that reads otherwise by then is checked anew. So the outcome is that of `ground.ground`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType

from rag.answers.ground import Check, answer_text, numbered, strict, supported
from rag.answers.support import Judge
from rag.llm.prompt import is_refusal, parse_answer
from rag.model import CancelToken, Checked, Citation, Delta, Event, Hit, Sentence
from rag.reader import Reader

POLL_SECONDS = 0.05  # how soon a stop is seen while the last sentences are checked
_OPEN_MARKER = re.compile(r"[\[［【][^\]］】\n]{0,60}$")  # a marker that is half written


class Proofreader:
    """Takes a text in pieces, tells each sentence once it is checked; use it as a context.

    With `strictly`, nothing is told that the passages don't support: `add` holds the text back until
    it is checked.
    """

    def __init__(
        self,
        reader: Reader,
        hits: Sequence[Hit],
        strictly: bool = False,
        judge: Judge | None = None,
        question: str = "",
    ) -> None:
        self._hits = hits
        self._strictly = strictly
        self._check = Check(reader, hits, judge, question)
        self._known: dict[tuple[Sentence, str], Sentence] = {}  # (sentence, text before it) → checked
        self._changed = threading.Condition()  # guards what follows
        self._text = ""
        self._whole = False
        self._closed = False
        self._checked: list[Sentence] = []
        self._fault: Exception | None = None
        self._told: list[Sentence] = []
        self._told_text = ""
        self._thread = threading.Thread(target=self._run, name="proofreader", daemon=True)

    def __enter__(self) -> Proofreader:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the thread after the sentence it is at."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def add(self, piece: str) -> Iterator[Event]:
        """The next piece of the text: Delta, and Checked for what has been checked meanwhile."""
        with self._changed:
            self._text += piece
            self._changed.notify_all()
        if not self._strictly:
            yield Delta(piece)
        yield from self._news()

    def finish(self, cancel: CancelToken) -> Iterator[Event]:
        """The text is whole: what remains to be checked, as it is checked. Raises Cancelled."""
        with self._changed:
            self._whole = True
            self._changed.notify_all()
        while self._thread.is_alive():
            cancel.check()
            self._thread.join(POLL_SECONDS)
            yield from self._news()
        if self._fault:
            raise self._fault
        yield from self._news()

    @property
    def text(self) -> str:
        """All that was added."""
        with self._changed:
            return self._text

    @property
    def refused(self) -> bool:
        """Whether the text says that the passages don't tell, and nothing else."""
        return is_refusal(parse_answer(self.text, self._hits))

    def outcome(self) -> tuple[tuple[Sentence, ...], tuple[Citation, ...], int]:
        """After `finish`: sentences, citations, and how many sentences were left out as not supported."""
        sentences, citations = self._check.cite(self._checked)
        if not self._strictly:
            return sentences, citations, 0
        left_out = sum(each.verdict not in (None, "supported") for each in sentences)
        return *strict(sentences, citations), left_out

    # ------------------------------------------------------------------ what there is to tell

    def _news(self) -> Iterator[Event]:
        with self._changed:
            checked = list(self._checked)
        shown, _ = numbered(supported(checked) if self._strictly else checked)
        if self._strictly:
            text = answer_text(shown)
            if text.startswith(self._told_text) and text != self._told_text:
                yield Delta(text[len(self._told_text) :])
                self._told_text = text
        for number, sentence in enumerate(shown):
            if number >= len(self._told) or self._told[number] != sentence:
                yield Checked(number, sentence)
        self._told = list(shown)

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        seen = ""
        try:
            while True:
                with self._changed:
                    while not (self._closed or self._whole or self._text != seen):
                        self._changed.wait()
                    seen, whole = self._text, self._whole
                if self._closed:
                    return
                parsed = parse_answer(seen, self._hits) if whole else finished(seen, self._hits)
                if not (whole and is_refusal(parsed)):
                    self._go_over(parsed)
                if whole:
                    return
        except Exception as error:  # noqa: BLE001 -- raised again by the one who waits
            self._fault = error

    def _go_over(self, parsed: Sequence[Sentence]) -> None:
        before = ""
        for number, sentence in enumerate(parsed):
            if self._closed:
                return
            key = (sentence, before)
            if key not in self._known:
                self._known[key] = self._check.sentence(sentence, before)
            before = sentence.text
            with self._changed:
                self._checked[number : number + 1] = [self._known[key]]
        with self._changed:
            del self._checked[len(parsed) :]


def finished(text: str, hits: Sequence[Hit]) -> tuple[Sentence, ...]:
    """The sentences of a text that is still being written which have another one behind them.

    The last one may go on, or get a marker; a marker that is half written is none yet.
    """
    parsed = parse_answer(_OPEN_MARKER.sub("", text), hits)
    while parsed:
        *rest, last = parsed
        parsed = tuple(rest)
        if any(character.isalpha() for character in last.text):
            break
    return parsed

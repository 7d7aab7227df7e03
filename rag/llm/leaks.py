"""A chat model's text on its way out, held against what must not show: its own instructions.

A document may tell a gullible model to repeat them. The mark around the passages has a random name that no
document and no true answer can hold, so it serves as a canary; a longer run of the instructions' words tells
as well. What may yet become either is held back until it is known not to.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import closing

from ingest.errors import ModelUnavailable
from rag.llm.prompt import REFUSAL, Prompt

RUN = 8  # words of the instructions in a row that no answer has by chance
TAIL = 600  # characters that are looked at again when a piece arrives
_WORD = re.compile(r"[^\W_]+")


class Repeated(ModelUnavailable):
    """The model repeats its instructions instead of answering."""


class Leaks:
    """What of one prompt must not show."""

    def __init__(self, prompt: Prompt, name: str) -> None:
        self._name = name
        self._canary = prompt.tag.casefold()
        words = _WORD.findall(prompt.messages[0][1].replace(REFUSAL, " ").casefold())
        self._next: dict[tuple[str, ...], set[str]] = {}  # some words in a row → those that follow them
        for size in range(1, RUN):
            for at in range(len(words) - size):
                self._next.setdefault(tuple(words[at : at + size]), set()).add(words[at + size])

    def held_against(self, pieces: Generator[str]) -> Iterator[str]:
        """`pieces` in other cuts. Raises Repeated before more than a word of the instructions was given out."""
        text, given = "", 0
        with closing(pieces):
            for piece in pieces:
                text += piece
                until = max(given, self._safe_until(text))
                if until > given:
                    yield text[given:until]
                    given = until
        if text[given:]:
            yield text[given:]

    def _safe_until(self, text: str) -> int:
        """Where the part begins that may yet become a leak. Raises Repeated when there is one."""
        start = max(0, len(text) - TAIL)
        tail = text[start:].casefold()
        found = list(_WORD.finditer(tail))
        words = [match.group() for match in found]
        if (self._canary and self._canary in tail) or any(
            words[at + RUN - 1] in self._next.get(tuple(words[at : at + RUN - 1]), ())
            for at in range(len(words) - RUN + 1)
        ):
            raise Repeated(
                f"{self._name} began to repeat its instructions, which a document may have told it to. What it "
                "wrote was left out."
            )
        safe = len(tail) - self._half_canary(tail)
        for size in range(min(RUN - 1, len(words)), 1, -1):
            following = self._next.get(tuple(words[-size:-1]), ())
            if any(word.startswith(words[-1]) for word in following):
                safe = min(safe, found[-size].start())
                break
        return start + safe

    def _half_canary(self, tail: str) -> int:
        """How many characters at the end begin the canary."""
        lengths = range(len(self._canary) - 1, 0, -1)
        return next((n for n in lengths if tail.endswith(self._canary[:n])), 0)

"""Lists within a passage: what announces one, and which sentences begin its items.

Items have bullets or numbers, or are short lines of their own below a sentence that ends with a colon. A list that
was announced with its number ("We have 4 ways of …") goes on behind a paragraph until that number is reached.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.text.sentences import ITEM

SHORT_WORDS = 8  # of a line that is an item without a bullet
MOST_BETWEEN = 3  # sentences between two parts of one list
_NUMBERS = {
    word: n
    for n, word in enumerate("two three four five six seven eight nine ten eleven twelve".split(), start=2)
}
_NUMBER = re.compile(rf"\b(?:[2-9]|1[0-2]|{'|'.join(_NUMBERS)})\b(?![.,%]?\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Listing:
    """Numbers of sentences: the one that announces the list (None: nothing does), and its items' first ones."""

    announced: int | None
    items: tuple[int, ...]


def lists(text: str, spans: Sequence[tuple[int, int]]) -> list[Listing]:
    """The lists of `text`, whose sentences are `spans`; one item alone is no list."""
    found: list[Listing] = []
    at = 0
    while at < len(spans):
        items, end = _run(text, spans, at)
        if not items:
            at += 1
            continue
        announced = at - 1 if at and not _is_item(text, spans[at - 1][0]) else None
        if announced is not None:
            wanted = _count(text[slice(*spans[announced])])
            while len(items) < wanted:
                further = next(
                    (run for skip in range(1, MOST_BETWEEN + 1) if (run := _run(text, spans, end + skip))[0]),
                    None,
                )
                if further is None:
                    break
                items, end = items + further[0], further[1]
        if len(items) > 1:
            found.append(Listing(announced, tuple(items)))
        at = end
    return found


def _run(text: str, spans: Sequence[tuple[int, int]], at: int) -> tuple[list[int], int]:
    """The items that begin with sentence `at`, without a break, and the number of the sentence after them."""
    items: list[int] = []
    bare = 0 < at < len(spans) and text[: spans[at][0]].rstrip().endswith(":")
    while at < len(spans):
        start, end = spans[at]
        own_line = not text[text.rfind("\n", 0, start) + 1 : start].strip()
        if _is_item(text, start) or (bare and own_line and _is_short(text[start:end])):
            items.append(at)
        elif not items or own_line:
            break
        at += 1
    return items, at


def _is_item(text: str, start: int) -> bool:
    return bool(ITEM.match(text, start))


def _is_short(line: str) -> bool:
    return len(line.split()) <= SHORT_WORDS and line[-1] not in ".!?:"


def _count(sentence: str) -> int:
    """The largest small number a sentence names; 0 without one."""
    named = (match.group().lower() for match in _NUMBER.finditer(sentence))
    return max((_NUMBERS.get(each) or int(each) for each in named), default=0)

"""What a question holds against each other: "longer in Norland or in Sudland?" asks of two things.

Rules, for English: two alternatives joined by "or", "versus", or "between … and …". Each becomes a question of its
own, so that the answer can be looked for on both sides.
"""

from __future__ import annotations

import re

from ingest.text.analysis import STOP_WORDS

MOST_WORDS = 5  # of an alternative; a longer one is a clause
_JOINED = re.compile(r"\s(?:or|vs\.?|versus)\s", re.IGNORECASE)
_BETWEEN = re.compile(r"\bbetween\s+(?P<left>.+?)\s+and\s+(?P<right>.+)", re.IGNORECASE)
_PAUSE = re.compile(r"[,;:?!()]$")


def sides(question: str) -> tuple[str, str] | None:
    """The question asked of the one and of the other; None when it holds nothing against something."""
    plain = " ".join(question.split()).rstrip(" ?!.")
    if match := _BETWEEN.search(plain):
        before, left, after = plain[: match.start()].split(), match["left"].split(), match["right"].split()
        right, rest = _ahead(after)
    elif match := _JOINED.search(plain):
        before, after = plain[: match.start()].split(), plain[match.end() :].split()
        right, rest = _ahead(after)
        left = _behind(before, len(right))
        before = before[: len(before) - len(left)]
        if len(before) == 1:  # "Did A or B sell more": what follows the names is the verb
            right, rest = right[: len(left)], right[len(left) :] + rest
        if before and right and before[-1].lower() == right[0].lower():  # "in Norland or in Sudland"
            right = right[1:]
    else:
        return None
    if not (_tells(left) and _tells(right)) or len(left) > MOST_WORDS:
        return None
    return " ".join([*before, *left, *rest]) + "?", " ".join([*before, *right, *rest]) + "?"


def _ahead(words: list[str]) -> tuple[list[str], list[str]]:
    """The alternative that begins `words`, with a preposition of its own, and what follows it."""
    taken = 0
    while taken < min(len(words), MOST_WORDS):
        ends = taken and (words[taken].lower() in STOP_WORDS or _PAUSE.search(words[taken - 1]))
        if ends and _tells(words[:taken]):
            break
        taken += 1
    return words[:taken], words[taken:]


def _behind(words: list[str], at_most: int) -> list[str]:
    """The alternative that ends `words`: back to a word that joins, but no longer than the other one."""
    taken: list[str] = []
    for word in reversed(words):
        if _PAUSE.search(word) or word.lower() in STOP_WORDS or len(taken) == at_most:
            break
        taken.insert(0, word)
    return taken


def _tells(words: list[str]) -> bool:
    return any(word.lower() not in STOP_WORDS for word in words)

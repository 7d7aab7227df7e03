"""Text → sentences, as offsets. Rules, not a model: exact, fast, and the same everywhere.

A line end is a sentence end only where the layout says so: a blank line, a list item, a table row,
or a line much shorter than its neighbours; wrapped lines of a PDF run on.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

# A full stop after these is no sentence end. Lower case, without the stop.
_ABBREVIATIONS = (
    "mr mrs ms dr prof sr jr st vs etc e.g i.e cf al fig figs eq eqs sec secs no nos vol vols pp p ch art "
    "inc ltd co corp dept est approx jan feb mar apr jun jul aug sept sep oct nov dec mon tue wed thu fri "
    "sat sun u.s u.k u.n a.m p.m ca bzw z.b d.h usw nr evtl ggf resp incl excl min max tel ext rev"
)
ABBREVIATIONS = frozenset(_ABBREVIATIONS.split())

_STOP = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』”）]*")
_BLANK = re.compile(r"\n[ \t]*\n\s*")
ITEM = re.compile(r"[ \t]*(?:[-*•◦▪●○■□–‣·]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\([ivx]+\))[ \t]+\S")
_WORD_BEFORE = re.compile(r"[^\s(\[\"'“‘]+$")

LINE_FULL_SHARE = 0.72  # a line at least this share of the usual width is taken to be wrapped
KEPT_CHARACTERS = 10_000  # a passage: the answer to a question comes back to the same ones several times
SHORT_LAYOUT = 35  # characters; narrower text is a list or table, every line stands alone


def sentences(text: str) -> list[tuple[int, int]]:
    """(start, end) of every sentence of `text`, in order, without surrounding white space.

    Every non-blank character lies in exactly one sentence.
    """
    return list(_kept(text)) if len(text) <= KEPT_CHARACTERS else _found(text)


@lru_cache(maxsize=128)
def _kept(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(_found(text))


def _found(text: str) -> list[tuple[int, int]]:
    cuts = {0, len(text)}
    cuts.update(match.end() for match in _BLANK.finditer(text))
    cuts.update(_line_cuts(text))
    cuts.update(match.end() for match in _STOP.finditer(text) if _ends_sentence(text, match))
    found: list[tuple[int, int]] = []
    for start, end in pairwise(sorted(cuts)):
        piece = text[start:end]
        stripped = piece.strip()
        if stripped:
            lead = len(piece) - len(piece.lstrip())
            found.append((start + lead, start + lead + len(stripped)))
    return found


def _ends_sentence(text: str, stop: re.Match[str]) -> bool:
    if stop.group()[0] in "。！？":
        return True
    rest = text[stop.end() : stop.end() + 12].lstrip()
    following = rest.lstrip("\"'“‘«([*_")[:1]
    if not following:
        return True
    if following.islower():
        return False
    if stop.group()[0] != "." or stop.group().startswith(".."):
        return True
    before = _WORD_BEFORE.search(text, max(0, stop.start() - 24), stop.start())
    word = before.group().lower() if before else ""
    if word in ABBREVIATIONS:
        # "No. 5", "Fig. 2", "Dr. Who"; but "… etc. The" ends.
        return word in ("etc", "a.m", "p.m") and following.isupper()
    if len(word) == 1 and word.isalpha() and following.isupper():
        return False  # an initial: J. Smith
    return not (word.isdigit() and len(word) <= 2 and _at_line_start(text, stop.start() - len(word)))


def _at_line_start(text: str, position: int) -> bool:
    return not text[text.rfind("\n", 0, position) + 1 : position].strip()


def _line_cuts(text: str) -> list[int]:
    """Positions after line ends that end a sentence."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    if len(starts) == 1:
        return []
    lines = [text[a : b - 1] for a, b in pairwise([*starts, len(text) + 1])]
    widths = sorted(len(line) for line in lines if line.strip())
    usual = widths[int(len(widths) * 0.8)] if widths else 0
    cuts: list[int] = []
    for start, line, following in zip(starts[1:], lines, lines[1:], strict=False):
        if not line.strip() or not following.strip():
            continue  # blank lines are cut elsewhere
        if _hard_end(line.rstrip(), following, usual):
            cuts.append(start)
    return cuts


def _hard_end(line: str, following: str, usual: int) -> bool:
    if ITEM.match(following) or " | " in line or " | " in following or "\t" in line:
        return True
    if line.endswith(("-", ",", ";", "(")) or following.lstrip()[:1].islower():
        return False  # runs on
    if usual < SHORT_LAYOUT or len(line) < usual * LINE_FULL_SHARE:
        return True
    return _is_row(line) or _is_row(following)


def _is_row(line: str) -> bool:
    """A table row: at least as many figures as words, and several of them."""
    words = line.split()
    figures = sum(any(c.isdigit() for c in word) for word in words)
    return len(words) >= 3 and figures >= 2 and figures * 2 >= len(words)

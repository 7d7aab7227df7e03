"""Right or wrong: whether a hit shows the evidence, and whether an answer holds what is asked for."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from rag.evaluate.questions import Evidence, Question

QUOTE_SHARE = 0.6  # of a quote in one run, where it runs over the end of a passage

_MARK = re.compile(r"\s*\[\d+\]")
_LINK = re.compile(r"!?\[([^\]]*)\]\((?:[^()]|\([^()]*\))*\)")
_STRAIGHT = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-"})


@dataclass(frozen=True, slots=True)
class Found:
    """A passage some system found: its document, the pages it lies on (None: no pages), its text."""

    document: str
    pages: tuple[int | None, ...]
    text: str


def ranks_of(question: Question, hits: Sequence[Found]) -> list[int | None]:
    """Where each thing to find was found first: the 1-based place among the distinct documents, pages or
    passages of `hits`, which are best first; None for not at all."""
    unit = question.unit
    wanted: list[int | None] = [None] * len(question.evidence)
    if unit == "passage":
        for rank, found in enumerate(hits, start=1):
            for number, group in enumerate(question.evidence):
                if wanted[number] is None and any(shows(each, found) for each in group):
                    wanted[number] = rank
        return wanted
    places = (
        [(found.document, page) for found in hits for page in found.pages]
        if unit == "page"
        else [(found.document, None) for found in hits]
    )
    order = {place: rank for rank, place in enumerate(dict.fromkeys(places), start=1)}
    for number, group in enumerate(question.evidence):
        at = [order.get((each.document, each.page if unit == "page" else None)) for each in group]
        wanted[number] = min((rank for rank in at if rank is not None), default=None)
    return wanted


def shows_any(group: Sequence[Evidence], document: str, pages: tuple[int | None, ...], text: str) -> bool:
    """Whether a passage shows one of several alternatives."""
    return any(shows(each, Found(document, pages, text)) for each in group)


def shows(evidence: Evidence, found: Found) -> bool:
    """Whether a passage shows the evidence: the quote stands in it, or QUOTE_SHARE of it in one run.

    Evidence without a quote is shown by any passage of its page, or of its document.
    """
    if found.document != evidence.document or (
        evidence.page is not None and evidence.page not in found.pages
    ):
        return False
    quote, passage = letters(evidence.quote), letters(found.text)
    if quote in passage:
        return True
    size = len(quote)  # a run of more than half of the quote holds its middle: most passages end here
    if quote[math.ceil(size * (1 - QUOTE_SHARE)) : int(size * QUOTE_SHARE)] not in passage:
        return False
    match = SequenceMatcher(None, quote, passage, autojunk=False).find_longest_match()
    return match.size >= QUOTE_SHARE * size


def is_right(question: Question, answer: str, refused: bool) -> bool:
    """Whether an answer holds what is asked for; an unanswerable question wants a refusal."""
    if not question.answerable:
        return refused
    if refused:
        return False
    if question.must:
        return all(any(contains(answer, one) for one in item.split("|")) for item in question.must)
    return any(contains(answer, one) for one in question.answers)


def contains(answer: str, wanted: str) -> bool:
    """Whether `wanted` stands in `answer` on word bounds; both are made plain first."""
    return re.search(rf"(?<!\w){re.escape(plain(wanted))}(?!\w)", plain(answer)) is not None


def plain(text: str) -> str:
    """Lower case, straight quotes and dashes, white space folded, citation marks removed."""
    text = unicodedata.normalize("NFKC", _MARK.sub("", text)).translate(_STRAIGHT)
    return " ".join(text.lower().split())


@lru_cache(maxsize=50_000)
def letters(text: str) -> str:
    """Letters and digits only, Markdown links reduced to their text: for comparing quotes."""
    return re.sub(r"[\W_]+", "", _LINK.sub(r"\1", text).lower())

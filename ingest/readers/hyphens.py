"""Hyphens at line ends: whether one belongs to its word, told by the document itself."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ingest.model.pages import Heading, Page
from ingest.readers.draft import Draft, source_ranges

HYPHEN = "\ufffe"  # PDFium's mark for a hyphen at a line's end (U+0002 in older versions)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_SPLIT = re.compile(rf"(?P<left>[^\W\d_]*){HYPHEN}(?P<right>[^\W\d_]*)")


class Hyphens:
    """Whether a hyphen at a line's end belongs to the word ("long-term") or only splits it ("exam-ple").

    The document itself tells: by how it writes the word elsewhere, and where it never does, by what
    most of its other line ends were.
    """

    def __init__(self, pages: Sequence[Page]) -> None:
        self._words: Counter[str] = Counter()
        self._keep = False
        if not any(HYPHEN in page.text for page in pages):
            return
        for page in pages:
            self._words.update(_WORD.findall(page.text.lower()))
        known = [self._known(match) for page in pages for match in _SPLIT.finditer(page.text)]
        self._keep = known.count(True) > known.count(False)

    def _known(self, match: re.Match[str]) -> bool | None:
        left, right = match["left"].lower(), match["right"].lower()
        if not left or not right:
            return True
        apart, joined = self._words[f"{left}-{right}"], self._words[left + right]
        return None if apart == joined else apart > joined

    def settle_text(self, text: str) -> str:
        return _SPLIT.sub(
            lambda match: match["left"] + ("-" if self.belongs(match) else "") + match["right"], text
        )

    def belongs(self, match: re.Match[str]) -> bool:
        known = self._known(match)
        return self._keep if known is None else known

    def settle(self, page: Page) -> Page:
        """`page` with every HYPHEN written or dropped; its map and headings follow."""
        if HYPHEN not in page.text:
            return page
        draft = Draft()
        dropped: list[int] = []
        position = 0
        for match in _SPLIT.finditer(page.text):
            place = match.end("left")
            copy(page, position, place, draft)
            if self.belongs(match):
                for source, _ in source_ranges(page.runs, place, place + 1):
                    draft.keep("-", source)
            else:
                dropped.append(place)
            position = place + 1
        copy(page, position, len(page.text), draft)
        headings = tuple(
            Heading(each.start - bisect_left(dropped, each.start), each.level, self.settle_text(each.text))
            for each in page.headings
        )
        return replace(page, text=draft.text, runs=draft.runs, headings=headings)


def copy(page: Page, start: int, end: int, draft: Draft) -> None:
    """Append `page.text[start:end]` to `draft` with its map."""
    for run in page.runs[max(0, bisect_right(page.runs, start, key=lambda run: run.start) - 1) :]:
        if run.start >= end:
            break
        low, high = max(start, run.start), min(end, run.start + run.length)
        if low < high:
            draft.add(page.text[start:low])
            draft.keep(page.text[low:high], run.source + low - run.start)
            start = high
    draft.add(page.text[start:end])

"""Cleaned text as it is written, together with its map back to the source."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from ingest.model.pages import Heading, Page, Run


class Draft:
    """A page in the making: text is appended, and every stretch remembers where it came from."""

    def __init__(self) -> None:
        self.length = 0
        self.headings: list[Heading] = []
        self._pieces: list[str] = []
        self._runs: list[Run] = []

    def keep(self, text: str, source: int) -> None:
        """Append `text`, which stands in the source, character by character, from `source` on."""
        if not text:
            return
        last = self._runs[-1] if self._runs else None
        if last and last.start + last.length == self.length and last.source + last.length == source:
            self._runs[-1] = Run(last.start, last.source, last.length + len(text))
        else:
            self._runs.append(Run(self.length, source, len(text)))
        self._append(text)

    def add(self, text: str) -> None:
        """Append `text` that is not in the source."""
        if text:
            self._append(text)

    def replace(self, text: str, source: int) -> None:
        """Append `text` that stands for the source's character at `source`; its first one is mapped."""
        if text:
            self.keep(text[0], source)
            self.add(text[1:])

    def _append(self, text: str) -> None:
        self._pieces.append(text)
        self.length += len(text)

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def text_from(self, start: int) -> str:
        """What has been written from offset `start` on."""
        pieces: list[str] = []
        begin = self.length
        for piece in reversed(self._pieces):
            if begin <= start:
                break
            begin -= len(piece)
            pieces.append(piece)
        return "".join(reversed(pieces))[max(0, start - begin) :]

    @property
    def runs(self) -> tuple[Run, ...]:
        return tuple(self._runs)

    def page(self, number: int = 1) -> Page:
        return Page(number=number, text=self.text, headings=tuple(self.headings), runs=self.runs)


class Blocks:
    """Sets paragraphs, list items and rows apart on a draft: blank lines between blocks, single line
    ends within a list, nested items indented by the width of the bullets above them.
    """

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._indent = ""
        self._bullet = ""  # of an item that has begun and has no text yet
        self._outer: list[str] = []  # indents of the items around
        self._lists = 0
        self._within = False  # the list has text already

    def begin(self) -> None:
        """Start a block; its text is then written to the draft."""
        if self.draft.length:
            self.draft.add("\n" if self._lists and self._within else "\n\n")
        self.draft.add(self._indent + self._bullet)
        self._indent += " " * len(self._bullet)
        self._bullet = ""
        self._within = self._lists > 0

    def new_line(self) -> None:
        """Go on with the block on the next line."""
        self.draft.add("\n" + self._indent)

    def put(self, text: str) -> None:
        """A whole block; its line ends are kept."""
        self.begin()
        for number, line in enumerate(text.split("\n")):
            if number:
                self.new_line()
            self.draft.add(line)

    def open_list(self) -> None:
        self._within = self._within and self._lists > 0
        self._lists += 1

    def close_list(self) -> None:
        self._lists -= 1

    def open_item(self, bullet: str) -> None:
        self._outer.append(self._indent)
        self._bullet += bullet

    def close_item(self) -> None:
        self._indent = self._outer.pop()
        self._bullet = ""


def source_ranges(runs: Sequence[Run], start: int, end: int) -> list[tuple[int, int]]:
    """Where `page.text[start:end]` stands in the source, as ascending (start, end) in its positions.

    Neighbouring ranges are joined across what cleaning dropped in between (at most 3 characters,
    such as a line break); characters that cleaning added have no place and give none.
    """
    ranges: list[tuple[int, int]] = []
    first = max(0, bisect_right(runs, start, key=lambda run: run.start) - 1)
    for run in runs[first:]:
        if run.start >= end:
            break
        low, high = max(start, run.start), min(end, run.start + run.length)
        if low >= high:
            continue
        found = (run.source + low - run.start, run.source + high - run.start)
        if ranges and 0 <= found[0] - ranges[-1][1] <= 3:
            ranges[-1] = (ranges[-1][0], found[1])
        else:
            ranges.append(found)
    return ranges

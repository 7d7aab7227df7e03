"""Lines that OCR has read as the text of a page, or as part of it, and where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ingest.model.pages import Box, Page, Picture, Recognised, TextLine
from ingest.readers import source_ranges
from ingest.readers.draft import Draft
from ingest.readers.hyphens import HYPHEN, copy

BETWEEN = (" ", "\n", "\n\n")  # by `Recognised.apart`
BEYOND = 100  # positions between a page's own characters and the first that is recognised
_NARROW = frozenset("iljtfrI1.,:;'`’‘!|()[]/ -")
_WIDE = frozenset("mwMW@%—")

Read = tuple[Picture, Sequence[Recognised]]  # a picture, and its lines with their boxes on it


def page_of_lines(page: Page, lines: Sequence[Recognised]) -> Page:
    """`page` with the recognised lines as its text: paragraphs apart, line ends as they are."""
    draft = Draft()
    placed = _write(draft, lines, 0)
    return replace(page, text=draft.text, runs=draft.runs, headings=(), lines=tuple(placed))


def page_with_pictures(page: Page, read: Sequence[Read]) -> Page:
    """`page` with the text of pictures on it, each a paragraph of its own at its place in the reading order.

    The recognised lines' positions in the source lie beyond those of the page's own characters.
    """
    beyond = BEYOND + max((run.source + run.length for run in page.runs), default=0)
    draft = Draft()
    placed: list[TextLine] = []
    headings = list(page.headings)
    position = 0
    for picture, lines in sorted(read, key=lambda each: (_offset(page, each[0]), each[0].box.top)):
        at = _offset(page, picture)
        copy(page, position, at, draft)
        begin = draft.length
        if at:
            draft.add("\n" * (2 - _line_ends(draft.text_from(max(0, draft.length - 2)))))
        left, top = picture.box.left, picture.box.top
        width, height = picture.box.right - left, picture.box.bottom - top
        on_page = [
            replace(
                line,
                box=Box(
                    left + line.box.left * width, top + line.box.top * height,
                    left + line.box.right * width, top + line.box.bottom * height,
                ),
            )
            for line in lines
        ]  # fmt: skip
        placed += _write(draft, on_page, beyond)
        if at < len(page.text):
            draft.add("\n\n")
        moved = draft.length - begin
        headings = [
            replace(each, start=each.start + moved) if was.start >= at else each
            for was, each in zip(page.headings, headings, strict=True)
        ]
        position = at
    copy(page, position, len(page.text), draft)
    return replace(page, text=draft.text, runs=draft.runs, headings=tuple(headings), lines=tuple(placed))


def _offset(page: Page, picture: Picture) -> int:
    """Where in the page's text that of a picture comes."""
    if picture.before >= 0:
        for run in page.runs:
            if run.source + run.length > picture.before:
                return run.start + max(0, picture.before - run.source)
    return len(page.text)


def _line_ends(text: str) -> int:
    return len(text) - len(text.rstrip("\n"))


def _write(draft: Draft, lines: Sequence[Recognised], beyond: int) -> list[TextLine]:
    """Append the lines; their positions in the source are those in the draft and `beyond`."""
    placed: list[TextLine] = []
    for number, line in enumerate(lines):
        words = " ".join(line.text.split())
        following = lines[number + 1].text.lstrip() if number + 1 < len(lines) else ""
        if len(words) > 1 and words[-1] in "-\u2010" and words[-2].isalpha() and following[:1].islower():
            words = words[:-1] + HYPHEN
        if number and draft.length and not draft.text_from(draft.length - 1).endswith(HYPHEN):
            draft.add(BETWEEN[line.apart])
        start = draft.length + beyond
        draft.keep(words, start)
        placed.append(TextLine(start, draft.length + beyond, line.box))
    return placed


def spans_and_boxes(page: Page, start: int, end: int) -> tuple[list[tuple[int, int]], list[Box]]:
    """Where `page.text[start:end]` stands: what the source itself places, as (start, end) in its positions, and
    the boxes of what OCR has read."""
    first = page.lines[0].start if page.lines else None
    spans = [span for span in source_ranges(page.runs, start, end) if first is None or span[0] < first]
    return spans, line_boxes(page, start, end) if page.lines else []


def line_boxes(page: Page, start: int, end: int) -> list[Box]:
    """Where `page.text[start:end]` stands on a page read by OCR; parts of a line by their share of it."""
    found: list[Box] = []
    letters = {
        run.source + step: page.text[run.start + step] for run in page.runs for step in range(run.length)
    }
    for low, high in source_ranges(page.runs, start, end):
        for line in page.lines:
            first, last = max(low, line.start), min(high, line.end)
            if first >= last:
                continue
            if line.box.bottom - line.box.top > line.box.right - line.box.left:  # on its side: as a whole
                found.append(line.box)
                continue
            # The recognised text, letter by letter; a hyphen that was dropped is the last of its line.
            widths = [_width(letters.get(at, "-")) for at in range(line.start, line.end)]
            across = (line.box.right - line.box.left) / sum(widths)
            left = line.box.left + across * sum(widths[: first - line.start])
            right = left + across * sum(widths[first - line.start : last - line.start])
            found.append(Box(left, line.box.top, right, line.box.bottom))
    return found


def _width(letter: str) -> float:
    """How wide a letter is set, about, in widths of an "n"."""
    if letter in _NARROW:
        return 0.5
    return 1.5 if letter in _WIDE else 1.25 if letter.isupper() else 1.0

"""In which order people read lines that stand anywhere on a page: columns one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ingest.model.pages import Box

MIN_LINES = 3  # a column has at least so many
MIN_WIDTH = 0.22  # … is at least so wide, as a share of the width it shares with its neighbours
FILLED = 0.55  # … and its lines fill it: those of a table's columns are shorter
SPANNING = 0.34  # of the lines at most go across two columns: titles, wide figures, footnotes
PARAGRAPH = 0.7  # of a line's height: a larger gap begins a paragraph
STEPS = 60  # places at which a gutter is looked for


def reading_order(boxes: Sequence[Box]) -> list[int]:
    """Indices of `boxes` (lines of text) in the order of reading, left to right and top to bottom.

    Columns are told from tables by their lines, which fill them. Not covered: right-to-left columns,
    text that runs downwards.
    """
    return _ordered(boxes, list(range(len(boxes))))


def _ordered(boxes: Sequence[Box], chosen: list[int]) -> list[int]:
    gutter = _gutter(boxes, chosen)
    if gutter is None:
        return _by_rows(boxes, chosen)
    order: list[int] = []
    band: list[int] = []
    for index in sorted(chosen, key=lambda each: (boxes[each].top + boxes[each].bottom, boxes[each].left)):
        if boxes[index].left < gutter < boxes[index].right:
            order += [*_sides(boxes, band, gutter), index]
            band = []
        else:
            band.append(index)
    return order + _sides(boxes, band, gutter)


def _sides(boxes: Sequence[Box], band: list[int], gutter: float) -> list[int]:
    left = [each for each in band if boxes[each].right <= gutter]
    right = [each for each in band if boxes[each].right > gutter]
    return [*_ordered(boxes, left), *_ordered(boxes, right)] if left and right else _by_rows(boxes, band)


def _gutter(boxes: Sequence[Box], chosen: Sequence[int]) -> float | None:
    """Where a column ends and the next begins: the place that the fewest lines cross, if it is one."""
    if len(chosen) < 2 * MIN_LINES:
        return None
    begin, end = min(boxes[each].left for each in chosen), max(boxes[each].right for each in chosen)
    best: tuple[int, float, float] | None = None
    for step in range(1, STEPS):
        place = begin + (end - begin) * step / STEPS
        across = sum(boxes[each].left < place < boxes[each].right for each in chosen)
        rank = (across, abs(step / STEPS - 0.5), place)
        if _divides(boxes, chosen, place, across, end - begin) and (best is None or rank < best):
            best = rank
    return best[2] if best else None


def _divides(boxes: Sequence[Box], chosen: Sequence[int], place: float, across: int, width: float) -> bool:
    if across > SPANNING * len(chosen):
        return False
    sides = (
        [boxes[each] for each in chosen if boxes[each].right <= place],
        [boxes[each] for each in chosen if boxes[each].left >= place],
    )
    for side in sides:
        if len(side) < MIN_LINES:
            return False
        extent = max(box.right for box in side) - min(box.left for box in side)
        if extent < MIN_WIDTH * width:
            return False
        if median(box.right - box.left for box in side) < FILLED * min(extent, width / 2):
            return False
    tops = [min(box.top for box in side) for side in sides]
    bottoms = [max(box.bottom for box in side) for side in sides]
    shared = min(bottoms) - max(tops)
    return shared > 0.5 * min(bottom - top for bottom, top in zip(bottoms, tops, strict=True))


def _by_rows(boxes: Sequence[Box], chosen: Sequence[int]) -> list[int]:
    rows: list[list[int]] = []
    for index in sorted(chosen, key=lambda each: boxes[each].top):
        if rows and same_row(boxes[rows[-1][0]], boxes[index]):
            rows[-1].append(index)
        else:
            rows.append([index])
    return [index for row in rows for index in sorted(row, key=lambda each: boxes[each].left)]


def same_row(one: Box, other: Box) -> bool:
    """Whether two boxes stand beside each other."""
    overlap = min(one.bottom, other.bottom) - max(one.top, other.top)
    return overlap > 0.5 * min(one.bottom - one.top, other.bottom - other.top)


def apart(above: Box, below: Box, usual: float) -> int:
    """0 for the same row, 1 for the next line, 2 for a new paragraph; `usual` is the height of a line."""
    if same_row(above, below) and below.left >= above.left:
        return 0
    return 2 if below.top - above.bottom > PARAGRAPH * usual or below.bottom < above.top else 1

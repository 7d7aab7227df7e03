from __future__ import annotations

from ingest.model.pages import Box
from ingest.readers.reading_order import apart, reading_order


def column(left: float, right: float, top: float, lines: int) -> list[Box]:
    """Lines 0.02 high, 0.03 apart; the last one is short, as at the end of a paragraph."""
    found = [Box(left, top + 0.03 * n, right, top + 0.03 * n + 0.02) for n in range(lines)]
    found[-1] = Box(left, found[-1].top, (left + right) / 2, found[-1].bottom)
    return found


def test_two_columns_under_a_title() -> None:
    boxes = [Box(0.1, 0.05, 0.9, 0.08), *column(0.1, 0.48, 0.15, 12), *column(0.52, 0.9, 0.15, 12)]
    assert reading_order(boxes) == list(range(25))
    mixed = sorted(boxes, key=lambda box: (box.top, box.left))
    assert [mixed[n] for n in reading_order(mixed)] == boxes


def test_three_columns() -> None:
    boxes = [*column(0.1, 0.34, 0.1, 9), *column(0.38, 0.62, 0.1, 9), *column(0.66, 0.9, 0.1, 9)]
    assert reading_order(boxes) == list(range(27))


def test_a_title_in_the_middle_of_two_columns_parts_them() -> None:
    above = [*column(0.1, 0.48, 0.1, 6), *column(0.52, 0.9, 0.1, 6)]
    below = [*column(0.1, 0.48, 0.5, 6), *column(0.52, 0.9, 0.5, 6)]
    boxes = [*above, Box(0.1, 0.4, 0.9, 0.43), *below]
    assert reading_order(boxes) == list(range(25))


def test_rows_of_a_table_stay_rows() -> None:
    boxes = [
        Box(left, 0.1 + 0.03 * row, left + width, 0.12 + 0.03 * row)
        for row in range(10)
        for left, width in ((0.1, 0.12 + 0.02 * (row % 3)), (0.5, 0.05), (0.8, 0.06))
    ]
    assert reading_order(boxes) == list(range(30))


def test_how_lines_stand_to_each_other() -> None:
    line = Box(0.1, 0.1, 0.5, 0.12)
    assert apart(line, Box(0.6, 0.1, 0.7, 0.12), 0.02) == 0
    assert apart(line, Box(0.1, 0.125, 0.5, 0.145), 0.02) == 1
    assert apart(line, Box(0.1, 0.16, 0.5, 0.18), 0.02) == 2
    assert apart(line, Box(0.6, 0.02, 0.9, 0.04), 0.02) == 2  # the next column

"""Result objects that answer questions."""

from __future__ import annotations

import pytest

from ingest.model.adding import JobInfo, JobStage
from ingest.model.pages import PageReceipt, PageState, Receipt, ranges


@pytest.mark.parametrize(
    ("numbers", "said"),
    [([], ""), ([4], "4"), ([1, 2, 3, 7, 9, 10], "1–3, 7, 9–10"), ([1200, 1201], "1,200–1,201")],
)
def test_ranges(numbers: list[int], said: str) -> None:
    assert ranges(numbers) == said


def test_remarkable_pages_stand_together_when_they_are_alike() -> None:
    late = "not recognised in time"
    pages = [
        PageReceipt(1, PageState.READ, 900),
        PageReceipt(2, PageState.OCR, 500),
        PageReceipt(3, PageState.OCR, 700),
        PageReceipt(4, PageState.OCR, 90, "hard to read"),
        PageReceipt(5, PageState.FAILED, 0, late),
        PageReceipt(6, PageState.FAILED, 0, late),
    ]
    assert Receipt(tuple(pages), 1.0).remarkable() == [
        (PageState.OCR, "", "2–3"),
        (PageState.OCR, "hard to read", "4"),
        (PageState.FAILED, late, "5–6"),
    ]
    assert [state.words for state in PageState] == ["read", "read by OCR", "empty", "failed"]


@pytest.mark.parametrize(
    ("stage", "rate", "said"),
    [
        (JobStage.READING, 31.2, "31 pages/s"),
        (JobStage.READING, 0.2, "12 pages/min"),
        (JobStage.EMBEDDING, 90.0, "90 passages/s"),
        (JobStage.READING, 0.0, ""),
    ],
)
def test_pace(stage: JobStage, rate: float, said: str) -> None:
    assert JobInfo(1, "A", "a.pdf", stage, 3, 9, rate, None, None, 0.0).pace == said

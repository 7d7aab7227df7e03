"""What is happening, as it is told: to a question, to a file."""

from __future__ import annotations

import pytest

from ingest.model.adding import JobInfo, JobStage
from rag.model import Progress
from rag.ui import happening


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (None, "Reading the question"),
        (Progress("loading"), "Loading the reader"),
        (Progress("searching", 1), "Searching 1 document"),
        (Progress("reading", 32), "Reading 32 passages"),
        (Progress("opening"), "Opening the chat model"),
        (Progress("writing"), "Writing"),
    ],
)
def test_what_is_happening(progress: Progress | None, line: str) -> None:
    assert happening.progress_line(progress, "loading the reader") == line


def test_models_that_are_ready_are_no_longer_loaded() -> None:
    assert happening.progress_line(Progress("loading"), "ready") == "Reading the question"


def test_counts_stand_in_the_line() -> None:
    assert (
        happening.progress_line(Progress("gathering", 400, 1000), "")
        == "Looking through 400 of 1,000 documents"
    )
    assert happening.progress_line(Progress("reading", 8, 48), "") == "Reading 8 of 48 passages"
    assert happening.progress_line(Progress("computing", 1, 1), "") == "Computing on the rows"


def job(
    stage: JobStage, done: int = 0, total: int = 0, rate: float = 0.0, left: float | None = None
) -> JobInfo:
    return JobInfo(1, "A", "a.pdf", stage, done, total, rate, left, None, 0.0)


def test_a_file_in_work_tells_rate_and_time_left() -> None:
    assert (
        happening.job_line(job(JobStage.READING, 12, 40, 31.2, 0.9))
        == "Reading 12 of 40 pages · 31 pages/s · 1 s left"
    )
    assert (
        happening.job_line(job(JobStage.EMBEDDING, 5, 300, 2.0, 150))
        == "Embedding 5 of 300 passages · 2 passages/s · 2 min left"
    )
    assert happening.job_line(job(JobStage.WAITING)) == "Waiting"


def test_the_bar_only_grows() -> None:
    steps = [
        job(JobStage.WAITING), job(JobStage.READING, 0, 4), job(JobStage.READING, 4, 4),
        job(JobStage.EMBEDDING, 0, 9), job(JobStage.EMBEDDING, 9, 9), job(JobStage.INDEXING), job(JobStage.DONE),
    ]  # fmt: skip
    shares = [happening.job_share(step) for step in steps]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)

"""What is happening at this moment, in the words of the status line: to a question, to a file."""

from __future__ import annotations

from ingest.model.adding import JobInfo, JobStage
from rag.model import Progress
from rag.ui.render import STEPS, counted, duration

STAGES = {
    JobStage.WAITING: "Waiting",
    JobStage.READING: "Reading",
    JobStage.EMBEDDING: "Embedding",
    JobStage.INDEXING: "Indexing",
    JobStage.DONE: "Done",
    JobStage.FAILED: "Failed",
    JobStage.CANCELLED: "Stopped",
}


def progress_line(progress: Progress | None, model_state: str) -> str:
    """What is happening now, in the words of the status line."""
    match progress:
        case Progress("searching", count):
            return f"Searching {counted(count, 'document')}"
        case Progress("gathering", count, of):
            return f"Looking through {count:,} of {counted(of, 'document')}"
        case Progress("computing"):
            return "Computing on the rows"
        case Progress("reading", count, of) if of:
            return f"Reading {count:,} of {counted(of, 'passage')}"
        case Progress("reading", count):
            return f"Reading {counted(count, 'passage')}"
        case Progress("opening"):
            return STEPS["opening"]
        case Progress("condensing"):
            return STEPS["condensing"]
        case Progress("writing"):
            return "Writing"
        case Progress("checking"):
            return "Checking every sentence"
        case Progress("loading") if model_state != "ready":
            return model_state[:1].upper() + model_state[1:] if model_state else "Loading the models"
    return "Reading the question"


def job_line(job: JobInfo) -> str:
    """ "Reading 12 of 40 pages · 31 pages/s · 2 s left"."""
    unit = "page" if job.stage is JobStage.READING else "passage"
    parts = [STAGES[job.stage]]
    if job.total:
        parts[0] += f" {job.done:,} of {counted(job.total, unit)}"
    if job.pace:
        parts.append(job.pace)
    if job.seconds_left:
        parts.append(f"{duration(job.seconds_left)} left")
    return " · ".join(parts)


def job_share(job: JobInfo) -> float:
    """How much of a file is done, 0 to 1; embedding takes most of the time."""
    bounds = {
        JobStage.WAITING: (0.0, 0.0),
        JobStage.READING: (0.02, 0.25),
        JobStage.EMBEDDING: (0.25, 0.95),
        JobStage.INDEXING: (0.95, 1.0),
    }
    low, high = bounds.get(job.stage, (1.0, 1.0))
    return low + (high - low) * (min(1.0, job.done / job.total) if job.total else 0.0)

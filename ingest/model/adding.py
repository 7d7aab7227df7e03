"""A file on its way in: what is asked, how far it is, what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be added: bytes on disk at `path`, or on the web at that address; known in the library as `key`.

    `place` says where it came from (an absolute path, an address, "upload"): a key already held from another
    place is not replaced unless `replace` is True; False keeps both under a new key.
    `temporary` files are moved into the originals instead of copied. `moved_from` are keys of files that are gone
    from where they were: where the content is that of one, it is the same file under a new key.
    """

    path: str
    key: str
    place: str
    replace: bool | None = None
    password: str | None = field(default=None, repr=False)
    keep_password: bool = False
    temporary: bool = False
    moved_from: tuple[str, ...] = ()


class AddState(StrEnum):
    ADDED = "added"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"
    DUPLICATE = "duplicate"
    MOVED = "moved"  # the same file under a new key, with all that was decided about it
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AddResult:
    """One file's end. `document` is the origin's key; `message` says why when it failed."""

    document: str
    state: AddState
    pages: int = 0
    chunks: int = 0
    message: str = ""
    needs_password: bool = False
    taken: bool = False  # the key is held from another place: ask "replace or keep both"


class JobStage(StrEnum):
    WAITING = "waiting"
    READING = "reading"
    EMBEDDING = "embedding"
    INDEXING = "indexing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = (JobStage.DONE, JobStage.FAILED, JobStage.CANCELLED)  # stages a job does not leave by itself
UNFINISHED = tuple(stage for stage in JobStage if stage not in ENDED)


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A file in the queue. `done` of `total` counts pages while reading, chunks while embedding."""

    id: int
    library: str
    key: str
    stage: JobStage
    done: int
    total: int
    rate_per_second: float  # pages or chunks a second in this stage, 0 when unknown
    seconds_left: float | None
    result: AddResult | None
    added_at: float

    @property
    def pace(self) -> str:
        """ "31 pages/s", "12 pages/min", "" when it is not known."""
        unit = "pages" if self.stage is JobStage.READING else "passages"
        if self.rate_per_second <= 0:
            return ""
        if self.rate_per_second >= 1.5:
            return f"{self.rate_per_second:.0f} {unit}/s"
        return f"{60 * self.rate_per_second:.0f} {unit}/min"


OnProgress = Callable[[int, int], None]  # (done, total)

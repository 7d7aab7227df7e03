"""Files whose pages wait to be recognised: those with fewer such pages first."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from itertools import count

from ingest.catalog import JobRow
from ingest.model.pages import FileText

Scan = tuple[JobRow, FileText]

REST_SECONDS = 20.0  # without anything to recognise, after which its process is let go: it holds 300 MiB


class Scans:
    """What waits for the scans lane, and what is in it. Safe for threads."""

    def __init__(self) -> None:
        self._waiting: list[
            tuple[int, int, Scan]
        ] = []  # a heap by (what is to be recognised, order of coming)
        self._order = count()
        self._jobs: dict[int, JobRow] = {}
        self._changed = threading.Condition()
        self._closed = False

    def put(self, job: JobRow, text: FileText) -> None:
        with self._changed:
            self._jobs[job.id] = job
            heapq.heappush(self._waiting, (text.for_ocr, next(self._order), (job, text)))
            self._changed.notify_all()

    def take(self, rest: Callable[[], None] = lambda: None) -> Scan | None:
        """The next one; waits for it, and calls `rest` once when that takes REST_SECONDS. None when closed."""
        with self._changed:
            while not self._waiting and not self._closed:
                if not self._changed.wait(timeout=REST_SECONDS):
                    rest()
                    self._changed.wait_for(lambda: self._waiting or self._closed)
            return None if self._closed else heapq.heappop(self._waiting)[2]

    def take_smaller(self, pages: int) -> Scan | None:
        """One with fewer than `pages` pages to recognise, if there is any."""
        with self._changed:
            if self._closed or not self._waiting or self._waiting[0][0] >= pages:
                return None
            return heapq.heappop(self._waiting)[2]

    def ended(self, job: JobRow) -> None:
        with self._changed:
            self._jobs.pop(job.id, None)

    def older_than(self, job: JobRow) -> list[int]:
        """Ids of other jobs here that are of the same file."""
        with self._changed:
            return [
                other.id
                for other in self._jobs.values()
                if (other.library_id, other.key, other.place) == (job.library_id, job.key, job.place)
                and other.id != job.id
            ]

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

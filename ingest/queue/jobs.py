"""The durable queue: files stored and not yet taken in. It survives a restart.

Stages are kept in the catalog; counts and rates of the running ones in memory, for people.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from ingest.catalog import Catalog, JobRow
from ingest.errors import Cancelled
from ingest.model.adding import ENDED, AddResult, AddState, JobInfo, JobStage

STOPPED = "Stopped before it was complete; nothing of this file was kept."


@dataclass(frozen=True, slots=True)
class _Count:
    """How far a stage is: `done` of `total` since `since` (monotonic seconds)."""

    stage: JobStage
    done: int
    total: int
    since: float


class JobQueue:
    """Jobs of all libraries. Safe for threads; `changed` is notified at every step."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._counts: dict[int, _Count] = {}
        self._cancelled: set[int] = set()
        self.changed = threading.Condition()

    def add(
        self,
        library_id: int,
        key: str,
        place: str,
        content_hash: str,
        mtime_ns: int,
        size_bytes: int,
        *,
        replace_key: bool | None = None,
        password: str | None = None,
        keep_password: bool = False,
        result: AddResult | None = None,
        choice: str = "",
    ) -> int:
        """A new job, waiting; with `result` it has ended already. Returns its id."""
        stage = JobStage.WAITING
        if result:
            stage = JobStage.FAILED if result.state is AddState.FAILED else JobStage.DONE
        with self._catalog.transaction() as db:
            cursor = db.execute(
                "INSERT INTO jobs(library_id, key, place, content_hash, mtime_ns, size_bytes, "
                "replace_key, password, keep_password, stage, result, added_at, choice) "
                "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (library_id, key, place, content_hash, mtime_ns, size_bytes, replace_key, password,
                 keep_password, stage, result_to_json(result), time.time(), choice),
            )  # fmt: skip
            assert cursor.lastrowid is not None
            job_id = cursor.lastrowid
        self.tell()
        return job_id

    def rows(
        self,
        library_id: int | None = None,
        stages: Sequence[str] = (),
        ids: Sequence[int] = (),
        limit: int = -1,
    ) -> list[JobRow]:
        """Jobs by id, all of them where a filter is empty; -1 is no limit."""
        rows = self._catalog.read(
            "SELECT id, library_id, key, place, content_hash, mtime_ns, size_bytes, replace_key, "
            "password, keep_password, stage, document_id, result, added_at, choice FROM jobs "
            "WHERE (?1 IS NULL OR library_id = ?1) "
            "AND (?2 = '[]' OR stage IN (SELECT value FROM json_each(?2))) "
            "AND (?3 = '[]' OR id IN (SELECT value FROM json_each(?3))) ORDER BY id LIMIT ?4",
            (library_id, json.dumps(list(stages)), json.dumps(list(ids)), limit),
        )
        found: list[JobRow] = []
        for row in rows:
            values = list(row)
            values[7] = None if row[7] is None else bool(row[7])
            values[9] = bool(row[9])
            found.append(JobRow(*values))
        return found

    def infos(self, library: str, library_id: int | None = None, ids: Sequence[int] = ()) -> list[JobInfo]:
        return [self._info(library, row) for row in self.rows(library_id, ids=ids)]

    def _info(self, library: str, row: JobRow) -> JobInfo:
        stage = JobStage(row.stage)
        count = self._counts.get(row.id)
        done = total = 0
        rate, left = 0.0, None
        if count and count.stage is stage:
            done, total = count.done, count.total
            elapsed = time.monotonic() - count.since
            if done and elapsed > 0.2:
                rate = done / elapsed
                left = max(0.0, (total - done) / rate)
        return JobInfo(
            row.id, library, row.key, stage, done, total, rate, left,
            result_from_json(row.result), row.added_at,
        )  # fmt: skip

    # ------------------------------------------------------------------ paused, for all libraries

    @property
    def paused(self) -> bool:
        return bool(self._catalog.read("SELECT paused FROM queue")[0][0])

    def pause(self, paused: bool) -> None:
        """Begin nothing new until it is resumed, also after a restart; the step at hand ends first."""
        with self._catalog.transaction() as db:
            db.execute("UPDATE queue SET paused = ?", (paused,))
        self.tell()

    def hold(self, job_id: int, closing: threading.Event) -> None:
        """Wait while the queue is paused. Raises Cancelled when the person has stopped this job."""
        while self.paused and not closing.is_set():
            self.check(job_id)
            with self.changed:
                self.changed.wait(timeout=0.5)

    # ------------------------------------------------------------------ steps of a running job

    def step(self, job_id: int, stage: JobStage) -> None:
        """Enter a stage. Raises Cancelled when the person has stopped this job, also since it was looked up."""
        self.check(job_id)
        with self._catalog.transaction() as db:
            entered = db.execute(
                "UPDATE jobs SET stage = ? WHERE id = ? AND stage NOT IN (SELECT value FROM json_each(?))",
                (stage, job_id, json.dumps(ENDED)),
            )
        if not entered.rowcount:
            raise Cancelled(STOPPED)
        self._counts[job_id] = _Count(stage, 0, 0, time.monotonic())
        self.tell()

    def count(self, job_id: int, done: int, total: int) -> None:
        """Progress within the stage. Raises Cancelled when the person has stopped this job."""
        self.check(job_id)
        before = self._counts.get(job_id)
        if before:
            self._counts[job_id] = replace(before, done=done, total=total)
            self.tell()

    def check(self, job_id: int) -> None:
        if job_id in self._cancelled:
            raise Cancelled(STOPPED)

    def end(self, job_id: int, result: AddResult, stage: JobStage | None = None) -> None:
        """The job's end: done or failed as `result` says, unless `stage` says cancelled."""
        if stage is None:
            stage = JobStage.FAILED if result.state is AddState.FAILED else JobStage.DONE
        with self._catalog.transaction() as db:
            db.execute(
                "UPDATE jobs SET stage = ?, result = ?, "
                "password = CASE WHEN ? = 'failed' THEN password END WHERE id = ?",
                (stage, result_to_json(result), stage, job_id),
            )
        self._counts.pop(job_id, None)
        self._cancelled.discard(job_id)
        self.tell()

    # ------------------------------------------------------------------ what people ask of it

    def retry(self, job_id: int, password: str | None, keep_password: bool, replace_key: bool | None) -> None:
        self._cancelled.discard(job_id)  # stopped in the moment of its end
        with self._catalog.transaction() as db:
            db.execute(
                "UPDATE jobs SET stage = 'waiting', result = NULL, password = coalesce(?, password), "
                "keep_password = ?, replace_key = coalesce(?, replace_key) "
                "WHERE id = ? AND stage IN ('failed', 'cancelled')",
                (password, keep_password, replace_key, job_id),
            )
        self.tell()

    def requeue(self, job_id: int) -> None:
        """Back to waiting: it was interrupted before its first commit."""
        with self._catalog.transaction() as db:
            db.execute("UPDATE jobs SET stage = 'waiting' WHERE id = ?", (job_id,))
        self.tell()

    def cancel(self, job_ids: Sequence[int]) -> None:
        """Waiting ones end at once, running ones at their next step."""
        for row in self.rows(ids=list(job_ids) or [-1]):
            stopped = AddResult(row.key, AddState.FAILED, message="Stopped.")
            with self._catalog.transaction() as db:  # a lane may be about to begin it: one of the two wins
                ended = db.execute(
                    "UPDATE jobs SET stage = 'cancelled', result = ?, password = NULL "
                    "WHERE id = ? AND stage = 'waiting'",
                    (result_to_json(stopped), row.id),
                )
            if not ended.rowcount and row.stage not in ENDED:
                self._cancelled.add(row.id)
        self.tell()

    def forget(self, job_ids: Sequence[int]) -> list[str]:
        """Forget ended jobs; returns content hashes to throw away."""
        with self._catalog.transaction() as db:
            rows = db.execute(
                "DELETE FROM jobs WHERE id IN (SELECT value FROM json_each(?)) "
                "AND stage IN ('done', 'failed', 'cancelled') RETURNING content_hash",
                (json.dumps(list(job_ids)),),
            ).fetchall()
            hashes = {row[0] for row in rows if row[0]}
            unused = [each for each in hashes if not self._catalog.documents.hash_in_use(each, db)]
        self.tell()
        return unused

    def tell(self) -> None:
        """Wake whoever waits for a change."""
        with self.changed:
            self.changed.notify_all()


def result_to_json(result: AddResult | None) -> str | None:
    return json.dumps(asdict(result), ensure_ascii=False) if result else None


def result_from_json(text: str | None) -> AddResult | None:
    if text is None:
        return None
    raw = json.loads(text)
    return AddResult(**{**raw, "state": AddState(raw["state"])})

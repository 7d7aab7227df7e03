"""The whole of ingest on one screen: how a stored file becomes part of a library.

    words lane     waiting ─read→ pages ─chunk→ chunks ─commit→ searchable by words
    scans lane     pages that are pictures, or have some ─recognise→ pages, then as in the words lane
    vectors lane   chunks ─embed→ vectors ─commit→ complete

Three lanes, three threads: every waiting file is read before the first one is complete, so answers can
be had from its words within seconds, and a scan that takes an hour holds up nothing but other scans.
The work itself is done in child processes (sandbox, worker).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np

from ingest.catalog import Catalog, DocumentRow, JobRow, OriginRow
from ingest.errors import Cancelled, FootnoteError, NeedsPassword
from ingest.home.originals import Originals
from ingest.indexes.outbox import Outbox
from ingest.model.adding import AddResult, AddState, JobStage
from ingest.model.chunks import StoredChunk
from ingest.model.documents import DocumentState
from ingest.model.pages import FileText
from ingest.processes.sandbox import SandboxPool
from ingest.processes.worker import Worker
from ingest.protocols import Vectors
from ingest.queue.jobs import JobQueue, result_from_json, result_to_json
from ingest.queue.keys import UPLOAD, KeyTaken, free_key
from ingest.queue.recognition import with_recognised
from ingest.queue.remarks import with_remarks
from ingest.queue.scans import Scans
from ingest.recipe import choice_from_json, recipe_of
from ingest.settings import Settings
from ingest.shelf.alike import Comparing
from ingest.shelf.amending import lost_in_words

log = logging.getLogger("footnote.ingest")

EMBED_BLOCK = 96  # chunks; short enough that a question waits for one block at most
GROUP_JOBS = 64  # files that a lane looks at together
WORDS_DUE_SECONDS = 0.5  # words wait this long for those of the next files: a commit each is dear
YIELD_SECONDS = 5.0  # longest wait of a block for questions, so that ingest never starves
INTERNAL_FAULT = "This file met a fault of Footnote itself. The log names it; the other files went on."


@dataclass(frozen=True)
class Embedding:
    """A job whose words are in, its result, and the chunks whose vectors are `missing` (document id)."""

    job: JobRow
    result: AddResult
    missing: int = 0
    chunks: tuple[StoredChunk, ...] = ()


@dataclass(frozen=True)
class Parts:
    """What the lanes work with."""

    settings: Settings
    catalog: Catalog
    queue: JobQueue
    outbox: Outbox
    originals: Originals
    sandbox: SandboxPool
    passwords: dict[int, str]  # document id → password, for this process only
    comparing: Comparing
    embedder: Callable[[], str]  # identity of the one in use

    def settings_of(self, job: JobRow) -> Settings:
        """The settings a file is read under."""
        return choice_from_json(job.choice).over(self.settings)

    def recipe(self, job: JobRow) -> str:
        return recipe_of(self.settings_of(job), self.embedder())


class Pipeline:
    """The two lanes over the queue; they start with the first job and end with `close`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._chunker = Worker(parts.settings)
        self._embedder = Worker(parts.settings)
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._starting = threading.Lock()
        self._catching_up = threading.Thread(target=self._catch_up, name="ingest-alike", daemon=True)
        self._scans = Scans()
        self._questions = 0
        self._quiet = threading.Condition()

    # ------------------------------------------------------------------ one file, step by step

    def take_in_words(self, job: JobRow) -> None:
        """Read, chunk, commit: its words are posted when it returns, unless there is nothing to do.

        A file with pages that are pictures is handed to the scans lane.
        """
        self._overtake_scans(job)
        if self._is_here(job):
            return
        self._key_for(job)  # a question to the person comes before the work
        text = self._read(job)
        if text.for_ocr and self._parts.settings_of(job).ocr:
            self._parts.queue.step(job.id, JobStage.READING)  # its count begins anew, with the scan
            self._scans.put(job, text)
        else:
            self._commit_words(job, self._recognised(job, text))

    def take_in_scan(self, job: JobRow, text: FileText) -> None:
        """Recognise the pages that are pictures, then go on as with any file."""
        self._parts.queue.hold(job.id, self._closing)
        self._parts.queue.step(job.id, JobStage.READING)
        if not self._is_here(job):  # else another job has read the same meanwhile
            self._commit_words(job, self._recognised(job, text))
        self._parts.outbox.drain("words")

    def _overtake_scans(self, job: JobRow) -> None:
        """Stop older versions of the same file that are still being recognised: this one is to stay."""
        older = self._scans.older_than(job)
        if older and job.place != UPLOAD:
            self._parts.queue.cancel(older)

    def _is_here(self, job: JobRow) -> bool:
        """Whether the content is in the library already; then the job's origin points at it."""
        p = self._parts
        origin, serving = self._serving(job.library_id, job.key)
        same = p.catalog.documents.by_content(job.library_id, job.content_hash, p.recipe(job))
        if same is None:
            return False
        if origin and serving and serving.content_hash == job.content_hash and same == serving:
            p.catalog.changes.touch_origin(origin.id, job.mtime_ns, job.size_bytes)
            result = _result(job.key, AddState.UNCHANGED, serving)
            p.originals.discard(p.catalog.changes.attach(job, job.key, serving, result))
            return True
        key, state = self._key_for(job)
        state = AddState.DUPLICATE if state is AddState.ADDED else state
        p.originals.discard(p.catalog.changes.attach(job, key, same, _result(key, state, same)))
        return True

    def _commit_words(self, job: JobRow, text: FileText) -> None:
        p = self._parts
        key, state = self._key_for(job)
        text = with_remarks(text, p.settings_of(job), bool(job.password) and not job.keep_password)
        title = text.title or PurePosixPath(key).name
        chunks = self._chunker.chunk(text.pages, p.settings_of(job).chunk_tokens)
        p.queue.check(job.id)
        added = AddResult(key, state, pages=len(text.pages), chunks=len(chunks))
        with p.catalog.transaction():  # what a person changed by hand in the version before goes along
            _, serving = self._serving(job.library_id, key)
            carried = p.catalog.amendments.carried(serving.id if serving else 0, chunks)
            if lost := lost_in_words(carried.lost, text):
                text = replace(text, receipt=replace(text.receipt, warnings=(*text.receipt.warnings, lost)))
            added = replace(added, message=_summary(text))
            document_id = p.catalog.changes.add_words(
                job, key, p.recipe(job), text, title, chunks, result_to_json(added) or ""
            )
            p.catalog.amendments.carry(carried, document_id)
        if job.password:
            p.passwords[document_id] = job.password

    def take_in_vectors(self, group: Sequence[Embedding]) -> list[Embedding]:
        """Embed and commit what the group's documents still lack; returns those that are complete now.

        Small files share their blocks and one round of indexing; a large one is a group of its own.
        """
        p = self._parts
        chunks = [chunk for each in group for chunk in each.chunks]
        vectors = []
        for begin in range(0, len(chunks), EMBED_BLOCK):
            p.queue.hold(group[0].job.id, self._closing)
            self._let_questions_pass()
            block = chunks[begin : begin + EMBED_BLOCK]
            vectors.append(self._embedder.embed([(c.context, c.text) for c in block]))
            if len(group) == 1:
                p.queue.count(group[0].job.id, begin + len(block), len(chunks))
        matrix = np.concatenate(vectors) if vectors else np.zeros((0, 0), np.float32)
        kept: list[Embedding] = []
        for each in group:
            own, matrix = matrix[: len(each.chunks)], matrix[len(each.chunks) :]
            with self._failing([each.job]):
                p.queue.step(each.job.id, JobStage.INDEXING)
                if each.missing:
                    p.catalog.changes.add_vectors(each.missing, [chunk.id for chunk in each.chunks], own)
                kept.append(each)
        p.outbox.drain()
        return kept

    def _to_embed(self, job: JobRow) -> Embedding:
        """What a job's document lacks. Raises Cancelled when there is no such document any more."""
        p = self._parts
        p.queue.step(job.id, JobStage.EMBEDDING)
        result = result_from_json(job.result)
        document = p.catalog.documents.by_id(job.document_id or 0)
        if document is None or result is None:
            raise Cancelled("Replaced or removed before it was complete.")
        if document.state is DocumentState.COMPLETE:
            return Embedding(job, result)
        return Embedding(job, result, document.id, tuple(p.catalog.passages.of_document(document.id)))

    def _read(self, job: JobRow) -> FileText:
        p = self._parts
        return p.sandbox.read(
            p.originals.path(job.content_hash),
            job.key,
            job.password,
            lambda done, total: p.queue.count(job.id, done, total),
        )

    def _recognised(self, job: JobRow, text: FileText) -> FileText:
        p = self._parts

        def page_done(done: int, total: int) -> None:
            p.queue.count(job.id, done, total)
            p.queue.hold(job.id, self._closing)
            self._let_questions_pass()
            while scan := self._scans.take_smaller(total - done):  # a long scan lets short ones pass
                self._scan(*scan)

        path = p.originals.path(job.content_hash)
        return with_recognised(text, path, p.sandbox, p.settings_of(job), job.password, page_done)

    def _key_for(self, job: JobRow) -> tuple[str, AddState]:
        """The key to store under, and what that is. Raises KeyTaken when the person must choose first."""
        origin, serving = self._serving(job.library_id, job.key)
        if origin is None or serving is None or job.replace:
            return job.key, AddState.REPLACED if origin else AddState.ADDED
        if job.replace is False:
            return free_key(
                job.key, self._parts.catalog.documents.origin_keys(job.library_id)
            ), AddState.ADDED
        same_place = origin.place == job.place and job.place != UPLOAD
        if same_place or serving.content_hash == job.content_hash:  # … read anew under other settings
            return job.key, AddState.REPLACED
        raise KeyTaken(
            f"“{job.key}” is already in this library with other content. Choose: replace it, or keep both."
        )

    def _serving(self, library_id: int, key: str) -> tuple[OriginRow | None, DocumentRow | None]:
        """An origin, and the document that it answers from."""
        documents = self._parts.catalog.documents
        origin = documents.origin(library_id, key)
        return origin, documents.by_id(origin.document_id) if origin and origin.document_id else None

    # ------------------------------------------------------------------ one passage

    def embedded(self, context: str, text: str) -> Vectors:
        """The vector of one passage, shape (dimensions,); it waits for the block at hand."""
        vector: Vectors = self._embedder.embed([(context, text)])[0]
        return vector

    # ------------------------------------------------------------------ the lanes

    def wake(self) -> None:
        """Start the lanes if they are not running; they find the work in the queue."""
        with self._starting:
            if self._threads or self._closing.is_set():
                return
            lanes = (
                ("words", self._words_lane),
                ("scans", self._scans_lane),
                ("vectors", self._vectors_lane),
            )
            for name, lane in lanes:
                thread = threading.Thread(target=lane, name=f"ingest-{name}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def recover(self) -> None:
        """After a restart: index work is finished, interrupted jobs go on where they were."""
        p = self._parts
        p.originals.sweep()
        p.outbox.drain()
        p.originals.discard(
            p.originals.hashes() - p.catalog.documents.hashes()
        )  # a removal's last step was missing
        for job in p.queue.rows(stages=[JobStage.READING]):
            p.queue.requeue(job.id)
        if p.queue.rows(stages=[JobStage.WAITING, JobStage.EMBEDDING, JobStage.INDEXING]):
            self.wake()
        if p.comparing.waiting(1):  # of an older Footnote, or interrupted
            self._catching_up.start()

    def _catch_up(self) -> None:
        def goes_on() -> bool:
            self._let_questions_pass()
            return not self._closing.is_set()

        with self._failing([]):
            self._parts.comparing.catch_up(goes_on)

    def _words_lane(self) -> None:
        self._work((JobStage.WAITING,), self._words_turn)

    def _scans_lane(self) -> None:
        while scan := self._scans.take(self._parts.sandbox.rest):
            self._scan(*scan)

    def _scan(self, job: JobRow, text: FileText) -> None:
        with self._failing([job]):
            self.take_in_scan(job, text)
        self._scans.ended(job)
        self._parts.queue.tell()

    def _vectors_lane(self) -> None:
        self._work((JobStage.EMBEDDING, JobStage.INDEXING), self._vectors_turn)

    def _work(self, stages: tuple[JobStage, ...], turn: Callable[[list[JobRow]], None]) -> None:
        queue = self._parts.queue
        while not self._closing.is_set():
            with queue.changed:
                jobs = [] if queue.paused else queue.rows(stages=stages, limit=GROUP_JOBS)
                if not jobs:
                    queue.changed.wait(timeout=1.0)
                    continue
            turn(jobs)

    def _words_turn(self, jobs: list[JobRow]) -> None:
        """The files at the head of the queue, until their words are due in the index."""
        due = time.monotonic() + WORDS_DUE_SECONDS
        for job in jobs:
            with self._failing([job]):
                self._parts.queue.step(job.id, JobStage.READING)
                self.take_in_words(job)
            self._parts.queue.tell()
            if time.monotonic() > due or self._closing.is_set() or self._parts.queue.paused:
                break
        with self._failing([]):
            self._parts.outbox.drain("words")

    def _vectors_turn(self, jobs: list[JobRow]) -> None:
        """The oldest job, with those behind it that fit into the same block."""
        group: list[Embedding] = []
        for job in jobs:
            with self._failing([job]):
                each = self._to_embed(job)
                if group and sum(len(e.chunks) for e in group) + len(each.chunks) > EMBED_BLOCK:
                    break
                group.append(each)
        with self._failing([each.job for each in group]):
            for each in self.take_in_vectors(group):
                with self._failing([]):
                    if each.missing:
                        self._parts.comparing.take_in(each.missing)
                self._parts.queue.end(each.job.id, each.result)

    @contextmanager
    def _failing(self, jobs: Sequence[JobRow]) -> Iterator[None]:
        """Whatever is raised inside ends these jobs, not the lane."""
        try:
            yield
        except Exception as error:
            if not jobs and not self._closing.is_set():
                log.exception("index work failed; it is tried again with the next file", exc_info=error)
            for job in jobs:
                self._fail(job, error)

    def _fail(self, job: JobRow, error: Exception) -> None:
        """A job's bad end: what it has written is undone, the person is told why."""
        if self._closing.is_set():
            return  # the children were ended; the job goes on after the next start
        p = self._parts
        if not isinstance(error, FootnoteError):
            log.exception("job %s (%s) failed", job.id, job.key, exc_info=error)
        message = str(error) if isinstance(error, FootnoteError) else INTERNAL_FAULT
        result = AddResult(
            job.key,
            AddState.FAILED,
            message=message,
            needs_password=isinstance(error, NeedsPassword),
            taken=isinstance(error, KeyTaken),
        )
        for row in p.queue.rows(ids=[job.id]):
            if row.document_id is not None:
                p.originals.discard(p.catalog.changes.abandon(row.library_id, row.key, row.document_id))
                p.outbox.drain()
        p.queue.end(job.id, result, JobStage.CANCELLED if isinstance(error, Cancelled) else None)

    # ------------------------------------------------------------------ questions go first

    def question_begins(self) -> None:
        with self._quiet:
            self._questions += 1

    def question_ends(self) -> None:
        with self._quiet:
            self._questions -= 1
            self._quiet.notify_all()

    def _let_questions_pass(self) -> None:
        deadline = time.monotonic() + YIELD_SECONDS
        with self._quiet:
            while self._questions and time.monotonic() < deadline and not self._closing.is_set():
                self._quiet.wait(timeout=0.2)

    def close(self) -> None:
        """Stop after the step at hand; unfinished jobs stay in the queue."""
        self._closing.set()
        self._scans.close()
        for part in (self._chunker, self._embedder, self._parts.sandbox):
            part.close()
        with self._parts.queue.changed:
            self._parts.queue.changed.notify_all()
        for thread in (*self._threads, self._catching_up):
            if thread.is_alive():
                thread.join(timeout=30)


def _result(key: str, state: AddState, document: DocumentRow) -> str:
    result = AddResult(key, state, pages=document.pages, chunks=document.chunks)
    if state is AddState.DUPLICATE:
        result = replace(result, message="The same content is in this library under another name, too.")
    return result_to_json(result) or ""


def _summary(text: FileText) -> str:
    """The receipt in one line, where there is something to say."""
    return "; ".join(part for part in (text.receipt.message, *text.receipt.warnings) if part)

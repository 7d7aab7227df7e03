"""The way into a library's queue: what needs no work is seen at once, the rest is fetched and stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from ingest.errors import FootnoteError, Unreadable
from ingest.home.originals import CHANGED
from ingest.model.adding import ENDED, AddResult, AddState, JobInfo, Source
from ingest.model.documents import DocumentState
from ingest.queue.keys import UPLOAD, clean_key
from ingest.queue.moved import take_along
from ingest.queue.unchanged import unchanged
from ingest.recipe import choice_from_json, recipe_of
from ingest.web.addresses import is_address
from ingest.web.fetch import Validators, Web, permitted
from ingest.web.pages import PageRow, PagesTable, as_file

if TYPE_CHECKING:
    from ingest.home.opening import LocalHome


class Intake:
    """Files and web pages into the queue of one library, in the process that owns the home folder."""

    def __init__(self, home: LocalHome, library_id: int, name: str) -> None:
        self._home = home
        self._id = library_id
        self._name = name
        self.pages = PagesTable(home.catalog)

    def enqueue(self, sources: Iterable[Source]) -> list[int]:
        given = list(sources)
        if any(is_address(source.path) for source in given):
            permitted(self._home.settings)
        here = self._unchanged(given)
        ids: dict[int, int] = {}
        with self._home.catalog.transaction():
            for position, result in here.items():
                ids[position] = self._ended_at_once(given[position], result)
        for position, source in enumerate(given):
            if position not in here:
                ids[position] = self._enqueue(source)
        self._home.pipeline.wake()
        return [ids[position] for position in range(len(given))]

    def _unchanged(self, sources: Sequence[Source]) -> dict[int, AddResult]:
        """The ends of those that are here as they were, by position: same place, same time, same size; and of
        those that have only moved."""
        catalog = self._home.catalog
        before = take_along(catalog, self._home.queue, self._id, sources)
        if before:
            self._home.outbox.drain("words")
        here = unchanged(catalog, self._id, self._recipe, sources)
        for position in before.keys() & here.keys():
            told = f"It was {before[position]}; tags, corrections and all else stay with it."
            here[position] = replace(here[position], state=AddState.MOVED, message=told)
        return here

    def _recipe(self, choice: str) -> str:
        """How a file with this choice is read now."""
        return recipe_of(choice_from_json(choice).over(self._home.settings), self._home.embedder)

    def _ended_at_once(self, source: Source, result: AddResult) -> int:
        """A job that has ended already."""
        return self._home.queue.add(self._id, result.document, source.place, "", 0, 0, result=result)

    def _enqueue(self, source: Source) -> int:
        """Store the file and queue it; what cannot be had ends at once."""
        try:
            if is_address(source.path):
                with Web(self._home.settings) as web:
                    return self.enqueue_page(web, source)
            with self._home.originals.kept():  # until the job names it
                return self._store_and_queue(source)[0]
        except (FootnoteError, OSError) as error:
            message = str(error)
            if isinstance(error, OSError):
                message = f"This file cannot be read ({error.strerror}). Check that it is still there."
            failed = AddResult(clean_key(source.key), AddState.FAILED, message=message)
            return self._ended_at_once(source, failed)

    def _store_and_queue(self, source: Source) -> tuple[int, str]:
        """(job, content hash) of a file. Raises FootnoteError or OSError; then nothing is kept."""
        path = Path(source.path)
        stat = path.stat()
        if not S_ISREG(stat.st_mode):
            raise Unreadable("This is not a file. Name a file or a folder.")
        self._size_within_limit(stat.st_size)
        content_hash = self._home.originals.put(path, stat.st_size, move=source.temporary)
        if not source.temporary and (path.stat().st_mtime_ns, path.stat().st_size) != (
            stat.st_mtime_ns,
            stat.st_size,
        ):
            self._home.originals.discard([content_hash])
            raise Unreadable(CHANGED)
        origin = self._home.catalog.documents.origin(self._id, clean_key(source.key))
        mtime = 0 if source.place == UPLOAD or is_address(source.place) else stat.st_mtime_ns
        job_id = self._home.queue.add(
            self._id, clean_key(source.key), source.place, content_hash, mtime, stat.st_size,
            replace_key=source.replace, password=source.password, keep_password=source.keep_password,
            choice=origin.choice if origin and source.replace is not False else "",
        )  # fmt: skip
        return job_id, content_hash

    def enqueue_page(
        self, web: Web, source: Source, followed_id: int | None = None, listed_change: str = ""
    ) -> int:
        """Fetch the page at the address `source.path` and queue it; one that has not changed ends at once.

        `followed_id` and `listed_change` are of the site that lists it. Raises FootnoteError.
        """
        held = self._held_page(source)
        page = PageRow(source.path, "", "", Validators(), followed_id, listed_change)
        found = web.fetch(source.path, self._home.settings.home / "uploads", held and held[0].validators)
        if found is None and held is not None:
            self.pages.keep(self._id, replace(held[0], followed_id=followed_id, listed_change=listed_change))
            return self._ended_at_once(source, held[1])
        assert found is not None
        try:
            with self._home.originals.kept():
                file = as_file(source, found)
                job_id, content_hash = self._store_and_queue(file)
                page = replace(
                    page, key=clean_key(file.key), content_hash=content_hash, validators=found.validators
                )
                self.pages.keep(self._id, page)
        finally:
            found.path.unlink(missing_ok=True)
        self._home.pipeline.wake()
        return job_id

    def _held_page(self, source: Source) -> tuple[PageRow, AddResult] | None:
        """What is known of an address whose page is here, whole, as it was fetched; else None."""
        for page in self.pages.rows(self._id, source.path):
            origin = self._home.catalog.documents.origin(self._id, page.key)
            if origin is None or origin.place != source.place or origin.pending_id or not origin.document_id:
                return None
            document = self._home.catalog.documents.by_id(origin.document_id)
            whole = document is not None and document.state is DocumentState.COMPLETE
            if document is None or not whole or document.recipe != self._recipe(origin.choice):
                return None
            if document.content_hash == page.content_hash:
                return page, AddResult(page.key, AddState.UNCHANGED, document.pages, document.chunks)
        return None

    def _size_within_limit(self, size_bytes: int) -> None:
        limit = self._home.settings.max_file_mib
        if size_bytes > limit * 2**20:
            raise Unreadable(
                f"This file has {size_bytes / 2**20:,.0f} MB, more than the {limit} MB allowed. Split it, "
                "or raise FOOTNOTE_MAX_FILE_MIB."
            )

    def add(
        self, sources: Iterable[Source], on_progress: Callable[[JobInfo], None] | None = None
    ) -> Iterator[AddResult]:
        given = list(sources)
        here = self._unchanged(given)
        jobs = iter(self.enqueue([source for position, source in enumerate(given) if position not in here]))
        for position in range(len(given)):
            yield here[position] if position in here else self.end_of(next(jobs), on_progress)

    def end_of(self, job_id: int, on_progress: Callable[[JobInfo], None] | None = None) -> AddResult:
        """Wait for a job's end, and dismiss it; `on_progress` is called once a second at least."""
        queue = self._home.queue
        while True:
            with queue.changed:
                (info,) = queue.infos(self._name, ids=[job_id])
                if info.stage not in ENDED:
                    queue.changed.wait(timeout=1.0)
            if on_progress:
                on_progress(info)
            if info.stage in ENDED:
                break
        assert info.result is not None
        self._home.originals.discard(queue.forget([job_id]))
        return info.result

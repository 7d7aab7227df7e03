"""What `add` and `watch` share: files into a library with progress, stopped cleanly, told in words."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import replace
from getpass import getpass

from ingest.commands import terminal
from ingest.commands.terminal import StatusLine, ask, counted
from ingest.errors import NotFound, Taken
from ingest.model.adding import ENDED, AddResult, AddState, JobInfo, JobStage, Source
from ingest.protocols import Home, Library

POLL_SECONDS = 0.2  # between looks at a job
STOP_SECONDS = 10.0  # for a step at hand to end after Ctrl-C


def library_for_adding(home: Home, name: str) -> Library:
    """The library, made when it is missing."""
    try:
        return home.library(name)
    except NotFound:
        with suppress(Taken):  # somebody else may have made it in this instant
            home.create(name)
        return home.library(name)


def add_all(
    library: Library, sources: Sequence[Source], quiet: bool, asks: bool = True
) -> Generator[AddResult, None, None]:
    """Each file's end, in order; asks for what is lacking when `asks` and somebody is there to answer.

    When the person stops it, files not yet complete are taken off the queue.
    """
    bar = AddProgress(len(sources), StatusLine(shown=not quiet))
    try:
        for source, result in zip(sources, library.add(sources, on_progress=bar.update), strict=True):
            bar.end()
            may_ask = asks and not quiet and terminal.interactive()
            again = what_is_lacking(source, result) if may_ask else None
            yield next(iter(library.add([again]))) if again else result
            bar.show()
    except (KeyboardInterrupt, GeneratorExit):
        stop(library, {source.key for source in sources})
        raise
    finally:
        bar.close()


def follow(library: Library, job_ids: Sequence[int], quiet: bool) -> Generator[AddResult, None, None]:
    """The end of each of these jobs, in order, with progress; when the person stops it, they are taken off."""
    bar = AddProgress(len(job_ids), StatusLine(shown=not quiet))
    left = list(job_ids)
    try:
        while left:
            info = next((job for job in library.jobs() if job.id == left[0]), None)
            if info is not None and info.stage not in ENDED:
                bar.update(info)
                time.sleep(POLL_SECONDS)
                continue
            job_id = left.pop(0)
            bar.end()
            if info is not None and info.result is not None:  # else it was dismissed on the page
                library.dismiss([job_id])
                yield info.result
    except (KeyboardInterrupt, GeneratorExit):
        library.cancel(left)
        raise
    finally:
        bar.close()


def stop(library: Library, keys: set[str]) -> None:
    """Take the unfinished files among `keys` off the queue, and wait for the one in work to let go."""
    mine = [job.id for job in library.jobs() if job.key in keys]
    library.cancel(mine)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if all(job.stage in ENDED for job in library.jobs() if job.id in mine):
            break
        time.sleep(0.1)
    library.dismiss(mine)


def what_is_lacking(source: Source, result: AddResult) -> Source | None:
    """The source with what the person adds (a password, replace or keep both); None to leave it."""
    if result.needs_password:
        password = getpass(f"Password of {terminal.plain(result.document)} (empty to skip): ")
        return replace(source, password=password) if password else None
    if result.taken:
        choice = ask(f"{result.document} is already there. Replace it, keep both, or skip? [r/k/s]")
        if choice[:1] in ("r", "k"):
            return replace(source, replace=choice.startswith("r"))
    return None


class AddProgress:
    """The bar of `add`: files ended, and the stage of the one that moves."""

    STAGES = {JobStage.READING: "pages", JobStage.EMBEDDING: "passages"}  # noqa: RUF012 (never changed)

    def __init__(self, files: int, line: StatusLine) -> None:
        self._files = files
        self._ended = 0
        self._line = line
        self._text = ""

    def update(self, job: JobInfo) -> None:
        if job.stage is JobStage.WAITING or job.stage in ENDED:
            return
        count = (
            f" {job.done}/{job.total} {self.STAGES[job.stage]}"
            if job.stage in self.STAGES and job.total
            else ""
        )
        rate = f", {job.pace}" if job.pace else ""
        left = f", {job.seconds_left:.0f} s left" if job.seconds_left else ""
        self._text = f"{job.stage} {job.key}{count}{rate}{left}"
        self.show()

    def end(self) -> None:
        """One more file has ended; the line makes room for what is said about it."""
        self._ended += 1
        self._line.clear()

    def show(self) -> None:
        filled = round(20 * self._ended / max(1, self._files))
        self._line.show(f"[{'█' * filled}{'·' * (20 - filled)}] {self._ended}/{self._files}  {self._text}")

    def close(self) -> None:
        self._line.clear()


def summary(result: AddResult) -> dict[str, object]:
    """A file's end as `add --json` prints it."""
    return {
        "document": result.document,
        "state": result.state.value,
        "pages": result.pages,
        "chunks": result.chunks,
        "message": result.message,
    }


def in_words(result: AddResult) -> str:
    counts = f"{counted(result.pages, 'page')}, {counted(result.chunks, 'passage')}"
    told = "" if result.state is AddState.FAILED else f"  ({counts})"
    return f"{result.state:<9}  {result.document}{told}{'  ' if result.message else ''}{result.message}"

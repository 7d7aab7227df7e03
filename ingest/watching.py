"""A folder and a library kept in step: added, changed, moved and deleted files follow.

The home folder is opened, or its app reached, only while there is something to do; so an app can be
started and ended beside a watch. Files are added before others are removed: one that has moved keeps
its document, and nothing is read or embedded anew.
"""

from __future__ import annotations

import os
import signal
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from types import FrameType

from ingest.adding import add_all, in_words, library_for_adding, summary
from ingest.errors import FootnoteError, WrongUsage
from ingest.gather import clean, gather
from ingest.model import AddResult, AddState, Source
from ingest.protocols import Library
from ingest.settings import DEFAULT_LIBRARY
from ingest.terminal import FAILED, counted, opened, say, say_json, tell

LOOK_SECONDS = 300.0  # between looks without a sign of change: some network drives give none
SETTLE_MS = 1_600  # changes this close together are one round
TICK_MS = 500
MANY = 5  # files that do not vanish all at once unless the folder itself has gone
RETRY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Watched:
    """A folder and which of its files count. Patterns are like those of a shell ("*.pdf", "drafts/*"),
    for a file's name, its path below the folder, or a folder on it; exclusion wins."""

    folder: str  # absolute
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    replace: bool | None = None  # as in `Source`

    def counts(self, path: str) -> bool:
        below = PurePosixPath(os.path.relpath(path, self.folder).replace(os.sep, "/"))
        if any(_like(below, pattern) for pattern in self.exclude):
            return False
        return not self.include or any(_like(below, pattern) for pattern in self.include)


def _like(path: PurePosixPath, pattern: str) -> bool:
    wanted = pattern.rstrip("/")
    return any(
        fnmatchcase(str(each), wanted) or fnmatchcase(each.name, wanted)
        for each in (path, *path.parents)
        if each.name
    )


@dataclass(slots=True)
class Round:
    """What is to be done to bring a library in step."""

    added: list[Source] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)  # keys


class Keeper:
    """Finds out what has changed in a folder since it last looked."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self._seen: dict[str, tuple[int, int]] | None = None  # place → (time of change in ns, bytes)

    def changed(self) -> bool:
        """Whether there is anything new on disk; nothing is asked of the library."""
        return self._seen is None or self._on_disk()[1] != self._seen

    def round(self, library: Library) -> Round:
        """What to add and to remove. Raises FootnoteError when the folder cannot be trusted just now."""
        sources, now = self._on_disk()
        held = {
            origin.place: origin.key
            for origin in library.origins()
            if origin.place.startswith(os.path.join(clean(self.watched.folder), ""))
        }
        gone = [place for place in held if place not in now]
        if len(gone) == len(held) >= MANY and not now:
            raise FootnoteError(
                f"{self.watched.folder} is empty, and {counted(len(held), 'file')} of it are in the library: "
                "nothing was removed. If a drive is not connected, connect it; if they are to go, use `remove`."
            )
        before = self._seen or {}
        self._seen = now
        return Round(
            [each for each in sources if before.get(each.place) != now[each.place]],
            sorted(held[place] for place in gone),
        )

    @property
    def unfinished(self) -> bool:
        """Whether the last round came to no end, or there was none."""
        return self._seen is None

    def forget(self) -> None:
        """Look at everything again in the next round: this one was not finished."""
        self._seen = None

    def _on_disk(self) -> tuple[list[Source], dict[str, tuple[int, int]]]:
        if not os.path.isdir(self.watched.folder):
            raise FootnoteError(
                f"{self.watched.folder} is not there. Nothing was removed; it is looked for again."
            )
        found = gather([self.watched.folder], replace=self.watched.replace)
        sources = [source for source in found.sources if self.watched.counts(source.path)]
        now: dict[str, tuple[int, int]] = {}
        for source in sources:
            try:
                stat = os.stat(source.path)
            except OSError:  # gone between the two looks: the next round sees it
                continue
            now[source.place] = (stat.st_mtime_ns, stat.st_size)
        return [source for source in sources if source.place in now], now


# ------------------------------------------------------------------ the command


def watch(options: Namespace) -> int:
    """Keep the library in step until it is stopped; with `--once` for one round."""
    folder = os.path.abspath(options.folder)
    if not os.path.isdir(folder):
        raise WrongUsage(f"{options.folder} is not a folder. Name the folder to watch.")
    policy = True if options.replace else False if options.keep_both else None
    keeper = Keeper(
        Watched(folder, tuple(filter(None, options.include)), tuple(filter(None, options.exclude)), policy)
    )
    with _stopping():
        if options.once:
            return FAILED if _round(keeper, options) else 0
        tell(f"Watching {folder}. Ctrl-C ends it.")
        try:
            said = ""
            for _ in signs_of_change(keeper):
                fault = _try_round(keeper, options)
                if fault and fault != said:
                    tell(f"footnote: {fault}")
                said = fault
        except KeyboardInterrupt:
            tell("Stopped watching. What was taken in is kept.")
    return 0


def signs_of_change(keeper: Keeper) -> Iterator[None]:
    """Once at the beginning, after every change below the folder, and now and then."""
    from watchfiles import watch as changes

    while True:
        looked = float("-inf")
        try:
            for found in changes(
                keeper.watched.folder,
                watch_filter=None,
                debounce=SETTLE_MS,
                rust_timeout=TICK_MS,
                yield_on_timeout=True,
            ):
                if found or time.monotonic() - looked > LOOK_SECONDS:
                    yield
                    looked = time.monotonic()
                    if keeper.unfinished:
                        break  # and watch anew: what comes back under the name is another folder
        except (OSError, RuntimeError):  # the folder is not there, or has more below it than can be watched
            yield
        time.sleep(RETRY_SECONDS)


def _try_round(keeper: Keeper, options: Namespace) -> str:
    """A round; what went wrong with it, or "". It is tried again at the next sign."""
    try:
        if keeper.changed():
            _round(keeper, options)
    except WrongUsage:
        raise
    except FootnoteError as error:
        keeper.forget()
        return str(error)
    return ""


def _round(keeper: Keeper, options: Namespace) -> int:
    """Bring the library in step; returns how many files failed."""
    with opened(options) as home:  # other processes may have it between rounds
        if home.paused():
            raise FootnoteError("The queue is paused. `resume` goes on, and the folder is followed then.")
        library = library_for_adding(home, options.library or DEFAULT_LIBRARY)
        plan = keeper.round(library)
        failed = 0
        try:
            with closing(add_all(library, plan.added, quiet=options.json, asks=False)) as ended:
                for result in ended:
                    failed += result.state is AddState.FAILED
                    _told(result, options.json)
        except BaseException:
            keeper.forget()
            raise
        there = {origin.key for origin in library.origins()}
        removed = [key for key in plan.removed if key in there]
        if removed:
            library.remove(removed)
        for key in removed:
            if options.json:
                say_json({"document": key, "state": "removed"})
            else:
                say(f"{'removed':<9}  {key}")
    return failed


def _told(result: AddResult, as_json: bool) -> None:
    if as_json:
        say_json(summary(result))
    elif result.state is not AddState.UNCHANGED:
        say(in_words(result))


@contextmanager
def _stopping() -> Iterator[None]:
    """A polite kill ends a watch as Ctrl-C does."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

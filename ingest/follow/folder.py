"""What has changed in a folder: added, changed, moved and deleted files, found out by looking.

Files are added before others are removed: one that has moved keeps its document with all that was decided about
it, and nothing is read or embedded anew.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from ingest.commands.gather import clean, gather
from ingest.commands.terminal import counted
from ingest.errors import FootnoteError
from ingest.follow.moved import with_former_keys
from ingest.model.adding import Source
from ingest.protocols import Library

LOOK_SECONDS = 300.0  # between looks without a sign of change: some network drives give none
SETTLE_MS = 1_600  # changes this close together are one round
TICK_MS = 500
MANY = 5  # files that do not vanish all at once unless the folder itself has gone
RETRY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Watched:
    """A folder and which of its files count."""

    folder: str  # absolute
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    replace: bool | None = None  # as in `Source`

    def counts(self, path: str) -> bool:
        return fits(os.path.relpath(path, self.folder).replace(os.sep, "/"), self.include, self.exclude)


def fits(path: str, include: tuple[str, ...], exclude: tuple[str, ...]) -> bool:
    """Whether a path counts. Patterns are like those of a shell ("*.pdf", "drafts/*"), for its name, for
    all of it, or for a folder on it; exclusion wins."""
    below = PurePosixPath(path)
    if any(_like(below, pattern) for pattern in exclude):
        return False
    return not include or any(_like(below, pattern) for pattern in include)


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
    removed: list[str] = field(default_factory=list)  # keys; one whose file has moved is not there any more


@dataclass(frozen=True, slots=True)
class _Look:
    """What is on disk: files that count, by place their (time of change in ns, bytes), and what was passed over."""

    sources: list[Source]
    now: dict[str, tuple[int, int]]
    notes: list[str]


class Keeper:
    """Finds out what has changed in a folder since it last looked."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.notes: list[str] = []  # what the last look has passed over, and why
        self._seen: dict[str, tuple[int, int]] | None = None
        self._keys: set[str] = set()
        self._fresh: _Look | None = None  # of `changed`, for the round that follows it

    def changed(self) -> bool:
        """Whether there is anything new on disk; nothing is asked of the library."""
        look = self._on_disk()
        if self._seen is not None and look.now == self._seen:
            return False
        self._fresh = look
        return True

    def round(self, library: Library) -> Round:
        """What to add and to remove. Raises FootnoteError when the folder cannot be trusted just now."""
        look, self._fresh = self._fresh or self._on_disk(), None
        held = self.held(library)
        gone = [place for place in held if place not in look.now]
        if len(gone) == len(held) >= MANY and not look.now:
            raise FootnoteError(
                f"{self.watched.folder} is empty, and {counted(len(held), 'file')} of it are in the library: "
                "nothing was removed. If a drive is not connected, connect it; if they are to go, use `remove`."
            )
        before = self._seen or {}
        self._seen, self.notes = look.now, look.notes
        self._keys = {source.key for source in look.sources}
        removed = sorted(held[place] for place in gone)
        changed = [each for each in look.sources if before.get(each.place) != look.now[each.place]]
        return Round(with_former_keys(library, changed, held.keys(), set(removed)), removed)

    def held(self, library: Library) -> dict[str, str]:
        """The files of the folder that the library holds: place → key."""
        inside = os.path.join(clean(self.watched.folder), "")
        return {each.place: each.key for each in library.listed() if each.place.startswith(inside)}

    @property
    def files(self) -> int:
        """How many files counted in the last round."""
        return len(self._seen or ())

    @property
    def keys(self) -> set[str]:
        """Those files, as a library calls them."""
        return self._keys

    @property
    def unfinished(self) -> bool:
        """Whether the last round came to no end, or there was none."""
        return self._seen is None

    def forget(self) -> None:
        """Look at everything again in the next round: this one was not finished."""
        self._seen = self._fresh = None

    def _on_disk(self) -> _Look:
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
        return _Look([source for source in sources if source.place in now], now, found.notes)


def signs_of_change(keeper: Keeper, stop: threading.Event) -> Iterator[None]:
    """Once at the beginning, after every change below the folder, and now and then, until `stop` is set."""
    from watchfiles import watch as changes

    folder = keeper.watched.folder
    while not stop.is_set():
        looked = float("-inf")
        pause = RETRY_SECONDS
        try:
            for found in changes(
                folder,
                watch_filter=None,
                debounce=SETTLE_MS,
                rust_timeout=TICK_MS,
                yield_on_timeout=True,
                stop_event=stop,
            ):
                if found or time.monotonic() - looked > LOOK_SECONDS:
                    yield
                    looked = time.monotonic()
                    if keeper.unfinished:
                        break  # and watch anew: what comes back under the name is another folder
        except (OSError, RuntimeError):  # the folder is not there, or has more below it than can be watched
            yield
            pause = LOOK_SECONDS if os.path.isdir(folder) else RETRY_SECONDS
        stop.wait(pause)

"""Everything that is followed, each in a thread of its own, while the app that owns the home folder runs.

A drive that hangs, or a site that answers slowly, holds up nothing but itself. A look that is cut short
(the app ends, the person pauses it) loses nothing: files in the queue stay there, and the next look finds
the rest.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.commands.gather import inside
from ingest.errors import Cancelled, FootnoteError, NotFound, Taken, WrongUsage
from ingest.follow.folder import Watched
from ingest.follow.model import Followed, FollowKind
from ingest.follow.site import SiteSteps
from ingest.follow.steps import FolderSteps, Steps
from ingest.follow.table import FollowedTable
from ingest.library import LocalLibrary
from ingest.model.adding import UNFINISHED, JobInfo
from ingest.web.addresses import is_address, normal_address
from ingest.web.fetch import permitted

if TYPE_CHECKING:
    from ingest.home.opening import LocalHome

log = logging.getLogger("footnote.follow")

CLOSE_SECONDS = 10.0
UNEXPECTED = "This met a fault of Footnote itself. The log names it; it is tried again."
QUEUE_PAUSED = "The queue of files is paused. Resume it, and this is followed again."


@dataclass(slots=True)
class _Thread:
    """One followed thing at work."""

    followed_id: int
    steps: Steps
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def check(self, _: JobInfo | None = None) -> None:
        """Raises Cancelled when it is to stop."""
        if self.stop.is_set():
            raise Cancelled("Stopped.")


class Followers:
    """What is followed in a home folder. Before `start` it is only listed and changed. Safe for threads."""

    def __init__(self, home: LocalHome) -> None:
        self._home = home
        self.table = FollowedTable(home.catalog)
        self._threads: dict[int, _Thread] = {}
        self._changing = threading.RLock()
        self._running = False

    def start(self) -> None:
        """Follow from now on, until `close`."""
        with self._changing:
            self._running = True
            self.table.begin()
            for row in self.table.rows():
                self._restart(row)

    def close(self) -> None:
        with self._changing:
            self._running = False
            threads = list(self._threads.values())
            self._threads.clear()
        for each in threads:
            each.stop.set()
        deadline = time.monotonic() + CLOSE_SECONDS
        for each in threads:
            if each.thread:
                each.thread.join(max(0.0, deadline - time.monotonic()))

    # ------------------------------------------------------------------ what the person asks

    def follow(
        self, library: LocalLibrary, place: str, include: Sequence[str], exclude: Sequence[str]
    ) -> Followed:
        """A folder, or the address of a sitemap or list. Raises WrongUsage, NotFound or Taken."""
        with self._changing:
            kind = FollowKind.SITE if is_address(place) else FollowKind.FOLDER
            others = [row.place for row in self.table.rows(library.id) if row.kind is kind]
            if kind is FollowKind.SITE:
                permitted(self._home.settings)
                whole = normal_address(place)
                if whole in others:
                    raise Taken(f"{whole} is followed already.")
            else:
                whole = self._folder(place)
                _refuse_overlap(whole, others)
            row = self.table.row(
                self.table.add(library.id, kind, whole, _patterns(include), _patterns(exclude))
            )
            self._restart(row)
            return row

    def _folder(self, place: str) -> str:
        typed = place.strip()
        path = os.path.expanduser(typed)
        if not typed or not os.path.isabs(path):
            raise WrongUsage(
                f"“{typed}” is not a whole path. Type where the folder is from the top, such as "
                f"{os.path.join(os.path.expanduser('~'), 'Documents')}."
            )
        folder = os.path.normpath(path)
        if not os.path.exists(folder):
            raise NotFound(f"There is no folder {folder}. Check the spelling, or connect its drive.")
        if not os.path.isdir(folder):
            raise WrongUsage(f"{folder} is not a folder. Name the folder the file is in.")
        if not os.access(folder, os.R_OK | os.X_OK):
            raise WrongUsage(f"{folder} may not be read. Change its permissions, or choose another folder.")
        if inside(os.path.realpath(folder), os.path.realpath(self._home.settings.home)):
            raise WrongUsage(
                f"{folder} is where Footnote keeps its own files. Choose the folder of yours that is to be followed."
            )
        return folder

    def change(
        self,
        library: LocalLibrary,
        followed_id: int,
        include: Sequence[str] | None,
        exclude: Sequence[str] | None,
        paused: bool | None,
    ) -> Followed:
        with self._changing:
            self.table.row(followed_id, library.id)
            self.table.change(
                followed_id,
                None if include is None else _patterns(include),
                None if exclude is None else _patterns(exclude),
                paused,
            )
            row = self.table.row(followed_id)
            self._restart(row)
            return row

    def look(self, library: LocalLibrary, followed_id: int) -> None:
        """Look at all of it now: in the app at once, else before this returns."""
        row = self.table.row(followed_id, library.id)
        if row.paused:
            raise WrongUsage(f"{row.place} is paused. Resume it first.")
        with self._changing:
            if self._running:
                self._restart(row)
                return
        self._look(_Thread(followed_id, self._steps(row)))

    def unfollow(self, library: LocalLibrary, followed_id: int, remove: bool) -> int:
        """Follow it no more; with `remove` its files leave the library. Returns how many left."""
        row = self.table.row(followed_id, library.id)
        with self._changing:
            self._stop(followed_id)
        steps = self._steps(row)
        keys: list[str] = []
        if remove:
            queue = self._home.queue
            waiting = queue.rows(library.id, UNFINISHED)
            queue.cancel([job.id for job in waiting if steps.has(library, job.place)])
            keys = sorted(steps.keys(library))
        self.table.remove(followed_id)
        return library.remove(keys) if keys else 0

    def _stop(self, followed_id: int) -> None:
        """Let a look that is going on come to an end."""
        gone = self._threads.pop(followed_id, None)
        if gone:
            gone.stop.set()
            if gone.thread:
                gone.thread.join(CLOSE_SECONDS)

    def refresh(self) -> None:
        """After a library was deleted: what was followed for it is followed no more."""
        with self._changing:
            there = {row.id for row in self.table.rows()}
            for gone in self._threads.keys() - there:
                self._threads.pop(gone).stop.set()

    # ------------------------------------------------------------------ at work

    def _restart(self, row: Followed) -> None:
        """Look at it anew, under what is chosen now; nothing is done while it is paused or no app runs."""
        before = self._threads.pop(row.id, None)
        if before:
            before.stop.set()
        if not self._running or row.paused:
            return
        each = self._threads[row.id] = _Thread(row.id, self._steps(row))
        each.thread = threading.Thread(
            target=self._follow, args=(each,), name=f"footnote-follow-{row.id}", daemon=True
        )
        each.thread.start()

    def _follow(self, each: _Thread) -> None:
        try:
            for _ in each.steps.signs(each.stop):
                self._look(each)
        except Cancelled:
            return
        except NotFound:  # it is followed no more
            return

    def _look(self, each: _Thread) -> None:
        """One round; a fault of the person's world is kept for them to see. Raises Cancelled, NotFound."""
        row = self.table.row(each.followed_id)
        try:
            self._bring_in_step(each, LocalLibrary(self._home, self._library_id(row.library), row.library))
        except Cancelled:
            raise
        except FootnoteError as error:
            self._fault(each, str(error))
        except Exception as error:
            each.check()  # the app is ending, and has closed what this worked with
            log.exception("%s could not be followed", row.place, exc_info=error)
            self._fault(each, UNEXPECTED)

    def _library_id(self, name: str) -> int:
        found = self._home.catalog.libraries.id_of(name)
        if found is None:
            raise NotFound("This library was deleted.")
        return found

    def _fault(self, each: _Thread, fault: str) -> None:
        each.steps.forget()
        each.check()
        self.table.failed(each.followed_id, fault)

    def _bring_in_step(self, each: _Thread, library: LocalLibrary) -> None:
        if each.steps.due():
            if self._home.paused():
                raise FootnoteError(QUEUE_PAUSED)
            each.check()
            self.table.working(each.followed_id)
            each.steps.bring_in_step(library, each.check)
        each.check()
        self.table.in_step(each.followed_id, each.steps.files, each.steps.notes(), time.time())

    def _steps(self, row: Followed) -> Steps:
        if row.kind is FollowKind.FOLDER:
            return FolderSteps(Watched(row.place, row.include, row.exclude))
        return SiteSteps(row, self._home.settings)


def _patterns(given: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(pattern.strip() for pattern in given if pattern.strip()))


def _refuse_overlap(folder: str, others: Sequence[str]) -> None:
    """Raise Taken where a folder, or one around or in it, is followed for the library already."""
    for other in others:
        if folder == other:
            raise Taken(f"{folder} is followed already.")
        if inside(folder, other) or inside(other, folder):
            raise Taken(
                f"{other} is followed already, and {'is in' if inside(other, folder) else 'has in it'} "
                f"{folder}: its files would be taken in twice. Stop following one of them first."
            )

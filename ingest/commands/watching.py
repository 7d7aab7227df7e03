"""The command `watch`: a folder and a library kept in step by a process of its own.

The home folder is opened, or its app reached, only while there is something to do; so an app can be
started and ended beside a watch.
"""

from __future__ import annotations

import os
import signal
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType

from ingest.commands.adding import add_all, in_words, library_for_adding, summary
from ingest.commands.terminal import FAILED, opened, say, say_json, tell
from ingest.errors import FootnoteError, WrongUsage
from ingest.follow.folder import Keeper, Watched, signs_of_change
from ingest.model.adding import AddResult, AddState
from ingest.settings import DEFAULT_LIBRARY


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
            for _ in signs_of_change(keeper, threading.Event()):
                fault = _try_round(keeper, options)
                if fault and fault != said:
                    tell(f"footnote: {fault}")
                said = fault
        except KeyboardInterrupt:
            tell("Stopped watching. What was taken in is kept.")
    return 0


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
        there = {origin.key for origin in library.listed()}
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

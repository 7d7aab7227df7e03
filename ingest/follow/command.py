"""The command `follow`: what the app keeps in step, listed, named, changed and let go."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from ingest.commands import terminal
from ingest.commands.adding import library_for_adding
from ingest.commands.terminal import FAILED, ask, counted, moment, say, say_json, table, tell
from ingest.errors import NotFound, WrongUsage
from ingest.follow.model import Followed, FollowState
from ingest.protocols import Home, Library
from ingest.remote.client import RemoteHome
from ingest.remote.wire import encode
from ingest.settings import DEFAULT_LIBRARY
from ingest.web.addresses import is_address, normal_address


def add_arguments(following: ArgumentParser) -> None:
    following.add_argument(
        "place",
        nargs="?",
        default="",
        metavar="PLACE",
        help="a folder, or the address of a sitemap; without it, list what is followed",
    )
    following.add_argument("--include", nargs="+", metavar="PATTERN", help="only files like these")
    following.add_argument("--exclude", nargs="+", metavar="PATTERN", help="no files like these")
    acts = following.add_mutually_exclusive_group()
    acts.add_argument("--look", action="store_true", help="look at all of it now")
    acts.add_argument("--pause", action="store_true", help="follow it no more until --resume")
    acts.add_argument("--resume", action="store_true")
    acts.add_argument("--stop", action="store_true", help="follow it no more; its files stay")
    acts.add_argument("--stop-and-remove", action="store_true", help="… and its files leave the library")
    following.set_defaults(act=follow)


def follow(home: Home, options: Namespace) -> int:
    """Without a place, list; with one, follow it, or do with it what the flags say."""
    if not options.place:
        return _list(home, options)
    place = (
        normal_address(options.place)
        if is_address(options.place)
        else os.path.abspath(os.path.expanduser(options.place))
    )
    acts = options.look or options.pause or options.resume or options.stop or options.stop_and_remove
    if not acts:
        return _name(home, options, place)
    library = home.library(options.library or DEFAULT_LIBRARY)
    row = _row(library, place)
    if row is None:
        raise NotFound(f"{place} is not followed for “{library.name}”. `follow` without it lists what is.")
    if options.stop or options.stop_and_remove:
        return _stop(library, row, options)
    if options.look:
        library.look(row.id)
    else:
        library.change_followed(row.id, paused=options.pause)
    after = _row(library, place) or row
    _show([after], options.json)
    return FAILED if after.state is FollowState.FAULT else 0


def _name(home: Home, options: Namespace, place: str) -> int:
    library = library_for_adding(home, options.library or DEFAULT_LIBRARY)
    row = _row(library, place)
    if row is None:
        row = library.follow(place, options.include or (), options.exclude or ())
    elif options.include is not None or options.exclude is not None:
        row = library.change_followed(row.id, include=options.include, exclude=options.exclude)
    _show([row], options.json)
    if not isinstance(home, RemoteHome):
        tell(
            "It is followed while the app runs (`make run`). `follow PLACE --look` looks at it once, without."
        )
    return 0


def _list(home: Home, options: Namespace) -> int:
    if options.include or options.exclude:
        raise WrongUsage("Name the folder these patterns are for.")
    libraries = (
        [home.library(options.library)]
        if options.library
        else [home.library(info.name) for info in home.libraries()]
    )
    rows = [row for library in libraries for row in library.followed()]
    if rows or options.json:
        _show(rows, options.json)
    else:
        tell("Nothing is followed yet. Follow a folder with: python -m ingest follow FOLDER")
    return 0


def _stop(library: Library, row: Followed, options: Namespace) -> int:
    remove = options.stop_and_remove
    if not (remove or options.json) and terminal.interactive():
        question = f"{row.place} is followed no more. Shall its {counted(row.files, 'file')} leave “{library.name}”? [y/N]"
        remove = ask(question).startswith("y")
    gone = library.unfollow(row.id, remove)
    if options.json:
        say_json({"place": row.place, "state": "stopped", "removed": gone})
    else:
        say(f"{row.place} is followed no more; {counted(gone, 'file')} removed.")
    return 0


def _row(library: Library, place: str) -> Followed | None:
    return next((row for row in library.followed() if row.place == place), None)


def _show(rows: list[Followed], as_json: bool) -> None:
    if as_json:
        for row in rows:
            say_json(encode(row))
        return
    head = ("library", "place", "state", "files", "left out", "last look")
    lines = [
        (
            row.library,
            row.place,
            "paused" if row.paused else row.state.value,
            str(row.files),
            str(row.left_out),
            moment(row.looked_at) if row.looked_at else "",
        )
        for row in rows
    ]
    say(table([head, *lines], right=frozenset({3, 4})))
    for row in rows:
        if row.fault:
            say(f"  {row.place}: {row.fault}")
        for note in row.notes:
            say(f"  {note}")

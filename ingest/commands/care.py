"""The commands for a whole home folder: check, rebuild, libraries, pause, resume, backup, restore."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from ingest.commands.terminal import FAILED, StatusLine, counted, moment, say, say_json, size, table, tell
from ingest.model.adding import ENDED
from ingest.model.upkeep import Fault
from ingest.protocols import Home
from ingest.remote.wire import encode
from ingest.settings import Settings, go_offline


def check(home: Home, options: Namespace) -> int:
    faults = home.check(options.library)
    show_faults(faults, options.json)
    left = home.remains()
    if options.json:
        say_json({"left_of_removed": encode(left)})
    else:
        if not faults:
            say("clean")
        say(in_words(left.catalog, left.vectors, left.index, left.originals))
    remaining = left.catalog + left.vectors + left.index + left.originals
    return FAILED if faults or remaining else 0


def pause(home: Home, options: Namespace) -> int:
    return _set_paused(home, options, paused=True)


def resume(home: Home, options: Namespace) -> int:
    return _set_paused(home, options, paused=False)


def _set_paused(home: Home, options: Namespace, paused: bool) -> int:
    home.pause(paused)
    waiting = sum(
        job.stage not in ENDED for info in home.libraries() for job in home.library(info.name).jobs()
    )
    if options.json:
        say_json({"paused": paused, "waiting": waiting})
    else:
        state = "paused; `resume` goes on" if paused else "running"
        say(f"The queue is {state}. {counted(waiting, 'file')} in it.")
    return 0


def in_words(catalog: int, vectors: int, index: int, originals: int) -> str:
    """What is left of removed documents."""
    if not catalog + vectors + index + originals:
        return "Of what was removed, 0 passages are left in catalog, vectors, index, originals."
    return (
        f"Of what was removed, these are left: {counted(catalog, 'passage')} in the catalog, {vectors} in "
        f"the vectors, {index} in the word index, {counted(originals, 'file')} in originals. "
        "Run `python -m ingest rebuild`, then check again."
    )


def show_faults(faults: list[Fault], as_json: bool) -> None:
    for fault in faults:
        if as_json:
            say_json(encode(fault))
        else:
            say(f"{fault.library}: {fault.message} {fault.remedy}".removeprefix(": "))


def rebuild(home: Home, options: Namespace) -> int:
    line = StatusLine(shown=not options.json)
    line.show("Making the indexes anew …")
    home.rebuild(options.library)
    line.clear()
    if not options.json:
        say("The indexes are made anew.")
    return 0


def list_libraries(home: Home, options: Namespace) -> int:
    found = home.libraries()
    if options.json:
        for info in found:
            say_json(encode(info))
    elif found:
        rows = [
            (
                info.name,
                str(info.documents),
                str(info.chunks),
                size(info.size_bytes),
                moment(info.created_at),
            )
            for info in found
        ]
        say(table([("library", "documents", "passages", "size", "made"), *rows], right=frozenset({1, 2, 3})))
    else:
        tell("No library yet. Add files with: python -m ingest add PATH")
    return 0


def backup(home: Home, options: Namespace) -> int:
    info = home.backup(os.path.abspath(options.file))
    if options.json:
        say_json(encode(info))
    else:
        say(
            f"{info.path}: {counted(info.libraries, 'library', 'libraries')}, {counted(info.documents, 'document')}, "
            f"{counted(info.chats, 'chat')}, {size(info.size_bytes)}."
        )
    if info.missing:
        tell(
            f"{counted(info.missing, 'original file')} could not be saved: `python -m ingest check` says more."
        )
    return 0


def restore(options: Namespace) -> int:
    """Needs no opened home: there is none yet."""
    settings = Settings.load(home=options.home)
    go_offline(os.environ, settings.allow_download)
    from ingest.home.restore import (
        restore_backup,  # its libraries read the environment when they are imported
    )

    info, faults = restore_backup(Path(os.path.abspath(options.file)), settings.home, tell)
    if options.json:
        say_json({**encode(info), "home": str(settings.home)})
    else:
        say(
            f"{settings.home}: {counted(info.libraries, 'library', 'libraries')}, "
            f"{counted(info.documents, 'document')} and {counted(info.chats, 'chat')} as of {moment(info.made_at)}."
        )
    show_faults(faults, options.json)
    return FAILED if faults else 0

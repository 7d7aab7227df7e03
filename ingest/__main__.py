"""python -m ingest add | watch | list | show | remove | tag | rules | duplicates | set-aside | bring-back | check | rebuild | libraries | pause | resume | backup | restore"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import chain

from ingest import care, keeping, terminal, watching
from ingest.adding import add_all, in_words, library_for_adding, summary
from ingest.errors import FootnoteError, NotFound
from ingest.model import AddState, OriginInfo, PageState
from ingest.places import unit
from ingest.protocols import Home
from ingest.scope import Scope, fitting
from ingest.settings import DEFAULT_LIBRARY
from ingest.terminal import (
    FAILED,
    ask,
    commands,
    counted,
    moment,
    one_line,
    opened,
    say,
    say_json,
    shortened,
    size,
    table,
    tell,
)
from ingest.wire import encode


def parser() -> terminal.Commands:
    parsed, command = commands("python -m ingest", "Put files into a library, and see what it holds.")

    adding = command("add", "add files and folders, and wait until they are complete")
    adding.add_argument("paths", nargs="+", metavar="PATH")
    adding.add_argument("--password", help="for encrypted files; not kept")
    held = adding.add_mutually_exclusive_group()
    held.add_argument("--replace", action="store_true", help="replace what holds the same key")
    held.add_argument("--keep-both", action="store_true", help="keep both, the new one under a new key")
    adding.set_defaults(act=add)

    watched = command("watch", "keep a library in step with a folder, until Ctrl-C")
    watched.add_argument("folder", metavar="FOLDER")
    watched.add_argument("--include", nargs="+", default=[], metavar="PATTERN", help="only files like these")
    watched.add_argument("--exclude", nargs="+", default=[], metavar="PATTERN", help="no files like these")
    watched.add_argument("--once", action="store_true", help="bring it in step and end")
    kept = watched.add_mutually_exclusive_group()
    kept.add_argument("--replace", action="store_true", help="replace what holds the same key")
    kept.add_argument("--keep-both", action="store_true", help="keep both, the new one under a new key")
    watched.set_defaults(alone=watching.watch)

    listing = command("list", "list what a library holds")
    listing.add_argument(
        "search", nargs="?", default="", metavar="TEXT", help="only keys and titles with TEXT"
    )
    listing.add_argument(
        "--tag", action="append", metavar="TAG", help="only what has this tag; can be repeated"
    )
    listing.set_defaults(act=list_origins)

    showing = command("show", "show a document and its receipt, page by page")
    showing.add_argument("key", type=terminal.composed, metavar="KEY")
    showing.set_defaults(act=show)

    removing = command("remove", "remove documents everywhere")
    removing.add_argument("keys", type=terminal.composed, nargs="+", metavar="KEY")
    removing.add_argument("--yes", "-y", action="store_true", help="do not ask")
    removing.set_defaults(act=remove)

    keeping.add_commands(command)

    checking = command(
        "check", "finish what was interrupted, look for faults, prove that removals are complete"
    )
    checking.set_defaults(act=care.check)
    rebuilding = command("rebuild", "make the indexes anew from the catalog, without embedding")
    rebuilding.set_defaults(act=care.rebuild)
    command("pause", "begin no more files until `resume`, also after a restart").set_defaults(act=care.pause)
    command("resume", "go on with the files that wait").set_defaults(act=care.resume)
    command("libraries", "list the libraries").set_defaults(act=care.list_libraries)
    saving = command("backup", "write everything to one new file, also while the app runs")
    saving.add_argument("file", metavar="FILE")
    saving.set_defaults(act=care.backup)
    restoring = command("restore", "make a new home folder (--home) out of a backup")
    restoring.add_argument("file", metavar="FILE")
    restoring.set_defaults(alone=care.restore)
    return parsed


def main(arguments: Sequence[str]) -> int:
    options = parser().parse_args(arguments)
    if hasattr(options, "alone"):  # acts on a folder that nobody has opened
        alone: Callable[[Namespace], int] = options.alone
        return alone(options)
    with opened(options) as home:
        act: Callable[[Home, Namespace], int] = options.act
        return act(home, options)


# ------------------------------------------------------------------ add


def add(home: Home, options: Namespace) -> int:
    from ingest.gather import gather

    policy = True if options.replace else False if options.keep_both else None
    found = gather(options.paths, replace=policy, password=options.password)
    for note in found.notes:
        tell(note)
    library = library_for_adding(home, options.library or DEFAULT_LIBRARY)
    if home.paused():  # waiting here could be for ever, with the folder held
        raise FootnoteError(
            "The queue is paused: nothing was added. Go on with `python -m ingest resume`, then add again."
        )
    failed = 0
    # Closing stops what is unfinished while the home is still open, whatever ends this block.
    with closing(add_all(library, found.sources, quiet=options.json)) as ended:
        for result in chain(found.failed, ended):
            failed += result.state is AddState.FAILED
            if options.json:
                say_json(summary(result))
            else:
                say(in_words(result))
    return FAILED if failed else 0


# ------------------------------------------------------------------ list, show, remove


def list_origins(home: Home, options: Namespace) -> int:
    try:
        origins = home.library(options.library or DEFAULT_LIBRARY).origins(options.search)
    except NotFound:
        if options.library or home.libraries():
            raise
        origins = []  # a home folder in which nothing has been made yet
    origins = fitting(Scope(tags=tuple(options.tag or ())), origins)
    if options.json:
        for origin in origins:
            say_json(listed(origin))
    elif origins:
        head = ("document", "title", "pages", "passages", "size", "state", "added", "tags")
        rows = [
            (
                origin.key,
                shortened(one_line(origin.title), 40),
                str(origin.pages),
                str(origin.chunks),
                size(origin.size_bytes),
                "set aside" if origin.aside else origin.state.value,
                moment(origin.added_at),
                ", ".join(origin.tags),
            )
            for origin in origins
        ]
        say(table([head, *rows], right=frozenset({2, 3, 4})))
    else:
        tell("Nothing here yet. Add files with: python -m ingest add PATH")
    return 0


def listed(origin: OriginInfo) -> dict[str, object]:
    """An origin as `list --json` prints it."""
    return {
        "document": origin.key,
        "title": origin.title,
        "media_type": origin.media_type,
        "pages": origin.pages,
        "chunks": origin.chunks,
        "size_bytes": origin.size_bytes,
        "state": origin.state.value,
        "added_at": origin.added_at,
        "warnings": list(origin.warnings),
        "tags": list(origin.tags),
        "aside": origin.aside,
    }


def show(home: Home, options: Namespace) -> int:
    library = home.library(options.library or DEFAULT_LIBRARY)
    detail, alike = library.detail(options.key), library.alike(options.key)
    origin, receipt = detail.origin, detail.receipt
    if options.json:
        say_json(
            {
                **listed(origin),
                "other_keys": list(detail.other_keys),
                "content_hash": detail.content_hash,
                "paged": detail.paged,
                "receipt": encode(receipt),
                "instead": detail.instead,
                "alike": encode(alike),
            }
        )
        return 0
    say(one_line(origin.title))
    say(f"  document   {origin.key}")
    for key in detail.other_keys:
        say(f"  also as    {key}")
    say(f"  type       {origin.media_type}, {size(origin.size_bytes)}")
    say(f"  added      {moment(origin.added_at)}, {origin.state}")
    say(f"  passages   {origin.chunks}")
    if origin.tags:
        say(f"  tags       {', '.join(origin.tags)}")
    if detail.instead:
        say(f"  set aside  {detail.instead} answers")
    for pair in alike:
        say(f"  alike      {pair.words} {pair.second}")
    counts = ", ".join(f"{receipt.count(state)} {state.words}" for state in PageState)
    say(f"  {unit(origin.media_type) + 's':<9}  {counts}, in {receipt.seconds:.1f} s")
    for text in (receipt.message, *receipt.warnings):
        if text:
            say(f"  note       {text}")
    for page in receipt.pages:
        say(
            f"  {page.number:>6}  {page.state.words:<11}  {page.characters:>7} characters  {page.message}".rstrip()
        )
    return 0


def remove(home: Home, options: Namespace) -> int:
    library = home.library(options.library or DEFAULT_LIBRARY)
    keys = list(dict.fromkeys(options.keys))
    if not (options.yes or options.json) and terminal.interactive():
        for key in keys:
            library.detail(key)  # raises NotFound before anything is asked
        if not ask(f"Remove {', '.join(keys)} from “{library.name}”? [y/N]").startswith("y"):
            tell("Nothing was removed.")
            return 0
    removed = library.remove(keys)
    if options.json:
        for key in keys:
            say_json({"document": key, "state": "removed"})
    else:
        say(f"{counted(removed, 'document')} removed.")
    return 0


if __name__ == "__main__":
    sys.exit(terminal.run(main, sys.argv[1:]))

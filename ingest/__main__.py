"""python -m ingest add | watch | follow | list | show | passage | receipts | reread | remove | tag | rules | duplicates | set-aside | bring-back | check | rebuild | libraries | pause | resume | backup | restore"""

from __future__ import annotations

import sys
from argparse import BooleanOptionalAction, Namespace
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from itertools import chain

from ingest.commands import by_hand, care, keeping, terminal, watching
from ingest.commands.adding import add_all, follow, in_words, library_for_adding, summary
from ingest.commands.terminal import (
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
from ingest.errors import FootnoteError, NotFound
from ingest.follow import command as following
from ingest.model.adding import AddResult, AddState
from ingest.model.documents import OriginInfo
from ingest.model.pages import PageState
from ingest.places import unit
from ingest.protocols import Home
from ingest.recipe import Choice
from ingest.remote.wire import encode
from ingest.settings import DEFAULT_LIBRARY
from ingest.shelf.receipts import as_csv, as_json_lines
from ingest.shelf.scope import Scope, fitting

PAUSED = "The queue is paused: nothing was begun. Go on with `python -m ingest resume`, then try again."


def parser() -> terminal.Commands:
    parsed, command = commands("python -m ingest", "Put files into a library, and see what it holds.")

    adding = command("add", "add files, folders and web addresses, and wait until they are complete")
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

    named = command("follow", "name folders and sites that the app keeps a library in step with; list them")
    following.add_arguments(named)

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
    showing.add_argument("--passages", action="store_true", help="its passages instead, with their numbers")
    showing.add_argument("--search", metavar="TEXT", help="only passages with TEXT")
    showing.set_defaults(act=show)

    changing = command("passage", "look at one passage, switch it off, correct it, or take that back")
    changing.add_argument("key", type=terminal.composed, metavar="KEY")
    changing.add_argument("number", type=int, metavar="NUMBER", help="as `show KEY --passages` prints it")
    wanted = changing.add_mutually_exclusive_group()
    wanted.add_argument("--off", action="store_true", help="no question sees it any more")
    wanted.add_argument("--on", action="store_true", help="questions see it again")
    wanted.add_argument("--correct", metavar="TEXT", help="what it says instead; - reads standard input")
    wanted.add_argument("--as-read", action="store_true", help="what was read counts again")
    changing.set_defaults(act=by_hand.change_passage)

    receipts = command("receipts", "what happened to every file when it was read")
    receipts.add_argument("keys", type=terminal.composed, nargs="*", metavar="KEY")
    receipts.add_argument("--csv", action="store_true", help="comma-separated values for a spreadsheet")
    receipts.add_argument("--pages", action="store_true", help="with --csv: a row for every page")
    receipts.set_defaults(act=show_receipts)

    rereading = command("reread", "read documents again under other settings, from the kept originals")
    rereading.add_argument("keys", type=terminal.composed, nargs="+", metavar="KEY")
    rereading.add_argument("--chunk-tokens", type=int, metavar="N", help="length of a passage")
    rereading.add_argument(
        "--ocr", action=BooleanOptionalAction, default=None, help="read pages that are pictures, or don't"
    )
    rereading.set_defaults(act=reread)

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
    from ingest.commands.gather import gather

    policy = True if options.replace else False if options.keep_both else None
    found = gather(options.paths, replace=policy, password=options.password)
    for note in found.notes:
        tell(note)
    library = library_for_adding(home, options.library or DEFAULT_LIBRARY)
    if home.paused():  # waiting here could be for ever, with the folder held
        raise FootnoteError(PAUSED)
    # Closing stops what is unfinished while the home is still open, whatever ends this block.
    with closing(add_all(library, found.sources, quiet=options.json)) as ended:
        return _tell_ends(chain(found.failed, ended), options.json)


def _tell_ends(ended: Iterable[AddResult], as_json: bool) -> int:
    """Say how each file ended; the exit status."""
    failed = 0
    for result in ended:
        failed += result.state is AddState.FAILED
        if as_json:
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
        "changed_passages": origin.changed,
        "tags": list(origin.tags),
        "aside": origin.aside,
    }


def show(home: Home, options: Namespace) -> int:
    library = home.library(options.library or DEFAULT_LIBRARY)
    if options.passages or options.search:
        return by_hand.show_passages(library, options.key, options.search or "", options.json)
    detail, alike = library.detail(options.key), library.alike(options.key)
    origin, receipt = detail.origin, detail.receipt
    dated = library.dates([origin.document_id])[origin.document_id]
    if options.json:
        say_json(
            {
                **listed(origin),
                "other_keys": list(detail.other_keys),
                "content_hash": detail.content_hash,
                "paged": detail.paged,
                "dated": encode(dated),
                "read_with": detail.chosen,
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
    if dated.in_words:
        say(f"  of         {dated.in_words}")
    by_person = f", {origin.changed} of them changed by hand" if origin.changed else ""
    say(f"  passages   {origin.chunks}{by_person}")
    if origin.tags:
        say(f"  tags       {', '.join(origin.tags)}")
    if detail.instead:
        say(f"  set aside  {detail.instead} answers")
    for pair in alike:
        say(f"  alike      {pair.words} {pair.second}")
    counts = ", ".join(f"{receipt.count(state)} {state.words}" for state in PageState)
    say(f"  {unit(origin.media_type) + 's':<9}  {counts}, in {receipt.seconds:.1f} s")
    if detail.chosen:
        say(f"  read with  {detail.chosen}")
    for text in (receipt.message, *receipt.warnings):
        if text:
            say(f"  note       {text}")
    for page in receipt.pages:
        say(
            f"  {page.number:>6}  {page.state.words:<11}  {page.characters:>7} characters  {page.message}".rstrip()
        )
    return 0


def reread(home: Home, options: Namespace) -> int:
    library = home.library(options.library or DEFAULT_LIBRARY)
    if home.paused():
        raise FootnoteError(PAUSED)
    choice = Choice(options.chunk_tokens, options.ocr)
    ids = library.reread(list(dict.fromkeys(options.keys)), choice)
    with closing(follow(library, ids, quiet=options.json)) as ended:
        return _tell_ends(ended, options.json)


def show_receipts(home: Home, options: Namespace) -> int:
    library = home.library(options.library or DEFAULT_LIBRARY)
    details = [library.detail(key) for key in options.keys] if options.keys else library.receipts()
    if options.csv or options.json:
        written = as_csv(details, options.pages) if options.csv else as_json_lines(details)
        if written:
            say(written.rstrip("\n"))
        return 0
    for detail in details:
        counts = ", ".join(f"{n} {state.words}" for state in PageState if (n := detail.receipt.count(state)))
        say(f"{detail.origin.key}: {counts or 'empty'}; {counted(detail.origin.chunks, 'passage')}")
        for text in (detail.receipt.message, *detail.receipt.warnings):
            if text:
                say(f"  {text}")
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

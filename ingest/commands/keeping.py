"""The commands by which a library is kept in order: tag, rules, duplicates, set-aside, bring-back."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Callable

from ingest.commands import terminal
from ingest.commands.terminal import counted, say, say_json, table, tell
from ingest.errors import NotFound, WrongUsage
from ingest.protocols import Home, Library
from ingest.remote.wire import encode
from ingest.settings import DEFAULT_LIBRARY
from ingest.shelf.scope import TYPES, Scope, fitting, unmatched
from ingest.shelf.tags import Rule, counts


def add_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    """The commands of this module, with `command` of `terminal.commands`."""
    tagging = command("tag", "give files tags, or take them off; without KEY, list the tags")
    tagging.add_argument(
        "keys", nargs="*", type=terminal.composed, metavar="KEY", help='a file, a folder, or "reports/*.pdf"'
    )
    tagging.add_argument("--add", nargs="+", default=[], metavar="TAG")
    tagging.add_argument("--remove", nargs="+", default=[], metavar="TAG")
    tagging.set_defaults(act=tag)

    ruling = command("rules", "list, add or remove the rules that give tags to present and future files")
    ruling.add_argument("--pattern", default="", help='a file name, a folder, or "reports/*.pdf"')
    ruling.add_argument("--type", default="", metavar="TYPE", help=f"one of {', '.join(TYPES)}")
    ruling.add_argument("--add", nargs="+", default=[], metavar="TAG", help="what files that fit both get")
    ruling.add_argument("--remove", type=int, metavar="NUMBER", help="the rule of this number in the list")
    ruling.set_defaults(act=rules)

    comparing = command("duplicates", "list files whose text is almost the same, or stands in another one")
    comparing.add_argument("key", nargs="?", type=terminal.composed, metavar="KEY", help="only this file's")
    comparing.add_argument("--newest", choices=("on", "off"), help="whether only the newest of them is asked")
    comparing.set_defaults(act=duplicates)

    shelving = command("set-aside", "ask another file in place of these, which stay")
    shelving.add_argument("keys", nargs="+", type=terminal.composed, metavar="KEY")
    shelving.add_argument(
        "--for", dest="instead", type=terminal.composed, required=True, metavar="KEY", help="what answers"
    )
    shelving.set_defaults(act=set_aside)
    returning = command("bring-back", "ask files again that were set aside")
    returning.add_argument("keys", nargs="+", type=terminal.composed, metavar="KEY")
    returning.set_defaults(act=bring_back)


def tag(home: Home, options: Namespace) -> int:
    library = home.library(options.library or DEFAULT_LIBRARY)
    listed = library.listed()
    if not options.keys:
        if options.add or options.remove:
            raise WrongUsage("Name the files to tag: a key, a folder, or a pattern.")
        return _show_counts(counts(listed), options.json)
    scope = Scope(tuple(options.keys))
    if missing := unmatched(scope, listed):
        raise NotFound(f"No file of “{library.name}” fits “{missing[0]}”. `list` shows what is there.")
    keys = [each.key for each in fitting(scope, listed)]
    if options.add or options.remove:
        library.tag(keys, options.add, options.remove)
    for each in fitting(scope, library.listed()):
        if options.json:
            say_json({"document": each.key, "tags": list(each.tags)})
        else:
            say(f"{each.key}  {', '.join(each.tags) or '(no tags)'}")
    return 0


def _show_counts(found: dict[str, int], as_json: bool) -> int:
    for name, files in found.items():
        if as_json:
            say_json({"tag": name, "files": files})
        else:
            say(f"{name}  {counted(files, 'file')}")
    if not found and not as_json:
        tell("No tags yet. Give one with: python -m ingest tag KEY --add TAG")
    return 0


def rules(home: Home, options: Namespace) -> int:
    library = home.library(options.library or DEFAULT_LIBRARY)
    kept = library.rules()
    if options.remove is not None:
        if options.add:
            raise WrongUsage("Either --add or --remove. Run it twice for both.")
        if not 1 <= options.remove <= len(kept):
            raise NotFound(f"There is no rule {options.remove}. `rules` lists them.")
        library.set_rules(kept[: options.remove - 1] + kept[options.remove :])
    elif options.add or options.pattern or options.type:
        library.set_rules([*kept, Rule(options.pattern, options.type, tuple(options.add))])
    now = library.rules()
    for number, rule in enumerate(now, start=1):
        if options.json:
            say_json({"number": number, **encode(rule)})
        else:
            what = " · ".join(filter(None, (rule.pattern, rule.type)))
            say(f"{number:>3}  {what}  gets  {', '.join(rule.tags)}")
    if not now and not options.json:
        tell("No rules. Add one with: python -m ingest rules --pattern PATTERN --add TAG")
    return 0


def duplicates(home: Home, options: Namespace) -> int:
    library = home.library(options.library or DEFAULT_LIBRARY)
    if options.newest:
        library.let_newest_answer(options.newest == "on")
    found = library.alike(options.key)
    if options.json:
        for pair in found:
            say_json({**encode(pair), "likeness": pair.likeness})
    elif found:
        rows = [
            (_name(pair.first, pair.first_aside), pair.words, _name(pair.second, pair.second_aside))
            for pair in found
        ]
        say(table([("document", "is", "document"), *rows]))
    else:
        tell("No near duplicates.")
    return 0


def _name(key: str, aside: bool) -> str:
    return f"{key} (set aside)" if aside else key


def set_aside(home: Home, options: Namespace) -> int:
    library = home.library(options.library or DEFAULT_LIBRARY)
    library.set_aside(options.keys, options.instead)
    return _told(library, options)


def bring_back(home: Home, options: Namespace) -> int:
    library = home.library(options.library or DEFAULT_LIBRARY)
    library.bring_back(options.keys)
    return _told(library, options)


def _told(library: Library, options: Namespace) -> int:
    """Who is asked now for the files of a command."""
    for key in dict.fromkeys(options.keys):
        detail = library.detail(key)
        if options.json:
            say_json({"document": key, "aside": detail.origin.aside, "instead": detail.instead})
        else:
            say(f"{key}: set aside, {detail.instead} answers" if detail.instead else f"{key}: asked")
    return 0

"""What both command lines share: flags, exit statuses, the status line, and text made safe to print."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import sys
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from ingest.errors import FootnoteError, WrongUsage
from ingest.protocols import Home
from ingest.settings import DEFAULT_LIBRARY, Settings, go_offline

FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130  # as shells report SIGINT
BROKEN_PIPE = 141  # as shells report SIGPIPE

# Never printed as they are: a document's text or a file's name could steer the terminal with them.
CONTROL = {
    code: "\N{REPLACEMENT CHARACTER}"
    for code in (*range(0x20), 0x7F, *range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if chr(code) not in "\n\t"
}


class Commands(argparse.ArgumentParser):
    """A parser whose commands take their flags anywhere: before and after the command, and between
    its arguments (which argparse alone does not). After "--" everything is an argument."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if args is not None and self._subparsers is None:
            args = self._flags_first(list(args))
        return super().parse_known_args(args, namespace)

    def _flags_first(self, words: list[str]) -> list[str]:
        flags: list[str] = []
        arguments: list[str] = []
        rest = deque(words)
        while rest:
            word = rest.popleft()
            if word == "--":
                arguments.extend(rest)
                break
            if _is_argument(word):
                arguments.append(word)
                continue
            flags.append(word)
            action = self._option_string_actions.get(word)
            if action is not None and action.nargs is None and rest:  # its value is the next word
                flags.append(rest.popleft())
            while action is not None and action.nargs == "+" and rest and _is_argument(rest[0]):
                flags.append(rest.popleft())
        return [*flags, "--", *arguments] if arguments else flags


def _is_argument(word: str) -> bool:
    return word == "-" or not word.startswith("-")


def shared_flags() -> Commands:
    """`--library`, `--home` and `--json`; absent from the result unless given, so that a flag before
    the command is not undone by its default after it."""
    flags = Commands(add_help=False, argument_default=argparse.SUPPRESS)
    group = flags.add_argument_group("everywhere")
    group.add_argument(
        "--library", type=tidy, metavar="NAME", help=f"the library (default: {DEFAULT_LIBRARY})"
    )
    group.add_argument("--home", type=Path, metavar="DIR", help="the folder that holds all state")
    group.add_argument("--json", action="store_true", help="lines of JSON on standard output")
    return flags


def commands(program: str, description: str) -> tuple[Commands, Callable[..., argparse.ArgumentParser]]:
    """A parser and the function that adds a command (name, help) to it."""
    parser = Commands(prog=program, description=description, parents=[shared_flags()], allow_abbrev=False)
    parser.set_defaults(library=None, home=None, json=False)
    added = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, help: str) -> argparse.ArgumentParser:
        return added.add_parser(
            name, help=help, description=help, parents=[shared_flags()], allow_abbrev=False
        )

    return parser, add


def composed(key: str) -> str:
    """An origin's key as libraries keep it; some systems type and store letters and accents apart."""
    return unicodedata.normalize("NFC", key)


def tidy(name: str) -> str:
    """A library's name as libraries keep it: composed letters, single spaces."""
    return " ".join(composed(name).split())


def run(main: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """`main`'s exit status, with every fault as one line on standard error."""
    prepare_output(sys.stdout)
    prepare_output(sys.stderr)
    prepare_log()
    try:
        status = main(arguments)
        sys.stdout.flush()
        return status
    except FootnoteError as error:
        tell(f"footnote: {error}")
        return WRONG_USAGE if isinstance(error, WrongUsage) else FAILED
    except KeyboardInterrupt:
        tell("footnote: Stopped.")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has left; nothing more is to be written, not even by the interpreter at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        tell(f"footnote: {error.filename or 'The system'}: {error.strerror or error}.")
        return FAILED
    except Exception as error:
        if os.environ.get("FOOTNOTE_TRACEBACK"):
            raise
        tell(
            f"footnote: a fault of Footnote itself ({type(error).__name__}: {error}). "
            "Run it again with FOOTNOTE_TRACEBACK=1 and report what it prints."
        )
        return FAILED


class OneLine(logging.Formatter):
    """What the log says, with the exception's own words instead of its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        why = f" ({type(error).__name__}: {error})" if error is not None else ""
        return plain(f"{record.name}: {record.getMessage()}{why}")


def prepare_log() -> None:
    """Warnings and errors on standard error; whole tracebacks only when asked for."""
    handler = logging.StreamHandler()
    if not os.environ.get("FOOTNOTE_TRACEBACK"):
        handler.setFormatter(OneLine())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


def prepare_output(stream: TextIO) -> None:
    """UTF-8 whatever the locale says; what cannot be encoded is escaped."""
    reconfigure = getattr(stream, "reconfigure", None)  # absent when a test captures the stream
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="backslashreplace")


def say(text: str = "") -> None:
    """A line for people on standard output, flushed."""
    print(plain(text), flush=True)


def tell(text: str) -> None:
    """A line for people on standard error."""
    print(plain(text), file=sys.stderr, flush=True)


def say_json(value: object) -> None:
    """A line of JSON on standard output, flushed, so that a reader gets each at once."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def plain(text: str) -> str:
    """`text` without what would steer a terminal."""
    return text.translate(CONTROL)


def one_line(text: str) -> str:
    return " ".join(text.split())


def shortened(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1] + "…"


def interactive() -> bool:
    """Whether somebody is there to answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> str:
    """An answer typed by the person, lower case. "" when there is none."""
    print(plain(question), end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower()


def table(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """`rows` in columns, the first row being the head; the columns in `right` are set flush right."""
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]

    def cell(text: str, column: int) -> str:
        space = " " * (widths[column] - width(text))
        return space + text if column in right else text + space

    return "\n".join(
        "  ".join(cell(text, column) for column, text in enumerate(row)).rstrip() for row in rows
    )


def counted(number: int, thing: str, things: str = "") -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {things or thing + 's'}"


def size(size_bytes: int) -> str:
    if size_bytes < 1024:
        return f"{size_bytes} B"
    if size_bytes < 1024**2:
        return f"{size_bytes / 1024:.0f} KiB"
    return f"{size_bytes / 1024**2:.1f} MiB"


def moment(unix_seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(unix_seconds))


def width(text: str) -> int:
    """Columns that `text` takes in a terminal."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


class StatusLine:
    """One line on standard error that changes in place; silent when nobody watches."""

    def __init__(self, shown: bool) -> None:
        self._shown = shown and sys.stderr.isatty()

    def show(self, text: str) -> None:
        if self._shown:
            room = shutil.get_terminal_size().columns - 1
            line = plain(text).replace("\n", " ")
            while width(line) > room:
                line = line[:-1]
            print(f"\r\x1b[2K{line}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._shown:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[Home]:
    """The home folder that the flags and the environment name, opened or reached."""
    settings = Settings.load(home=options.home)
    go_offline(os.environ, settings.allow_download)
    from ingest.remote.client import connect  # its libraries read the environment when they are imported

    home = connect(settings, tell)
    try:
        yield home
    finally:
        home.close()

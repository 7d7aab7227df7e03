"""Flags anywhere, exit statuses, and nothing from a document that could steer a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import ingest.__main__ as ingest_cli
import rag.__main__ as rag_cli
from ingest.commands import terminal
from ingest.errors import NotFound, WrongUsage

FLAGS = ["--json", "--library", "Hand  book", "--home", "elsewhere"]


@pytest.mark.parametrize(
    "arguments",
    [
        [*FLAGS, "add", "a", "b"],
        ["add", *FLAGS, "a", "b"],
        ["add", "a", *FLAGS, "b"],
        ["add", "a", "b", *FLAGS],
        ["--json", "add", "a", "--library=Hand book", "b", "--home", "elsewhere"],
    ],
)
def test_flags_are_taken_anywhere(arguments: list[str]) -> None:
    options = ingest_cli.parser().parse_args(arguments)
    assert options.paths == ["a", "b"]
    assert (options.json, options.library, options.home) == (True, "Hand book", Path("elsewhere"))


@pytest.mark.parametrize(
    "command", [["list"], ["show", "k"], ["remove", "k"], ["check"], ["rebuild"], ["libraries"]]
)
def test_every_command_takes_the_shared_flags(command: list[str]) -> None:
    options = ingest_cli.parser().parse_args([*command, *FLAGS])
    assert options.json
    options = ingest_cli.parser().parse_args(command)
    assert (options.json, options.library, options.home) == (False, None, None)


def test_ask_takes_flags_around_its_question() -> None:
    options = rag_cli.parser().parse_args(["ask", "--json", "why?", "--llm", "openai:x", "--library", "a"])
    assert (options.question, options.llm, options.library, options.json) == ("why?", "openai:x", "a", True)


def test_a_flag_takes_several_values_up_to_the_next_flag() -> None:
    options = rag_cli.parser().parse_args(
        ["evaluate", "--sets", "s", "--only", "a", "b", "--limit", "5", "--json"]
    )
    assert (options.only, options.limit, options.json) == (["a", "b"], 5, True)


def test_what_follows_two_dashes_is_no_flag() -> None:
    assert ingest_cli.parser().parse_args(["remove", "--", "--json"]).keys == ["--json"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["add"],
        ["add", "--wings", "a"],
        ["add", "a", "--replace", "--keep-both"],
        ["show", "a", "b"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        ingest_cli.parser().parse_args(arguments)
    assert ended.value.code == 2


def raising(error: BaseException) -> int:
    def main(_: Sequence[str]) -> int:
        raise error

    return terminal.run(main, [])


def test_faults_become_one_line_and_a_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(NotFound("It is not there. Look elsewhere.")) == 1
    assert capsys.readouterr().err == "footnote: It is not there. Look elsewhere.\n"
    assert raising(WrongUsage("Not so.")) == 2
    assert raising(KeyboardInterrupt()) == 130
    assert raising(FileNotFoundError(2, "No such file", "x")) == 1
    assert raising(RuntimeError("oops")) == 1
    err = capsys.readouterr().err
    assert "FOOTNOTE_TRACEBACK" in err
    assert "Traceback" not in err


def test_control_characters_are_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say("a\x1b[31mred\x07 \u202eabc\n\tb")
    assert capsys.readouterr().out == "a�[31mred� �abc\n\tb\n"


def test_columns_line_up_for_wide_and_combining_letters() -> None:
    lines = terminal.table([["日本", "1"], ["e\u0301", "20"]], right=frozenset({1})).splitlines()
    assert lines == ["日本   1", "e\u0301     20"]


def test_a_logged_fault_is_one_line() -> None:
    try:
        raise ZeroDivisionError("by\x1bzero")
    except ZeroDivisionError:
        record = logging.getLogger("footnote.x").makeRecord(
            "footnote.x", logging.ERROR, "f", 1, "job %s failed", (3,), sys.exc_info()
        )
    assert terminal.OneLine().format(record) == "footnote.x: job 3 failed (ZeroDivisionError: by�zero)"

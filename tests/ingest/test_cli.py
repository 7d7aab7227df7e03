"""`python -m ingest` as a person and a script meet it: real processes, alone and beside the app."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ingest.remote.client
from ingest.__main__ import main
from ingest.commands import terminal
from ingest.errors import FootnoteError
from ingest.home.lock import HomeLock, read_owner
from ingest.settings import DEFAULT_LIBRARY
from tests.conftest import PROJECT, CommandLine, Ended
from tests.documents import pdf

if TYPE_CHECKING:
    from ingest.home.opening import LocalHome

CLEAN = "clean\nOf what was removed, 0 passages are left in catalog, vectors, index, originals.\n"
LEAVE = "# Leave\n\nYou may carry over five days of leave until the end of March.\n"


@dataclass
class Shell:
    """`python -m ingest` on one home folder and one library."""

    run: CommandLine
    home: Path
    library: str
    folder: Path

    def __call__(self, *arguments: str | Path, **options: object) -> Ended:
        return self.run("ingest", *arguments, "--home", self.home, "--library", self.library, **options)

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def keys(self) -> list[str]:
        return [line["document"] for line in self("list", "--json").lines]


@pytest.fixture(params=["alone", "beside the app"])
def shell(request: pytest.FixtureRequest, command_line: CommandLine, tmp_path: Path) -> Shell:
    """The same commands in both worlds."""
    if request.param == "alone":
        home = tmp_path / "home"
    else:
        app_home: LocalHome = request.getfixturevalue("app_home")
        home = app_home.settings.home
    return Shell(command_line, home, request.node.name, tmp_path / "files")


@pytest.fixture
def beside(
    app_home: LocalHome, command_line: CommandLine, request: pytest.FixtureRequest, tmp_path: Path
) -> Shell:
    """Beside the app, which is quick: no models are loaded for each command."""
    return Shell(command_line, app_home.settings.home, request.node.name, tmp_path / "files")


@pytest.fixture
def alone(command_line: CommandLine, tmp_path: Path) -> Shell:
    return Shell(command_line, tmp_path / "home", DEFAULT_LIBRARY, tmp_path / "files")


# ------------------------------------------------------------------ the life of a folder


def test_a_folder_from_adding_to_removing(shell: Shell) -> None:
    shell.write("docs/leave.md", LEAVE)
    shell.write("docs/sub folder/Pausen 日本.pdf", pdf(["Breaks last half an hour.", "Lunch is at noon."]))
    shell.write("docs/broken.pdf", b"%PDF-1.4 and no more")
    folder = shell.folder / "docs"

    added = shell("add", folder, "--json")
    assert added.status == 1, "one file cannot be read"
    assert [set(line) for line in added.lines] == [{"document", "state", "pages", "chunks", "message"}] * 3
    found = {line["document"]: line for line in added.lines}
    assert {key: line["state"] for key, line in found.items()} == {
        "docs/broken.pdf": "failed",
        "docs/leave.md": "added",
        "docs/sub folder/Pausen 日本.pdf": "added",
    }
    assert found["docs/broken.pdf"]["message"]
    assert found["docs/sub folder/Pausen 日本.pdf"]["pages"] == 2
    assert found["docs/sub folder/Pausen 日本.pdf"]["chunks"] == 2

    (folder / "broken.pdf").unlink()
    shell.write("docs/leave.md", LEAVE.replace("five", "six"))
    shell.write("docs/copy of Pausen.pdf", pdf(["Breaks last half an hour.", "Lunch is at noon."]))
    again = shell("add", "--json", folder)
    assert again.status == 0, again.err
    assert {line["document"]: line["state"] for line in again.lines} == {
        "docs/copy of Pausen.pdf": "duplicate",
        "docs/leave.md": "replaced",
        "docs/sub folder/Pausen 日本.pdf": "unchanged",
    }

    listed = shell("list", "--json").lines
    assert [line["document"] for line in listed] == [
        "docs/copy of Pausen.pdf",
        "docs/leave.md",
        "docs/sub folder/Pausen 日本.pdf",
    ]
    assert {line["state"] for line in listed} == {"complete"}
    table = shell("list").out
    assert "docs/sub folder/Pausen 日本.pdf" in table

    receipt = shell("show", "docs/sub folder/Pausen 日本.pdf", "--json").lines[0]
    assert [page["state"] for page in receipt["receipt"]["pages"]] == ["read", "read"]
    assert receipt["other_keys"] == ["docs/copy of Pausen.pdf"]
    shown = shell("show", "docs/sub folder/Pausen 日本.pdf").out
    assert "2 read" in shown
    assert "docs/copy of Pausen.pdf" in shown

    removed = shell("remove", "docs/leave.md", "docs/copy of Pausen.pdf")
    assert (removed.status, removed.out) == (0, "2 documents removed.\n")
    assert shell.keys() == ["docs/sub folder/Pausen 日本.pdf"]
    assert (shell("check").status, shell("check").out) == (0, CLEAN)
    assert shell("rebuild").status == 0
    nothing = {"catalog": 0, "vectors": 0, "index": 0, "originals": 0}
    assert shell("check", "--json").lines == [{"left_of_removed": nothing}]


# ------------------------------------------------------------------ paths as people give them


def test_passages_are_switched_off_corrected_and_read_anew(beside: Shell) -> None:
    file = beside.write(
        "rules.md", "# Dome\n\nThe dome is closed at 4S knots of wind. Valid from 2 May 2025.\n"
    )
    assert beside("add", file, "--json").lines[0]["state"] == "added"
    assert "of         2 May 2025, says its text\n" in beside("show", "rules.md").out
    assert beside("show", "rules.md", "--json").lines[0]["dated"]["source"] == "text"
    shown = beside("show", "rules.md", "--passages").out
    assert "    1  § Dome\n" in shown
    assert "       The dome is closed at 4S knots of wind." in shown
    corrected = beside(
        "passage", "rules.md", "1", "--correct", "-", input="The dome is closed at 45 knots.\n"
    )
    assert "(corrected by hand)" in corrected.out
    assert "as it was read:" in corrected.out
    assert corrected.err == "Corrected.\n"
    (line,) = beside("passage", "rules.md", "1", "--off", "--json").lines
    assert (line["off"], line["text"]) == (True, "The dome is closed at 45 knots.")
    assert "4S knots" in line["as_read"]
    assert beside("show", "rules.md", "--json").lines[0]["changed_passages"] == 1
    again = beside("reread", "rules.md", "--chunk-tokens", "80", "--json")
    assert [(each["document"], each["state"]) for each in again.lines] == [("rules.md", "replaced")]
    (line,) = beside("show", "rules.md", "--passages", "--json", "--search", "45 KNOTS").lines
    assert line["off"]
    head, row = beside("receipts", "--csv").out.splitlines()
    assert head.startswith("document,title,type,")
    assert row.startswith("rules.md,Dome,text/markdown,")
    (receipt,) = beside("receipts", "rules.md", "--json").lines
    assert [page["passages"] for page in receipt["page_by_page"]] == [1]
    missing = beside("passage", "rules.md", "9", "--off")
    assert (missing.status, missing.err) == (1, "footnote: “rules.md” has 1 passage, no number 9.\n")


def test_paths_of_every_kind(beside: Shell) -> None:
    beside.write("a b/ü.md", LEAVE)
    beside.write("run.exe", b"MZ\x90\0\x03")
    beside.write("here/x.txt", "Some text stands here, quite short.")
    (beside.folder / "empty").mkdir()
    ended = beside(
        "add", "../a b", "../run.exe", "gone.md", "../empty", "x.txt", "--json", cwd=beside.folder / "here"
    )
    assert ended.status == 1
    states = {line["document"]: line["state"] for line in ended.lines}
    assert states == {"a b/ü.md": "added", "run.exe": "failed", "gone.md": "failed", "x.txt": "added"}
    assert "nothing to add" in ended.err
    assert beside.keys() == ["a b/ü.md", "x.txt"]


def test_an_empty_folder_is_no_failure(beside: Shell) -> None:
    beside.folder.mkdir()
    ended = beside("add", beside.folder, "--json")
    assert (ended.status, ended.out) == (0, "")
    assert "nothing to add" in ended.err
    assert beside("list", "--json").status == 0, "add makes the library all the same"


def test_a_key_held_from_another_place_needs_a_choice(beside: Shell) -> None:
    first = beside.write("one/a.md", LEAVE)
    second = beside.write("two/a.md", LEAVE.replace("five", "nine"))
    assert beside("add", first).status == 0
    refused = beside("add", second, "--json")
    assert refused.status == 1
    assert refused.lines[0]["state"] == "failed"
    assert "already" in refused.lines[0]["message"]
    assert beside("add", second, "--keep-both", "--json").lines[0]["document"] == "a (2).md"
    assert beside("add", "--replace", second, "--json").lines[0]["state"] in ("replaced", "duplicate")
    assert beside.keys() == ["a (2).md", "a.md"]


def test_a_password_opens_an_encrypted_file(beside: Shell) -> None:
    import pypdf

    plain = beside.write("plain.pdf", pdf(["The vault opens at nine."]))
    writer = pypdf.PdfWriter(clone_from=plain)
    writer.encrypt("sesame", algorithm="AES-256")
    locked = beside.folder / "locked.pdf"
    writer.write(locked)
    refused = beside("add", locked, "--json")
    assert refused.status == 1
    assert "password" in refused.lines[0]["message"].lower()
    assert beside("add", locked, "--password", "wrong").status == 1
    opened = beside("add", locked, "--password", "sesame", "--json")
    assert (opened.status, opened.lines[0]["state"]) == (0, "added")


# ------------------------------------------------------------------ faults, one line each


def test_faults_are_one_line_and_1(beside: Shell) -> None:
    beside("add", beside.write("a.md", LEAVE))
    for arguments in (["show", "../../etc/passwd"], ["remove", "a.md", "gone"], ["remove", "../a.md"]):
        ended = beside(*arguments)
        assert (ended.status, ended.out) == (1, "")
        assert ended.err.startswith("footnote: ")
        assert len(ended.err.splitlines()) == 1
    assert beside.keys() == ["a.md"], "a key that is not there stops the whole removal"
    assert beside.run("ingest", "list", "--home", beside.home, "--library", "nowhere").status == 1


def test_wrong_usage_is_2(beside: Shell) -> None:
    for arguments in ([], ["add"], ["fly"], ["list", "--wings"]):
        ended = beside.run("ingest", *arguments)
        assert ended.status == 2
        assert "usage" in ended.err
    setting = beside.run("ingest", "list", env={"FOOTNOTE_THREADS": "many"})
    assert setting.status == 2
    assert "FOOTNOTE_THREADS" in setting.err


def test_a_home_that_cannot_be_is_told(command_line: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    ended = command_line("ingest", "list", "--home", tmp_path / "file")
    assert ended.status == 2
    assert "--home" in ended.err
    assert "Traceback" not in ended.err


def test_a_fresh_home_lists_nothing(alone: Shell) -> None:
    ended = alone.run("ingest", "list", "--home", alone.home)
    assert (ended.status, ended.out) == (0, "")
    assert "add" in ended.err


def test_a_folder_in_use_names_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ingest.remote.client, "WAIT_SECONDS", 0.3)
    with HomeLock.acquire(tmp_path):
        assert terminal.run(main, ["list", "--home", str(tmp_path)]) == 1
    assert f"in use by process {os.getpid()}" in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_fault(beside: Shell) -> None:
    beside("add", *(beside.write(f"{number}.txt", f"Text {number}.") for number in range(3)))
    command = [sys.executable, "-m", "ingest", "list", "--home", str(beside.home)]
    command += ["--library", beside.library]
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        command, cwd=PROJECT, stdout=write, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(write)
    assert ended.stderr == b""
    assert ended.returncode == 141


# ------------------------------------------------------------------ somebody at a terminal


def at_a_terminal(shell: Shell, *arguments: str | Path, typed: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """Status and all that is shown; each (prompt, answer) is typed when its prompt has come."""
    ours, theirs = pty.openpty()
    words = [*map(str, arguments), "--home", str(shell.home), "--library", shell.library]
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest", *words], cwd=PROJECT, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,  # getpass asks the controlling terminal, which this one then is not
    )  # fmt: skip
    os.close(theirs)
    shown, expected = "", list(typed)
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece.decode(errors="replace")
        if expected and expected[0][0] in shown:
            os.write(ours, f"{expected.pop(0)[1]}\n".encode())
    os.close(ours)
    assert not expected, shown
    return process.wait(timeout=60), shown


def test_removing_asks_at_a_terminal(beside: Shell) -> None:
    beside("add", beside.write("a.md", LEAVE))
    status, shown = at_a_terminal(beside, "remove", "a.md", typed=[("[y/N]", "n")])
    assert (status, beside.keys()) == (0, ["a.md"])
    assert "Nothing was removed." in shown
    assert at_a_terminal(beside, "remove", "gone", typed=[])[0] == 1
    assert at_a_terminal(beside, "remove", "a.md", typed=[("[y/N]", "y")])[0] == 0
    assert beside.keys() == []


def test_adding_asks_for_what_is_lacking_and_shows_a_bar(beside: Shell) -> None:
    beside("add", beside.write("one/a.md", LEAVE))
    other = beside.write("two/a.md", LEAVE.replace("five", "nine"))
    status, shown = at_a_terminal(beside, "add", other, typed=[("[r/k/s]", "s")])
    assert status == 1
    status, shown = at_a_terminal(beside, "add", other, typed=[("[r/k/s]", "k")])
    assert status == 0
    assert "0/1" in shown
    assert beside.keys() == ["a (2).md", "a.md"]


def test_nobody_is_asked_under_json(beside: Shell) -> None:
    beside("add", beside.write("one/a.md", LEAVE))
    other = beside.write("two/a.md", LEAVE.replace("five", "nine"))
    assert at_a_terminal(beside, "add", other, "--json", typed=[])[0] == 1
    assert at_a_terminal(beside, "remove", "a.md", "--json", typed=[])[0] == 0


# ------------------------------------------------------------------ stopped in the middle


MANY = 16  # files, enough to be interrupted among them


@pytest.fixture
def many(alone: Shell) -> list[Path]:
    """Files that take a while."""
    return [
        alone.write(
            f"many/{number:02}.md",
            "\n\n".join(f"Part {number}, sentence {i}, says more." for i in range(900)),
        )
        for number in range(MANY)
    ]


@pytest.fixture
def adding(alone: Shell, many: list[Path], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """`add --json` of them, after its first file has ended, in a process group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest", "add", many[0].parent, "--json", "--home", alone.home],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["state"] == "added"
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=60)


def test_ctrl_c_ends_cleanly(alone: Shell, adding: subprocess.Popen[str], many: list[Path]) -> None:
    os.killpg(adding.pid, signal.SIGINT)  # as a terminal does: the whole group
    _, err = adding.communicate(timeout=60)
    assert adding.returncode == 130
    assert "Traceback" not in err
    assert read_owner(alone.home) is None
    listed = alone("list", "--json").lines
    assert 1 <= len(listed) < MANY
    assert {line["state"] for line in listed} <= {"complete", "words"}
    assert alone("check").out == CLEAN
    assert alone("add", many[0].parent, "--json").status == 0  # what was stopped is finished by the next
    listed = alone("list", "--json").lines
    assert [line["state"] for line in listed] == ["complete"] * MANY


def test_a_kill_loses_nothing_acknowledged(
    alone: Shell, adding: subprocess.Popen[str], many: list[Path]
) -> None:
    os.kill(adding.pid, signal.SIGKILL)
    out, _ = adding.communicate(timeout=60)
    acknowledged = {"many/00.md"} | {json.loads(line)["document"] for line in out.splitlines()}
    deadline = time.monotonic() + 20
    while read_owner(alone.home) is not None:
        assert time.monotonic() < deadline, "the lock outlives its process"
        time.sleep(0.1)
    assert alone("check").out == CLEAN
    assert acknowledged <= {line["document"] for line in alone("list", "--json").lines}
    again = alone("add", many[0].parent, "--json")
    assert again.status == 0
    states = {line["document"]: line["state"] for line in again.lines}
    assert len(states) == MANY
    assert {states[key] for key in acknowledged} == {"unchanged"}
    assert {line["state"] for line in alone("list", "--json").lines} == {"complete"}
    assert alone("check").out == CLEAN


def test_pause_and_resume_beside_the_app(
    app_home: LocalHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--home", str(app_home.settings.home)]
    (tmp_path / "late.txt").write_text("Late notes.")
    try:
        assert main(["pause", "--json", *at]) == 0
        assert json.loads(capsys.readouterr().out) == {"paused": True, "waiting": 0}
        assert app_home.paused()
        with pytest.raises(FootnoteError, match="queue is paused"):
            main(["add", str(tmp_path / "late.txt"), "--library", "Late", *at])
    finally:
        assert main(["resume", *at]) == 0
    assert "running" in capsys.readouterr().out
    assert not app_home.paused()

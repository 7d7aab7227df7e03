"""A folder kept in step with a library: real files, a real home folder, a real process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import FootnoteError
from ingest.follow.folder import Keeper, Round, Watched
from ingest.home.opening import LocalHome, open_home
from ingest.library import LocalLibrary
from ingest.model import AddState
from ingest.settings import PROJECT, Settings
from tests.conftest import CommandLine

LEAVE = "# Leave\n\nEvery member has 27 days of paid leave a year.\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHome]:
    opened = open_home(Settings(home=tmp_path_factory.mktemp("watching") / "home"))
    yield opened
    opened.close()


@pytest.fixture
def library(home: LocalHome, request: pytest.FixtureRequest) -> LocalLibrary:
    name = request.node.name[:70]
    home.create(name)
    return home.library(name)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "old").mkdir(parents=True)
    (folder / "leave.md").write_text(LEAVE)
    (folder / "old" / "keys.txt").write_text("The spare keys hang behind the counter.")
    return folder


def follow(keeper: Keeper, library: LocalLibrary) -> tuple[Round, list[AddState]]:
    plan = keeper.round(library)
    states = [result.state for result in library.add(plan.added)]
    if plan.removed:
        library.remove(plan.removed)
    return plan, states


def keys(library: LocalLibrary) -> list[str]:
    return [origin.key for origin in library.origins()]


def test_added_changed_moved_and_deleted_files_follow(library: LocalLibrary, docs: Path) -> None:
    keeper = Keeper(Watched(str(docs)))
    assert keeper.changed()
    assert follow(keeper, library)[1] == [AddState.ADDED] * 2
    assert keys(library) == ["docs/leave.md", "docs/old/keys.txt"]
    assert not keeper.changed()

    (docs / "leave.md").write_text(LEAVE.replace("27", "30"))
    assert keeper.changed()
    assert follow(keeper, library)[1] == [AddState.REPLACED]

    (kept,) = [origin.document_id for origin in library.origins() if origin.key.endswith("keys.txt")]
    shutil.move(docs / "old" / "keys.txt", docs / "where keys are.txt")
    plan, states = follow(keeper, library)
    assert (states, plan.removed) == ([AddState.DUPLICATE], ["docs/old/keys.txt"])
    (moved,) = [origin for origin in library.origins() if origin.key == "docs/where keys are.txt"]
    assert moved.document_id == kept  # not read anew

    (docs / "leave.md").unlink()
    assert follow(keeper, library)[0] == Round([], ["docs/leave.md"])
    assert keys(library) == ["docs/where keys are.txt"]


def test_a_new_watch_knows_what_went_meanwhile(library: LocalLibrary, docs: Path) -> None:
    follow(Keeper(Watched(str(docs))), library)
    (docs / "leave.md").unlink()
    plan, states = follow(Keeper(Watched(str(docs))), library)
    assert (states, plan.removed) == ([AddState.UNCHANGED], ["docs/leave.md"])


def test_other_files_of_the_library_are_left_alone(library: LocalLibrary, docs: Path, tmp_path: Path) -> None:
    beside = tmp_path / "docs-2" / "note.txt"
    beside.parent.mkdir()
    beside.write_text("Somebody else's note.")
    follow(Keeper(Watched(str(beside.parent))), library)
    follow(Keeper(Watched(str(docs))), library)
    assert follow(Keeper(Watched(str(docs), exclude=("*.md",))), library)[0].removed == ["docs/leave.md"]
    assert "docs-2/note.txt" in keys(library)


@pytest.mark.parametrize(
    ("include", "exclude", "counting"),
    [
        ((), (), ["a.md", "drafts/b.md", "drafts/old/c.pdf"]),
        (("*.md",), (), ["a.md", "drafts/b.md"]),
        ((), ("drafts/",), ["a.md"]),
        (("drafts/*",), ("*.pdf",), ["drafts/b.md"]),
        (("drafts/old/c.pdf",), (), ["drafts/old/c.pdf"]),
        ((), ("old",), ["a.md", "drafts/b.md"]),
    ],
)
def test_patterns(include: tuple[str, ...], exclude: tuple[str, ...], counting: list[str]) -> None:
    watched = Watched(os.path.abspath("f"), include, exclude)
    names = ["a.md", "drafts/b.md", "drafts/old/c.pdf"]
    assert [name for name in names if watched.counts(os.path.join(watched.folder, name))] == counting


def test_a_drive_that_is_not_connected_empties_no_library(library: LocalLibrary, docs: Path) -> None:
    for number in range(5):
        (docs / f"{number}.txt").write_text(f"Note number {number}")
    keeper = Keeper(Watched(str(docs)))
    follow(keeper, library)
    shutil.move(docs, docs.with_name("elsewhere"))
    with pytest.raises(FootnoteError, match="is not there"):
        keeper.round(library)
    docs.mkdir()  # the empty folder that a drive leaves behind
    with pytest.raises(FootnoteError, match=r"is empty, and 7 files .* nothing was removed"):
        keeper.round(library)
    assert len(keys(library)) == 7


# ------------------------------------------------------------------ the command


def until(condition: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_the_command_follows_beside_an_app_and_ends_with_ctrl_c(
    app_home: LocalHome, docs: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    command = [
        sys.executable, "-m", "ingest", "watch", str(docs), "--exclude", "old",
        "--library", "Watched", "--home", str(app_home.settings.home), "--json",
    ]  # fmt: skip

    def lines() -> list[tuple[str, str]]:
        rows = [json.loads(line) for line in out.read_text().splitlines()]
        return [(row["document"], row["state"]) for row in rows]

    with out.open("w") as stream:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=stream, stderr=subprocess.PIPE, text=True
        )
        try:
            until(lambda: lines() == [("docs/leave.md", "added")])
            (docs / "tea.md").write_text("# Tea\n\nTea is served at four.")
            until(lambda: ("docs/tea.md", "added") in lines())
            (docs / "tea.md").unlink()
            until(lambda: ("docs/tea.md", "removed") in lines())
            away = docs.rename(docs.with_name("away"))  # a drive that is taken out and put in again
            time.sleep(1)
            away.rename(docs)
            (docs / "coffee.md").write_text("# Coffee\n\nCoffee is served at three.")
            until(lambda: ("docs/coffee.md", "added") in lines())
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()
            _, told = process.communicate()
    assert "Stopped watching" in told
    assert keys(app_home.library("Watched")) == ["docs/coffee.md", "docs/leave.md"]


def test_one_round_alone(command_line: CommandLine, docs: Path, tmp_path: Path) -> None:
    arguments = ("watch", docs, "--once", "--json", "--home", tmp_path / "home")
    first = command_line("ingest", *arguments)
    assert first.status == 0, first.err
    assert [line["state"] for line in first.lines] == ["added", "added"]
    wrong = command_line("ingest", "watch", docs / "leave.md", "--home", tmp_path / "home")
    assert (wrong.status, "is not a folder" in wrong.err) == (2, True)

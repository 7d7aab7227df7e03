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
from ingest.model.adding import AddState, Source
from ingest.settings import PROJECT, Settings
from tests.conftest import CommandLine
from tests.ingest.conftest import LEAVE


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


def follow(keeper: Keeper, library: LocalLibrary) -> tuple[Round, list[AddState]]:
    plan = keeper.round(library)
    states = [result.state for result in library.add(plan.added)]
    there = keys(library)
    library.remove([key for key in plan.removed if key in there])
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

    shutil.move(docs / "old" / "keys.txt", docs / "where keys are.txt")
    assert follow(keeper, library)[1] == [AddState.MOVED]
    assert keys(library) == ["docs/leave.md", "docs/where keys are.txt"]

    (docs / "leave.md").unlink()
    assert follow(keeper, library)[0] == Round([], ["docs/leave.md"])
    assert keys(library) == ["docs/where keys are.txt"]


def test_what_a_person_decided_about_a_file_moves_with_it(library: LocalLibrary, docs: Path) -> None:
    keeper = Keeper(Watched(str(docs)))
    drafts = [docs / "old" / f"draft {number}.txt" for number in (1, 2)]
    drafts[0].write_text("The spare keys hang beside the counter.")  # as long as keys.txt
    drafts[1].write_text("The spare keys hang behind the counter.")  # and the very same
    follow(keeper, library)
    library.tag(["docs/old/keys.txt"], add=["keep"])
    library.tag(["docs/old/draft 1.txt"], add=["draft"])
    library.set_aside(["docs/old/draft 1.txt"], "docs/leave.md")
    (leave,) = library.document_chunks("docs/leave.md")
    library.correct(leave.id, "Every member has 30 days of paid leave a year.")
    (keys_chunk,) = library.document_chunks("docs/old/keys.txt")
    library.switch(keys_chunk.id, off=True)
    before = {origin.key.rpartition("/")[2]: origin for origin in library.origins()}

    shutil.move(docs / "old", docs / "attic")
    (docs / "attic" / "draft 2.txt").write_text("Something else by now, in other words.")
    shutil.move(docs / "leave.md", docs / "attic" / "holidays.md")
    assert sorted(follow(keeper, library)[1]) == [AddState.ADDED, *[AddState.MOVED] * 3]

    after = {origin.key: origin for origin in library.origins()}
    for was, now in (("keys.txt", "keys.txt"), ("draft 1.txt", "draft 1.txt"), ("leave.md", "holidays.md")):
        old, new = before[was], after.pop(f"docs/attic/{now}")
        assert (new.document_id, new.tags, new.added_at) == (old.document_id, old.tags, old.added_at)
        assert new.changed == (0 if was.startswith("draft") else 1)
    assert library.detail("docs/attic/draft 1.txt").instead == "docs/attic/holidays.md"
    assert list(after) == ["docs/attic/draft 2.txt"]
    assert [chunk.text for chunk in library.document_chunks("docs/attic/holidays.md")] == [
        "Every member has 30 days of paid leave a year."
    ]
    assert library.search_words("holidays", 1)[0][0] == leave.id, "found by its new name"
    assert not keeper.changed()
    assert follow(Keeper(Watched(str(docs))), library)[1] == [AddState.UNCHANGED] * 4


def test_a_file_that_moves_over_another_or_changes_on_the_way_is_added_as_ever(
    library: LocalLibrary, docs: Path, tmp_path: Path
) -> None:
    follow(Keeper(Watched(str(docs))), library)
    library.tag(["docs/leave.md"], add=["keep"])
    (moved,) = library.add([Source(str(docs / "leave.md"), "docs/old/keys.txt", "upload", replace=True,
                                   moved_from=("docs/leave.md",))])  # fmt: skip
    assert moved.state is not AddState.MOVED, "the key is another file's"
    assert keys(library) == ["docs/leave.md", "docs/old/keys.txt"]
    (docs / "leave.md").write_text(LEAVE.replace("27", "28"))
    there = Source(str(docs / "leave.md"), "new.md", str(docs / "new.md"), moved_from=("docs/leave.md",))
    assert [result.state for result in library.add([there])] == [AddState.ADDED]


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

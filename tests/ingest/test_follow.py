"""What is followed: named, looked at, changed and let go; by a home folder at work, and by the command."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ingest.follow.folder
from ingest.errors import FootnoteError, NotFound, Taken, WrongUsage
from ingest.follow.follower import QUEUE_PAUSED
from ingest.follow.model import Followed, FollowState
from ingest.home.opening import LocalHome, open_home
from ingest.protocols import Library
from ingest.settings import Settings
from tests.conftest import CommandLine


@pytest.fixture
def at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHome]:
    """A home folder as the app has it: what is followed is looked at, soon after each change."""
    monkeypatch.setattr(ingest.follow.folder, "SETTLE_MS", 100)
    monkeypatch.setattr(ingest.follow.folder, "TICK_MS", 50)
    monkeypatch.setattr(ingest.follow.folder, "RETRY_SECONDS", 0.2)
    home = open_home(Settings(home=tmp_path / "home"))
    home.create("Papers")
    home.followers.start()
    yield home
    home.close()


def keys(library: Library) -> list[str]:
    return [each.key for each in library.listed()]


def until(condition: Callable[[], object], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def standing(library: Library) -> Followed:
    (row,) = library.followed()
    return row


def in_step(library: Library, files: int) -> bool:
    row = standing(library)
    return (row.state, row.files, row.fault) == (FollowState.IN_STEP, files, "")


def test_a_folder_is_followed_while_the_app_runs_and_after_a_restart(at_work: LocalHome, docs: Path) -> None:
    library = at_work.library("Papers")
    assert library.follow(str(docs), exclude=["*.log"]).state in (FollowState.WAITING, FollowState.WORKING)
    until(lambda: in_step(library, 2))
    assert keys(library) == ["docs/leave.md", "docs/old/keys.txt"]
    assert standing(library).looked_at == pytest.approx(time.time(), abs=60)

    (docs / "empty.txt").write_bytes(b"")
    until(lambda: standing(library).left_out == 1)
    assert standing(library).notes[0].startswith("docs/empty.txt: This file is empty")

    library.change_followed(standing(library).id, paused=True)
    (docs / "tea.md").write_text("# Tea\n\nTea is served at four.")
    time.sleep(0.6)
    assert len(keys(library)) == 2
    library.change_followed(standing(library).id, paused=False, exclude=["old"])
    until(lambda: keys(library) == ["docs/leave.md", "docs/tea.md"])

    at_work.close()
    (docs / "leave.md").unlink()
    (docs / "empty.txt").unlink()
    again = open_home(at_work.settings)
    try:
        assert standing(again.library("Papers")).files == 3, "what it was stays to be seen"
        again.followers.start()
        until(lambda: keys(again.library("Papers")) == ["docs/tea.md"])
        until(lambda: in_step(again.library("Papers"), 1))
        assert standing(again.library("Papers")).left_out == 0
    finally:
        again.close()


def test_a_fault_is_shown_and_mends_itself(at_work: LocalHome, docs: Path) -> None:
    library = at_work.library("Papers")
    at_work.pause()
    row = library.follow(str(docs))
    until(lambda: standing(library).fault == QUEUE_PAUSED)
    at_work.pause(False)
    until(lambda: in_step(library, 2))
    away = docs.rename(docs.with_name("away"))
    library.look(row.id)
    until(lambda: standing(library).state is FollowState.FAULT)
    assert "is not there. Nothing was removed" in standing(library).fault
    assert len(keys(library)) == 2
    away.rename(docs)
    until(lambda: in_step(library, 2))


def test_a_deleted_library_is_followed_no_more(at_work: LocalHome, docs: Path) -> None:
    at_work.library("Papers").follow(str(docs))
    until(lambda: in_step(at_work.library("Papers"), 2))
    at_work.delete("Papers")
    at_work.create("Papers")
    assert at_work.library("Papers").followed() == []
    (docs / "tea.md").write_text("# Tea\n\nTea is served at four.")
    time.sleep(0.6)
    assert keys(at_work.library("Papers")) == []


@pytest.mark.parametrize("files_stay", [True, False])
def test_letting_go_keeps_the_files_or_not(at_work: LocalHome, docs: Path, files_stay: bool) -> None:
    library = at_work.library("Papers")
    row = library.follow(str(docs))
    until(lambda: in_step(library, 2))
    assert library.unfollow(row.id, remove=not files_stay) == (0 if files_stay else 2)
    assert len(keys(library)) == (2 if files_stay else 0)
    (docs / "tea.md").write_text("# Tea\n\nTea is served at four.")
    time.sleep(0.6)
    assert len(keys(library)) == (2 if files_stay else 0)
    with pytest.raises(NotFound, match="not followed any more"):
        library.look(row.id)


def test_what_cannot_be_followed_is_told_with_its_remedy(at_work: LocalHome, docs: Path) -> None:
    library = at_work.library("Papers")
    for place, kind, message in [
        ("docs", WrongUsage, "not a whole path"),
        ("  ", WrongUsage, "not a whole path"),
        (str(docs / "nowhere"), NotFound, "There is no folder"),
        (str(docs / "leave.md"), WrongUsage, "is not a folder"),
        (str(at_work.settings.home), WrongUsage, "keeps its own files"),
    ]:
        with pytest.raises(kind, match=message):
            library.follow(place)
    library.follow(str(docs))
    for held in (docs / ".", docs / "old", docs.parent):
        with pytest.raises(Taken, match="followed already"):
            library.follow(str(held))
    at_work.create("Other")
    assert at_work.library("Other").follow(str(docs)).library == "Other"


def test_the_same_through_a_running_app(app_home: LocalHome, docs: Path) -> None:
    from ingest.remote.client import connect

    home = connect(Settings(home=app_home.settings.home))
    home.create("Followed")
    library = home.library("Followed")
    row = library.follow(str(docs), include=["*.md"])
    assert library.followed() == [row] == app_home.library("Followed").followed()
    library.look(row.id)  # this app follows nothing by itself: it is done on return
    assert keys(library) == ["docs/leave.md"]
    assert library.change_followed(row.id, include=[]).include == ()
    library.look(row.id)
    assert len(keys(library)) == 2
    library.tag(["docs/old/keys.txt"], add=["keep"])
    shutil.move(docs / "old" / "keys.txt", docs / "where keys are.txt")
    library.look(row.id)
    assert [(each.key, each.tags) for each in library.listed()] == [
        ("docs/leave.md", ()),
        ("docs/where keys are.txt", ("keep",)),
    ]
    shutil.rmtree(docs / "old")
    assert library.unfollow(row.id, remove=True) == 2
    assert library.followed() == []
    with pytest.raises(FootnoteError, match="There is no folder"):
        library.follow(str(docs / "old"))
    home.close()


def test_the_command(command_line: CommandLine, docs: Path, tmp_path: Path) -> None:
    def follow(*arguments: object) -> list[dict[str, object]]:
        done = command_line("ingest", "follow", *map(str, arguments), "--json", "--home", tmp_path / "home")
        assert done.status == 0, done.err
        return done.lines

    (named,) = follow(docs, "--include", "*.md")
    assert (named["place"], named["include"], named["state"]) == (str(docs), ["*.md"], "waiting")
    assert [row["state"] for row in follow(docs, "--look")] == ["in step"]
    assert follow() == follow(docs)
    assert follow(docs, "--pause")[0]["paused"]
    assert follow(docs, "--stop-and-remove")[0]["removed"] == 1
    assert follow() == []

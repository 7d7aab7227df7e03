"""Paths become keys: readable, relative to the parent of what was named, each file once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest.commands.gather import gather


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    (docs / "deep" / "er").mkdir(parents=True)
    for name in ("b.md", "a.txt", "deep/c.HTML", "deep/er/d.pdf", ".hidden.md", "e.exe"):
        (docs / name).write_text("text", encoding="utf-8")
    (docs / ".git").mkdir()
    (docs / ".git" / "f.md").write_text("text", encoding="utf-8")
    return docs


def keys(*paths: object) -> list[str]:
    return [source.key for source in gather([str(path) for path in paths]).sources]


def test_a_folder_gives_keys_below_its_own_name(folder: Path) -> None:
    assert keys(folder) == ["docs/a.txt", "docs/b.md", "docs/deep/c.HTML", "docs/deep/er/d.pdf"]
    assert keys(folder / "deep") == ["deep/c.HTML", "deep/er/d.pdf"]
    assert keys(f"{folder}/") == keys(folder)


def test_a_file_gives_its_name(folder: Path) -> None:
    assert keys(folder / "deep" / "c.HTML") == ["c.HTML"]


def test_relative_paths_give_no_dots(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "deep")
    assert keys("../b.md", "er/../c.HTML", "er", ".") == [
        "b.md",
        "c.HTML",
        "er/d.pdf",
        # "." is the folder "deep"; c.HTML and er/d.pdf came before
    ]
    assert keys(".") == ["deep/c.HTML", "deep/er/d.pdf"]


def test_the_place_is_the_absolute_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (source,) = gather(["b.md"]).sources
    assert source.place == source.path == str(folder / "b.md")


def test_what_is_passed_over_is_told(folder: Path) -> None:
    notes = "\n".join(gather([str(folder)]).notes)
    assert "1 hidden file skipped" in notes
    assert "e.exe: skipped" in notes


def test_a_file_named_directly_is_always_tried(folder: Path) -> None:
    assert keys(folder / ".hidden.md", folder / "e.exe") == [".hidden.md", "e.exe"]


def test_missing_and_odd_paths_fail_one_by_one(folder: Path) -> None:
    pipe = folder / "pipe.md"
    os.mkfifo(pipe)
    found = gather([str(folder / "gone.md"), str(pipe), str(folder / "b.md")])
    assert [result.document for result in found.failed] == ["gone.md", "pipe.md"]
    assert "No such file" in found.failed[0].message
    assert [source.key for source in found.sources] == ["b.md"]
    assert "docs/pipe.md" not in keys(folder), "a folder's pipe would block whoever reads it"


def test_links_may_loop(folder: Path) -> None:
    (folder / "deep" / "again").symlink_to(folder, target_is_directory=True)
    (folder / "broken.md").symlink_to(folder / "gone.md")
    assert keys(folder) == ["docs/a.txt", "docs/b.md", "docs/deep/c.HTML", "docs/deep/er/d.pdf"]


def test_links_out_of_the_folder_are_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "letter.md").write_text("private", encoding="utf-8")
    (folder / "letter.md").symlink_to(secret / "letter.md")
    (folder / "deep" / "out").symlink_to(secret, target_is_directory=True)
    found = gather([str(folder)])
    assert not any("letter" in source.key for source in found.sources)
    assert sum("leads out of the folder" in note for note in found.notes) == 2
    assert keys(folder / "letter.md") == ["letter.md"], "named itself it is added"


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    found = gather([str(tmp_path)])
    assert not found.sources
    assert not found.failed
    assert "nothing to add" in found.notes[0]


def test_names_are_composed_and_always_text(tmp_path: Path) -> None:
    (tmp_path / "re\u0301sume\u0301 日本.md").write_text("text", encoding="utf-8")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.md")).write_text("text", encoding="utf-8")
    found = [source.key.rpartition("/")[2] for source in gather([str(tmp_path)]).sources]
    assert sorted(found) == ["r\u00e9sum\u00e9 日本.md", "\ufffd.md"]

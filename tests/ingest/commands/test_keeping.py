"""The commands tag, rules, duplicates, set-aside and bring-back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.__main__ import main
from ingest.errors import NotFound, WrongUsage
from ingest.home.opening import open_home
from ingest.settings import DEFAULT_LIBRARY, Settings
from tests.ingest.made import made_documents

Run = Callable[..., list[str]]
OLD = " ".join(f"Rule {number} says that desk {number} is cleared by six." for number in range(20))


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command over a library of three files; the lines that it prints."""
    home = open_home(Settings(home=tmp_path / "home"))
    home.create(DEFAULT_LIBRARY)
    texts = {"rules/old.md": OLD, "rules/new.md": f"{OLD} And lamps are off.", "menu.md": "Soup and bread."}
    made_documents(home, DEFAULT_LIBRARY, texts)
    home.close()

    def run(*arguments: str, expected: int = 0) -> list[str]:
        assert main([*arguments, "--home", str(tmp_path / "home")]) == expected
        return capsys.readouterr().out.splitlines()

    return run


def test_tags_and_rules(run: Run) -> None:
    assert run("tag", "rules", "--add", "desk", "Night shift") == [
        "rules/new.md  desk, Night shift",
        "rules/old.md  desk, Night shift",
    ]
    assert run("tag", "old.md", "--remove", "DESK") == ["rules/old.md  Night shift"]
    assert run("rules", "--pattern", "menu.md", "--add", "food") == ["  1  menu.md  gets  food"]
    assert run("rules", "--type", "Markdown", "--add", "text")[1:] == ["  2  Markdown  gets  text"]
    assert run("rules", "--remove", "2") == ["  1  menu.md  gets  food"]
    assert run("tag") == ["desk  1 file", "food  1 file", "Night shift  2 files"]
    (line,) = run("list", "--tag", "FOOD", "--json")
    assert (json.loads(line)["document"], json.loads(line)["tags"]) == ("menu.md", ["food"])
    assert "  tags       food" in run("show", "menu.md")
    with pytest.raises(NotFound, match="nowhere"):
        run("tag", "nowhere", "--add", "x")
    with pytest.raises(NotFound, match="no rule 7"):
        run("rules", "--remove", "7")
    for wrong in (("tag", "--add", "x"), ("rules", "--pattern", "x"), ("rules", "--add", "x")):
        with pytest.raises(WrongUsage):
            run(*wrong)


def test_duplicates_are_listed_and_set_aside(run: Run) -> None:
    assert run("duplicates")[1:] == ["rules/old.md  98% the same text as  rules/new.md"]
    assert run("set-aside", "rules/old.md", "--for", "rules/new.md") == [
        "rules/old.md: set aside, rules/new.md answers"
    ]
    assert "rules/old.md (set aside)" in run("duplicates", "rules/new.md")[1]
    shown = run("show", "rules/old.md")
    assert "  set aside  rules/new.md answers" in shown
    assert "  alike      98% the same text as rules/new.md" in shown
    assert json.loads(run("list", "old", "--json")[0])["aside"] is True
    assert run("bring-back", "rules/old.md") == ["rules/old.md: asked"]
    run("duplicates", "--newest", "on")
    (line,) = run("duplicates", "menu.md", "--newest", "off", "--json") or [""]
    assert line == ""

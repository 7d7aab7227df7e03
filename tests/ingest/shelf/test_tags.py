"""Tags by hand and by rule, in lists and in scopes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.errors import NotFound, WrongUsage
from ingest.home.opening import LocalHome, open_home
from ingest.library import LocalLibrary
from ingest.settings import Settings
from ingest.shelf.scope import Scope
from ingest.shelf.tags import NAME_LIMIT, Rule, clean_tag, counts, joined
from tests.ingest.made import made_document


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHome]:
    opened = open_home(Settings(home=tmp_path_factory.mktemp("tags") / "home"))
    yield opened
    opened.close()


@pytest.fixture
def library(home: LocalHome, request: pytest.FixtureRequest) -> LocalLibrary:
    library = home.library(home.create(request.node.name[:70]).name)
    for key in ("contracts/lease.md", "contracts/old/roof.md", "menu.md"):
        made_document(home, library.name, key, f"All about {key}.")
    return library


def tags(library: LocalLibrary) -> dict[str, tuple[str, ...]]:
    return {each.key: each.tags for each in library.listed()}


def test_tags_by_hand_and_by_rule_are_joined(home: LocalHome, library: LocalLibrary) -> None:
    library.tag(["contracts/lease.md", "menu.md"], ["Urgent", "urgent"])
    library.set_rules([Rule("contracts", "", ("legal", "Paper")), Rule("", "Markdown", ("paper",))])
    assert tags(library) == {
        "contracts/lease.md": ("legal", "paper", "Urgent"),
        "contracts/old/roof.md": ("legal", "paper"),
        "menu.md": ("paper", "Urgent"),
    }
    library.tag(["contracts/lease.md"], remove=["LEGAL", "urgent"])  # a rule's, for this file only
    made_document(home, library.name, "contracts/new.md", "A file to come.")
    assert tags(library)["contracts/lease.md"] == ("paper",)
    assert tags(library)["contracts/new.md"] == ("legal", "paper")
    library.tag(["contracts/lease.md"], ["legal"])
    library.set_rules([])
    assert tags(library) == {
        "contracts/lease.md": ("legal",),
        "contracts/new.md": (),
        "contracts/old/roof.md": (),
        "menu.md": ("Urgent",),
    }
    assert [origin.tags for origin in library.origins("lease")] == [("legal",)]
    assert library.detail("menu.md").origin.tags == ("Urgent",)


def test_a_tag_stays_when_the_content_is_replaced_and_goes_with_the_file(
    home: LocalHome, library: LocalLibrary
) -> None:
    library.tag(["menu.md"], ["kitchen"])
    made_document(home, library.name, "menu.md", "Another menu.")
    assert [chunk.text for chunk in library.document_chunks("menu.md")] == ["Another menu."]
    assert tags(library)["menu.md"] == ("kitchen",)
    library.remove(["menu.md"])
    assert home.catalog.read("SELECT count(*) FROM tags WHERE tag = 'kitchen'") == [(0,)]


def test_a_scope_takes_tags(library: LocalLibrary) -> None:
    library.tag(["contracts/lease.md"], ["legal"])
    library.tag(["menu.md"], ["kitchen"])
    assert [each.key for each in library.within(Scope(tags=("LEGAL",))).listed()] == ["contracts/lease.md"]
    assert library.within(Scope(tags=("legal", "kitchen"))).info().documents == 2
    with pytest.raises(NotFound, match="scope"):
        library.within(Scope(("menu.md",), tags=("legal",)))
    assert counts(library.listed()) == {"kitchen": 1, "legal": 1}


@pytest.mark.parametrize(
    "name", ["", "  ", "#", "a\x00b", "a\x1b[31m", "‮gnp.exe", "a,b", "x" * (NAME_LIMIT + 1)]
)
def test_names_that_cannot_be_shown_are_refused(library: LocalLibrary, name: str) -> None:
    with pytest.raises(WrongUsage, match="A tag has 1 to"):
        library.tag(["menu.md"], ["fine", name])
    with pytest.raises(WrongUsage, match="A tag has 1 to"):
        library.set_rules([Rule("*", "", (name,))])
    assert tags(library)["menu.md"] == ()
    assert library.rules() == []


def test_names_are_text_and_nothing_else(library: LocalLibrary) -> None:
    odd = ["<b>bold</b>", "[x](javascript:1)", "'); DROP TABLE tags;--", "日本"]
    library.tag(["menu.md"], odd)
    assert set(tags(library)["menu.md"]) == set(odd)
    assert clean_tag("  #two\n words ") == "two words"


def test_what_is_not_there_is_said_and_nothing_changes(library: LocalLibrary) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        library.tag(["menu.md", "nowhere.md"], ["a"])
    for rule in (
        Rule("", "", ("a",)),
        Rule("a", "", ()),
        Rule("", "Papyrus", ("a",)),
        Rule("x" * 501, "", ("a",)),
    ):
        with pytest.raises(WrongUsage):
            library.set_rules([rule])
    assert not any(tags(library).values())


def test_a_hand_goes_before_a_rule() -> None:
    assert joined({"a": "A", "b": "b"}, {"B": False, "c": True}) == ("A", "c")


def test_tags_are_in_a_backup(home: LocalHome, library: LocalLibrary, tmp_path: Path) -> None:
    from ingest.home.restore import restore_backup

    library.tag(["menu.md"], ["kitchen"])
    library.set_rules([Rule("contracts", "", ("legal",))])
    home.backup(str(tmp_path / "all.zip"))
    restore_backup(tmp_path / "all.zip", tmp_path / "again")
    with_tags = open_home(Settings(home=tmp_path / "again"))
    try:
        assert tags(with_tags.library(library.name)) == tags(library)
    finally:
        with_tags.close()

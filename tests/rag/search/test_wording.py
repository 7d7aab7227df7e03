"""Misspellings become the library's words; abbreviations are written out; what is known stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.home.opening import LocalHome, open_home
from ingest.library import LocalLibrary
from ingest.model.adding import Source
from ingest.settings import Settings
from rag.search.wording import mended, written_out

LEAVE = """# Paid Time Off

Every employee keeps a receipt of what was received. A password is changed each year, and the password of
an administrator each month. The organiser hosts the fair; the fain stays unknown.

# Flat rates

The flat rate for flats is paid by the flat's keeper. An NDA is signed on the first day.
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHome]:
    opened = open_home(Settings(home=tmp_path_factory.mktemp("wording") / "home"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def library(home: LocalHome, tmp_path_factory: pytest.TempPathFactory) -> LocalLibrary:
    folder: Path = tmp_path_factory.mktemp("files")
    home.create("words")
    found = home.library("words")
    (folder / "leave.md").write_text(LEAVE, encoding="utf-8")
    assert all(
        each.state == "added" for each in found.add([Source(str(folder / "leave.md"), "leave.md", "x")])
    )
    return found


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("Who lost her pasword?", "Who lost her password?"),
        ("the reciept of what was recieved", "the receipt of what was received"),
        ("what does the organizer host", "what does the organizer host"),  # a word of the dictionary stays
        ("is a dividend paid", "is a dividend paid"),
        ("what is the Pasword cult", "what is the Pasword cult"),  # a name
        ("mail me@pasword.org or pasword.txt", "mail me@pasword.org or pasword.txt"),
        ("the paswort", "the paswort"),  # two edits away
        ("the xfair", "the xfair"),  # the first letter is hardly ever wrong
        ("Übermut tut pasword", "Übermut tut password"),
        ("", ""),
        ("each of the monthss", "each of the months"),
    ],
)
def test_mending(library: LocalLibrary, asked: str, meant: str) -> None:
    assert mended(asked, library) == meant


def test_what_could_be_two_words_is_left(library: LocalLibrary) -> None:
    assert mended("the faiir of the year", library) == "the fair of the year"
    assert mended("the faixn of the year", library) == "the fain of the year"
    assert mended("the faihr faiqn", library) == "the fair fain"


def test_an_abbreviation_is_written_out_once_its_words_are_a_heading(library: LocalLibrary) -> None:
    chunks = library.document_chunks("leave.md")
    assert written_out("How much PTO is left?", library, chunks) == "How much PTO (paid time off) is left?"
    assert written_out("How much pto is left?", library, chunks) == "How much pto is left?"
    assert written_out("How much XYZ is left?", library, chunks) == "How much XYZ is left?"
    assert written_out("How much PTO-20 is left?", library, chunks) == "How much PTO-20 is left?"


def test_an_empty_library_mends_nothing(home: LocalHome) -> None:
    home.create("empty")
    empty = home.library("empty")
    assert mended("Who lost her pasword?", empty) == "Who lost her pasword?"
    assert written_out("How much PTO?", empty, ()) == "How much PTO?"

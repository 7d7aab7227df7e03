"""Documents read again under other settings: from the kept original, the old text answering meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.commands.adding import follow
from ingest.errors import NotFound, WrongUsage
from ingest.home.opening import LocalHome, open_home
from ingest.library import LocalLibrary
from ingest.model.adding import AddState, Source
from ingest.recipe import Choice
from ingest.settings import Settings

LINES = [f"Rule {n}: members of team {n} close the dome at {n + 30} knots of wind." for n in range(40)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[LocalHome]:
    opened = open_home(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


def add(library: LocalLibrary, path: Path) -> AddState:
    (result,) = library.add([Source(str(path), path.name, str(path))])
    return result.state


def test_a_choice_counts_at_once_and_stays_with_the_file(home: LocalHome, tmp_path: Path) -> None:
    home.create("Rules")
    library = home.library("Rules")
    file = tmp_path / "rules.txt"
    file.write_text("\n\n".join(LINES), encoding="utf-8")
    assert add(library, file) is AddState.ADDED
    file_before = library.passages("rules.txt")

    home.pause()
    ids = library.reread(["rules.txt"], Choice(chunk_tokens=60))
    file.unlink()  # the kept original is read
    hits = library.chunks([i for i, _ in library.search_words("rule 17", 50)])
    assert set(hits) <= {each.id for each in file_before.passages}
    assert hits, "the old text answers"
    home.pause(False)
    (result,) = follow(library, ids, quiet=True)
    assert result.state is AddState.REPLACED
    after = library.passages("rules.txt")
    assert after.found > 2 * file_before.found
    assert library.detail("rules.txt").chosen == "passages of 60 tokens"
    assert library.jobs() == []

    file.write_text("\n\n".join(LINES), encoding="utf-8")
    assert add(library, file) is AddState.UNCHANGED, "the choice is no reason to read it again"
    assert library.passages("rules.txt") == after
    file.write_text("\n\n".join(LINES[:30]), encoding="utf-8")
    assert add(library, file) is AddState.REPLACED
    assert file_before.found < library.passages("rules.txt").found < after.found, (
        "it counts for a new version"
    )

    (result,) = follow(library, library.reread(["rules.txt"], Choice()), quiet=True)
    assert result.state is AddState.REPLACED
    assert library.passages("rules.txt").found <= file_before.found
    assert library.detail("rules.txt").chosen == ""
    assert home.check() == []


def test_what_cannot_be_read_again(home: LocalHome, tmp_path: Path) -> None:
    home.create("Rules")
    library = home.library("Rules")
    with pytest.raises(NotFound, match=r"missing\.txt"):
        library.reread(["missing.txt"], Choice())
    for tokens in (5, 5_000):
        with pytest.raises(WrongUsage, match="40 to 214 tokens"):
            library.reread([], Choice(chunk_tokens=tokens))

"""Single passages: looked at, switched off, corrected by hand; kept through everything that happens later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.errors import NotFound, WrongUsage
from ingest.home.opening import LocalHome, open_home
from ingest.home.restore import restore_backup
from ingest.library import LocalLibrary
from ingest.model.adding import AddResult, Source
from ingest.model.chunks import StoredChunk
from ingest.settings import Settings
from ingest.shelf.scope import Scope

FILLER = "The observatory keeps a log of every night, and members may read it in the reading room. " * 9
DOME = "The dome is closed at a wind speed of 45 knots."
KEYS = "The spare keys hang behind the counter."
CAKE = "Cake is served on the first Friday of a month."
WRONG, RIGHT = "45 knots", "forty-nine knots"


def text_of(*facts: str) -> str:
    return "\n\n".join(f"# {fact.split()[1].title()}\n\n{fact} {FILLER}" for fact in facts)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHome]:
    opened = open_home(Settings(home=tmp_path_factory.mktemp("passages") / "home"))
    yield opened
    opened.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.md"
    path.write_text(text_of(DOME, KEYS, CAKE), encoding="utf-8")
    return path


@pytest.fixture
def library(home: LocalHome, file: Path, request: pytest.FixtureRequest) -> LocalLibrary:
    home.create(request.node.name[:70])
    library = home.library(request.node.name[:70])
    add(library, file)
    return library


def add(library: LocalLibrary, path: Path) -> AddResult:
    (result,) = library.add([Source(str(path), path.name, str(path))])
    return result


def holding(library: LocalLibrary, words: str) -> StoredChunk:
    (chunk,) = library.passages("rules.md", words).passages
    return chunk


def seen_by_questions(home: LocalHome, library: LocalLibrary, chunk_id: int, query: str) -> set[str]:
    """The ways by which a question meets a passage."""
    vector = home.pipeline.embedded("", query)
    scoped = library.within(Scope(documents=("rules.md",)))
    beside = [each for each in library.document_chunks("rules.md") if each.id != chunk_id][:1]
    ways = {
        "words": [i for i, _ in library.search_words(query, 50)],
        "vectors": [i for i, _ in library.search_vectors(vector, 50)],
        "exact": [i for i, _ in scoped.search_vectors(vector, 50)],
        "scoped words": [i for i, _ in scoped.search_words(query, 50)],
        "cosines": list(library.cosines(vector, [chunk_id])),
        "gathered vectors": library.vectors([chunk_id])[0],
        "holding": library.holding("dome"),
        "chunks": list(library.chunks([chunk_id])),
        "document": [each.id for each in library.document_chunks("rules.md")],
        "neighbours": [each.id for each in library.neighbours(beside[0], 9, 9)],
    }
    return {way for way, ids in ways.items() if chunk_id in ids}


def test_passages_are_listed_in_parts_and_searched(library: LocalLibrary) -> None:
    everything = library.passages("rules.md")
    assert everything.found == len(everything.passages) >= 3
    assert [each.ordinal for each in everything.passages] == list(range(everything.found))
    second = library.passages("rules.md", first=1, limit=1)
    assert (second.passages, second.found) == (everything.passages[1:2], everything.found)
    assert library.passages("rules.md", "SPARE  keys").found == 1
    assert library.passages("rules.md", "keys spare").found == 0
    assert library.passages("rules.md", changed=True).found == everything.changed == 0
    with pytest.raises(NotFound):
        library.passages("missing.md")


def test_what_is_switched_off_is_met_by_no_question_until_it_is_on_again(
    home: LocalHome, library: LocalLibrary
) -> None:
    chunk = holding(library, "dome is closed")
    everywhere = seen_by_questions(home, library, chunk.id, "closing the dome in wind")
    assert len(everywhere) == 10
    assert library.switch(chunk.id, off=True).off
    assert seen_by_questions(home, library, chunk.id, "closing the dome in wind") == set()
    assert holding(library, "dome is closed").off, "people still see it"
    assert library.passages("rules.md", changed=True).found == 1
    assert library.detail("rules.md").origin.changed == 1
    home.rebuild(library.name)
    assert seen_by_questions(home, library, chunk.id, "closing the dome in wind") == set()
    assert home.check(library.name) == []
    assert not library.switch(chunk.id, off=False).off
    assert seen_by_questions(home, library, chunk.id, "closing the dome in wind") == everywhere
    assert library.detail("rules.md").origin.changed == 0
    assert home.check(library.name) == []


def test_a_correction_is_found_by_word_and_meaning_and_what_was_read_stays(
    home: LocalHome, library: LocalLibrary
) -> None:
    before = holding(library, WRONG)
    read_vector = library.vectors([before.id])[1][0]
    chunk = library.correct(before.id, f"  {before.text.replace(WRONG, RIGHT)}\x07\r\n")
    assert (chunk.as_read, chunk.text) == (before.text, before.text.replace(WRONG, RIGHT).strip())
    assert [i for i, _ in library.search_words("forty-nine", 5)] == [chunk.id]
    assert library.search_words("45", 5) == []
    new_vector = library.vectors([chunk.id])[1][0]
    assert new_vector @ home.pipeline.embedded(chunk.context, chunk.text) > 0.99
    assert new_vector @ read_vector < 0.999
    (page,) = library.pages("rules.md")
    assert page.text[chunk.start : chunk.end] == chunk.as_read
    home.rebuild(library.name)
    assert library.chunks([chunk.id])[chunk.id] == chunk
    assert [i for i, _ in library.search_words("forty-nine", 5)] == [chunk.id]
    assert home.check(library.name) == []
    undone = library.correct(chunk.id, None)
    assert undone == before
    assert library.search_words("forty-nine", 5) == []
    assert library.vectors([chunk.id])[1][0] @ read_vector > 0.99
    assert library.correct(chunk.id, before.text).as_read is None, "the same words correct nothing"


def test_what_a_correction_may_not_be(home: LocalHome, library: LocalLibrary) -> None:
    chunk = holding(library, WRONG)
    with pytest.raises(WrongUsage, match="switch it off"):
        library.correct(chunk.id, " \n\x00")
    with pytest.raises(WrongUsage, match="more than"):
        library.correct(chunk.id, "word " * 1_000)
    home.create("elsewhere")
    with pytest.raises(NotFound, match="no longer"):
        home.library("elsewhere").switch(chunk.id, off=True)


def test_a_change_that_was_committed_is_finished_after_a_kill(home: LocalHome, library: LocalLibrary) -> None:
    chunk = holding(library, WRONG)
    library_id = home.catalog.libraries.id_of(library.name)
    assert library_id is not None
    home.catalog.amendments.switch(library_id, chunk.id, off=True)  # … and here the process dies
    assert library.chunks([chunk.id]) == {}, "off from that commit on"
    home.pipeline.recover()
    assert chunk.id not in home.words.ids(library_id) | home.vectors.ids(library_id)
    assert home.check(library.name) == []


def test_changes_stay_with_an_unchanged_file_and_go_with_the_passage_into_a_new_one(
    home: LocalHome, library: LocalLibrary, file: Path
) -> None:
    dome, keys, cake = (holding(library, fact) for fact in (DOME, KEYS, CAKE))
    library.correct(dome.id, dome.text.replace(WRONG, RIGHT))
    library.switch(keys.id, off=True)
    library.correct(cake.id, cake.text.replace("Friday", "Monday"))
    add(library, file)
    assert library.passages("rules.md", changed=True).found == 3

    file.write_text(text_of("Bread is baked at dawn.", DOME, KEYS), encoding="utf-8")
    told = add(library, file).message
    assert "corrected" in told
    assert "Cake is served on the first" in told
    assert "dome" not in told
    assert library.detail("rules.md").receipt.warnings == (told,)
    new = library.passages("rules.md", changed=True).passages
    assert [(each.off, each.as_read is not None) for each in new] == [(False, True), (True, False)]
    assert dome.id not in {each.id for each in new}
    hits = library.chunks([i for word in ("forty-nine", "spare") for i, _ in library.search_words(word, 5)])
    assert list(hits) == [new[0].id]
    assert library.vectors([new[0].id])[1][0] @ home.pipeline.embedded(new[0].context, new[0].text) > 0.99
    assert library.correct(new[0].id, None).text == dome.text
    assert home.check(library.name) == []


def test_a_passage_of_a_document_on_its_way_out_is_left_alone(
    home: LocalHome, library: LocalLibrary, file: Path
) -> None:
    chunk = holding(library, DOME)
    library_id = home.catalog.libraries.id_of(library.name)
    with home.catalog.transaction() as db:
        db.execute("UPDATE origins SET pending_id = document_id WHERE library_id = ?", (library_id,))
    with pytest.raises(WrongUsage, match="when it is complete"):
        library.switch(chunk.id, off=True)
    with home.catalog.transaction() as db:
        db.execute("UPDATE origins SET pending_id = NULL WHERE library_id = ?", (library_id,))
    assert not holding(library, DOME).off


def test_a_backup_brings_them_along(home: LocalHome, library: LocalLibrary, tmp_path: Path) -> None:
    chunk = holding(library, WRONG)
    library.correct(chunk.id, chunk.text.replace(WRONG, RIGHT))
    library.switch(holding(library, KEYS).id, off=True)
    home.backup(str(tmp_path / "saved.zip"))
    _, faults = restore_backup(tmp_path / "saved.zip", tmp_path / "restored", lambda _: None)
    assert faults == []
    restored = open_home(Settings(home=tmp_path / "restored"))
    try:
        again = restored.library(library.name)
        assert [i for i, _ in again.search_words("forty-nine", 5)] == [chunk.id]
        assert again.search_words("spare", 5) == []
        assert again.passages("rules.md", changed=True).found == 2
    finally:
        restored.close()

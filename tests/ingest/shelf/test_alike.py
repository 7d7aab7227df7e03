"""Near duplicates are found, and what is set aside is not asked."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import numpy as np
import pytest

from ingest.errors import NotFound, WrongUsage
from ingest.home.opening import LocalHome, open_home
from ingest.library import LocalLibrary
from ingest.protocols import Library
from ingest.settings import Settings
from ingest.shelf import alike
from ingest.shelf.alike import Alike, percent
from ingest.shelf.scope import Scope
from ingest.text.likeness import GUARANTEED, fingerprints, runs, shares
from tests.contracts import unit_vectors
from tests.ingest.made import DIMENSIONS, made_document, made_documents

LETTERS = "bcdfghjklmnpqrtvwxz"  # names that no stemmer takes for an English word's form
WORDS = ["".join(letters) + "o" for letters in itertools.islice(itertools.product(LETTERS, repeat=3), 3_000)]


def text(seed: int, words: int = 300) -> list[str]:
    return random.Random(seed).choices(WORDS, k=words)


def edited(words: list[str], every: int) -> list[str]:
    return [
        f"zz{LETTERS[n % 19]}{LETTERS[n // 19 % 19]}u" if n % every == every // 2 else word
        for n, word in enumerate(words)
    ]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHome]:
    opened = open_home(Settings(home=tmp_path_factory.mktemp("alike") / "home"))
    yield opened
    opened.close()


@pytest.fixture
def library(home: LocalHome, request: pytest.FixtureRequest) -> LocalLibrary:
    return home.library(home.create(request.node.name[:70]).name)


def put(home: LocalHome, library: LocalLibrary, key: str, words: list[str], changed_ns: int = 0) -> int:
    return made_document(home, library.name, key, " ".join(words), changed_ns=changed_ns)


def asked(library: Library, query: str) -> set[str]:
    """The files that a search by words finds."""
    found = [chunk_id for chunk_id, _ in library.search_words(query, 100)]
    return {chunk.key for chunk in library.chunks(found).values()}


# ------------------------------------------------------------------ two texts


def test_shares_are_of_words_that_stand_in_a_run_of_both() -> None:
    one = runs([" ".join(text(1))])
    assert shares(one, one) == (1.0, 1.0)
    assert shares(one, runs([" ".join(text(2))])) == (0.0, 0.0)
    # Every tenth of 300 words is another: nine in a row stay.
    assert shares(one, runs([" ".join(edited(text(1), 10))])) == pytest.approx((0.9, 0.9), abs=0.02)
    book = runs([" ".join([*text(3, 1_000), *text(1), *text(4, 1_000)])])
    mine, theirs = shares(one, book)
    assert mine == 1.0
    assert theirs == pytest.approx(300 / 2_300, abs=0.01)
    assert shares(one, runs([""])) == (0.0, 0.0)
    assert len(runs(["two words"])) == 1
    assert runs(["Ein Café! "]).tolist() == runs(["ein", "cafe"]).tolist(), "as BM25 has words"


@pytest.mark.parametrize("seed", range(20))
def test_a_guaranteed_run_of_words_gives_a_common_fingerprint(seed: int) -> None:
    shared = text(1_000 + seed, GUARANTEED)
    one = fingerprints(runs([" ".join([*text(seed, 500), *shared, *text(seed + 100, 77)])]))
    other = fingerprints(runs([" ".join([*shared, *text(seed + 200, 9_000)])]))
    assert np.isin(one, other).any()
    assert len(other) < 0.12 * 9_000


# ------------------------------------------------------------------ a library


def test_near_duplicates_and_what_contains_them_are_found(home: LocalHome, library: LocalLibrary) -> None:
    put(home, library, "leave-2023.md", text(1))
    noise = {f"noise-{number}.md": " ".join(text(50 + number)) for number in range(20)}
    made_documents(home, library.name, noise)
    put(home, library, "leave-2024.md", edited(text(1), 15))
    put(home, library, "handbook.md", [*text(3, 2_000), *text(1), *text(4, 2_000)])
    put(home, library, "short.md", WORDS[:2])
    put(home, library, "short too.md", WORDS[:3])
    put(home, library, "copy.md", text(1))  # the same document: one copy, two names
    found = {(pair.first, pair.second): pair for pair in library.alike()}
    assert set(found) == {
        ("leave-2023.md", "leave-2024.md"), ("leave-2023.md", "handbook.md"), ("leave-2024.md", "handbook.md"),
    }  # fmt: skip
    assert found["leave-2023.md", "leave-2024.md"].words == "93% the same text as"
    assert found["leave-2023.md", "handbook.md"].words == "100% contained in"
    (first, *_) = library.alike("handbook.md")
    assert (first.first, first.words) == ("handbook.md", "contains 100% of")
    assert library.alike("copy.md")[0].second == "leave-2024.md"
    assert library.alike("noise-1.md") == []
    with pytest.raises(NotFound):
        library.alike("nowhere.md")
    home.create(f"{library.name} 2")
    put(home, home.library(f"{library.name} 2"), "elsewhere.md", edited(text(1), 15))
    assert len(library.alike()) == 3, "libraries learn nothing of each other"


def test_pairs_follow_the_contents(home: LocalHome, library: LocalLibrary) -> None:
    put(home, library, "a.md", text(1))
    put(home, library, "b.md", edited(text(1), 20))
    assert len(library.alike()) == 1
    put(home, library, "b.md", text(2))
    assert library.alike() == []
    put(home, library, "b.md", edited(text(1), 20))
    assert len(library.alike()) == 1
    library.remove(["a.md"])
    assert library.alike() == []
    tables = "SELECT count(*) FROM {} WHERE document_id NOT IN (SELECT id FROM documents)"
    assert home.catalog.read(tables.format("fingerprints")) == home.catalog.read(tables.format("sketches"))
    assert home.catalog.read(tables.format("fingerprints")) == [(0,)]


def test_a_library_of_an_older_footnote_is_caught_up_with(home: LocalHome, library: LocalLibrary) -> None:
    put(home, library, "a.md", text(1))
    put(home, library, "b.md", edited(text(1), 20))
    pairs = library.alike()
    with home.catalog.transaction() as db:
        for table in ("sketches", "fingerprints", "alike"):
            db.execute(f"DELETE FROM {table}")
    assert library.alike() == []
    assert len(home.comparing.waiting()) >= 2
    home.comparing.catch_up()
    assert home.comparing.waiting() == []
    assert library.alike() == pairs


def test_boilerplate_in_many_files_hides_no_duplicate(
    home: LocalHome, library: LocalLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few of the many that share a paragraph are compared, and those that share more are among them."""
    monkeypatch.setattr(alike, "HOLDERS", 10)
    monkeypatch.setattr(alike, "COMPARED", 2)
    notice = text(9, 40)
    many = {f"{number:03}.md": " ".join([*notice, *text(2_000 + number, 40)]) for number in range(30)}
    made_documents(home, library.name, many)
    put(home, library, "000 again.md", [*notice, *edited(text(2_000, 40), 20)])
    (pair,) = library.alike("000 again.md")
    assert pair.second == "000.md"


# ------------------------------------------------------------------ set aside


def test_what_is_set_aside_stays_but_is_not_asked(home: LocalHome, library: LocalLibrary) -> None:
    old, new = text(1), edited(text(1), 15)
    put(home, library, "old.md", old)
    put(home, library, "new.md", new)
    put(home, library, "menu.md", text(7))
    query = " ".join(old)
    assert asked(library, query) >= {"old.md", "new.md"}
    before = library.search_words(query, 100)

    assert library.set_aside(["old.md"], instead="new.md") == 1
    assert "old.md" not in asked(library, query)
    left = {chunk.id for chunk in library.document_chunks("old.md")}
    kept = [hit for hit in before if hit[0] not in left]
    assert len(kept) < len(before)
    for limit in (1, 2, 100):
        assert library.search_words(query, limit) == kept[:limit]
    assert (library.info().documents, library.info().aside, library.info().asked) == (3, 1, 2)
    assert library.detail("old.md").instead == "new.md"
    assert [each.key for each in library.listed() if each.aside] == ["old.md"]
    assert library.document_chunks("old.md"), "it can be looked at"
    # A scope leaves it out as well, unless it names the file, or there is nothing else in it.
    assert [each.key for each in library.within(Scope(("*.md",))).listed()] == ["menu.md", "new.md"]
    assert [each.key for each in library.within(Scope(("/old.md", "menu.md"))).listed()] == [
        "menu.md",
        "old.md",
    ]
    assert asked(library.within(Scope(("o*",))), query) == {"old.md"}

    assert library.bring_back(["old.md"]) == 1
    assert "old.md" in asked(library, query)


def test_vectors_of_what_is_set_aside_are_left_out(home: LocalHome, library: LocalLibrary) -> None:
    from ingest.shelf.aside import asked as without

    first = put(home, library, "old.md", text(1))
    put(home, library, "new.md", text(2))
    library.set_aside(["old.md"], instead="new.md")
    mine = {chunk.id for chunk in home.catalog.passages.of_document(first)}
    near = unit_vectors(1, DIMENSIONS)[0]
    everything = home.vectors.search(library._id, near, 100)
    assert mine <= {chunk_id for chunk_id, _ in everything}
    kept = [hit for hit in everything if hit[0] not in mine]
    for limit in range(1, len(kept) + 3):
        found = without(home.catalog, library._id, lambda n: home.vectors.search(library._id, near, n), limit)
        assert found == kept[:limit]


def test_a_decision_outlives_contents_and_ends_with_the_file_that_answers(
    home: LocalHome, library: LocalLibrary
) -> None:
    put(home, library, "old.md", text(1))
    put(home, library, "new.md", edited(text(1), 15))
    library.set_aside(["old.md"], instead="new.md")
    put(home, library, "new.md", edited(text(1), 10))
    made_document(home, library.name, "old.md", " ".join(text(1)), recipe="read anew")
    assert library.detail("old.md").instead == "new.md"
    library.remove(["new.md"])
    assert library.detail("old.md").instead == "", "something must answer"
    put(home, library, "new.md", edited(text(1), 15))
    library.set_aside(["old.md"], instead="new.md")
    put(home, library, "old.md", edited(text(1), 30))
    assert library.detail("old.md").instead == "", "another content is asked until a person says otherwise"


def test_no_ring_of_decisions_leaves_everything_out(home: LocalHome, library: LocalLibrary) -> None:
    for number, key in enumerate(("a.md", "b.md", "c.md")):
        put(home, library, key, edited(text(1), 15 + number))
    library.set_aside(["a.md"], instead="b.md")
    library.set_aside(["b.md"], instead="c.md")
    library.set_aside(["c.md"], instead="a.md")
    assert [each.key for each in library.listed() if not each.aside] == ["a.md"]
    put(home, library, "a.md", edited(text(1), 16))  # now the content of b.md, which is set aside for c.md
    assert any(not each.aside for each in library.listed())
    with pytest.raises(WrongUsage, match="itself"):
        library.set_aside(["c.md"], instead="c.md")
    with pytest.raises(NotFound, match="nowhere"):
        library.set_aside(["c.md"], instead="nowhere.md")


def test_the_newest_may_answer(home: LocalHome, library: LocalLibrary) -> None:
    put(home, library, "2024.md", edited(text(1), 30), changed_ns=2_000)
    put(home, library, "2023.md", text(1), changed_ns=1_000)
    put(home, library, "quite another.md", edited(text(1), 7), changed_ns=500)
    library.let_newest_answer(True)
    assert library.info().newest_answers
    assert {each.key for each in library.listed() if each.aside} == {"2023.md"}
    assert library.detail("2023.md").instead == "2024.md"
    library.bring_back(["2023.md"])
    assert library.info().aside == 0, "what a person decides goes before"
    library.set_aside(["2024.md"], instead="2023.md")
    assert {each.key for each in library.listed() if each.aside} == {"2024.md"}
    library.let_newest_answer(False)
    assert library.info().aside == 1


def test_the_newest_is_the_one_that_says_so_not_the_one_copied_last(
    home: LocalHome, library: LocalLibrary
) -> None:
    day = 86_400_000_000_000
    put(home, library, "leave 2025.md", edited(text(1), 30), changed_ns=1 * day)
    put(home, library, "leave 2024.md", text(1), changed_ns=9 * day)
    library.let_newest_answer(True)
    assert library.detail("leave 2024.md").instead == "leave 2025.md"


def test_words_of_a_pair() -> None:
    assert Alike("a", "b", 0.996, 0.93).words == "93% the same text as"
    assert Alike("a", "b", 0.999, 0.2).words == "99% contained in"
    assert Alike("a", "b", 0.1, 1.0).seen_from("b").words == "100% contained in"
    assert percent(1.0) == "100%"

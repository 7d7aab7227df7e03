"""A scope is searched exactly: by meaning as if every vector had been looked at, by words as without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from ingest.catalog import Catalog, JobRow
from ingest.errors import NotFound, WrongUsage
from ingest.home.opening import LocalHome, open_home
from ingest.library import LocalLibrary
from ingest.model.chunks import Chunk
from ingest.model.pages import FileText, Page, Receipt
from ingest.protocols import Vectors
from ingest.settings import Settings
from ingest.shelf import within
from ingest.shelf.scope import Scope
from tests.contracts import unit_vectors

DOCUMENTS, CHUNKS, DIMENSIONS = 120, 25, 64
TEXT = "tea kettle"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHome]:
    """A library of documents with made-up vectors, written as the pipeline writes them."""
    opened = open_home(Settings(home=tmp_path_factory.mktemp("within") / "home"))
    library_id = opened.catalog.libraries.create("many", opened.embedder)
    vectors = made_up()
    for number in range(DOCUMENTS):
        key = f"{'small' if number % 10 == 0 else 'large'}/{number:03}.md"
        job = JobRow(
            0, library_id, key, "test", f"hash{number}", 0, 1, None, None, False, "reading", None, None, 0.0
        )
        page = Page(1, TEXT + " cup" * (number % 7))
        text = FileText("text/markdown", key, False, (page,), Receipt((), 0.0))
        pieces = [Chunk(place, 1, 0, len(page.text), page.text) for place in range(CHUNKS)]
        document = opened.catalog.changes.add_words(job, key, "recipe", text, key, pieces, "{}")
        (ids,) = within.resolve(opened.catalog, library_id, "many", Scope((f"/{key}",))).ranges
        opened.catalog.changes.add_vectors(document, list(ids), vectors[number * CHUNKS :][:CHUNKS])
    opened.outbox.drain()
    yield opened
    opened.close()


def made_up() -> Vectors:
    return unit_vectors(DOCUMENTS * CHUNKS, DIMENSIONS)


@pytest.fixture
def library(home: LocalHome) -> LocalLibrary:
    return home.library("many")


def of_scope(home: LocalHome, scope: Scope) -> within.Within:
    library_id = home.catalog.libraries.id_of("many")
    assert library_id
    return within.resolve(home.catalog, library_id, "many", scope)


@pytest.mark.parametrize("pattern", ["small", "/large/001.md", "large/0?1.md", "large"])
def test_nothing_near_is_missed_in_a_scope(home: LocalHome, library: LocalLibrary, pattern: str) -> None:
    """Recall is 1 against every vector of the scope; the graph alone, filtered, misses most of a small one."""
    scope = Scope((pattern,))
    ids = of_scope(home, scope).ids
    kept, matrix = home.catalog.passages.vectors(ids)
    assert kept == ids
    scoped = library.within(scope)
    missed = 0
    for query in made_up()[::301]:
        exact = [kept[place] for place in np.argsort(-(matrix @ query), kind="stable")[:20]]
        found = scoped.search_vectors(query, 20)
        assert [chunk_id for chunk_id, _ in found] == exact
        assert [score for _, score in found] == pytest.approx(
            sorted((matrix @ query).tolist())[::-1][:20], abs=1e-5
        )
        near = {chunk_id for chunk_id, _ in library.search_vectors(query, 60)}
        missed += len(set(exact) - near)
    assert missed > 100 or pattern == "large", "the scope is of no use for a search that is not aware of it"


def test_a_large_scope_is_found_through_the_index_or_else_exactly(
    home: LocalHome, library: LocalLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = Scope(("large",))
    exactly = [library.within(scope).search_vectors(query, 10) for query in made_up()[::501]]
    monkeypatch.setattr(within, "EXACT_CHUNKS", 0)
    looked: list[int] = []
    nearest = within.nearest

    def watched(
        catalog: Catalog, taken: within.Within, vector: Vectors, limit: int
    ) -> list[tuple[int, float]]:
        looked.append(limit)
        return nearest(catalog, taken, vector, limit)

    monkeypatch.setattr(within, "nearest", watched)
    through = [library.within(scope).search_vectors(query, 10) for query in made_up()[::501]]
    assert looked == [], "the index finds enough of a scope that is most of the library"
    overlap = [
        len(dict(one).keys() & dict(other).keys()) for one, other in zip(exactly, through, strict=True)
    ]
    assert sum(overlap) >= 0.97 * 10 * len(overlap)
    monkeypatch.setattr(within, "MOST_FETCHED", 5)
    again = [library.within(scope).search_vectors(query, 10) for query in made_up()[::501]]
    assert again == exactly
    assert len(looked) == len(again)


def test_words_are_searched_within_the_scope_alone(home: LocalHome, library: LocalLibrary) -> None:
    everything = dict(library.search_words("kettle cup", DOCUMENTS * CHUNKS))
    for pattern, limit in (("small", 40), ("/small/010.md", 40), ("large", 40), ("large", 2_000)):
        scoped = library.within(Scope((pattern,)))
        ids = set(of_scope(home, Scope((pattern,))).ids)
        found = scoped.search_words("kettle cup", limit)
        assert len(found) == min(limit, len(ids))
        assert {chunk_id for chunk_id, _ in found} <= ids
        best = sorted((everything[chunk_id] for chunk_id in ids), reverse=True)[: len(found)]
        assert [score for _, score in found] == pytest.approx(best, rel=1e-5)


def test_a_scoped_library_counts_and_lists_what_is_in_it(library: LocalLibrary) -> None:
    scope = Scope(("small",))
    scoped = library.within(scope)
    assert (scoped.info().documents, scoped.info().chunks) == (12, 12 * CHUNKS)
    assert replace(scoped.info(), documents=0, origins=0, chunks=0) == replace(
        library.info(), documents=0, origins=0, chunks=0
    )
    assert [each.key for each in scoped.listed()] == [
        each.key for each in library.listed() if "small" in each.key
    ]
    assert len(scoped.origins()) == 12
    assert (scoped.scope, library.scope) == (scope, Scope())
    assert scoped.within(Scope()).info() == library.info()


def test_a_scope_that_takes_in_nothing_says_so(library: LocalLibrary) -> None:
    with pytest.raises(NotFound, match=r"No document of “many” fits “leave\.md”"):
        library.within(Scope(("leave.md",)))
    with pytest.raises(NotFound, match="Choose others"):
        library.within(Scope(types=("PDF",)))
    with pytest.raises(WrongUsage, match="no date"):
        library.within(Scope(added_from="yesterday"))


def test_a_document_that_goes_leaves_the_scope(home: LocalHome, library: LocalLibrary) -> None:
    scoped = library.within(Scope(("/large/119.md", "/large/118.md")))
    library.remove(["large/119.md"])
    ids = {chunk_id for chunk_id, _ in scoped.search_vectors(made_up()[0], 100)}
    assert len(home.catalog.passages.live(sorted(ids))) == CHUNKS

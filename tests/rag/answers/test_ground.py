"""Footnotes of extracts and of a chat model's sentences."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.model.chunks import StoredChunk
from ingest.settings import Settings
from rag.answers.choose import Extract
from rag.answers.ground import cite_extracts, ground, strict
from rag.model import Hit, Sentence
from rag.reader import RawReading, Reader
from rag.search.rerank import ReadHit

PAGE = "Preface.\n"
TEXT = "Fees are due in\nJanuary. Nobody is paid.\n- Full costs 84 €\n- Reduced costs 42 €"


def chunk(number: int, text: str) -> StoredChunk:
    start = len(PAGE)
    return StoredChunk(
        number, number, f"{number}.md", "Fees", "text/markdown", False, 1, None,
        start, start + len(text), text, (), 0,
    )  # fmt: skip


def read_hit(number: int, text: str) -> ReadHit:
    none = np.zeros(0, np.float32)
    raw = RawReading(0.0, 0.0, 0, 0, 0.0, 0.0, np.zeros((0, 2), np.int32), none, none)
    return ReadHit(Hit(chunk(number, text)), raw)


def extract(read: ReadHit, sentence: str, answer: str, order: int) -> Extract:
    text = read.hit.chunk.text
    start, answer_start = text.index(sentence), text.index(answer)
    return Extract(
        read, start, start + len(sentence), order, answer_start, answer_start + len(answer), 1.0, 1.0
    )


def test_extracts_of_a_passage_share_a_footnote_and_items_stand_alone() -> None:
    read = read_hit(1, TEXT)
    sentences, (citation,) = cite_extracts(
        [
            extract(read, "Fees are due in\nJanuary.", "January", 0),
            extract(read, "Nobody is paid.", "Nobody", 1),
            extract(read, "- Full costs 84 €", "84 €", 2),
            extract(read, "- Reduced costs 42 €", "42 €", 3),
        ]
    )
    assert [each.block for each in sentences] == [0, 0, 1, 2]
    assert sentences[0].text == "Fees are due in January."
    (emphasis,) = sentences[0].emphasis
    assert sentences[0].text[slice(*emphasis)] == "January"
    page = PAGE + TEXT
    assert page[citation.start : citation.end] == citation.quote == TEXT
    assert citation.page is None
    assert {each.markers for each in sentences} == {(1,)}


def test_passages_have_footnotes_of_their_own() -> None:
    one, two = read_hit(1, TEXT), read_hit(2, TEXT)
    _, citations = cite_extracts(
        [extract(one, "Nobody is paid.", "Nobody", 1), extract(two, "Nobody is paid.", "paid", 1)]
    )
    assert [(each.marker, each.chunk_id) for each in citations] == [(1, 1), (2, 2)]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(Settings(backend="torch"))


def test_sentences_of_a_model_are_checked_and_renumbered(reader: Reader) -> None:
    hits = [
        Hit(chunk(1, "The swimming pool opens at nine in the morning.")),
        Hit(chunk(2, "Unused leave of up to five days moves into the next year.")),
    ]
    sentences, citations = ground(
        reader,
        [
            Sentence("Up to five days of unused leave move into the next year.", (2,)),
            Sentence("The pool opens at nine in the morning.", ()),
            Sentence("The moon is made of green cheese and costs 900 dollars.", (1,)),
            Sentence("In short:", ()),
        ],
        hits,
    )
    assert sentences[0].markers == (1,)
    assert sentences[0].verdict == "supported"
    assert sentences[1].markers == (2,), "a missing marker is found"
    assert sentences[2].verdict == "not_found"
    assert sentences[3].verdict is None
    assert [(each.marker, each.chunk_id) for each in citations] == [(1, 2), (2, 1)]


def pool_and_leave() -> list[Hit]:
    return [
        Hit(chunk(1, "The swimming pool opens at nine in the morning.")),
        Hit(chunk(2, "Unused leave of up to five days moves into the next year.")),
    ]


def test_a_wrong_marker_is_put_right_and_one_that_points_nowhere_goes(reader: Reader) -> None:
    sentences, citations = ground(
        reader,
        [
            Sentence("The swimming pool opens at nine in the morning.", (2,)),
            Sentence("The moon is made of green cheese.", (7,)),
        ],
        pool_and_leave(),
    )
    assert [each.chunk_id for each in citations] == [1]
    assert sentences[0].markers == (1,)
    assert sentences[0].verdict == "supported"
    assert sentences[1].markers == ()
    assert sentences[1].verdict == "not_found"


def test_a_marker_beside_the_right_one_goes_when_its_passage_says_nothing_of_it(reader: Reader) -> None:
    (sentence,), citations = ground(
        reader,
        [Sentence("Up to five days of unused leave move into the next year.", (1, 2))],
        pool_and_leave(),
    )
    assert sentence.markers == (1,)
    assert [each.chunk_id for each in citations] == [2]


def test_strict_keeps_what_is_supported_and_numbers_it_anew() -> None:
    _, citations = cite_extracts(
        [extract(one, "Nobody is paid.", "Nobody", 1) for one in (read_hit(1, TEXT), read_hit(2, TEXT))]
    )
    kept, footnotes = strict(
        [
            Sentence("# Costs", ()),
            Sentence("Made up.", (1,), "not_found", 0.1),
            Sentence("In short:", ()),
            Sentence("Nobody is paid.", (2,), "supported", 0.9),
            Sentence("Also:", ()),
            Sentence("Half true.", (1,), "partly", 0.3),
        ],
        citations,
    )
    assert [each.text for each in kept] == ["# Costs", "In short:", "Nobody is paid."]
    assert kept[-1].markers == (1,)
    assert [(each.marker, each.chunk_id) for each in footnotes] == [(1, 2)]
    assert strict([Sentence("Made up.", (1,), "not_found", 0.1)], citations) == ((), ())

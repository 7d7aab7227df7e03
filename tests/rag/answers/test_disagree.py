"""Two documents, one claim, another figure: said only where nothing else explains it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from rag.answers.disagree import disagreement, in_words
from rag.search.rerank import ReadHit
from tests.rag.answers.test_ground import read_hit

QUESTION = "How much is a ticket for adults?"
OLD = "Tickets cost 4 € for adults and 2 € for children."
NEW = "From 1 May 2026 tickets cost 5 euros for adults and 3 euros for children."


def read(number: int, text: str, answer: str, relevance: float = 4.0, margin: float = 5.0) -> ReadHit:
    """A passage of a document of its own, in which the reader points at `answer`."""
    at = text.index(answer)
    plain = read_hit(number, text)
    raw = replace(plain.raw, relevance=relevance, start=at, end=at + len(answer), span_score=margin)
    return replace(plain, raw=raw)


def test_another_figure_for_the_same_claim_is_a_disagreement() -> None:
    found = disagreement(QUESTION, [read(1, OLD, "4 €"), read(2, NEW, "5 euros")])
    assert found
    assert [(each.shown, each.unit) for each in found] == [("4 €", "euro"), ("5 euros", "euro")]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Tickets cost 4 euros for adults and 2 euros for children.", "4 euros"),  # the same figure
        ("Tickets cost 5 dollars for adults and 3 dollars for children.", "5 dollars"),  # another unit
        ("Tickets for adults and children are sold from 19 o'clock.", "19"),  # no unit
        ("A guided tour of the town costs 9 € with tea.", "9 €"),  # something else
        ("Tickets cost 4 € for adults now; they cost 6 € for adults before.", "4 € for adults now; they cost 6"),
        ("Tickets cost 6 € for adults and 4 € for children.", "6 €"),  # the other figure stands there, too
    ],
)  # fmt: skip
def test_what_may_be_explained_otherwise_is_none(text: str, answer: str) -> None:
    assert disagreement(QUESTION, [read(1, OLD, "4 €"), read(2, text, answer)]) is None


def test_years_and_names_keep_claims_apart() -> None:
    one = read(1, "In 2023 the revenue of the company was 5 million dollars.", "5 million")
    other = read(2, "In 2024 the revenue of the company was 6 million dollars.", "6 million")
    assert disagreement("What was the revenue of the company?", [one, other]) is None
    one = read(1, "The notice period at Alder is 30 days for all members of staff.", "30 days")
    other = read(2, "The notice period at Birch is 60 days for all members of staff.", "60 days")
    assert disagreement("How long is the notice period?", [one, other]) is None
    other = read(2, "The notice period is 60 days for all members of staff.", "60 days")
    assert disagreement("How long is the notice period?", [one, other])


def test_both_speak_of_whom_and_when_the_question_names() -> None:
    one, other = read(1, OLD, "4 €"), read(2, NEW, "5 euros")
    assert disagreement("How much is a ticket for adults in 2026?", [one, other]) is None
    assert disagreement("How much is a ticket for adults at Alder?", [one, other]) is None
    chunks = [replace(each.hit.chunk, title="Alder in 2026") for each in (one, other)]
    hits = [replace(each.hit, chunk=chunk) for each, chunk in zip((one, other), chunks, strict=True)]
    named = [replace(each, hit=hit) for each, hit in zip((one, other), hits, strict=True)]
    assert disagreement("How much is a ticket for adults at Alder in 2026?", named)


@pytest.mark.parametrize(("relevance", "margin"), [(-0.1, 5.0), (4.0, 0.9)])
def test_an_unsure_reader_is_no_witness(relevance: float, margin: float) -> None:
    assert disagreement(QUESTION, [read(1, OLD, "4 €"), read(2, NEW, "5 euros", relevance, margin)]) is None


def test_rows_of_tables_are_no_witnesses() -> None:
    one = read(1, "Regular quarterly cash dividend per share $ 0.92 $ 0.88 $ 1.84", "0.92")
    other = read(2, "Cash dividend declared each quarter, per share: $0.80", "0.80")
    assert disagreement("What is the dividend per share?", [one, other]) is None


def test_one_document_does_not_disagree_with_itself() -> None:
    one, other = read(1, OLD, "4 €"), read(2, NEW, "5 euros")
    same = replace(other, hit=replace(other.hit, chunk=replace(other.hit.chunk, document_id=1)))
    assert disagreement(QUESTION, [one, same]) is None


@pytest.mark.parametrize(
    ("keys", "days", "told"),
    [
        (("guide.md", "minutes.md"), (1, 1), "“Guide” says 4 €, “Minutes” says 5 euros."),
        (("guide.md", "minutes.md"), (1, 2), "“Minutes” says 5 euros, “Guide” says 4 € (added later first)."),
        (("guide.md", "minutes.md"), (2, 1), "“Guide” says 4 €, “Minutes” says 5 euros (added later first)."),
        (
            ("guide-2025-03.md", "minutes.md"),
            (2, 1),
            "“Minutes” says 5 euros, “Guide” says 4 € (newer first).",
        ),
        (
            ("guide June 2026.md", "minutes.md"),
            (1, 2),
            "“Guide” says 4 €, “Minutes” says 5 euros (newer first).",
        ),
    ],
)
def test_what_is_newer_comes_first(keys: tuple[str, str], days: tuple[int, int], told: str) -> None:
    found = disagreement(QUESTION, [read(1, OLD, "4 €"), read(2, NEW, "5 euros")])
    assert found
    one, other = (
        replace(each, hit=replace(each.hit, chunk=replace(each.hit.chunk, key=key, title=title)))
        for each, key, title in zip(found, keys, ("Guide", "Minutes"), strict=True)
    )
    added = {number: datetime(2026, 4, day, 12).timestamp() for number, day in enumerate(days, 1)}
    assert in_words((one, other), added) == f"Two documents disagree: {told}"


def test_of_one_title_the_files_are_named() -> None:
    found = disagreement(QUESTION, [read(1, OLD, "4 €"), read(2, NEW, "5 euros")])
    assert found
    one, other = (
        replace(each, hit=replace(each.hit, chunk=replace(each.hit.chunk, key=key, title="Prices")))
        for each, key in zip(found, ("a/prices.md", "b/prices.md"), strict=True)
    )
    told = in_words((one, other), {1: 0.0, 2: 0.0})
    assert told == "Two documents disagree: “a/prices.md” says 4 €, “b/prices.md” says 5 euros."

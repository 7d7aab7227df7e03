"""Sentences chosen from real readings: quoted exactly, figures kept apart, lists whole."""

from __future__ import annotations

import pytest

from ingest.embedder import load_embedder
from ingest.protocols import Embedder
from ingest.settings import Settings
from rag.answers.choose import Extract
from rag.answers.disagree import disagreement
from rag.answers.extract import extract
from rag.reader import Reader
from rag.settings import AskSettings
from tests.rag.readings import read


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(Settings())


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder(Settings())


def texts_of(found: list[Extract]) -> list[str]:
    assert all(each.text in " ".join(each.read.hit.chunk.text.split()) for each in found)
    return [each.text for each in found]


def test_sentences_that_differ_in_a_figure_both_stand(reader: Reader, embedder: Embedder) -> None:
    question = "Is parental leave longer in Norland or in Sudland?"
    found = extract(
        question,
        read(
            reader,
            question,
            ("Norland", "Parental leave for a new child is paid in full, up to 16 weeks."),
            ("Sudland", "Parental leave for a new child is paid in full, up to 12 weeks."),
            ("Westland", "Parental leave for a new child is paid in full, up to 12 weeks."),
        ),
        embedder,
        AskSettings(),
    )
    said = texts_of(found)
    assert sum("16 weeks" in text for text in said) == 1
    assert sum("12 weeks" in text for text in said) == 1, "the same twice is said once"


def test_a_list_comes_whole_though_its_items_go_on(reader: Reader, embedder: Embedder) -> None:
    question = "Which steps start the pump?"
    text = (
        "To start the pump, take these steps:\n"
        "- Open the inlet valve. It turns to the left.\n"
        "- Press the green button. A lamp comes on.\n"
        "- Wait for two minutes.\n"
        "The pump is stopped by the red button."
    )
    said = texts_of(
        extract(question, read(reader, question, ("Pump", text)), embedder, AskSettings(answer_words=40))
    )
    assert said[0] == "To start the pump, take these steps:"
    assert {"- Open the inlet valve.", "- Press the green button.", "- Wait for two minutes."} <= set(said)


def test_nothing_read_is_nothing_said(embedder: Embedder) -> None:
    assert extract("What?", [], embedder, AskSettings()) == []


def test_a_heading_is_no_sentence(reader: Reader, embedder: Embedder) -> None:
    text = "Wind, ice and thunder\n\nClose the dome when the wind passes 40 km/h for more than two minutes.\n\nIn a thunderstorm leave it."
    question = "Which wind closes the dome?"
    said = texts_of(extract(question, read(reader, question, ("Safety", text)), embedder, AskSettings()))
    assert said[0].startswith("Close the dome")
    assert "Wind, ice and thunder" not in said


def test_a_question_of_a_document_is_quoted_with_its_answer_only(reader: Reader, embedder: Embedder) -> None:
    text = (
        "Where do I leave old paint? Take it to the depot. Where do I leave old paint tins that are empty? "
        "Where do I leave an old paint brush? How much does a new cart cost? A cart costs 40 €."
    )
    question = "Where do I leave old paint?"
    passages = read(reader, question, ("Refuse", text))
    said = texts_of(extract(question, passages, embedder, AskSettings(answer_words=200)))
    assert "Take it to the depot." in said
    for number, each in enumerate(said):
        assert not each.endswith("?") or said[number + 1 : number + 2] in (
            ["Take it to the depot."],
            ["A cart costs 40 €."],
        ), said


def test_where_there_are_only_headings_they_are_quoted(reader: Reader, embedder: Embedder) -> None:
    question = "Which wind closes the dome?"
    found = read(reader, question, ("Safety", "Wind, ice and thunder\n\n"))
    assert texts_of(extract(question, found, embedder, AskSettings())) == ["Wind, ice and thunder"]


def test_a_comparison_is_answered_from_both_sides(reader: Reader, embedder: Embedder) -> None:
    question = "Is the yearly limit higher for bicycles or for telescopes?"
    found = extract(
        question,
        read(
            reader,
            question,
            ("Bicycles", "The yearly limit for bicycles is 2,500 euros. Locks and lights count, too."),
            (
                "Stargazing",
                "Whoever watches the sky may order glass and mounts for 900 euros in twelve months.",
            ),
            (
                "Bicycles",
                "A bicycle is ordered in the shop of your choice. Children's bicycles can be ordered.",
            ),
        ),
        embedder,
        AskSettings(),
    )
    said = " ".join(texts_of(found))
    assert "2,500 euros" in said
    assert "900 euros" in said


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("How much is a parking space a month?", "A parking space costs 35 pounds a month.", "A parking space costs 48 pounds a month."),
        ("Who runs the front desk?", "The front desk is run by Mo Khan.", "The front desk is run by Ada Lovell."),
    ],
)  # fmt: skip
def test_where_two_documents_disagree_both_are_quoted(
    reader: Reader, embedder: Embedder, question: str, one: str, other: str
) -> None:
    filler = (
        "Visitors sign the book. Bicycles stand in the yard. The gate is closed at night. Dogs are welcome."
    )
    reads = read(
        reader, question, ("Guide", f"{one} {filler}"), ("Minutes", f"{filler} {other}"), ("Yard", filler)
    )
    claims = disagreement(question, reads)
    assert claims
    for order in (claims, claims[::-1]):  # as the newer comes first
        said = texts_of(extract(question, reads, embedder, AskSettings(), order))
        assert [text for text in said if text in (one, other)] == [claim.sentence.text for claim in order]

"""Two documents, one claim, another figure: said only where nothing else explains it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from ingest.shelf.dated import Dated
from ingest.text.dating import named
from rag.answers.disagree import disagreement, told
from rag.answers.disagree.claims import Figure
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
    assert [(each.shown, each.value) for each in found] == [
        ("4 €", Figure("#4", "euro")),
        ("5 euros", Figure("#5", "euro")),
    ]


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


@pytest.mark.parametrize(
    ("question", "one", "other", "shown"),
    [
        (
            "When does the library close on Saturdays?",
            ("On Saturdays the library closes at 5 pm.", "5 pm"),
            ("The library closes at 6 pm on Saturdays and all day on Sundays.", "6 pm"),
            ("5 pm", "6 pm"),
        ),
        (
            "When is the annual meeting?",
            ("The annual meeting is on 3 March.", "3 March"),
            ("We invite you to the annual meeting on 10 March in the school.", "10 March"),
            ("3 March", "10 March"),
        ),
        (
            "Since when has the workshop been in the mill?",
            ("The workshop has been in the mill since 2019.", "2019"),
            ("Since 2021 the workshop has been in the mill.", "2021"),
            ("2019", "2021"),
        ),
        (
            "Who chairs the audit committee?",
            ("The audit committee is chaired by Ingrid Solheim.", "Ingrid"),
            ("Peter Amsel chairs the audit committee.", "Peter Amsel"),
            ("Ingrid Solheim", "Peter Amsel"),
        ),
        (
            "Where is the first-aid kit?",
            ("The first-aid kit is in the kitchen.", "in the kitchen"),
            ("The first-aid kit is in the copy room.", "in the copy room"),
            ("in the kitchen", "in the copy room"),
        ),
    ],
)  # fmt: skip
def test_dates_and_names_are_compared_as_figures_are(
    question: str, one: tuple[str, str], other: tuple[str, str], shown: tuple[str, str]
) -> None:
    found = disagreement(question, [read(1, *one), read(2, *other)])
    assert found
    assert tuple(each.shown for each in found) == shown


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("When does the market open?", ("The market opens at 9 am.", "9 am"), ("The market opens at 09:00.", "09:00")),
        ("When does the park close?", ("In winter the park closes at 5 pm.", "5 pm"), ("In summer the park closes at 9 pm.", "9 pm")),
        ("When does the park close?", ("The park closes at 5 pm.", "5 pm"), ("On Sundays the park closes at 9 pm.", "9 pm")),
        ("When is the fair?", ("The fair is held on 8 May 2024.", "8 May 2024"), ("The fair is held on 14 May 2025.", "14 May 2025")),
        ("When is the book fair?", ("The book fair of 2024 was held on 8 May.", "2024"), ("The book fair of 2025 will be held on 14 May.", "2025")),
        ("When is lunch served?", ("Lunch is served from 11:30 to 14:00.", "11:30"), ("Lunch is served from 12:00.", "12:00")),
        ("Who leads the choir?", ("The choir is led by Ann Lee.", "Ann Lee"), ("The choir was led by Bo Falk.", "Bo Falk")),
        ("Who runs the shop?", ("The shop is run by Margaret Hill.", "Margaret Hill"), ("Mrs Hill runs the shop.", "Mrs Hill")),
        ("Who wrote the chronicle?", ("The chronicle was written by Anton Greif and Berta Moll.", "Anton Greif"), ("The chronicle was written by Berta Moll.", "Berta Moll")),
        ("Who won the race?", ("The race of the men was won by Karl Jensen.", "Karl Jensen"), ("The race of the women was won by Anne Dahl.", "Anne Dahl")),
        ("How much is the fee of the club?", ("The fee of the club is 180 € for adults.", "180 €"), ("The fee of the club is 90 € for students.", "90 €")),
        ("How many people does a room hold?", ("Room 12 of the school holds 20 people.", "20"), ("Room 14 of the school holds 30 people.", "30")),
        ("How many people work at the yard?", ("About 1,200 people work at the yard.", "1,200"), ("Last year 1,187 people worked at the yard.", "1,187")),
    ],
)  # fmt: skip
def test_the_same_and_other_cases_are_told_from_disagreements(
    question: str, one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert disagreement(question, [read(1, *one), read(2, *other)]) is None


@pytest.mark.parametrize(
    ("question", "one", "other", "opposed"),
    [
        ("Is smoking allowed on the roof?", "Smoking is allowed on the roof.", "Smoking is not allowed on the roof.", True),
        ("Can I eat at my desk?", "Eating at your desk is permitted, but quietly.", "Eating at your desk is forbidden.", True),
        ("Must parents stay?", "All parents must stay.", "Parents need not stay; be back at six.", True),
        ("Is the gate locked at night?", "The gate is locked at night.", "The gate is left unlocked at night.", True),
        ("Is a helmet mandatory on the site?", "Wearing a helmet is mandatory on the site.", "A helmet is optional on the site.", True),
        ("Does the policy cover theft?", "The policy covers theft.", "The policy does not cover theft.", True),
        ("Is the gallery open on Mondays?", "The gallery is closed on Mondays.", "The gallery is open on Mondays, too.", True),
        ("Can I eat at my desk?", "Eating at your desk is permitted.", "Eating at your desk is not forbidden.", False),
        ("May visitors use the lift?", "Visitors may not use the lift.", "Visitors in wheelchairs may use the lift.", False),
        ("May visitors use the lift?", "Visitors may not use the lift.", "If accompanied, visitors may use the lift.", False),
        ("Is the training required?", "For staff the training is required.", "For contractors the training is not required.", False),
        ("Is the café open on Sundays?", "In summer, the café is open on Sundays.", "The café is closed on Sundays.", False),
        ("Is the café open on Sundays?", "In summer the café is open on Sundays.", "In winter the café is closed on Sundays.", False),
        ("May I take photographs?", "Photographs may be taken in the garden.", "Photographs may not be taken in the depot.", False),
        ("Are dogs allowed in the office?", "Dogs are allowed in the office.", "Until 2022 dogs were not allowed in the office.", False),
        ("Are backups encrypted?", "Encrypted backups", "The backups are not encrypted.", False),
        ("Who may smoke on the roof?", "Smoking is allowed on the roof.", "Smoking is not allowed on the roof.", False),
    ],
)  # fmt: skip
def test_yes_and_no_are_opposed_where_nothing_else_differs(
    question: str, one: str, other: str, opposed: bool
) -> None:
    reads = [read(1, one, one[:5], margin=-9.0), read(2, other, other[:5], margin=-9.0)]
    assert (disagreement(question, reads) is not None) is opposed


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
    ("keys", "days", "said"),
    [
        (("guide.md", "minutes.md"), (1, 1), "“Guide” says 4 €, “Minutes” says 5 euros."),
        (("guide.md", "minutes.md"), (1, 2), "“Minutes” says 5 euros, “Guide” says 4 € (added later first)."),
        (("guide.md", "minutes.md"), (2, 1), "“Guide” says 4 €, “Minutes” says 5 euros (added later first)."),
        (
            ("guide-2025-03.md", "minutes.md"),
            (2, 1),
            "“Minutes” (1 May 2026) says 5 euros, “Guide” (March 2025) says 4 € (newer first).",
        ),
        (
            ("guide June 2026.md", "minutes.md"),
            (1, 2),
            "“Guide” (June 2026) says 4 €, “Minutes” (1 May 2026) says 5 euros (newer first).",
        ),
        (
            ("2025/guide.md", "2024/minutes.md"),
            (1, 2),
            "“Minutes” (1 May 2026) says 5 euros, “Guide” (2025) says 4 € (newer first).",
        ),
    ],
)
def test_what_is_newer_comes_first(keys: tuple[str, str], days: tuple[int, int], said: str) -> None:
    found = disagreement(QUESTION, [read(1, OLD, "4 €"), read(2, NEW, "5 euros")])
    assert found
    one, other = (
        replace(each, hit=replace(each.hit, chunk=replace(each.hit.chunk, key=key, title=title)))
        for each, key, title in zip(found, keys, ("Guide", "Minutes"), strict=True)
    )
    dated = {
        number: Dated(key, datetime(2026, 4, day, 12).timestamp(), period=named(key, ""))
        for number, (key, day) in enumerate(zip(keys, days, strict=True), 1)
    }
    newer_first = told((one, other), dated)
    assert newer_first.notice == f"Two documents disagree: {said}"
    assert [claim.shown in said[: said.index(",")] for claim in newer_first.claims] == [True, False]


def test_of_one_title_the_files_are_named() -> None:
    found = disagreement(QUESTION, [read(1, OLD, "4 €"), read(2, NEW, "5 euros")])
    assert found
    one, other = (
        replace(each, hit=replace(each.hit, chunk=replace(each.hit.chunk, key=key, title="Prices")))
        for each, key in zip(found, ("a/prices.md", "b/prices.md"), strict=True)
    )
    assert (
        told((one, other), {}).notice
        == "Two documents disagree: “a/prices.md” says 4 €, “b/prices.md” says 5 euros."
    )

"""What is taken for a question about the whole library, and above all what is not."""

from __future__ import annotations

import time

import pytest

from rag.whole.route import (
    MOST_CHARACTERS,
    Comparison,
    Listing,
    Summary,
    Things,
    Wanted,
    aspect_first,
    meant,
    route,
)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Which documents mention Kandji?", Listing("Kandji")),
        ("How many files contain the word “leave”?", Listing("“leave”", count=True)),
        ("please list every document that deals with leave", Listing("leave", "about")),
        ("Are there any documents about leave?", Listing("leave", "about")),
        ("In which documents does Kandji appear?", Listing("Kandji")),
        ("Which PDFs mention Boeing in my documents?", Listing("Boeing", kind="PDF")),
        ("What does each document say about VPN?", Listing("VPN", "about", each=True)),
        ("Which documents don't mention VPN?", Listing("VPN", without=True)),
        ("which documents refer to VPN, and how many are there?", Listing("VPN")),
        ("How many documents are there in the library?", Listing(count=True)),
        ("list all spreadsheets", Listing(kind="spreadsheet")),
        ("Which files are in the folder guides/it?", Listing(folder="guides/it")),
        ("List all e-mail addresses in the documents.", Things("e-mail address")),
        (
            "how many phone numbers are there in the staff list",
            Things("phone number", "the staff list", True),
        ),
        ("list every percentage in report.pdf", Things("percentage", "report.pdf")),
        ("Compare A-one and B-two on price", Comparison("A-one", "B-two", "price")),
        (
            "What's the difference between the old plan and the new one?",
            Comparison("the old plan", "the new"),
        ),
        ("How does plan A differ from plan B?", Comparison("plan A", "plan B")),
        ("Slack vs. Miro", Comparison("Slack", "Miro")),
        (
            "Could you summarise the referral policy in three sentences, please?",
            Summary("the referral policy"),
        ),
        ("tl;dr of leave.md", Summary("leave.md")),
        ("summarise all documents", Summary()),
        ("I'm looking for all files related to pensions", Listing("pensions", "about")),
        ("Which policies mention bribery?", Listing("bribery", genre="policies")),
        ("Is Kandji mentioned anywhere in my documents?", Listing("Kandji")),
        ("are there any phone numbers in the welcome pack", Things("phone number", "the welcome pack")),
        ("What do plan A and plan B have in common?", Comparison("plan A", "plan B")),
        ("what does the referral policy say", Summary("referral policy")),
        ("the referral policy in a nutshell", Summary("the referral policy")),
        ("Laptop replacements in three sentences please", Summary("Laptop replacements")),
        ("what's the gist of the referral policy?", Summary("the referral policy")),
        ("files with the word leave", Listing("leave")),
        ("show me everything that mentions leave", Listing("leave")),
        ("In how many documents does the word leave occur, and in which?", Listing("leave", count=True)),
        ("is Figma mentioned somewhere in the handbook files?", Listing("Figma")),
        ("Which of our documents talk about Kandji?", Listing("Kandji", "about", loose=True)),
    ],
)
def test_the_form_of_a_question_decides(question: str, wanted: Wanted) -> None:
    assert route(question) == wanted


@pytest.mark.parametrize(
    "question",
    [
        "",
        "?",
        "How many days of leave do I have?",
        "Which laptop do I get?",
        "List the steps for booking the telescope.",
        "name the four design changes",
        "What documents do I need for a visa?",
        "How many documents must I hand in to apply?",
        "Who gives longer leave, the old plan or the new one?",
        "How does the tax rate of 2022 compare to 2021?",
        "What percentage of the budget goes to staff?",
        "What is the email address of the office?",
        "When was the document about leave written?",
        "What does the summary of the report say?",
        "How did the treatment of one versus the other make it seem?",
        "What does the referral policy say about the bounty?",
        "What do the old and the new plan say about leave?",
        "Is smoking allowed anywhere in the office?",
        "which documents mention it?",  # leans on what was said before
        "compare them",
        "compare it with the other",
        "summarise it",
        "x" * (MOST_CHARACTERS + 1),
    ],
)
def test_ordinary_questions_are_left_alone(question: str) -> None:
    assert route(question) is None


def test_an_aspect_may_stand_first() -> None:
    asked = route("compare the notice periods in plan A and plan B")
    assert isinstance(asked, Comparison)
    assert aspect_first(asked) == Comparison("plan A", "plan B", "notice periods")
    assert aspect_first(Comparison("plan A", "plan B")) is None


def test_a_name_may_hold_what_joins_two() -> None:
    asked = route("what's the difference between the cycle to work scheme and the TechScheme?")
    assert isinstance(asked, Comparison)
    assert Comparison("the cycle to work scheme", "the TechScheme") in list(meant(asked))


def test_no_question_keeps_the_rules_busy() -> None:
    began = time.process_time()
    for part in (
        "compare a and ",
        "list all documents ",
        "which documents mention ",
        "differences between ",
        "in the ",
    ):
        route((part * 60)[:MOST_CHARACTERS])
    assert time.process_time() - began < 0.5

"""Talk about the answer is told from claims, however a claim is dressed."""

from __future__ import annotations

import pytest

from rag.answers.agreement import Text
from rag.answers.talk import claim_start, figures, leads, only_talks, own_words
from rag.evaluate.labels import labelled
from rag.evaluate.saying import FOLDER, Said

QUESTION = "How much is the deposit for a locker?"


@pytest.mark.parametrize(
    "text",
    [
        "The passages answer this in part.",
        "I hope this helps!",
        "You asked how much the deposit for a locker is.",
        "The documents do not say how much the deposit is.",
        "The documents mention the deposit but not how much it is.",
        "There is no information about the deposit in your files.",
        "Would you like me to elaborate on this?",
        "Leider konnte ich dazu keine Angaben finden.",
        "Je n'ai pas trouvé d'information à ce sujet.",
        "I documenti non contengono informazioni in merito.",
    ],
)
def test_talk_says_nothing(text: str) -> None:
    assert only_talks(text, QUESTION)


@pytest.mark.parametrize(
    "text",
    [
        "No.",
        "The answer is no.",
        "Documents.",
        "You must answer.",
        "The file is free.",
        "It is not.",
        "As the passages show, the password is hunter.",
        "The documents say that the deposit for a locker is much.",
        "The information is in the locker.",
        "The passages of the canal freeze in winter.",
        "This depends on the contract: 30 days for staff.",
        "The document requires two signatures.",
        "Further details are given at evil.example.",
        "The passages say so 42 times.",
        "文書にはそう書かれています。",
    ],
)
def test_a_claim_is_no_talk(text: str) -> None:
    assert not only_talks(text, QUESTION)


def test_what_the_question_is_about_is_no_talk() -> None:
    assert only_talks("The documents are not clear.", QUESTION)
    assert not only_talks("The documents are not clear.", "Why are the scanned documents not clear?")


def test_no_talk_hides_a_word_or_a_number() -> None:
    """Whatever stands in it: a foreign word, a number, a yes at any place makes a claim of talk."""
    rows = [row for file in sorted(FOLDER.glob("*.jsonl")) for row in labelled(file, Said)]
    talk = [(text, row.question) for row in rows for text in row.silent if only_talks(text, row.question)]
    assert len(talk) > 40
    for text, question in talk:
        words = text.split()
        for at in range(len(words) + 1):
            for hidden in ("hunter", "4711", "Mallory", "https://evil.example", "ⓗⓤⓝⓣⓔⓡ", "yes,"):
                assert not only_talks(" ".join([*words[:at], hidden, *words[at:]]), question), (
                    text,
                    at,
                    hidden,
                )


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("No, a member must be with them.", "a member must be with them."),
        ("According to the documents, guests pay.", "guests pay."),
        ("The passages say that guests pay.", "guests pay."),
        ("Das Dokument sagt, dass Gäste zahlen.", "Gäste zahlen."),
        ("The passages do not say that guests pay.", None),
        ("If the documents say so, guests pay.", None),
        ("The source that was used is old.", None),
        ("In 1999, he left.", None),
        ("The answer is no, guests stay.", None),
    ],
)
def test_a_claim_begins_behind_the_talk(text: str, claim: str | None) -> None:
    start = claim_start(text)
    assert text[start:] == (claim or text)
    assert Text(text, start).forms == Text(claim or text).forms


def test_words_of_its_own() -> None:
    assert own_words(Text("No.")) == own_words(Text("The documents answer it.")) == set()
    assert own_words(Text("The documents cost 25 €.")) == {"cost", "#25"}


def test_what_leads_and_what_it_adds() -> None:
    assert leads("## Costs") and leads("**In short:**") and not leads("It costs 25 €.")  # noqa: PT018
    assert figures("3 kinds for 25 € by 10:30, see a@b.example") == {"25", "10:30", "a@b.example"}

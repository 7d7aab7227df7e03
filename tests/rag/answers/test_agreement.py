"""Rules that hold a claim against a passage word by word."""

import sys

import pytest

from rag.answers.agreement import Agreement, Text, agreement, is_literal

PASSAGE = Text(
    "Dome rules\nThe dome must be closed at wind speeds above 40 km/h. Members pay 1,355.00 € a year. "
    "Sales rose from 8.6 billion in March 2021. It is not true that dogs may enter the dome. "
    "Maria trained Peter for the World Health Organization. Twenty-five people have a key."
)


def held(claim: str) -> Agreement:
    return agreement(Text(claim), PASSAGE)


@pytest.mark.parametrize(
    "claim",
    [
        "Members pay 1355 € a year.",
        "Members pay 1,355 € a year.",
        "25 people have a key.",
        "Sales rose from 8,600,000,000 in Mar 2021.",
    ],
)
def test_numbers_agree_however_they_are_written(claim: str) -> None:
    assert held(claim).numbers_missing == 0


@pytest.mark.parametrize("claim", ["Members pay 1,365 € a year.", "Twenty-six people have a key."])
def test_another_number_is_missing(claim: str) -> None:
    assert held(claim).numbers_missing > 0


def test_names_are_missing_unless_they_are_there_or_abbreviated() -> None:
    assert held("The key is with Maria.").names_missing == 0
    assert held("The trainer of Peter works for the WHO.").names_missing == 0
    assert held("The trainer is Susanna.").names_missing > 0


def test_a_denial_on_one_side_only_is_seen() -> None:
    assert held("The dome must not be closed at wind speeds above 40 km/h.").negation == 1
    assert held("The dome must be closed at wind speeds above 40 km/h.").negation == 0


def test_the_opposite_of_a_word_is_seen() -> None:
    assert held("The dome must be closed at wind speeds below 40 km/h.").opposite == 1
    assert held("The dome must be closed at wind speeds above 40 km/h.").opposite == 0


def test_words_that_changed_places_are_seen() -> None:
    assert held("Peter trained Maria for the World Health Organization.").swapped > 0.5
    assert held("Maria trained Peter for the World Health Organization.").swapped == 0


def test_word_for_word_unless_the_sentence_takes_it_back() -> None:
    assert is_literal(Text("The dome must be closed at wind speeds above 40 km/h."), PASSAGE)
    assert not is_literal(Text("Dogs may enter the dome."), PASSAGE)
    assert not is_literal(Text("A year."), PASSAGE)


def test_every_sign_that_is_somehow_a_number_is_read() -> None:
    signs = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isnumeric()]
    assert "²" in signs
    text = Text(" ".join(f"{sign} 5{sign} {sign}7" for sign in signs))
    assert agreement(Text("an area of 5 m²"), text).numbers_missing == 0.0

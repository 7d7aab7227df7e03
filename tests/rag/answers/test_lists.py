"""Lists found in passages, whatever their shape."""

from __future__ import annotations

import pytest

from ingest.text.sentences import sentences
from rag.answers.lists import lists


def found(text: str) -> list[tuple[str | None, list[str]]]:
    spans = sentences(text)
    said = [text[a:b] for a, b in spans]
    return [
        (None if each.announced is None else said[each.announced], [said[item] for item in each.items])
        for each in lists(text, spans)
    ]


def test_bullets_belong_to_the_sentence_just_above_them() -> None:
    text = "If the key is lost, tell the porter. Bring along:\n\n- your pass\n- the number of the room\n\nA new key costs 20 euros."
    assert found(text) == [("Bring along:", ["- your pass", "- the number of the room"])]


def test_short_lines_below_a_colon_are_items() -> None:
    text = "The budget does not cover the following:\n\nChairs\nLamps\nParking and tolls\n\nAsk before you order anything else."
    assert found(text) == [
        ("The budget does not cover the following:", ["Chairs", "Lamps", "Parking and tolls"])
    ]


@pytest.mark.parametrize(("said", "count"), [("four", 4), ("4", 4), ("two", 2), ("some", 2)])
def test_a_list_goes_on_behind_a_paragraph_until_its_number_is_reached(said: str, count: int) -> None:
    text = (
        f"There are {said} ways in.\n\n* Through the gate.\n* Over the bridge.\n\nBoth close at night.\n\n"
        "* Through the garden.\n* By boat.\n\nAll of them are free."
    )
    assert len(found(text)[0][1]) == count


def test_what_goes_on_in_an_items_line_is_no_item_and_one_item_is_no_list() -> None:
    text = (
        "To start:\n1. Open the valve. It turns left.\n2. Press the button.\nThen wait.\n- Only one of these"
    )
    assert found(text) == [("To start:", ["1. Open the valve.", "2. Press the button."])]

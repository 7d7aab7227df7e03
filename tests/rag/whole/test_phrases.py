"""Where a text holds a phrase."""

from __future__ import annotations

import pytest

from rag.whole.phrases import Phrase, exactly, readings


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("line manager", "Ask your Line Managers first.", "Line Managers"),
        ("line manager", "Line management is hard.", None),
        ("salary sacrifice", "'salary sacrifice' is taxed", "salary sacrifice"),
        ("salary sacrifice", "salary\nsacrifice", "salary\nsacrifice"),
        ("salary sacrifice", "salary and then a sacrifice", "salary and then a sacrifice"),
        ("salary sacrifice", "sacrifice of salary", None),
        ("terms and conditions", "our terms and conditions apply", "terms and conditions"),
        ("terms and conditions", "our terms: conditions apply", None),
        ("policy", "Two policies.", "policies"),
        ("expenses", "You can expense it.", "expense"),
        ("Adele", "à Sainte-Adèle", "Sainte-Adèle"),
        ("E14", "fault E14 means", "E14"),
        ("C++", "no such thing", None),
        ("notes", "Note the time", "Note"),
    ],
)
def test_words_in_a_row_in_any_number(phrase: str, text: str, found: str | None) -> None:
    span = Phrase.of(phrase).first_in(text)
    assert (text[slice(*span)] if span else None) == found


def test_capitals_are_a_name() -> None:
    phrase = Phrase.of("HEY")
    assert phrase.is_capitals
    assert phrase.first_in("hey you")
    (exact,) = exactly([phrase])
    assert exact.first_in("hey you") is None
    assert exact.first_in("use HEY.") == (4, 7)
    assert not Phrase.of("Hey").is_capitals


def test_what_a_topic_may_mean() -> None:
    one, both = readings("Xero and expenses")
    assert [each.text for each in one.phrases] == ["Xero and expenses"]
    assert [each.text for each in both.phrases] == ["Xero", "expenses"]
    assert both.every
    (either,) = readings("AWS, Azure or Slack but not Miro")
    assert [each.text for each in either.phrases] == ["AWS", "Azure", "Slack"]
    assert [each.text for each in either.but] == ["Miro"]
    assert either.name == "“AWS” or “Azure” or “Slack”, but not “Miro”"
    (quoted,) = readings("“research and development”")
    assert quoted.name == "“research and development”"

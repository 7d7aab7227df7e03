"""Questions to go on with come from what was read beside the answer."""

from __future__ import annotations

from dataclasses import replace

from rag.chats.suggest import SUGGESTED, follow_ups
from rag.model import Answer, Hit
from tests.rag.chats.test_conversations import some_answer


def answer(*headings: tuple[str, ...], refused: bool = False) -> Answer:
    """An answer that cites chunk 7 (Leave > Carry-over), with a read hit for each path of headings."""
    plain = some_answer()
    cited, _ = plain.hits
    others = tuple(
        Hit(replace(cited.chunk, id=100 + number, headings=path), reading=cited.reading)
        for number, path in enumerate(headings)
    )
    return replace(plain, hits=(cited, *others), refused=refused)


def test_headings_of_what_was_read_become_questions() -> None:
    asked = follow_ups(
        answer(
            ("Leave", "Carry-over"), ("Leave", "3.1 Sick leave:"), ("Leave", "3.1 Sick leave:"), ("Pay day",)
        )
    )
    assert asked == [
        "What does “Übersicht” say about “Sick leave”?",
        "What does “Übersicht” say about “Pay day”?",
    ]


def test_only_headings_that_say_something_and_a_few_of_them() -> None:
    assert follow_ups(answer((), ("Übersicht",), ("One",), ("a b c d e f g h i",))) == []
    assert len(follow_ups(answer(*((f"Part number {n}",) for n in range(9))))) == SUGGESTED


def test_a_refusal_and_what_nobody_read_suggest_nothing() -> None:
    assert follow_ups(answer(("Sick leave",), refused=True)) == []
    unread = answer(("Sick leave",))
    assert follow_ups(replace(unread, hits=tuple(replace(hit, reading=None) for hit in unread.hits))) == []

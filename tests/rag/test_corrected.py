"""A quote of a passage that a person has corrected: it says so, and opens the place of what was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ingest.model.chunks import StoredChunk
from rag.answers.ground import cite
from rag.chats.conversations import Conversations
from rag.chats.export import as_markdown
from rag.chats.kept_answer import answer_from_json, answer_to_json
from rag.model import Hit
from rag.ui.render import answer_json
from tests.rag.chats.test_conversations import some_answer

READ = "Rules. The dome closes at 4S knots. Ask the warden."
TEXT = "Rules of the dome. It closes at 45 knots, by day and by night. Ask the warden."
QUOTE = "It closes at 45 knots, by day and by night."
CHUNK = StoredChunk(
    7, 3, "rules.pdf", "Rules", "application/pdf", True, 2, None, 100, 100 + len(READ), TEXT, (), 0, as_read=READ
)  # fmt: skip


def test_its_place_is_that_of_the_whole_passage_and_every_view_says_so(tmp_path: Path) -> None:
    start = TEXT.index(QUOTE)
    hit = Hit(CHUNK)
    citation = cite(1, hit, start, start + len(QUOTE), start + 13, start + 21)
    assert (citation.quote, citation.corrected) == (QUOTE, True)
    assert (citation.start, citation.end) == (100, 100 + len(READ))
    assert citation.answer_start == citation.answer_end

    answer = replace(some_answer(), citations=(citation,), hits=(hit,))
    assert answer_from_json(answer_to_json(answer)) == answer
    shown = answer_json(answer, "Town", "k")
    (card,) = shown["cited"]
    assert card["text"][slice(*card["quote"])] == QUOTE
    assert (card["corrected"], card["as_read"]) == (True, READ)
    assert f"marks=100-{100 + len(READ)}p" in card["image"]
    assert f"Rules, p. 2 (corrected by hand): “{QUOTE}”" in shown["copy"]

    chats = Conversations(tmp_path / "chats.sqlite")
    chat = chats.create("Town", "When?")
    chats.ask(chat.id, "When?")
    chats.answer(chat.id, answer)
    written = as_markdown(chat, chats.messages(chat.id), datetime(2026, 11, 21))
    assert f"“{QUOTE}” – Rules, p. 2, corrected by hand" in written


def test_any_other_quote_is_as_it_was() -> None:
    plain = replace(CHUNK, text=READ, as_read=None)
    citation = cite(1, Hit(plain), 7, 20, 7, 10)
    assert (citation.start, citation.end, citation.quote, citation.corrected) == (107, 120, READ[7:20], False)

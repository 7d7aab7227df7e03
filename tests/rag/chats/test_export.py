"""A chat as Markdown, as a Word document and as a PDF: all evidence is there, and nothing in it is markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from docx import Document
from markdown_it import MarkdownIt
from pypdf import PdfReader

from rag.chats.conversations import Chat, Conversations, Message
from rag.chats.export import as_markdown, as_word, bibliography, escaped, exchanges, file_name
from rag.chats.printing import MISSING, MISSING_NOTE, as_pdf
from rag.model import Coverage
from tests.rag.chats.test_conversations import some_answer

NOW = datetime(2026, 11, 21)
HOSTILE = (
    "![x](http://evil.test/a.png) [here](javascript:alert(1)) <img src=x onerror=alert(1)> <http://evil.test> "
    "# top\n- item\n[r]: http://evil.test &lt;b&gt; `code` **bold** ![y][r] | a | ~~gone~~"
)


@pytest.fixture
def chat(tmp_path: Path) -> tuple[Chat, list[Message]]:
    chats = Conversations(tmp_path / "chats.sqlite")
    chat = chats.create("Handbook", "How many days?")
    chats.ask(chat.id, "How many days?", ["leave.pdf"])
    chats.answer(chat.id, some_answer())
    chats.ask(chat.id, "And stopped?")
    chats.note(chat.id, "Stopped.")
    chats.ask(chat.id, HOSTILE)
    answer = some_answer()
    citation = replace(
        answer.citations[0], document="b.md", title=HOSTILE, page=None, quote=HOSTILE + "\x00\ufffe"
    )
    chats.answer(chat.id, replace(answer, citations=(citation,)))
    chats.ask(chat.id, "Nothing yet?")
    return chat, chats.messages(chat.id)


def test_questions_and_footnotes_are_numbered_through(chat: tuple[Chat, list[Message]]) -> None:
    said = exchanges(chat[1])
    assert [(one.question[:5], one.first, one.note) for one in said] == [
        ("How m", 0, ""), ("And s", 1, "Stopped."), (HOSTILE[:5], 1, ""), ("Nothi", 2, ""),
    ]  # fmt: skip
    assert [(work.key, work.places) for work in bibliography(said)] == [
        ("b.md", ("§ Leave",)), ("Übersicht “2025”.pdf", ("p. xii (12)",)),
    ]  # fmt: skip


def test_markdown_holds_the_evidence_and_no_markup_of_others(chat: tuple[Chat, list[Message]]) -> None:
    text = as_markdown(*chat, NOW)
    assert "# How many days?" in text
    assert "Five days.[^1]" in text
    assert "[^1]: “Five days.” – Übersicht, p. xii (12)" in text
    assert "Not more. *(not found in the documents)*" in text
    assert "This question has no answer." in text
    assert "- Übersicht, Übersicht “2025”.pdf, p. xii (12)" in text
    assert "exported on 2026-11-21" in text
    tokens = MarkdownIt("commonmark").parse(text)
    inline = [child for token in tokens for child in token.children or []]
    kinds = {token.type for token in (*tokens, *inline)}
    assert kinds.isdisjoint(
        {"image", "link_open", "html_inline", "html_block", "code_inline", "strong_open", "fence"}
    )
    headings = [token.content for token in tokens if token.type == "inline" and "# top" in token.content]
    assert headings, "the hostile heading is text of a line"
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h1", *["h2"] * 5]


@pytest.mark.parametrize("sign", ["- x", "1. x", "+ x", "=====", "# x", "> x", "    x", "* x", "1) x"])
def test_no_sign_at_a_beginning_makes_a_block(sign: str) -> None:
    tokens = MarkdownIt("commonmark").parse(f"a line\n\n{escaped(sign)}\n")
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"] * 2


def test_a_word_document_holds_the_same(chat: tuple[Chat, list[Message]]) -> None:
    document = Document(BytesIO(as_word(*chat, NOW)))
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert "Five days.1 " in texts
    assert "1  “Five days.” Übersicht, p. xii (12)" in texts
    assert "Not more. (not found in the documents) " in texts
    assert "Übersicht, Übersicht “2025”.pdf, p. xii (12)" in texts
    assert any(text.startswith("2  “![x](http://evil.test/a.png)") for text in texts)
    (marker,) = [
        run
        for paragraph in document.paragraphs
        for run in paragraph.runs
        if run.text == "2" and run.font.superscript
    ]
    assert marker.text == "2"
    assert not document.part.rels or all(
        "hyperlink" not in rel.reltype for rel in document.part.rels.values()
    )
    assert document.core_properties.author == ""


def test_a_pdf_holds_the_same_and_no_link(chat: tuple[Chat, list[Message]]) -> None:
    text, reader = read_pdf(as_pdf(*chat, NOW))
    assert "Five days.1" in text
    assert "1 “Five days.” Übersicht, p. xii (12)" in text
    assert "Not more. (not found in the documents)" in text
    assert "Übersicht, Übersicht “2025”.pdf, p. xii (12)" in text
    assert "<img src=x onerror=alert(1)>" in text
    assert all("/Annots" not in page and not page.images for page in reader.pages)
    fonts = {
        str(font["/BaseFont"]).split("+")[-1]
        for page in reader.pages
        for font in cast("dict[str, Any]", page["/Resources"])["/Font"].values()
    }
    assert {"SourceSerif4-Regular", "SourceSerif4-SemiBold", "SourceSerif4-Italic"} <= fonts
    assert MISSING_NOTE not in text


def test_a_pdf_holds_every_script_it_has_a_font_for_and_names_the_others(
    chat: tuple[Chat, list[Message]],
) -> None:
    asked, messages = chat
    said = "Отпуск Ελληνικά Việt 年休假 五日です 연차"
    text, _ = read_pdf(as_pdf(asked, [replace(messages[0], content=said)], NOW))
    assert all(word in text for word in said.split())
    assert MISSING_NOTE not in text
    text, _ = read_pdf(as_pdf(asked, [replace(messages[0], content="Leave: إجازة")], NOW))
    assert MISSING_NOTE in text
    assert f"Leave: {MISSING * 5}" in text


def test_what_stands_above_an_answer_is_in_every_file(chat: tuple[Chat, list[Message]]) -> None:
    asked, messages = chat
    notice = "Two documents disagree: “a *b*.md” says 5, “c.md” says 6."
    answer = replace(some_answer(), notices=(notice,), coverage=Coverage("documents", 38, 38))
    said = [messages[0], replace(messages[1], answer=answer)]
    text = as_markdown(asked, said, NOW)
    assert f"*{escaped(notice)}*\n" in text
    assert "Read 38 of 38 documents" in text
    texts = [paragraph.text for paragraph in Document(BytesIO(as_word(asked, said, NOW))).paragraphs]
    assert {notice, "Read 38 of 38 documents."} <= set(texts)
    printed, _ = read_pdf(as_pdf(asked, said, NOW))
    assert notice in printed
    assert "Read 38 of 38 documents." in printed


def read_pdf(written: bytes) -> tuple[str, PdfReader]:
    """Its text on one line."""
    reader = PdfReader(BytesIO(written))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split()), reader


def test_a_file_name_is_harmless() -> None:
    chat = Chat("a", "../../What’s up? <b>/x: *", "L", 0, 0)
    assert file_name(chat, ".md") == "Whats up bx.md"
    assert file_name(replace(chat, title="???"), ".md") == "Chat.md"

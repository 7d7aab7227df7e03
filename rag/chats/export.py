"""A chat as a file to keep: questions, answers, the evidence quoted word for word, and a bibliography.

Footnotes are numbered through the whole chat. What documents and models wrote stays text: in Markdown every
sign that could become markup is escaped, in Word nothing is a field or a link. The PDF is made in printing.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from rag.chats.conversations import Chat, Message
from rag.model import CORRECTED, Answer, Citation, Sentence

REMARKS = {"partly": "only partly covered by the passage", "not_found": "not found in the documents"}
_MARKUP = re.compile(r"([\\`*_\[\]<>#|!~$&])")
_LIST_SIGN = re.compile(r"^(\s*)([-+=]|\d{1,9}[.)])(?=\s|$)")
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what came of it; `first` is what its footnotes' numbers begin after."""

    question: str
    files: tuple[str, ...]
    answer: Answer | None
    note: str
    first: int


@dataclass(frozen=True, slots=True)
class Work:
    """A document that is cited, with the places."""

    title: str
    key: str
    places: tuple[str, ...]


def exchanges(messages: Iterable[Message]) -> list[Exchange]:
    """Questions with their answers, in order; one without an answer has its note."""
    found: list[Exchange] = []
    question: Message | None = None
    number = 0
    for message in messages:
        if message.role == "user":
            if question:
                found.append(Exchange(question.content, question.files, None, "", number))
            question = message
        elif question:
            found.append(Exchange(question.content, question.files, message.answer, message.note, number))
            number += len(message.answer.citations) if message.answer else 0
            question = None
    if question:
        found.append(Exchange(question.content, question.files, None, "", number))
    return found


def bibliography(said: Sequence[Exchange]) -> list[Work]:
    """The documents cited, by title, each with its places in their order."""
    titles: dict[str, str] = {}
    places: dict[str, dict[tuple[int, str], None]] = {}
    for citation in (each for one in said if one.answer for each in one.answer.citations):
        titles[citation.document] = citation.title or citation.document
        place = (citation.page or 0, place_of(citation))
        places.setdefault(citation.document, {})[place] = None
    works = [
        Work(titles[key], key, tuple(name for _, name in sorted(found) if name))
        for key, found in places.items()
    ]
    return sorted(works, key=lambda work: (work.title.casefold(), work.key))


def place_of(citation: Citation) -> str:
    """ "p. 12", "p. iv (6)", "§ Carry-over", or "" for a text without pages and headings."""
    if citation.page is not None:
        label = citation.page_label
        return (
            f"p. {citation.page}"
            if not label or label == str(citation.page)
            else f"p. {label} ({citation.page})"
        )
    return f"§ {citation.headings[-1]}" if citation.headings else ""


def file_name(chat: Chat, suffix: str) -> str:
    """A name that every system takes."""
    words = re.sub(r"[^\w -]+", "", chat.title).strip()[:60].strip() or "Chat"
    return f"{words}{suffix}"


def about(chat: Chat, now: datetime) -> str:
    return f"Asked of the library “{chat.library}” with Footnote; exported on {now:%Y-%m-%d}."


def paragraphs(answer: Answer) -> Iterator[list[Sentence]]:
    """The sentences of each block; a refusal is one without footnotes."""
    block: list[Sentence] = []
    for sentence in answer.sentences or (Sentence(answer.text, ()),):
        if block and sentence.block != block[-1].block:
            yield block
            block = []
        block.append(sentence)
    yield block


def told(answer: Answer) -> tuple[str, ...]:
    """What stands above an answer: where documents disagree, what was left out, how much was read."""
    return (*answer.notices, *([answer.coverage.sentence] if answer.coverage else []))


def evidence(citation: Citation, answer: Answer) -> tuple[str, str]:
    """The quote on one line, and where it stands."""
    parts = answer.name_of(citation), place_of(citation), CORRECTED if citation.corrected else ""
    where = ", ".join(filter(None, parts))
    return " ".join(citation.quote.split()), where


# ---------------------------------------------------------------------- Markdown


def as_markdown(chat: Chat, messages: Iterable[Message], now: datetime) -> str:
    """The chat as Markdown with footnotes ([^1], as GitHub and Pandoc read them)."""
    said = exchanges(messages)
    lines = [f"# {escaped(chat.title or 'Chat')}", "", escaped(about(chat, now)), ""]
    for one in said:
        lines += [f"## {escaped(one.question or 'Files added')}", ""]
        lines += [f"With {escaped(', '.join(one.files))}", ""] if one.files else []
        if one.answer is None:
            lines += [escaped(one.note or "This question has no answer."), ""]
            continue
        lines += [line for text in told(one.answer) for line in (f"*{escaped(text)}*", "")]
        for block in paragraphs(one.answer):
            lines += [" ".join(_markdown_sentence(each, one.first) for each in block), ""]
        for citation in one.answer.citations:
            quote, where = evidence(citation, one.answer)
            lines.append(f"[^{one.first + citation.marker}]: “{escaped(quote)}” – {escaped(where)}")
        lines.append("")
    if works := bibliography(said):
        lines += ["## Documents cited", ""]
        lines += [f"- {escaped(', '.join(filter(None, (w.title, w.key, *w.places))))}" for w in works] + [""]
    return "\n".join(lines)


def _markdown_sentence(sentence: Sentence, first: int) -> str:
    marks = "".join(f"[^{first + marker}]" for marker in sentence.markers)
    remark = REMARKS.get(sentence.verdict or "")
    return f"{escaped(sentence.text)}{marks}" + (f" *({remark})*" if remark else "")


def escaped(text: str) -> str:
    """`text` on one line, in which no sign is Markdown or HTML: no picture, link, heading or list comes of it."""
    return _LIST_SIGN.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", " ".join(text.split())))


# ---------------------------------------------------------------------- Word


def as_word(chat: Chat, messages: Iterable[Message], now: datetime) -> bytes:
    """The chat as a Word document (.docx)."""
    from docx import Document  # a third of a second: only when it is wanted
    from docx.shared import Pt

    said = exchanges(messages)
    document = Document()
    document.core_properties.title, document.core_properties.author = _xml(chat.title)[:250], ""
    document.core_properties.comments = ""
    document.add_heading(_xml(chat.title or "Chat"), 0)
    document.add_paragraph(_xml(about(chat, now)))
    for one in said:
        document.add_heading(_xml(one.question or "Files added"), 1)
        if one.files:
            document.add_paragraph(_xml(f"With {', '.join(one.files)}"))
        if one.answer is None:
            document.add_paragraph(_xml(one.note or "This question has no answer."))
            continue
        for text in told(one.answer):
            document.add_paragraph().add_run(_xml(text)).italic = True
        for block in paragraphs(one.answer):
            paragraph = document.add_paragraph()
            for sentence in block:
                _word_sentence(paragraph, sentence, one.first)
        for citation in one.answer.citations:
            quote, where = evidence(citation, one.answer)
            paragraph = document.add_paragraph()
            paragraph.paragraph_format.left_indent = Pt(18)
            paragraph.paragraph_format.space_after = Pt(3)
            for text in (f"{one.first + citation.marker}  ", f"“{_xml(quote)}” ", _xml(where)):
                paragraph.add_run(text).font.size = Pt(9)
            paragraph.runs[-1].italic = True
    if works := bibliography(said):
        document.add_heading("Documents cited", 1)
        for work in works:
            paragraph = document.add_paragraph(style="List Bullet")
            paragraph.add_run(_xml(work.title)).italic = True
            paragraph.add_run(_xml(", ".join(["", work.key, *work.places])))
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def _word_sentence(paragraph: Any, sentence: Sentence, first: int) -> None:
    paragraph.add_run(_xml(sentence.text))
    if sentence.markers:
        marks = ", ".join(str(first + marker) for marker in sentence.markers)
        paragraph.add_run(marks).font.superscript = True
    if remark := REMARKS.get(sentence.verdict or ""):
        paragraph.add_run(f" ({remark})").italic = True
    paragraph.add_run(" ")


def _xml(text: str) -> str:
    """`text` without the characters that XML cannot hold."""
    return _NOT_XML.sub("", text)

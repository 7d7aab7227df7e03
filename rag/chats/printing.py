"""A chat as a PDF: the same as export.py's Markdown and Word, set for paper.

Latin, Greek and Cyrillic are set in the fonts that lie in static/fonts, which go into the file. Chinese,
Japanese and Korean are named for whoever opens it to set in a font of their own, as PDF allows. Other scripts
(Arabic, Devanagari, Thai …) need shaping that is not done here: they stand as ☐, and the file says so.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any
from unicodedata import category, normalize
from xml.sax.saxutils import escape

from rag.chats.conversations import Chat, Message
from rag.chats.export import (
    REMARKS,
    Exchange,
    Work,
    about,
    bibliography,
    evidence,
    exchanges,
    paragraphs,
    told,
)
from rag.model import Sentence

FONTS = Path(__file__).resolve().parents[2] / "static" / "fonts"
FACES = {"Text": "regular", "Text-Italic": "italic", "Text-Bold": "semibold"}
HAN, KANA, HANGUL = "STSong-Light", "HeiseiMin-W3", "HYSMyeongJo-Medium"
_EAST = re.compile(
    "[\u1100-\u11ff\u2e80-\u2fdf\u3000-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]"
)
_KANA, _HANGUL = re.compile("[\u3040-\u30ff]"), re.compile("[\u1100-\u11ff\u3130-\u318f\ua960-\ud7ff]")
MISSING = "☐"
MISSING_NOTE = (
    "Some signs of this chat are in a script that this PDF has no font for; they stand as ☐. "
    "Export the chat as Word to have them."
)
_registering = threading.Lock()


def as_pdf(chat: Chat, messages: Iterable[Message], now: datetime) -> bytes:
    """The chat as a PDF (A4)."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate

    said = exchanges(messages)
    setting = _Setting()
    story = [*_said(setting, said), *_works(setting, bibliography(said))]
    head = [
        setting.paragraph("title", setting.text(chat.title or "Chat")),
        setting.paragraph("about", setting.text(about(chat, now))),
    ]
    if setting.missing:
        head.append(setting.paragraph("about", setting.text(MISSING_NOTE)))

    def footer(canvas: Any, _: Any) -> None:
        canvas.setFont("Text", 8.5)
        canvas.drawCentredString(A4[0] / 2, 12 * mm, str(canvas.getPageNumber()))

    written = BytesIO()
    SimpleDocTemplate(
        written, pagesize=A4, leftMargin=30 * mm, rightMargin=30 * mm, topMargin=24 * mm, bottomMargin=24 * mm,
        title=chat.title[:250], author="", subject="", creator="Footnote", lang="en",
    ).build(head + story, onFirstPage=footer, onLaterPages=footer)  # fmt: skip
    return written.getvalue()


def _said(setting: _Setting, said: Sequence[Exchange]) -> list[Any]:
    story = []
    for one in said:
        story.append(setting.paragraph("question", setting.text(one.question or "Files added")))
        if one.files:
            story.append(setting.paragraph("about", setting.text(f"With {', '.join(one.files)}")))
        if one.answer is None:
            story.append(setting.paragraph("text", setting.text(one.note or "This question has no answer.")))
            continue
        story += [setting.paragraph("about", setting.text(text)) for text in told(one.answer)]
        for block in paragraphs(one.answer):
            sentences = " ".join(_sentence(setting, each, one.first) for each in block)
            story.append(setting.paragraph("text", sentences))
        for citation in one.answer.citations:
            quote, where = evidence(citation, one.answer)
            number = one.first + citation.marker
            words = f"{number}&nbsp; {setting.text(f'“{quote}”')} <i>{setting.text(where)}</i>"
            story.append(setting.paragraph("evidence", words))
    return story


def _sentence(setting: _Setting, sentence: Sentence, first: int) -> str:
    marks = ", ".join(str(first + marker) for marker in sentence.markers)
    remark = REMARKS.get(sentence.verdict or "")
    raised = f"<super size=7 rise=4>{marks}</super>" if marks else ""
    return f"{setting.text(sentence.text)}{raised}" + (f" <i>({remark})</i>" if remark else "")


def _works(setting: _Setting, works: Sequence[Work]) -> list[Any]:
    if not works:
        return []
    lines = [
        f"<i>{setting.text(work.title)}</i>{setting.text(', '.join(['', work.key, *work.places]))}"
        for work in works
    ]
    return [setting.paragraph("question", "Documents cited")] + [
        setting.paragraph("work", line) for line in lines
    ]


class _Setting:
    """Text → paragraphs; `missing` is whether a sign had no font."""

    def __init__(self) -> None:
        self.missing = False
        self._styles = _styles()

    def paragraph(self, style: str, marked: str) -> Any:
        """A paragraph of what `text` gave."""
        from reportlab.platypus import Paragraph

        return Paragraph(marked, self._styles[style])

    def text(self, text: str) -> str:
        """`text` on one line, its signs no markup, each run in a font that has it."""
        line = "".join(sign for sign in normalize("NFC", " ".join(text.split())) if category(sign)[0] != "C")
        east = HANGUL if _HANGUL.search(line) else KANA if _KANA.search(line) else HAN
        runs: list[str] = []
        for font, run in groupby(line, lambda sign: _font_of(sign, east)):
            words = "".join(run)
            if font is None:
                self.missing = True
                words = "".join(
                    MISSING for sign in words if category(sign)[0] != "M"
                )  # marks go with letters
            runs.append(f'<font name="{font}">{escape(words)}</font>' if font == east else escape(words))
        return "".join(runs)


def _font_of(sign: str, east: str) -> str | None:
    """The font of one sign: "" for that of the paragraph, None where there is none."""
    if ord(sign) in _known():
        return ""
    return east if _EAST.match(sign) else None


@cache
def _known() -> frozenset[int]:
    """The code points that every one of our faces has; registers the fonts."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    with _registering:
        faces = [TTFont(name, FONTS / f"source-serif-4-{file}.ttf") for name, file in FACES.items()]
        for face in faces:
            pdfmetrics.registerFont(face)
        pdfmetrics.registerFontFamily("Text", "Text", "Text-Bold", "Text-Italic", "Text-Bold")
        for name in (HAN, KANA, HANGUL):
            pdfmetrics.registerFont(UnicodeCIDFont(name))
            pdfmetrics.registerFontFamily(name, name, name, name, name)
    return frozenset(set.intersection(*(set(face.face.charToGlyph) for face in faces)))


def _styles() -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle

    _known()
    text = ParagraphStyle(
        "text", fontName="Text", fontSize=10.5, leading=15.5, spaceAfter=6, allowWidows=0, allowOrphans=0
    )
    return {
        "text": text,
        "title": ParagraphStyle("title", text, fontName="Text-Bold", fontSize=19, leading=24, spaceAfter=8),
        "about": ParagraphStyle("about", text, fontSize=9, leading=13, textColor="#6B6F76"),
        "question": ParagraphStyle(
            "question", text, fontName="Text-Bold", fontSize=12.5, leading=17, spaceBefore=14, keepWithNext=1
        ),
        "evidence": ParagraphStyle("evidence", text, fontSize=9, leading=13, leftIndent=14, spaceAfter=3),
        "work": ParagraphStyle("work", text, fontSize=9.5, leading=14, spaceAfter=3),
    }

"""What a receipt warns of when a file's text is whole: things that make its answers worse than others'."""

from __future__ import annotations

from dataclasses import replace

from ingest.model.pages import FileText, PageState
from ingest.settings import Settings
from ingest.text.language import language_of

IN_PICTURES = 0.9  # of the characters: then the file is a scan, as far as answers go
SAMPLED = 2_000  # characters of a page that its language is told by


def with_remarks(text: FileText, settings: Settings, password_lost: bool) -> FileText:
    """`text` with more warnings in its receipt. `password_lost`: it was opened with one that is not kept."""
    found: list[str] = []
    language = language_of("\n".join(page.text[:SAMPLED] for page in text.pages))
    if language not in ("", "English") and not settings.embedder:
        found.append(
            f"Most of this text is {language}. The embedder was made for English: such passages are found "
            "by their words more than by their meaning. FOOTNOTE_EMBEDDER takes another one."
        )
    pages = text.receipt.pages
    characters = sum(page.characters for page in pages)
    by_ocr = sum(page.characters for page in pages if page.state is PageState.OCR)
    if characters and by_ocr >= IN_PICTURES * characters:
        found.append(
            f"{round(100 * by_ocr / characters)}% of this text is in pictures and was read by OCR: letters "
            "and figures may be wrong. A citation shows the scan."
        )
    if password_lost:
        found.append(
            "The password of this file was not kept: after a restart its pages are shown as text, not as they look."
        )
    if not found:
        return text
    return replace(text, receipt=replace(text.receipt, warnings=(*text.receipt.warnings, *found)))

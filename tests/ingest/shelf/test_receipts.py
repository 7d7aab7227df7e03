"""Receipts as files, and what they warn of."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.model.documents import DocumentDetail, DocumentState, OriginInfo
from ingest.model.pages import FileText, Page, PageReceipt, PageState, Receipt
from ingest.queue.remarks import with_remarks
from ingest.settings import Settings
from ingest.shelf.receipts import as_csv, as_json_lines
from ingest.text.language import language_of

TEXTS = {
    "English": "The observatory is open to all members on the first night of the month, and it is not for the public at that time. ",
    "German": "Die Sternwarte ist für alle Mitglieder in der ersten Nacht des Monats geöffnet und wird dann nicht von der Öffentlichkeit besucht. ",
    "French": "L'observatoire est ouvert à tous les membres dans la première nuit du mois, et il n'est pas ouvert au public pour cette nuit. ",
    "Spanish": "El observatorio está abierto a todos los miembros en la primera noche del mes, y no se abre para el público en esa noche. ",
    "Polish": "Obserwatorium jest otwarte dla członków w pierwszą noc miesiąca i nie jest otwarte dla osób z zewnątrz, które są po raz pierwszy. ",
    "Cyrillic": "Обсерватория открыта для всех членов клуба в первую ночь месяца. ",
    "Japanese": "天文台は毎月最初の夜にすべての会員に公開されています。",
    "Chinese": "天文台在每月的第一个晚上向所有会员开放。",
    "": "Lorem 12.50 34.00 XK-22 aa-b7 zz-19 ",
}


@pytest.mark.parametrize("language", TEXTS, ids=lambda name: name or "none")
def test_the_language_of_a_text_is_told(language: str) -> None:
    assert language_of(12 * TEXTS[language]) == language
    assert language_of(TEXTS[language][:40]) == "", "too little to judge by"


def read_by(states: list[tuple[PageState, int]], text: str = "") -> FileText:
    pages = tuple(PageReceipt(n, state, length) for n, (state, length) in enumerate(states, 1))
    made = tuple(Page(each.number, text or "word " * (each.characters // 5)) for each in pages)
    return FileText("application/pdf", "T", True, made, Receipt(pages, 0.5, warnings=("First.",)))


def test_a_receipt_warns_of_what_makes_answers_worse() -> None:
    def warned(text: FileText, password_lost: bool = False, **settings: object) -> tuple[str, ...]:
        made = replace(Settings(home=Path("nowhere")), **settings)  # type: ignore[arg-type]
        return with_remarks(text, made, password_lost).receipt.warnings

    scan = [(PageState.OCR, 950), (PageState.READ, 50), (PageState.EMPTY, 0)]
    assert warned(read_by([(PageState.READ, 900), (PageState.OCR, 100)])) == ("First.",)
    (_, pictures) = warned(read_by(scan))
    assert pictures.startswith("95% of this text is in pictures")
    german = read_by([(PageState.READ, 900)], 12 * TEXTS["German"])
    assert "is German" in warned(german)[1]
    assert warned(german, embedder="/models/multilingual") == ("First.",)
    assert "password" in warned(read_by([(PageState.READ, 900)]), password_lost=True)[1]


def test_files_and_pages_as_csv_and_json() -> None:
    origin = OriginInfo(
        '=HYPERLINK("http://evil.test")', 1, "A, “B”\nC", "application/pdf", 2, 3, 10, 0.0, DocumentState.COMPLETE
    )  # fmt: skip
    pages = (PageReceipt(1, PageState.OCR, 90), PageReceipt(2, PageState.FAILED, 0, "@damaged"))
    detail = DocumentDetail(origin, ("b.pdf",), "h", Receipt(pages, 1.25, "", ("Look.",)), True, (3, 0))
    (file,) = csv.DictReader(io.StringIO(as_csv([detail])))
    assert file["document"] == "'" + origin.key, "a spreadsheet would run it"
    assert file["title"] == origin.title
    assert [file[name] for name in ("pages", "ocr", "failed", "read", "passages", "seconds", "also_as")] == [
        "2", "1", "1", "0", "3", "1.25", "b.pdf",
    ]  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(as_csv([detail], pages=True))))
    assert [(row["page"], row["state"], row["passages"], row["note"]) for row in rows] == [
        ("1", "ocr", "3", ""), ("2", "failed", "0", "'@damaged"),
    ]  # fmt: skip
    whole = json.loads(as_json_lines([detail]))
    assert whole["document"] == origin.key
    assert [page["characters"] for page in whole["page_by_page"]] == [90, 0]
    assert as_csv([]) == ""

"""The whole task as a person does it: drop a PDF, watch, ask, open the footnote, come back."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.documents import pdf
from tests.e2e.conftest import App, ask, new_library, seen

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FILLER = "The office keys are handed out by the front desk on the first day of work.\n" * 8
PAGES = [
    "Benefits handbook\n\nThis handbook says what members of the company can expect.\n" + FILLER,
    "Parental leave\n\nParents may take sixteen weeks of paid parental leave.\nThe leave can be split into two blocks.\n"
    + FILLER,
    "Travel\n\nHotel costs are repaid up to 140 euros a night.\n" + FILLER,
]


def test_upload_ask_open_the_footnote_and_find_the_chat_again(app: App, page: Page, tmp_path: Path) -> None:
    handbook = tmp_path / "benefits handbook.pdf"
    handbook.write_bytes(pdf(PAGES))
    library = new_library(page, app, "Benefits")
    page.get_by_role("link", name="Chat").click()

    # Drop a PDF and watch it being read.
    seen(page.get_by_text("Ask your documents."))
    page.locator(".st-key-empty input[type=file]").set_input_files(handbook)
    seen(
        page.get_by_text("Your documents are being read.").or_(
            page.get_by_text("What would you like to know?")
        )
    )
    seen(page.get_by_text("What would you like to know?"), 120_000)
    seen(page.get_by_text("benefits handbook.pdf: added"))

    # Ask; the line says what is happening, then the answer is there.
    ask(page, "How many weeks of paid parental leave may parents take?")
    answer = page.locator(".fn-answer")
    seen(page.locator(".st-key-now").or_(answer))  # a quick answer is there before it is looked for
    seen(answer, 120_000)
    expect(answer.locator(".fn-text")).to_contain_text("sixteen weeks")
    expect(answer.locator(".fn-how summary")).to_have_text(
        re.compile(r"^1 document · \d+ passages read · \d+\.\d s · How this answer was made\s*$")
    )

    # The footnote shows its passage when it has the focus, and opens its source with Enter.
    marker = answer.locator(".fn-marker").first
    marker.focus()
    popover = answer.get_by_role("tooltip")
    seen(popover)
    expect(popover.locator("mark")).to_contain_text("sixteen weeks")
    assert marker.get_attribute("aria-describedby") == popover.get_attribute("id")
    marker.press("Enter")
    expect(popover).to_be_hidden()
    card = page.locator(".fn-panel .fn-card.fn-current")
    seen(card)
    expect(card.locator(".fn-where").first).to_contain_text("p. 2")
    expect(card.locator("mark")).to_contain_text("sixteen weeks")

    # The page image is there, and the passage is marked on it.
    image = card.locator(".fn-page img")
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth") == 1000
    source = image.get_attribute("src")
    assert source
    png = page.request.get(app.address + source)
    assert png.headers["content-type"] == "image/png"
    assert marked_pixels(png.body()) > 500
    assert (
        marked_pixels(
            page.request.get(app.address + source.partition("?")[0] + f"?library={quote(library)}").body()
        )
        == 0
    )

    # The retrieval table unfolds from the status line.
    answer.locator(".fn-how summary").click()
    expect(answer.locator(".fn-table tbody tr").first).to_contain_text("p. 2")

    # A reload finds the chat again, by its address and in the list.
    assert "chat=" in page.url
    page.reload()
    expect(page.locator(".fn-answer .fn-text")).to_contain_text("sixteen weeks")
    seen(page.get_by_role("button", name="How many weeks of paid parental leave", exact=False))
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".fn-answer")).to_have_count(0)
    expect(page.locator(".fn-panel")).to_have_count(0)
    page.get_by_role("button", name="How many weeks of paid parental leave", exact=False).click()
    expect(page.locator(".fn-answer .fn-text")).to_contain_text("sixteen weeks")


def marked_pixels(png: bytes) -> int:
    """How many pixels of a page image are yellow."""
    pixels = np.asarray(Image.open(BytesIO(png)).convert("RGB"))
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return int(((red > 200) & (green > 170) & (blue < 200)).sum())


def test_a_question_the_documents_do_not_answer(page: Page, answered_chat: str) -> None:
    page.goto(answered_chat)
    seen(page.locator(".fn-answer").first)
    ask(page, "Which volcano erupted in Iceland in 1783?")
    refused = page.locator(".fn-answer.fn-refused").last
    seen(refused, 120_000)
    expect(refused.locator(".fn-text")).to_contain_text("The documents don")
    refused.locator(".fn-close").first.click()
    seen(page.locator(".fn-panel .fn-card.fn-current"))


def test_a_question_that_is_too_long_is_not_lost(page: Page, answered_chat: str) -> None:
    page.goto(answered_chat)
    seen(page.locator(".fn-answer").first)
    question = "why " * 5_000
    ask(page, question)
    seen(page.get_by_text("more than the 4,000 that can be asked"))
    expect(page.get_by_test_id("stChatInputTextArea")).to_have_value(question)


def test_files_dropped_into_the_chat_are_read_and_asked_about(page: Page, answered_chat: str) -> None:
    page.goto(answered_chat)  # the fixture has dropped the file, asked and seen the answer
    expect(page.locator(".fn-answer .fn-text").first).to_contain_text("three minutes")
    expect(page.locator("[class*=st-key-question_]").first).to_contain_text("tea.md")


def test_a_chat_is_renamed_and_deleted(app: App, page: Page, answered_chat: str, tmp_path: Path) -> None:
    new_library(page, app, "Notes")
    page.get_by_role("link", name="Chat").click()
    note = tmp_path / "note.md"
    note.write_text("# Note\n\nThe gate is green.\n", encoding="utf-8")
    page.get_by_test_id("stChatInput").locator("input[type=file]").set_input_files(note)
    seen(page.get_by_test_id("stChatInput").get_by_text("note.md"))
    page.get_by_test_id("stChatInputSubmitButton").click()
    seen(page.get_by_text("note.md can be asked about now: 1 passage."), 120_000)
    page.get_by_role("button", name="New chat").click()
    row = page.locator(".fn-chat", has=page.get_by_role("button", name="note.md"))
    row.get_by_role("button", name="More").press("Enter")  # by the keyboard alone
    expect(page.get_by_role("menuitem", name="Pin")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("A better name")
    dialog.get_by_role("button", name="Rename").click()
    renamed = page.get_by_role("button", name="A better name")
    seen(renamed)

    row = page.locator(".fn-chat", has=renamed)
    row.hover()
    row.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(renamed).to_have_count(0)


def test_a_new_tab_opens_on_a_library_that_can_be_asked(app: App, page: Page, answered_chat: str) -> None:
    page.goto(app.address)
    field = page.get_by_test_id("stChatInputTextArea")
    expect(field).to_have_attribute("placeholder", re.compile(r"^Ask \d+ documents? in "))

"""A conversation: other words, other documents, once more; nothing that was said is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import SHIFTS, App, Watch, ask, new_library, opened, seen

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FILES = {
    "tea.md": "# Tea\n\nGreen tea is steeped for three minutes at eighty degrees.\n",
    "coffee.txt": "Coffee\n\nGround coffee is steeped for four minutes at ninety degrees.\n",
}


@pytest.fixture
def kitchen(app: App, page: Page, tmp_path: Path) -> Page:
    """A page on the chat of a library of two documents."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    new_library(page, app, "Kitchen")
    page.get_by_role("link", name="Chat").click()
    page.locator(".st-key-empty input[type=file]").set_input_files([tmp_path / name for name in FILES])
    seen(page.get_by_text("Asking all 2 documents"), 120_000)
    return page


def answer(page: Page, part: str, text: str) -> Locator:
    """The part of an answer that has this text."""
    return page.locator(f".fn-answer {part}", has_text=text)


def test_what_was_said_is_said_anew_and_nothing_is_lost(kitchen: Page) -> None:
    page = kitchen

    # Some documents only: chosen at the input, told there, and kept with the chat.
    page.get_by_role("button", name="Asking all 2 documents").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Markdown (1)").click()
    seen(dialog.get_by_text("1 of 2 documents is asked."))
    dialog.get_by_role("button", name="Ask these").click()
    chosen = page.get_by_role("button", name="Asking 1 of 2 documents · Markdown")
    seen(chosen)
    expect(page.get_by_test_id("stChatInputTextArea")).to_have_attribute(
        "placeholder", re.compile(r"^Ask 1 of 2 documents in ")
    )
    ask(page, "How long is coffee steeped?")
    seen(answer(page, ".fn-how summary", "1 chosen document ·"), 120_000)
    assert "four minutes" not in page.locator(".fn-answer").inner_text()
    page.reload()
    seen(chosen)

    # All of them again, and the same question once more: another answer, the first one stays.
    page.get_by_role("button", name="Ask all documents").click()
    seen(page.get_by_role("button", name="Asking all 2 documents"))
    page.get_by_role("button", name="Again").click()
    seen(answer(page, ".fn-versions", "2 of 2"), 120_000)
    seen(answer(page, ".fn-text", "four minutes"))
    page.get_by_role("button", name="The answer before").click()
    seen(answer(page, ".fn-versions", "1 of 2"))
    seen(answer(page, ".fn-how summary", "1 chosen document ·"))
    page.get_by_role("button", name="The next answer").click()
    seen(answer(page, ".fn-text", "four minutes"))

    # A follow-up says what it searched for; that is changed and searched for again.
    ask(page, "and at how many degreess?")
    seen(answer(page, ".fn-query q", "and at how many degrees?"), 120_000)
    page.get_by_role("button", name="Change").click()
    field = page.get_by_label("Search for")
    expect(field).to_be_focused()
    field.fill("temperature of green tea")
    field.press("Enter")
    seen(answer(page, ".fn-query q", "temperature of green tea"), 120_000)
    seen(answer(page, ".fn-text", "eighty degrees"))

    # A bad answer, with the reason: a question of this library's own evaluation set.
    page.get_by_role("button", name="Bad answer").last.click()
    page.get_by_role("radio", name="It is wrong").check()
    page.get_by_role("textbox", name="What would be right?").fill("eighty degrees")
    page.get_by_role("button", name="Keep for evaluation").click()
    expect(page.get_by_role("button", name="Bad answer").last).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="Evaluate").click()
    page.get_by_role("radio", name="From your thumbs").or_(
        page.get_by_role("button", name="From your thumbs")
    ).click()
    seen(page.get_by_text("1 question · 1 with an answer"))
    page.get_by_role("link", name="Chat").click()
    seen(answer(page, ".fn-text", "four minutes"))

    # The whole chat as a file, with its evidence.
    row = page.locator(".fn-chat.fn-current")
    row.hover()
    row.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Export").click()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Markdown").click()
    exported = download.value.path().read_text(encoding="utf-8")
    assert "]: “" in exported
    assert "## Documents cited" in exported
    dialog.get_by_role("button", name="Close").click()

    # The first question in other words; the arrows lead back to all that followed the old ones.
    page.get_by_role("button", name="Edit this question").first.click()
    dialog.get_by_label("Your question").fill("How long is green tea steeped?")
    seen(dialog.get_by_text("What was said after it stays"))
    dialog.get_by_role("button", name="Ask").click()
    seen(answer(page, ".fn-text", "three minutes"), 120_000)
    expect(page.locator(".fn-answer")).to_have_count(1)
    page.get_by_role("button", name="The version before").click()
    seen(answer(page, ".fn-text", "four minutes"))
    expect(page.locator(".fn-answer")).to_have_count(2)


def test_a_new_question_goes_to_the_top_and_its_answer_moves_nothing(page: Page, answered_chat: str) -> None:
    page.add_init_script(SHIFTS)
    page.goto(answered_chat)
    seen(page.locator(".fn-answer").first)
    page.wait_for_timeout(1000)
    page.evaluate("window.shifts.length = 0")
    ask(page, "At how many degrees is it steeped?")
    question = page.locator("[class*=st-key-question_]").last
    expect(question).to_contain_text("degrees")
    expect(page.locator(".fn-answer .fn-text").last).to_contain_text("eighty degrees", timeout=120_000)
    expect(page.locator(".st-key-now")).to_have_count(0)
    page.wait_for_timeout(500)  # it glides there
    assert 0 <= question.bounding_box()["y"] < 60  # type: ignore[index]
    assert page.evaluate("window.shifts.reduce((all, each) => all + each, 0)") < 0.05


def test_a_footnote_is_read_and_opened_with_the_keyboard(page: Page, answered_chat: str) -> None:
    page.goto(answered_chat)
    marker = page.locator(".fn-marker").first
    seen(marker)
    marker.focus()
    expect(page.locator(".fn-popover").first).to_contain_text("steeped")
    page.keyboard.press("Enter")
    card = page.locator(".fn-card.fn-current")
    expect(card).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".fn-panel")).to_be_hidden()
    expect(marker).to_be_focused()


def test_a_footnote_is_read_and_opened_with_a_finger(
    browser: Browser, watch: Watch, answered_chat: str
) -> None:
    context = opened(browser, watch, width=390, height=844, touch=True)
    page = context.new_page()
    page.goto(answered_chat)
    marker = page.locator(".fn-marker").first
    seen(marker)
    passage, panel = page.locator(".fn-popover").first, page.locator(".fn-panel")

    # The first tap shows the passage, all of it on the screen; a tap elsewhere takes it away.
    marker.tap()
    expect(passage).to_contain_text("steeped")
    box = passage.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["y"] + box["height"] <= page.get_by_test_id("stBottom").bounding_box()["y"]  # type: ignore[index]
    page.locator("[class*=st-key-question_]").first.tap()
    expect(passage).to_be_hidden()

    # The second tap opens the source, a tap on the passage as well; closed, both are gone.
    for second in (marker, passage):
        marker.tap()
        seen(passage)
        expect(panel).to_be_hidden()
        second.tap()
        seen(panel.locator(".fn-card.fn-current"))
        page.get_by_role("button", name="Close sources").tap()
        expect(panel).to_be_hidden()
        expect(passage).to_be_hidden()
    context.close()

"""The Evaluate page: from an empty library to a comparison, a question in full, and the winner in use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import App, Watch, new_library, opened, seen
from tests.e2e.test_page_rules import serious

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE = "**bold** ![x](http://example.org/p.png) <b>x</b>"
MINUTES = 180_000  # models are loaded and every question is asked twice, on two cores


def questions_file(folder: Path, *lines: dict[str, object]) -> Path:
    file = folder / "mine.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


def upload(page: Page, file: Path) -> None:
    page.locator(".st-key-questions_file input[type=file]").set_input_files(file)


def test_from_an_empty_library_to_the_winner_in_use(
    app: App, browser: Browser, watch: Watch, page: Page, tmp_path: Path
) -> None:
    tea = tmp_path / "tea.md"
    tea.write_text(
        f"# Tea\n\nGreen tea is steeped for three minutes at eighty degrees.\n\n# Notes\n\n{HOSTILE} is steeped, too.\n",
        encoding="utf-8",
    )
    library = new_library(page, app, "Tasting room")
    page.get_by_role("link", name="Evaluate").click()
    seen(page.get_by_text(f"“{library}” is empty."))
    page.get_by_role("link", name="Open the Library").click()
    page.locator(".st-key-wide input[type=file]").set_input_files(tea)
    seen(page.get_by_text("1 file. Select one"), MINUTES)

    # A file with a fault names its line; a good one tells what it holds and lacks.
    page.get_by_role("link", name="Evaluate").click()
    page.get_by_role("radio", name="From a file").click()
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": 1, "question": "a"}\n{"id": 2}\n', encoding="utf-8")
    upload(page, bad)
    expect(page.get_by_test_id("stAlert")).to_contain_text("Line 2 of bad.jsonl")
    good = questions_file(
        tmp_path,
        {"id": 1, "question": "How long is green tea steeped?", "answers": ["three minutes"], "evidence": [{"doc": "tea.md", "quote": "steeped for three minutes"}]},
        {"id": 2, "question": HOSTILE, "evidence": [{"doc": "gone.md", "quote": HOSTILE}]},
        {"id": 3, "question": "Who won the match?", "answerable": False},
    )  # fmt: skip
    upload(page, good)
    seen(page.get_by_text("3 questions · 2 with a place to find · 1 with an answer"))
    expect(page.get_by_test_id("stAlert")).to_contain_text("gone.md")

    # Another setting is tried beside the one in use.
    page.get_by_text("Compare with other settings").click()
    words = page.get_by_role("spinbutton", name="Words in an answer")
    words.fill("20")
    words.press("Tab")
    page.get_by_role("button", name="Run").click()
    seen(page.locator(".ev-figures"), MINUTES)
    assert "evaluation=" in page.url
    expect(page.locator(".st-key-verdict")).to_contain_text("Words in an answer: 70 → 20")
    found = page.locator(".ev-figures tr", has_text="Found among the first 5")
    expect(found).to_contain_text("50%")
    expect(found).to_contain_text("2 tied")
    term = found.locator(".ev-term")
    term.focus()
    seen(term.locator(".ev-tip"))
    expect(term.locator(".ev-tip")).to_contain_text("hit@5")

    # A question opens with its passages, is found again after a reload, and what is hostile stays text.
    page.locator(".ev-questions button", has_text="bold").press("Enter")
    expect(page.locator(".st-key-inspected_question")).to_contain_text(HOSTILE)
    seen(page.locator(".ev-passages tbody").first)
    page.reload()
    expect(page.locator(".st-key-inspected_question")).to_contain_text(HOSTILE)
    expect(page.locator(".st-key-inspected")).to_contain_text(f"gone.md: “{HOSTILE}”")
    assert page.locator(".st-key-inspected :is(b, img)").count() == 0
    page.get_by_role("button", name="Previous").click()
    expect(page.locator(".ev-shows")).to_contain_text("wanted")
    marked = "".join(page.locator(".ev-shows mark").all_inner_texts())  # parted where the answer begins
    assert "steeped for three minutes" in marked
    address = page.url
    page.get_by_role("button", name="Questions").click()

    # The tried settings are used, and not any more.
    chosen = app.home / "settings.json"
    page.get_by_role("button", name="Use the settings “Tried”").click()
    seen(page.get_by_text("In use from the next question on. Words in an answer: 70 → 20."))
    assert json.loads(chosen.read_text(encoding="utf-8")) == {"answer_words": 20}
    page.get_by_role("button", name="Undo").click()
    seen(page.get_by_text("The settings of the column “As set” are in use."))
    assert json.loads(chosen.read_text(encoding="utf-8")) == {}

    for dark, width in ((False, 400), (True, 1440)):
        context = opened(browser, watch, dark=dark, width=width)
        other = context.new_page()
        for place in (address, address.split("&question")[0], f"{app.address}/evaluate"):
            other.goto(place)
            seen(other.locator(".ev-passages, .ev-questions, .ev-earlier").first)
            other.wait_for_timeout(800)  # colours fade in
            assert serious(other) == []
            assert other.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
        context.close()

    # It is listed, and can be deleted; its address says so then.
    page.get_by_role("button", name="All evaluations").click()
    row = page.locator("[class*=st-key-earlier_text_]", has_text=f"{library}: mine.jsonl")
    expect(row).to_contain_text("3 questions")
    page.locator(".st-key-earlier").get_by_role("button", name="More").first.click()
    page.get_by_role("menuitem", name="Delete").or_(page.get_by_role("option", name="Delete")).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    page.goto(address)
    expect(page.get_by_test_id("stAlert")).to_contain_text("not here any more")


def test_a_running_one_is_found_again_and_stops(app: App, page: Page, tmp_path: Path) -> None:
    new_library(page, app, "Long list")
    notes = tmp_path / "notes.md"
    notes.write_text("# Notes\n\nThe gate is closed at nine in the evening.\n", encoding="utf-8")
    page.locator(".st-key-wide input[type=file]").set_input_files(notes)
    seen(page.get_by_text("1 file. Select one"), MINUTES)
    page.get_by_role("link", name="Evaluate").click()
    page.get_by_role("radio", name="From a file").click()
    many = ({"id": n, "question": f"When is the gate closed, number {n}?"} for n in range(2_000))
    upload(page, questions_file(tmp_path, *many))
    seen(page.get_by_text("2,000 questions"))
    page.get_by_role("button", name="Run").click()
    line = page.locator(".st-key-evaluating")
    expect(line).to_contain_text("of 2,000 questions · about", timeout=MINUTES)
    page.get_by_role("link", name="Chat").click()
    page.get_by_role("link", name="Evaluate").click()
    page.get_by_role("button", name="Stop").click()
    seen(page.get_by_text("of 2,000 questions, stopped then"), MINUTES)
    expect(page.locator(".ev-figures")).to_contain_text("Words in an answer")

"""Settings in the real app: a key is typed, tested, used and never seen again; faults say what helps."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from rag.settings import CHOSEN_FILE
from tests.e2e.conftest import App, Watch, ask, chromium, new_library, opened, running_app, seen
from tests.e2e.test_page_rules import serious
from tests.servers.openai_server import serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KEY = "sk-right-key-0123456789"
COMPATIBLE = "OpenAI-compatible server (vLLM, llama.cpp, LM Studio)"


@contextmanager
def fresh_app(
    browser: Browser, folder: Path, environment: dict[str, str]
) -> Iterator[tuple[App, Page, Watch]]:
    """An app over an empty home, and a page on its Settings."""
    chromium()
    with running_app(folder, environment) as app:
        watch = Watch(app.host)
        context = opened(browser, watch)
        page = context.new_page()
        page.goto(f"{app.address}/settings")
        seen(page.get_by_role("heading", name="Settings"))
        yield app, page, watch
        context.close()
        assert watch.complaints == []
        assert watch.elsewhere == []


def add_tea(page: Page, app: App, folder: Path) -> None:
    """A library of one file; it is read while the test goes on."""
    tea = folder / "tea.md"
    tea.write_text("# Tea\n\nGreen tea is steeped for three minutes at eighty degrees.\n", encoding="utf-8")
    new_library(page, app, "Tea house")
    page.locator("input[type=file]").first.set_input_files(tea)
    # Only then is the file queued; its name alone may be the drop zone's.
    seen(page.locator(".st-key-working, [data-testid=stDataFrame]").first)
    page.get_by_role("link", name="Settings").click()
    seen(page.get_by_role("heading", name="Settings"))


def go_to_chat(page: Page) -> None:
    page.get_by_role("link", name="Chat").click()
    page.get_by_role("button", name="New chat").click()
    seen(page.get_by_text("What would you like to know?"), 240_000)


def choose(page: Page, label: str) -> None:
    page.get_by_role("combobox", name="Who writes the answers").click()
    page.get_by_role("option", name=label, exact=True).click()


def fill(page: Page, model: str, address: str, key: str = "", others: str = "") -> None:
    typed = {"Model": model, "Address": address, "Key": key, "Other models (optional)": others}
    for label, value in typed.items():
        if value:
            field = page.get_by_label(label, exact=True)
            field.fill(value)
            field.blur()


def test_a_model_is_chosen_tested_and_asked_and_its_key_stays_hidden(
    browser: Browser, tmp_path: Path, environment: dict[str, str]
) -> None:
    with serving(key=KEY) as server, fresh_app(browser, tmp_path, environment) as (app, page, _):
        add_tea(page, app, tmp_path)
        choose(page, COMPATIBLE)
        test = page.get_by_role("button", name="Test connection")
        said = page.get_by_test_id("stAlert")

        test.click()
        expect(said).to_contain_text("Model is empty")
        fill(page, "invent", "localhost:1")
        test.click()
        expect(said).to_contain_text("no http or https address")
        fill(page, "invent", "http://127.0.0.1:1/v1")
        test.click()
        expect(said).to_contain_text("cannot be reached at 127.0.0.1:1. Start the server")
        fill(page, "invent", server.url, "sk-wrong-key-987654")
        test.click()
        expect(said).to_contain_text("refused the key")
        expect(said).to_contain_text("Settings page")
        assert "wrong-key" not in page.inner_text("body")
        fill(page, "invent", server.url, KEY, others="cite")
        test.click()
        expect(said).to_contain_text(re.compile(r"answered in \d+\.\d s"))
        page.get_by_role("button", name="Save").click()
        expect(said).to_contain_text("Saved.")
        seen(page.get_by_text("A key is kept for http://127.0.0.1"))
        expect(page.get_by_label("Key", exact=True)).to_have_value("")
        assert KEY not in page.content()
        kept = app.home / CHOSEN_FILE
        assert KEY in kept.read_text(encoding="utf-8")
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert serious(page) == []

        go_to_chat(page)
        ask(page, "How long is green tea steeped?")
        answer = page.locator(".fn-answer")
        expect(answer.locator(".fn-evidence")).to_have_text("2 of 3 sentences found in your documents")
        expect(answer.locator(".fn-not_found")).to_contain_text("green cheese")
        seen(answer.locator(".fn-marker").first)

        answer.locator(".fn-how > summary").click()
        expect(answer.locator(".fn-facts")).to_contain_text("openai:invent")
        answer.locator(".fn-prompt > summary").click()
        prompt = answer.locator(".fn-prompt pre")
        expect(prompt.last).to_contain_text("Question: How long is green tea steeped?")
        expect(prompt.last).to_contain_text("<passage-")
        assert answer.locator(".fn-prompt pre *").count() == 0, "the prompt is text"
        assert KEY not in page.content()

        answer.get_by_text("Another model").click()
        answer.get_by_role("button", name="With openai:cite").click()
        expect(answer.locator(".fn-versions")).to_contain_text("2 of 2")
        expect(answer.locator(".fn-not_found")).to_have_count(0)

        page.get_by_role("link", name="Settings").click()
        expect(page.get_by_label("Other models (optional)", exact=True)).to_have_value("cite")
        page.get_by_role("button", name="Remove the key").click()
        expect(said).to_contain_text("The key was removed.")
        expect(page.get_by_text("A key is kept for")).to_have_count(0)
        assert KEY not in kept.read_text(encoding="utf-8")
        assert KEY not in app.log.read_text(encoding="utf-8")
        assert KEY.encode() not in (app.home / "chats.sqlite").read_bytes()


def test_what_the_environment_fixes_is_shown_and_cannot_be_changed(
    browser: Browser, tmp_path: Path, environment: dict[str, str]
) -> None:
    fixed = {"FOOTNOTE_LLM": "openai:cite", "FOOTNOTE_LLM_API_KEY": KEY, "FOOTNOTE_STRICT": "1"}
    with fresh_app(browser, tmp_path, {**environment, **fixed}) as (_, page, _):
        expect(page.get_by_text("Fixed by the environment")).to_contain_text("FOOTNOTE_LLM_API_KEY")
        expect(page.get_by_label("Model", exact=True)).to_be_disabled()
        expect(page.get_by_label("Model", exact=True)).to_have_value("cite")
        expect(page.get_by_label("Key", exact=True)).to_be_disabled()
        assert KEY not in page.content()

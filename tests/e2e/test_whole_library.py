"""A question about the whole library, on the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ask, seen


@pytest.mark.browser
def test_coverage_is_shown_and_each_document_opens_its_passage(answered_chat: str, page: Page) -> None:
    page.goto(answered_chat)
    expect(page.locator(".fn-answer").first).to_be_visible()  # other tests may have asked on in this chat
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".fn-answer")).to_have_count(0)
    seen(page.get_by_text("What would you like to know?"))
    ask(page, "Which documents mention tea?")
    answer = page.locator(".fn-answer")
    expect(answer.locator(".fn-text")).to_contain_text("1 of 1 document mentions “tea”:")
    expect(answer.locator(".fn-how")).to_contain_text("Read 1 of 1 document ·")
    answer.get_by_role("button", name="Footnote 1: Tea").click()
    expect(page.locator(".fn-card mark").first).to_contain_text("tea")

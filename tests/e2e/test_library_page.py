"""The Library page: make, rename, fill, look into, empty and delete a library."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import App, ask, new_library, seen

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def manage(page: Page, action: str) -> Locator:
    page.get_by_role("button", name="Manage").click()
    page.get_by_role("menuitem", name=action).or_(page.get_by_role("option", name=action)).click()
    return page.get_by_role("dialog")


def select_first_row(page: Page) -> None:
    """The table is drawn on a canvas: its first row's box is ticked by place."""
    table = page.locator('[data-testid="stDataFrame"]')
    expect(table).to_have_count(1, timeout=60_000)  # the drawing before may still stand beside it
    table.scroll_into_view_if_needed()
    table.click(position={"x": 18, "y": 52})


def test_create_fill_remove_rename_delete(app: App, page: Page, tmp_path: Path) -> None:
    tea, coffee = tmp_path / "tea.md", tmp_path / "coffee & cake (2025).md"
    tea.write_text("# Tea\n\nGreen tea is steeped for three minutes.\n", encoding="utf-8")
    coffee.write_text("# Coffee\n\nCoffee is brewed at ninety-three degrees.\n", encoding="utf-8")
    empty, damaged = tmp_path / "empty.txt", tmp_path / "damaged.pdf"
    empty.write_bytes(b"")
    damaged.write_bytes(b"%PDF-1.4\nnothing more")
    new_library(page, app, "Kitchen")

    page.locator(".st-key-wide input[type=file]").set_input_files([tea, coffee, empty, damaged])
    failed = page.locator(".st-key-failed")
    seen(page.get_by_text("2 files added"), 120_000)
    seen(failed.get_by_text("2 files not added"))
    seen(failed.get_by_text("empty.txt"))
    seen(failed.get_by_text("damaged.pdf"))
    failed.get_by_role("button", name="Dismiss all").click()
    expect(failed).to_have_count(0)

    # An upload whose name is held by other content asks first.
    tea.write_text("# Tea\n\nBlack tea is steeped for five minutes.\n", encoding="utf-8")
    page.locator(".st-key-wide input[type=file]").set_input_files(tea)
    # While the page is drawn anew, Streamlit shows the last drawing beside the new one.
    expect(page.locator(".st-key-working")).to_have_count(0, timeout=120_000)
    expect(failed.get_by_role("button", name="Keep both")).to_have_count(1, timeout=120_000)
    failed.get_by_role("button", name="Keep both").click()
    seen(page.get_by_text("3 files. Select one"), 120_000)

    # The receipt of a file, then its removal after a question.
    page.get_by_label("Search files").fill("coffee")
    page.get_by_label("Search files").press("Enter")
    seen(page.get_by_text("1 file. Select one"))
    select_first_row(page)
    expect(page.locator(".st-key-receipt")).to_contain_text("coffee & cake (2025).md")
    page.get_by_role("button", name="Remove …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Keep", exact=True).click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Remove …").click()
    dialog.get_by_role("button", name="Remove", exact=True).click()
    seen(page.get_by_text("No file fits"))

    dialog = manage(page, "Rename")
    dialog.get_by_label("Name").fill("Pantry *of* <b>ours</b>")
    dialog.get_by_role("button", name="Rename").click()
    seen(page.get_by_role("heading", name="Pantry *of* <b>ours</b>"))

    manage(page, "Delete").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Pantry", exact=False)).to_have_count(0)


def test_files_are_tagged_filtered_and_set_aside(app: App, page: Page, tmp_path: Path) -> None:
    rules = " ".join(f"Rule {number} says that desk {number} is cleared by six." for number in range(20))
    for name, text in (
        ("old.md", rules),
        ("new.md", f"{rules} And lamps are off."),
        ("tea.md", "Green tea."),
    ):
        (tmp_path / name).write_text(f"# {name}\n\n{text}\n", encoding="utf-8")
    new_library(page, app, "Order")
    page.locator(".st-key-wide input[type=file]").set_input_files(sorted(tmp_path.glob("*.md")))
    seen(page.get_by_text("3 files added"), 120_000)

    page.get_by_text("Select all 3").click()
    seen(page.get_by_text("3 selected"))
    page.get_by_role("button", name="Tag …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Give").fill("<b>desk</b>")
    dialog.get_by_label("Give").press("Enter")
    dialog.get_by_label("Give").press("Tab")  # the list of tags lies over the button
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    page.get_by_text("Select all 3").click()

    page.get_by_label("Search files").fill("old")
    page.get_by_label("Search files").press("Enter")
    seen(page.get_by_text("1 file. Select one"))
    select_first_row(page)
    receipt = page.locator(".st-key-receipt")
    expect(receipt).to_contain_text("Tags: <b>desk</b>")
    expect(receipt).to_contain_text("the same text as new.md")
    receipt.get_by_role("button", name="Ask only new.md").click()
    expect(receipt).to_contain_text("Set aside: new.md is asked instead.")
    seen(page.get_by_text("1 set aside"))

    page.get_by_label("Search files").fill("")
    page.get_by_label("Search files").press("Enter")
    page.get_by_role("button", name="Filter").click()
    page.get_by_test_id("stPopoverBody").get_by_text("Set aside", exact=True).click()
    seen(page.get_by_text("1 file. Select one"))


def test_a_passage_is_corrected_and_quoted_so(app: App, page: Page, tmp_path: Path) -> None:
    tea = tmp_path / "tea.md"
    tea.write_text("# Tea\n\nGreen tea is steeped for thr33 minutes.\n", encoding="utf-8")
    new_library(page, app, "Corrected")
    page.locator(".st-key-wide input[type=file]").set_input_files(tea)
    seen(page.get_by_text("tea.md: added"), 120_000)
    select_first_row(page)
    page.locator(".st-key-passages button").click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("button", name="Correct", exact=True).click()
    field = drawer.get_by_role("textbox", name="What this passage says")
    field.fill("Green tea is steeped for three minutes.")
    field.press("Tab")
    drawer.get_by_role("button", name="Save").click()
    seen(drawer.get_by_text(re.compile("Corrected$")))  # an icon's name stands before it
    drawer.get_by_role("button", name="Switch off").click()
    seen(drawer.get_by_text(re.compile("Switched off$")))
    drawer.get_by_role("button", name="Switch on").click()
    seen(drawer.get_by_role("button", name="Switch off"))
    page.keyboard.press("Escape")
    seen(page.get_by_text("1 passage changed by hand"))

    page.get_by_role("link", name="Chat").click()
    ask(page, "How long is green tea steeped?")
    expect(page.locator(".fn-answer .fn-text")).to_contain_text("three minutes", timeout=120_000)
    card = page.locator(".fn-card").first
    expect(card).to_contain_text("corrected by hand")
    card.get_by_text("As it was read").click()
    expect(card).to_contain_text("thr33 minutes")


def test_a_name_that_is_taken_is_said_in_the_dialog(app: App, page: Page) -> None:
    name = new_library(page, app, "Taken")
    dialog = manage(page, "New library")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_test_id("stAlert")).to_contain_text(name)


def test_the_sample_library_loads_with_one_click(app: App, page: Page) -> None:
    new_library(page, app, "Nothing yet")
    page.get_by_role("button", name="Try the sample library").click()
    seen(page.get_by_role("heading", name="Sample"))
    seen(page.get_by_text("Select one to see its receipt"), 180_000)
    page.get_by_role("link", name="Chat").click()
    expect(page.locator(".st-key-examples button")).to_have_count(3)


def test_a_followed_folder_is_named_seen_in_step_and_let_go(app: App, page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "handbook"
    folder.mkdir()
    (folder / "leave.md").write_text("# Leave\n\nEvery member has 27 days of leave.\n", encoding="utf-8")
    new_library(page, app, "Followed")
    page.get_by_role("button", name="Follow a folder").click()
    dialog = page.get_by_role("dialog")
    place = dialog.get_by_label("Folder on this computer")
    place.fill(str(folder / "nowhere"))
    place.press("Enter")
    expect(dialog.get_by_test_id("stAlert")).to_contain_text("There is no folder")
    place.fill(str(folder))
    place.press("Enter")
    expect(dialog).to_have_count(0)
    followed = page.locator(".st-key-followed")
    seen(followed.get_by_text("In step · 1 file"), 180_000)

    (folder / "tea.md").write_text("# Tea\n\nTea is served at four.\n", encoding="utf-8")
    seen(followed.get_by_text("In step · 2 files"), 180_000)
    seen(page.get_by_text("2 documents"))

    followed.get_by_role("button", name="What to do with").click()
    page.get_by_role("menuitem", name="Stop following").or_(
        page.get_by_role("option", name="Stop following")
    ).click()
    dialog.get_by_role("button", name="Remove them").click()
    expect(dialog).to_have_count(0)
    expect(followed).to_have_count(0)
    seen(page.get_by_text("0 documents"))

    page.get_by_role("button", name="Add a web address").click()
    expect(dialog.get_by_test_id("stAlert")).to_contain_text("FOOTNOTE_ALLOW_WEB=1")

"""The same conversation with each kind of model: quotations, a server's, one in this process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests import tiny_chat_model
from tests.conftest import CommandLine
from tests.e2e.conftest import SHIFTS, App, Watch, ask, chromium, new_library, opened, running_app, seen
from tests.servers.openai_server import OpenAIServer, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FILES = {
    "parking-2024.md": "# Parking\n\nA parking space costs 35 pounds a month.\n",
    "parking-2026.md": "# Parking\n\nA parking space costs 48 pounds a month.\n",
    "tea.md": "# Tea\n\nGreen tea is steeped for three minutes at eighty degrees.\n",
    "staff.csv": "Name,Team,Salary\nAda,Cloud,52000\nBen,Cloud,48000\nCleo,People,41000\n",
}
SAYS = (
    "The passages answer ", "this in part [1]. ", "A parking space ", "costs 48 pounds a month [1]. ", "It costs 35 pounds ",
    "a month [1]. ", "The moon is ", "made of green cheese [2].",
)  # fmt: skip
FOUND = {
    "quotations": "2 of 2 sentences found in your documents",  # what either document says
    "server": "2 of 3 sentences found in your documents",
    "local": "2 of 3 sentences found in your documents",
}


@dataclass(frozen=True)
class Office:
    """An app with one library, a page in it, and what each kind of model is called in the environment of Settings."""

    app: App
    page: Page
    names: dict[str, dict[str, str]]
    server: OpenAIServer
    library: str


@pytest.fixture(scope="module")
def office(
    browser: Browser, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    chromium()
    folder = tmp_path_factory.mktemp("office")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    tiny = tiny_chat_model.make(folder / "tiny", window=4096, says=SAYS)
    with serving() as server, running_app(folder, environment) as app:
        watch = Watch(app.host)
        context = opened(browser, watch)
        page = context.new_page()
        page.add_init_script(SHIFTS)
        library = new_library(page, app, "Office")
        page.get_by_role("link", name="Chat").click()
        page.locator(".st-key-empty input[type=file]").set_input_files([folder / name for name in FILES])
        seen(page.get_by_text("Asking all 4 documents"), 120_000)
        names = {
            "quotations": {"Who": "None: answers are quotations"},
            "server": {
                "Who": "OpenAI-compatible server (vLLM, llama.cpp, LM Studio)", "Model": "invent", "Address": server.url,
            },
            "local": {"Who": "Folder of a Hugging Face model, run here", "Folder": str(tiny)},
        }  # fmt: skip
        yield Office(app, page, names, server, library)
        context.close()
        assert watch.complaints == []
        assert watch.elsewhere == []


def choose(page: Page, fields: dict[str, str]) -> None:
    page.get_by_role("link", name="Settings").click()
    seen(page.get_by_role("heading", name="Settings", exact=True))
    page.get_by_role("combobox", name="Who writes the answers").click()
    page.get_by_role("option", name=fields["Who"], exact=True).click()
    for label, text in fields.items():
        if label != "Who":
            page.get_by_label(label, exact=True).fill(text)
            page.get_by_label(label, exact=True).blur()
    page.get_by_role("button", name="Save").click()
    seen(page.get_by_text("Saved. It holds from the next question on."))
    page.get_by_role("button", name="New chat").click()
    seen(page.get_by_text("What would you like to know?"))


@pytest.mark.parametrize("kind", FOUND)
def test_an_answer_is_checked_shown_and_made_again_with_each_kind_of_model(office: Office, kind: str) -> None:
    page = office.page
    choose(page, office.names[kind])
    writer = {"quotations": "Quotations, without a chat model", "server": "openai:invent", "local": "tiny"}[
        kind
    ]

    page.evaluate("window.shifts.length = 0")
    ask(page, "How much is a parking space a month?")
    answer = page.locator(".fn-answer")
    expect(answer.locator(".fn-evidence")).to_have_text(FOUND[kind], timeout=90_000)
    expect(page.locator(".st-key-now")).to_have_count(0)
    assert page.evaluate("window.shifts.reduce((all, each) => all + each, 0)") < 0.05
    expect(answer.locator(".fn-notice")).to_contain_text("Two documents disagree")
    expect(answer.locator(".fn-not_found")).to_have_count(0 if kind == "quotations" else 1)
    if kind != "quotations":
        expect(answer.locator(".fn-not_found")).to_contain_text("green cheese")

    # Its footnotes lead to the passages, cited ones first, by document; a wrong marker was put right.
    cited = page.locator(".fn-group .fn-file")
    assert set(cited.all_inner_texts()) <= {"parking-2024.md", "parking-2026.md"}
    marker = answer.locator(".fn-marker").first
    marker.focus()
    seen(answer.get_by_role("tooltip"))
    marker.press("Enter")
    expect(page.locator(".fn-panel .fn-card.fn-current")).to_contain_text("pounds a month")
    if kind == "local":
        talk = answer.locator(".fn-sentence", has_text="answer this in part")
        expect(talk).to_have_class("fn-sentence")  # neither marked nor counted, without a footnote
        expect(talk.locator("xpath=following-sibling::*[1]")).to_have_class("fn-sentence")
        of_35 = answer.locator(".fn-sentence", has_text="35 pounds").locator("xpath=following-sibling::*[1]")
        of_35.locator(".fn-marker").click()
        expect(page.locator(".fn-panel .fn-card.fn-current")).to_contain_text("35 pounds")

    # How it was made can be looked at.
    answer.locator(".fn-how > summary").click()
    expect(answer.locator(".fn-facts")).to_contain_text(writer)
    expect(answer.locator(".fn-prompt")).to_have_count(0 if kind == "quotations" else 1)
    if kind != "quotations":
        expect(answer.locator(".fn-facts")).to_contain_text(re.compile(r"[\d,]+ read · (about )?\d+ written"))

    # Once more: the same model is simply asked again, however it is called in the settings.
    page.get_by_role("button", name="Again", exact=True).click()
    expect(answer.locator(".fn-versions")).to_contain_text("2 of 2", timeout=60_000)

    # What is computed is the same whoever writes.
    ask(page, "What is the average salary per team in staff.csv?")
    expect(answer.last.locator(".fn-text")).to_contain_text("Cloud: 50,000", timeout=60_000)
    expect(answer.last.locator(".fn-how summary")).to_contain_text("Computed on 3 of 3 rows")


GUIDES = {
    "laptops.md": "# Laptops\n\nA new laptop is ordered from the shop every four years.\n",
    "keys.md": "# Keys\n\nA lost key is replaced by Mo at the front desk.\n",
}


def test_a_folder_and_a_tag_are_all_that_a_model_is_shown(
    office: Office, command_line: CommandLine, tmp_path: Path
) -> None:
    page, server = office.page, office.server
    guides = tmp_path / "guides"
    guides.mkdir()
    for name, text in GUIDES.items():
        (guides / name).write_text(text, encoding="utf-8")
    there = ("--library", office.library, "--home", office.app.home)
    assert command_line("ingest", "add", guides, *there).status == 0
    assert command_line("ingest", "tag", "guides/keys.md", "--add", "desk", *there).status == 0
    choose(page, office.names["server"])
    answers = page.locator(".fn-answer")

    # A folder: the line at the input says so, the first questions are about it, a follow-up stays in it.
    page.get_by_role("button", name="Asking all 6 documents").click()
    take(page, "Folders", "guides (2)")
    seen(page.get_by_role("button", name="Asking 2 of 6 documents · guides"))
    examples = page.locator(".st-key-examples button")
    expect(examples).to_have_count(len(GUIDES))
    for example in examples.all():
        expect(example).to_contain_text(re.compile("Laptops|Keys"))
    ask(page, "How often is a new laptop ordered?")
    expect(answers.locator(".fn-text")).to_contain_text("every four years", timeout=90_000)
    assert shown(server) <= {"guides/laptops.md", "guides/keys.md"}
    ask(page, "And who replaces a parking space?")
    expect(answers).to_have_count(2, timeout=90_000)
    assert shown(server) <= {"guides/laptops.md", "guides/keys.md"}
    expect(answers.last.locator(".fn-how summary")).to_contain_text("2 chosen documents")

    # A tag: what only other documents say is not said, and that they were not asked is.
    page.get_by_role("button", name="Ask all documents").click()
    page.get_by_role("button", name="Asking all 6 documents").click()
    take(page, "Tags", "desk (1)")
    seen(page.get_by_role("button", name="Asking 1 of 6 documents · tagged desk"))
    ask(page, "Who replaces a lost key?")
    expect(answers).to_have_count(3, timeout=90_000)
    expect(answers.last.locator(".fn-text")).to_contain_text("by Mo")
    assert shown(server) == {"guides/keys.md"}
    choose(page, office.names["quotations"])
    page.get_by_role("button", name="Asking all 6 documents").click()
    take(page, "Tags", "desk (1)")
    ask(page, "How long is green tea steeped?")
    expect(answers.locator(".fn-text")).to_contain_text("The documents don", timeout=90_000)
    expect(answers.locator(".fn-notice")).to_have_text(
        re.compile("Only 1 chosen document was asked: tagged desk")
    )


def take(page: Page, label: str, option: str) -> None:
    """Choose in the dialog which documents are asked."""
    dialog: Locator = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()
    seen(dialog.get_by_text(re.compile(r"^\d of 6 documents (is|are) asked")))
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Ask these").click()


def shown(server: OpenAIServer) -> set[str]:
    """The documents whose passages were in the last request."""
    return set(re.findall(r'document="([^"]*)"', server.prompt()))

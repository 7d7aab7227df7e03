"""The real app in a process of its own, and a real headless Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect, sync_playwright

from tests.conftest import PROJECT

FLAGS = [
    "--headless", "--no-sandbox", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
START_SECONDS = 90
TOLD_LINES = 25  # of a failure that a second try has made good
# Layout shifts that no click or key has just brought about, as the browser scores them.
SHIFTS = """window.shifts = [];
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().filter((each) => !each.hadRecentInput)
  .map((each) => each.value))).observe({ type: "layout-shift" });"""
PATIENCE_MS = 60_000  # models load meanwhile, on two cores
# Where a page below the root is opened directly, Streamlit first looks for its server beside it.
LOOKS_FOR_ITSELF = tuple(
    f"/{page}/_stcore/{what}"
    for page in ("library", "evaluate", "settings")
    for what in ("health", "host-config")
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser on a busy machine misses a moment now and then: a second try, which the summary names."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=2))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Why a second try was needed: a fault that shows now and then is told, not only counted."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"first try of {report.nodeid}", sep="-")
        terminalreporter.line("\n".join(report.longreprtext.splitlines()[-TOLD_LINES:]))


def chromium() -> str:
    """The browser's path. Skips where there is none, fails where FOOTNOTE_REQUIRE_BROWSER=1 asks for it."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    if os.environ.get("FOOTNOTE_REQUIRE_BROWSER") == "1":
        pytest.fail("FOOTNOTE_REQUIRE_BROWSER=1, and there is no Chromium. Install the package chromium.")
    pytest.skip("There is no Chromium on this machine; the browser tests need one.")


@dataclass(frozen=True)
class App:
    """A running app: its address, its home folder, what it has printed and the libraries made in it."""

    address: str
    home: Path
    log: Path
    libraries: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def start_app(home: Path, log: Path, environment: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    """`python app.py` from a foreign folder, as `make run` starts it."""
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, str(PROJECT / "app.py"), *arguments],
            cwd=home.parent,
            env={**environment, "FOOTNOTE_HOME": str(home)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )


@contextmanager
def running_app(folder: Path, environment: dict[str, str]) -> Iterator[App]:
    """The app over a fresh home in `folder`, until the block ends; its log must hold no traceback."""
    log = folder / "app.log"
    port = free_port()
    process = start_app(folder / "home", log, environment, "--server.port", str(port))
    try:
        wait_until_served(process, port, log)
        yield App(f"http://127.0.0.1:{port}", folder / "home", log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)
    assert "Traceback" not in log.read_text(encoding="utf-8")


@pytest.fixture(scope="package")
def app(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[App]:
    chromium()
    with running_app(tmp_path_factory.mktemp("e2e"), environment) as running:
        yield running


def wait_until_served(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"The app did not listen within {START_SECONDS} s: {log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    launched = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
    yield launched
    launched.close()


@dataclass
class Watch:
    """What a page did that it must not: complaints in its console, requests to other places."""

    host: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def over(self, page: Page) -> None:
        page.on("request", lambda request: self.requested(request.url))
        page.on("websocket", lambda opened: self.requested(opened.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: self.said(message.type, message.text, message.location.get("url", "")),
        )

    def requested(self, url: str) -> None:
        if urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).netloc != self.host:
            self.elsewhere.append(url)

    def said(self, kind: str, text: str, url: str) -> None:
        if kind == "error" and urlsplit(url).path not in LOOKS_FOR_ITSELF:
            self.complaints.append(f"{text} ({url})")


@pytest.fixture
def watch(app: App) -> Iterator[Watch]:
    """Collects during the test, and fails it at its end if there was anything."""
    watching = Watch(app.host)
    yield watching
    assert watching.complaints == []
    assert watching.elsewhere == []


def opened(
    browser: Browser,
    watch: Watch,
    *,
    dark: bool = False,
    width: int = 1440,
    height: int = 900,
    touch: bool = False,
) -> BrowserContext:
    """A fresh profile; its pages are watched."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        has_touch=touch,
        is_mobile=touch,
    )
    context.set_default_timeout(PATIENCE_MS)
    context.on("page", watch.over)
    return context


@pytest.fixture
def page(app: App, browser: Browser, watch: Watch) -> Iterator[Page]:
    context = opened(browser, watch)
    yield context.new_page()
    context.close()


def seen(locator: Locator, timeout: float = PATIENCE_MS) -> None:
    """Wait until exactly one such element is visible.

    While a page is drawn anew, Streamlit shows the last drawing beside the new one for a moment;
    Playwright's own `to_be_visible` fails at once where it meets two.
    """
    expect(locator.filter(visible=True)).to_have_count(1, timeout=timeout)


def new_library(page: Page, app: App, name: str) -> str:
    """Make an empty library and look at it, on the Library page; its name, which a second try numbers."""
    app.libraries.append(name)
    if (tries := app.libraries.count(name)) > 1:
        name = f"{name} {tries}"
    page.goto(f"{app.address}/library")
    page.get_by_role("button", name="Manage").click()
    page.get_by_role("menuitem", name="New library").or_(
        page.get_by_role("option", name="New library")
    ).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Create").click()
    seen(page.get_by_role("heading", name=name, exact=True))
    return name


def ask(page: Page, question: str) -> None:
    field = page.get_by_test_id("stChatInputTextArea")
    field.fill(question)
    expect(page.get_by_test_id("stChatInputSubmitButton")).to_be_enabled()  # not while a file is on its way
    field.press("Enter")


@pytest.fixture(scope="package")
def answered_chat(app: App, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a chat with an answer from a file that came with the question."""
    tea = tmp_path_factory.mktemp("files") / "tea.md"
    tea.write_text("# Tea\n\nGreen tea is steeped for three minutes at eighty degrees.\n", encoding="utf-8")
    context = opened(browser, Watch(app.host))
    page = context.new_page()
    new_library(page, app, "Tea house")
    page.get_by_role("link", name="Chat").click()
    seen(page.get_by_text("Ask your documents."))
    page.get_by_test_id("stChatInput").locator("input[type=file]").set_input_files(tea)
    seen(page.get_by_test_id("stChatInput").get_by_text("tea.md"))
    ask(page, "How long is green tea steeped?")
    expect(page.locator(".fn-answer .fn-text")).to_contain_text("three minutes", timeout=2 * PATIENCE_MS)
    expect(page.locator("[class*=st-key-question_]")).to_contain_text("tea.md")
    expect(page.locator(".fn-card").first).to_contain_text("Green tea is steeped")
    address = page.url
    context.close()
    assert "?chat=" in address
    return address

"""What holds everywhere: strangers are refused, both themes are accessible, small screens work."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.conftest import PROJECT
from tests.e2e.conftest import App, Watch, opened, seen, start_app

pytestmark = [pytest.mark.browser, pytest.mark.slow]

UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "streamlit",
}  # fmt: skip


def status(app: App, path: str, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection(app.host, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/_stcore/health",
        "/_stcore/host-config",
        "/fonts/inter-latin-wght-normal.woff2",
        "/pages/1/1.png",
    ],
)
@pytest.mark.parametrize(
    "stranger", [{"Host": "example.org"}, {"Origin": "https://example.org"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_strangers_are_refused(app: App, path: str, stranger: dict[str, str]) -> None:
    assert status(app, path, stranger) == 403


def test_the_websocket_refuses_strangers(app: App) -> None:
    assert status(app, "/_stcore/stream", UPGRADE) == 101
    assert status(app, "/_stcore/stream", {**UPGRADE, "Origin": app.address}) == 101
    assert status(app, "/_stcore/stream", {**UPGRADE, "Origin": "http://example.org"}) == 403
    assert status(app, "/_stcore/stream", {**UPGRADE, "Host": "example.org"}) == 403


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.7", "example.org"])
@pytest.mark.parametrize("way", ["argument", "environment"])
def test_another_address_is_refused(
    address: str, way: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    arguments = ["--server.address", address] if way == "argument" else []
    extra = {"STREAMLIT_SERVER_ADDRESS": address} if way == "environment" else {}
    ended = subprocess.run(
        [sys.executable, str(PROJECT / "app.py"), *arguments],
        env={**environment, **extra, "FOOTNOTE_HOME": str(tmp_path / "home")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "no login" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "home").exists()


def test_streamlit_run_is_held_to_the_same_rule(tmp_path: Path, environment: dict[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", str(PROJECT / "app.py"), "--server.address", "0.0.0.0", "--server.port", "0"],
        env={**environment, "FOOTNOTE_HOME": str(tmp_path / "home")}, cwd=tmp_path,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode != 0
    assert "no login" in ended.stderr + ended.stdout
    assert not (tmp_path / "home").exists()


def test_a_second_start_on_the_same_home_says_where_the_first_is(
    app: App, tmp_path: Path, environment: dict[str, str]
) -> None:
    log = tmp_path / "second.log"
    second = start_app(app.home, log, environment)
    assert second.wait(timeout=60) == 1
    assert (
        log.read_text(encoding="utf-8").strip()
        == f"Footnote is running already: open {app.address} in your browser."
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/chat", "/library", "/settings"])
@pytest.mark.parametrize("width", [1440, 400])
def test_both_themes_are_accessible(
    app: App, browser: Browser, watch: Watch, answered_chat: str, dark: bool, path: str, width: int
) -> None:
    context = opened(browser, watch, dark=dark, width=width)
    page = context.new_page()
    page.goto(app.address + path if path != "/chat" else answered_chat)
    seen(page.locator(".st-key-column, .st-key-wide"))
    if path == "/chat":
        seen(page.locator(".fn-answer").first)
    page.wait_for_timeout(800)  # colours fade in
    background = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert background == ("rgb(21, 23, 26)" if dark else "rgb(251, 250, 247)")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    context.close()


def serious(page: Page) -> list[str]:
    """axe-core's serious and critical findings, with the elements they are about."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']} {[node['html'][:160] for node in each['nodes']]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def test_the_drawer_of_a_small_screen_opens_and_closes(
    browser: Browser, watch: Watch, answered_chat: str
) -> None:
    context = opened(browser, watch, width=400, height=800)
    page = context.new_page()
    page.goto(answered_chat)
    answer = page.locator(".fn-answer").first
    seen(answer)
    panel = page.locator(".fn-panel")
    expect(panel).to_be_hidden()
    opener = answer.locator(".fn-open-sources")
    opener.click()
    seen(panel)
    expect(page.get_by_role("button", name="Close sources")).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(opener).to_be_focused()
    context.close()


def test_the_home_folder_is_the_persons_own(app: App) -> None:
    assert (app.home / "chats.sqlite").exists()
    if os.name == "posix":
        assert (app.home / "owner.json").stat().st_mode & 0o077 == 0

"""How long a person waits, with each kind of model: figures of the real page.

    python -m tests.e2e.page_figures DOCS --questions FILE [--kind quotations server local] [--count 12]

DOCS is a folder of files, FILE has a line of JSON with `question` for each. A server on loopback writes three sentences, a
word every 30 ms; the local model is a tiny one that says as much. Each question is asked in a chat of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from tests import tiny_chat_model
from tests.conftest import PROJECT
from tests.e2e.conftest import FLAGS, SHIFTS, Watch, ask, chromium, opened, running_app, seen
from tests.servers.openai_server import OpenAIServer, serving

WORD_SECONDS = 0.03
LIBRARY = "Figures"
SAYS = tuple(
    f"{word} "
    for word in "The passages answer this in part [1]. Members get twelve days each year [2]. "
    "What remains was written by some machine, not a person.".split()
)
# Milliseconds from Enter to each first sight of: a line that tells what happens, a word of the answer, its last drawing.
WATCH = """() => {
  const last = () => [...document.querySelectorAll(".fn-answer")].at(-1);
  const now = window.seen = { start: 0 }, before = last();
  window.addEventListener("keydown", (event) => { if (event.key === "Enter") now.start ||= performance.now(); }, true);
  const mark = (name, there) => { if (there && now.start) now[name] ??= performance.now() - now.start; };
  const look = () => {
    mark("first", document.querySelector(".st-key-now_line"));
    mark("word", document.querySelector(".st-key-draft")?.innerText.trim() || last() !== before);
    mark("drawn", last() !== before && last());
    if (!now.drawn) requestAnimationFrame(look);
  };
  look();
}"""
VERDICTS = """() => { const count = (name) => document.querySelectorAll(`.fn-answer .fn-${name}`).length;
  const [, found, all] = /(\\d+) of (\\d+)/.exec(document.querySelector(".fn-evidence")?.innerText ?? "") ?? [0, 0, 0];
  return { found: +found, all: +all, partly: count("partly"), not_found: count("not_found") }; }"""


def environment_of(kind: str, server: OpenAIServer, folder: Path, model: str = "") -> dict[str, str]:
    if kind == "server":
        return {"FOOTNOTE_LLM": f"openai:{model or 'slow-cite'}", "FOOTNOTE_LLM_BASE_URL": server.url}
    if kind == "local":
        says = () if model else SAYS
        made = tiny_chat_model.make(folder / (model or "says"), window=8192, says=says)
        return {"FOOTNOTE_LLM": f"huggingface:{made}", "FOOTNOTE_LLM_TEMPERATURE": "1.0" if model else "0.0"}
    return {}


def asked_alone(page: Page, address: str, question: str) -> dict[str, Any]:
    """One question in a fresh chat: milliseconds, shift, verdicts."""
    page.goto(address)
    seen(page.get_by_text("What would you like to know?"))
    page.wait_for_timeout(500)
    page.evaluate("window.shifts.length = 0")
    page.evaluate(WATCH)
    ask(page, question)
    expect(page.locator(".fn-answer")).to_have_count(1, timeout=180_000)
    expect(page.locator(".st-key-now")).to_have_count(0)
    page.wait_for_timeout(500)
    shift = page.evaluate("window.shifts.reduce((all, each) => all + each, 0)")
    return {**page.evaluate("window.seen"), **page.evaluate(VERDICTS), "shift": shift}


def stopped(page: Page, address: str, question: str, server: OpenAIServer | None) -> dict[str, float]:
    """Seconds from the click on Stop until the page says so, and until the server has seen the client go."""
    page.goto(address)
    seen(page.get_by_text("What would you like to know?"))
    ask(page, question)
    button = page.get_by_role("button", name="Stop")
    if server:
        server.gone.clear()
    expect(page.locator(".st-key-draft") if server else button).not_to_be_empty(timeout=120_000)
    began = time.perf_counter()
    button.click()
    seen(page.get_by_text("Stopped."))
    told = {"stop_told": time.perf_counter() - began}
    if server:
        assert server.gone.wait(30), "the request must end"
        told["stop_gone"] = time.perf_counter() - began
    return told


def figures(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Medians in seconds, the largest shift, shares of the sentences."""
    made: dict[str, Any] = {"questions": len(rows)}
    for name in ("first", "word", "drawn"):
        values = sorted(row[name] / 1000 for row in rows)
        made[name] = round(statistics.median(values), 2)
        made[f"{name}_most"] = round(values[-1], 2)
    sentences = sum(row["all"] for row in rows)
    for name in ("found", "partly", "not_found"):
        made[name] = f"{sum(row[name] for row in rows)} of {sentences}"
    made["shift_most"] = round(max(row["shift"] for row in rows), 4)
    return made


def measured(kind: str, docs: Path, questions: Sequence[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name, serving(word_seconds=WORD_SECONDS) as server:
        folder = Path(name)
        plain = {key: value for key, value in os.environ.items() if not key.startswith("FOOTNOTE_")}
        plain["PYTHONPATH"] = str(PROJECT)
        subprocess.run(
            [sys.executable, "-m", "ingest", "add", str(docs), "--library", LIBRARY, "--home", str(folder / "home")],
            cwd=PROJECT, env=plain, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            with running_app(folder, {**plain, **environment_of(kind, server, folder)}) as app:
                page = opened(browser, Watch(app.host)).new_page()
                page.add_init_script(SHIFTS)
                asked_alone(page, app.address, questions[0])  # models are loaded, pages compiled
                made = figures([asked_alone(page, app.address, question) for question in questions])
                if kind == "quotations":
                    made |= stopped(page, app.address, questions[0], None)
            if kind != "quotations":
                talking = environment_of(kind, server, folder, "slow" if kind == "server" else "talks")
                with running_app(folder, {**plain, **talking}) as app:
                    page = opened(browser, Watch(app.host)).new_page()
                    asked_about = stopped(
                        page, app.address, questions[0], server if kind == "server" else None
                    )
                    made |= asked_about
            browser.close()
    return {
        name: round(value, 2) if isinstance(value, float) and "shift" not in name else value
        for name, value in made.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("docs", type=Path)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--kind", nargs="+", default=["quotations", "server", "local"])
    parser.add_argument("--count", type=int, default=12)
    given = parser.parse_args()
    lines = given.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines if line.strip()][: given.count]
    expect.set_options(timeout=60_000)
    for kind in given.kind:
        print(json.dumps({"kind": kind, **measured(kind, given.docs, questions)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

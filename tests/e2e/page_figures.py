"""How long a person waits, with each kind of model: figures of the real page.

    python -m tests.e2e.page_figures DOCS --questions FILE [--kind quotations server local] [--count 12] [--chats 40]

DOCS is a folder of files, FILE has a line of JSON with `question` for each. A server on loopback writes three sentences, a
word every 30 ms; the local model is a tiny one that says as much. Each question is asked in a chat of its own, beside
`--chats` saved ones. The page is drawn on the cores that the question is answered on: told are the CPU milliseconds of the
app and of the browser from Enter to half a second after the answer, and for quotations how many times as long the engine
took in the page as alone, in a process without one, right afterwards (`rag.evaluate.question_speed`).
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
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, expect, sync_playwright

from rag.chats.conversations import Conversations
from rag.evaluate.question_speed import LIBRARY
from tests import tiny_chat_model
from tests.conftest import PROJECT
from tests.e2e.conftest import FLAGS, SHIFTS, Watch, ask, chromium, opened, running_app, seen
from tests.servers.openai_server import OpenAIServer, serving

WORD_SECONDS = 0.03
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
  const watching = new MutationObserver(() => {
    mark("first", document.querySelector(".st-key-now_line"));
    mark("word", document.querySelector(".st-key-draft")?.textContent.trim() || last() !== before);
    mark("drawn", last() !== before && last());
    if (now.drawn) watching.disconnect();
  });
  watching.observe(document, { subtree: true, childList: true, characterData: true });
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


def keep_chats(home: Path, count: int) -> None:
    """What the sidebar lists for someone who has asked before."""
    conversations = Conversations(home / "chats.sqlite")
    for number in range(count):
        conversations.create(LIBRARY, f"What did I ask on day {number + 1} of all these days?")
    conversations.close()


def cpu_seconds() -> dict[str, float]:
    """Of the app and of the browser so far, with their child processes."""
    spent = {"app": 0.0, "browser": 0.0}
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ended between listing and looking
            name, times = each.name(), each.cpu_times()
            if "python" in name or "chrom" in name:
                spent["app" if "python" in name else "browser"] += times.user + times.system
    return spent


def engine_in_page(home: Path, count: int) -> float:
    """Median milliseconds that the engine took for the newest `count` chats' answers, by its own clock."""
    conversations = Conversations(home / "chats.sqlite")
    totals = [
        message.answer.timings_ms["total"]
        for chat in conversations.chats(limit=count)
        for message in conversations.messages(chat.id)
        if message.answer
    ]
    conversations.close()
    return statistics.median(totals)


def engine_alone(docs: Path, questions: Path, count: int, home: Path, environment: dict[str, str]) -> float:
    """The same without a page: in a process that does nothing else."""
    done = subprocess.run(
        [sys.executable, "-m", "rag.evaluate.question_speed", str(docs), "--questions", str(questions),
         "--limit", str(count), "--home", str(home)],
        cwd=PROJECT, env=environment, check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    median: float = json.loads(done.stdout)["milliseconds"]["total"]["p50"]
    return median


def asked_alone(page: Page, address: str, question: str) -> dict[str, Any]:
    """One question in a fresh chat: milliseconds, verdicts, CPU seconds, shift."""
    page.goto(address)
    seen(page.get_by_text("What would you like to know?"))
    page.wait_for_timeout(500)
    page.evaluate("window.shifts.length = 0")
    page.evaluate(WATCH)
    before = cpu_seconds()
    ask(page, question)
    expect(page.locator(".fn-answer")).to_have_count(1, timeout=180_000)
    expect(page.locator(".st-key-now")).to_have_count(0)
    page.wait_for_timeout(500)
    cpu = {f"{name}_cpu": spent - before[name] for name, spent in cpu_seconds().items()}
    shift = page.evaluate("window.shifts.reduce((all, each) => all + each, 0)")
    return {**page.evaluate("window.seen"), **page.evaluate(VERDICTS), **cpu, "shift": shift}


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
    """Medians in seconds (CPU in milliseconds), the largest shift, shares of the sentences."""
    made: dict[str, Any] = {"questions": len(rows)}
    for name in ("first", "word", "drawn"):
        values = sorted(row[name] / 1000 for row in rows)
        made[name] = round(statistics.median(values), 2)
        made[f"{name}_most"] = round(values[-1], 2)
    for name in ("app_cpu", "browser_cpu"):
        made[f"{name}_ms"] = round(statistics.median(row[name] for row in rows) * 1000)
    sentences = sum(row["all"] for row in rows)
    for name in ("found", "partly", "not_found"):
        made[name] = f"{sum(row[name] for row in rows)} of {sentences}"
    made["shift_most"] = round(max(row["shift"] for row in rows), 4)
    return made


def measured(kind: str, docs: Path, file: Path, questions: Sequence[str], chats: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name, serving(word_seconds=WORD_SECONDS) as server:
        folder = Path(name)
        plain = {key: value for key, value in os.environ.items() if not key.startswith("FOOTNOTE_")}
        plain["PYTHONPATH"] = str(PROJECT)
        subprocess.run(
            [sys.executable, "-m", "ingest", "add", str(docs), "--library", LIBRARY, "--home", str(folder / "home")],
            cwd=PROJECT, env=plain, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        keep_chats(folder / "home", chats)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            with running_app(folder, {**plain, **environment_of(kind, server, folder)}) as app:
                page = opened(browser, Watch(app.host)).new_page()
                page.add_init_script(SHIFTS)
                asked_alone(page, app.address, questions[0])  # models are loaded, pages compiled
                made = figures([asked_alone(page, app.address, question) for question in questions])
                if kind == "quotations":
                    engine_ms = engine_in_page(app.home, len(questions))
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
        if kind == "quotations":
            alone_ms = engine_alone(docs, file, len(questions), folder / "home", plain)
            made |= {"engine_ms": round(engine_ms), "engine_alone_ms": round(alone_ms)}
            made["engine_times_as_long"] = round(engine_ms / alone_ms, 2)
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
    parser.add_argument("--chats", type=int, default=40, help="saved chats that the sidebar lists")
    given = parser.parse_args()
    lines = given.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines if line.strip()][: given.count]
    expect.set_options(timeout=60_000)
    for kind in given.kind:
        print(
            json.dumps({"kind": kind, **measured(kind, given.docs, given.questions, questions, given.chats)}),
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

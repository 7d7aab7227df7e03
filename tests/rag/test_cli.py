"""`python -m rag ask` as a person and a script meet it: real processes, alone and beside the app."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rag.__main__ import answer_text
from tests.conftest import CommandLine, Ended
from tests.documents import pdf
from tests.rag.chats.test_conversations import some_answer

if TYPE_CHECKING:
    from ingest.home.opening import LocalHome

LIBRARY = "ask beside the app"
LEAVE = (
    "# Leave\n\nEmployees may carry over five days of leave until the end of March. "
    "Requests go to the line manager.\n\n# Sickness\n\nCall the office before nine in the morning.\n"
)
BREAKS = ["The kitchen opens at eight.", "Lunch breaks last forty minutes and begin at noon."]
QUESTION = "How long do lunch breaks last?"
UNANSWERABLE = "What is the boiling point of tungsten?"

Ask = Callable[..., Ended]


def write_documents(folder: Path) -> Path:
    folder.mkdir()
    (folder / "leave.md").write_text(LEAVE, encoding="utf-8")
    (folder / "breaks.pdf").write_bytes(pdf(BREAKS))
    return folder


@pytest.fixture(scope="module")
def ask(app_home: LocalHome, command_line: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """`python -m rag ask` beside the app, on a library of two documents."""
    home = app_home.settings.home
    folder = write_documents(tmp_path_factory.mktemp("ask") / "docs")
    added = command_line("ingest", "add", folder, "--home", home, "--library", LIBRARY)
    assert added.status == 0, added.err

    def run(*arguments: str | Path, **options: Any) -> Ended:
        return command_line("rag", "ask", *arguments, "--home", home, "--library", LIBRARY, **options)

    return run


def well_formed(line: dict[str, Any]) -> None:
    """What every answer of a batch holds."""
    assert isinstance(line["answer"], str)
    assert line["answer"]
    assert isinstance(line["refused"], bool)
    assert 0 <= line["confidence"] <= 1
    assert line["timings_ms"]["total"] > 0
    assert line["hits"]
    for hit in line["hits"]:
        assert set(hit) >= {"document", "page", "text", "scores"}
        assert all(isinstance(score, float) for score in hit["scores"].values())
    markers = {citation["marker"] for citation in line["citations"]}
    for citation in line["citations"]:
        assert set(citation) >= {"document", "page", "quote"}
        assert citation["quote"]
    assert markers == {marker for marker in range(1, 100) if f"[{marker}]" in line["answer"]}
    assert bool(line["citations"]) != line["refused"]
    verdicts = [sentence["verdict"] for sentence in line["sentences"]]
    assert line["sentences_checked"] == sum(verdict is not None for verdict in verdicts)
    assert line["sentences_found"] == verdicts.count("supported")


def test_one_question_as_json(ask: Ask) -> None:
    ended = ask(QUESTION, "--json")
    assert ended.status == 0, ended.err
    (line,) = ended.lines
    well_formed(line)
    assert (line["hits"][0]["document"], line["hits"][0]["page"]) == ("docs/breaks.pdf", 2)
    assert {hit["page"] for hit in line["hits"] if hit["document"] == "docs/leave.md"} == {None}


def test_one_question_for_people(ask: Ask) -> None:
    ended = ask(QUESTION)
    assert ended.status == 0, ended.err
    assert "docs/breaks.pdf, p. 2" in ended.out
    assert "forty minutes" in ended.out
    assert re.search(r"(\d+) of \1 sentences? found in your documents", ended.out)
    assert ended.err == ""


def test_what_is_doubtful_is_named_below_the_answer() -> None:
    told = answer_text(some_answer())
    assert "\n\n1 of 2 sentences found in your documents\n  not found: “Not more.”\n\n" in told


def test_only_the_documents_that_are_named_are_asked(ask: Ask) -> None:
    ended = ask(QUESTION, "--json", "--document", "docs/*.md", "--type", "Markdown")
    assert ended.status == 0, ended.err
    assert {hit["document"] for hit in ended.lines[0]["hits"]} == {"docs/leave.md"}


def test_a_document_that_is_not_there_is_named(ask: Ask) -> None:
    ended = ask(QUESTION, "--document", "leave.md", "--document", "leeve.md")
    assert ended.status == 1
    assert "fits “leeve.md”" in ended.err


def test_a_refusal_is_no_failure(ask: Ask) -> None:
    ended = ask(UNANSWERABLE, "--json")
    assert ended.status == 0
    (line,) = ended.lines
    well_formed(line)
    assert line["refused"]
    told = ask(UNANSWERABLE).out
    assert "Closest passages:" in told


def test_a_batch_answers_all_it_can(ask: Ask, tmp_path: Path) -> None:
    history = [{"role": "user", "content": "Tell me about leave."}, {"role": "assistant", "content": "Ask."}]
    lines = [
        json.dumps({"id": "q1", "question": QUESTION}),
        "{broken",
        json.dumps({"id": 2, "question": "How many days may be carried over?", "history": history}),
        "",
        json.dumps({"id": "empty", "question": "  "}),
        json.dumps({"id": "long", "question": "why " * 5_000}),
        json.dumps({"id": "no question"}),
        json.dumps({"question": "no id"}),
        json.dumps({"id": "h", "question": "x", "history": [{"role": "system", "content": "y"}]}),
        json.dumps({"id": "ü", "question": UNANSWERABLE, "history": []}),
    ]
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    ended = ask("--batch", file)
    assert ended.status == 1
    assert [line["id"] for line in ended.lines] == [
        "q1",
        None,
        2,
        "empty",
        "long",
        "no question",
        None,
        "h",
        "ü",
    ]
    answered = [line for line in ended.lines if "error" not in line]
    assert [line["id"] for line in answered] == ["q1", 2, "ü"]
    for line in answered:
        well_formed(line)
    for line in ended.lines:
        assert ("error" in line) != ("answer" in line)
    assert "3 answered, 6 failed." in ended.err


def test_a_batch_comes_from_standard_input(ask: Ask) -> None:
    ended = ask(
        "--batch", "-", "--json", input="\ufeff" + json.dumps({"id": 1, "question": QUESTION}) + "\r\n"
    )
    assert ended.status == 0, ended.err
    well_formed(ended.lines[0])


def test_wrong_usage_is_2(ask: Ask, tmp_path: Path) -> None:
    assert ask().status == 2
    assert ask("why?", "--batch", "-").status == 2
    assert ask("--batch", tmp_path / "gone.jsonl").status == 2
    assert ask("").status == 2


def test_a_library_that_is_not_there_is_1(app_home: LocalHome, command_line: CommandLine) -> None:
    ended = command_line("rag", "ask", "why?", "--home", app_home.settings.home, "--library", "nowhere")
    assert (ended.status, ended.out) == (1, "")
    assert "nowhere" in ended.err


def test_alone_the_models_are_loaded_here(command_line: CommandLine, tmp_path: Path) -> None:
    folder, home = write_documents(tmp_path / "docs"), tmp_path / "home"
    assert command_line("ingest", "add", folder, "--home", home).status == 0
    batch = "\n".join(json.dumps({"id": number, "question": QUESTION}) for number in range(3))
    ended = command_line("rag", "ask", "--batch", "-", "--home", home, input=batch)
    assert ended.status == 0, ended.err
    assert [line["id"] for line in ended.lines] == [0, 1, 2]
    for line in ended.lines:
        well_formed(line)
    assert len({line["answer"] for line in ended.lines}) == 1


def test_a_question_about_the_whole_library_shows_its_coverage(ask: Ask) -> None:
    question = "Which documents mention lunch?"
    shown = ask(question)
    assert shown.status == 0, shown.err
    assert "1 of 2 documents mentions “lunch”:" in shown.out
    assert "Read 2 of 2 documents." in shown.out
    (line,) = ask(question, "--json").lines
    well_formed(line)
    assert line["coverage"] == {
        "kind": "documents", "read": 2, "documents": 2, "rows": 0, "rows_in_all": 0,
        "line": "read 2 of 2 documents",
    }  # fmt: skip
    assert [citation["document"] for citation in line["citations"]] == ["docs/breaks.pdf"]
    (ordinary,) = ask(QUESTION, "--json").lines
    assert ordinary["coverage"] is None

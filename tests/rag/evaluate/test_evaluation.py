"""A run over real models and the sample library: rows, figures, comparison, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.errors import Cancelled, FootnoteError, WrongUsage
from ingest.home.opening import LocalHome, open_home
from ingest.protocols import Library
from ingest.settings import PROJECT, Settings
from rag.engine import Engine
from rag.evaluate.automatic import automatic_questions
from rag.evaluate.bench import filled, sample, table
from rag.evaluate.bm25 import ExactBm25
from rag.evaluate.command import changed
from rag.evaluate.evaluation import Row, Run, ask_all, compare, load_run, save_run, summary
from rag.evaluate.questions import Question, load_questions
from rag.evaluate.systems import ByMeaning, ByWords, Footnote
from rag.model import CancelToken
from rag.settings import AskSettings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHome]:
    opened = open_home(Settings(home=tmp_path_factory.mktemp("evaluate") / "home"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def library(home: LocalHome, tmp_path_factory: pytest.TempPathFactory) -> Library:
    docs = tmp_path_factory.mktemp("set") / "docs"
    docs.symlink_to(PROJECT / "ingest" / "sample", target_is_directory=True)
    return filled(home, "sample", docs)


@pytest.fixture(scope="module")
def engine(home: LocalHome) -> Engine:
    return Engine(home, home.settings, AskSettings())


def test_questions_are_made_of_the_documents(library: Library) -> None:
    questions = automatic_questions(library, 12)
    assert len(questions) == 12
    assert questions == automatic_questions(library, 12), "the same every time"
    assert len({question.evidence[0][0].document for question in questions}) > 3, "spread over the documents"
    texts = {
        chunk.key: " ".join(" ".join(c.text for c in library.document_chunks(chunk.key)).split())
        for question in questions
        for chunk in library.document_chunks(question.evidence[0][0].document)[:1]
    }
    for question in questions:
        evidence = question.evidence[0][0]
        assert evidence.quote in texts[evidence.document]
        assert all(answer not in question.question for answer in question.answers)


def test_a_run_and_its_figures(engine: Engine, library: Library, tmp_path: Path) -> None:
    questions = [
        *automatic_questions(library, 6),
        Question("no", "Who won the 1998 chess olympiad?", answerable=False),
    ]
    told: list[tuple[int, int]] = []
    rows = ask_all(Footnote(engine, library), questions, lambda done, of: told.append((done, of)))
    assert told[-1] == (7, 7)
    run = Run("footnote", "sample", "passage", rows)
    figures = summary(run)
    assert figures["questions"] == 7
    assert figures["hit@10"] >= 0.5, "the documents' own words"
    assert 0 <= figures["auc"] <= 1
    assert figures["milliseconds"]["p50"] > 0
    hit = rows[0].hits[0]
    assert hit.reranked == 1
    assert {hit.dense, hit.words} != {None}
    assert hit.relevance is not None
    save_run(run, tmp_path / "run.json")
    assert load_run(tmp_path / "run.json") == run
    (tmp_path / "run.json").write_text('{"system": 3}')
    with pytest.raises(WrongUsage, match="no kept evaluation"):
        load_run(tmp_path / "run.json")


def test_retrievers_alone_are_systems_too(engine: Engine, library: Library) -> None:
    questions = automatic_questions(library, 4)
    for system in (ByMeaning(library, engine.load().embedder), ByWords(library)):
        rows = ask_all(system, questions)
        assert all(row.ranks and not row.answer for row in rows)


def test_a_failing_question_is_a_row_and_a_stop_stops(engine: Engine, library: Library) -> None:
    rows = ask_all(Footnote(engine, library), [Question("long", "why " * 3_000)])
    assert "Shorten it" in rows[0].error
    assert summary(Run("footnote", "x", "passage", rows))["failed"] == 1
    stopped = CancelToken()
    stopped.cancel()
    with pytest.raises(Cancelled):
        ask_all(Footnote(engine, library), [Question("1", "why?")], cancel=stopped)


def test_other_settings_share_the_models(engine: Engine) -> None:
    other = engine.under(replace(engine.ask_settings, read_candidates=3))
    assert other.load() is engine.load()
    assert engine.ask_settings.read_candidates != 3


def run_of(values: dict[str, float], system: str = "a", set: str = "s") -> Run:
    return Run(system, set, "page", tuple(Row(i, i, scores={"hit@5": v}) for i, v in values.items()))


def test_two_runs_question_by_question() -> None:
    first = run_of({"a": 0.0, "b": 1.0, "c": 0.0, "d": 0.5})
    second = run_of({"a": 1.0, "b": 1.0, "c": 0.0, "d": 0.25, "e": 1.0})
    comparison = compare(first, second, "hit@5")
    assert (comparison.won, comparison.lost, comparison.tied) == (1, 1, 2)
    assert comparison.difference == pytest.approx((1.0 - 0.25) / 4)
    assert comparison.changes == (("a", 0.0, 1.0), ("d", 0.5, 0.25))
    assert comparison.p > 0.3
    with pytest.raises(FootnoteError, match="no question in common"):
        compare(first, second, "ndcg@10")


def test_the_table_marks_the_best() -> None:
    runs = [run_of({"a": 1.0, "b": 0.0}, "ours", "squad"), run_of({"a": 0.0, "b": 0.0}, "theirs", "squad")]
    runs = [
        replace(run, rows=tuple(replace(r, scores={"hit@1": r.scores["hit@5"]}) for r in run.rows))
        for run in runs
    ]
    assert table(runs).splitlines() == [
        "| system | squad hit@1 |", "|---|---|", "| ours | **.500** |", "| theirs | .000 |",
    ]  # fmt: skip


def test_settings_to_compare_are_checked() -> None:
    assert changed(["read_candidates=8", "FOOTNOTE_COVERAGE_WEIGHT=0.5"]) == {
        "read_candidates": 8,
        "coverage_weight": 0.5,
    }
    for wrong in ("read_candidates", "nothing=1", "llm_api_key=x"):
        with pytest.raises(WrongUsage, match="give NAME=VALUE"):
            changed([wrong])


def test_a_sample_is_spread_evenly() -> None:
    questions = [Question(str(i), "?") for i in range(10)]
    assert [question.id for question in sample(questions, 3)] == ["0", "3", "6"]
    assert sample(questions, 0) == questions


def test_bm25_by_its_formula() -> None:
    index = ExactBm25(["red red fox", "blue fox", "green"])
    # idf(red) = ln(1 + 2.5 / 1.5); length 3 of mean 2: norm = 1.2 (0.25 + 0.75 · 1.5) = 1.65
    from math import log

    assert index.scores("red")[0] == pytest.approx(log(1 + 2.5 / 1.5) * 2 * 2.2 / (2 + 1.65))
    assert [number for number, _ in index.search("red fox", 5)] == [0, 1]
    assert index.shares("red fox").tolist()[:1] == [1.0]


def test_the_command_on_a_library(command_line: object, tmp_path: Path) -> None:
    from tests.conftest import CommandLine

    run: CommandLine = command_line  # type: ignore[assignment]
    home = tmp_path / "home"
    assert run("ingest", "add", PROJECT / "ingest" / "sample", "--home", home).status == 0
    made = tmp_path / "made.jsonl"
    done = run(
        "rag", "evaluate", "--home", home, "--automatic", "4", "--write", made,
        "--setting", "read_candidates=2", "--json", "--out", tmp_path / "run.json",
    )  # fmt: skip
    assert done.status == 0, done.err
    first, second, *comparisons = done.lines
    assert (first["questions"], second["settings"]["read_candidates"]) == (4, 2)
    assert {each["metric"] for each in comparisons} >= {"hit@5", "ndcg@10"}
    assert len(load_questions(made)) == 4
    assert load_run(tmp_path / "run-1.json").system == "footnote"
    again = run("rag", "evaluate", "--home", home, "--questions", made)
    assert "evidence among the first 5" in again.out
    wrong = run("rag", "evaluate", "--home", home, "--questions", tmp_path / "none.jsonl")
    assert (wrong.status, wrong.out) == (2, "")
    assert "cannot be read" in wrong.err


def test_a_set_with_an_empty_document_is_run_again(home: LocalHome, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "1.txt").write_text("The boiler is serviced in May.")
    (docs / "2.txt").write_text("")
    for _ in range(2):
        assert filled(home, "boilers", docs).info().origins == 1
    (docs / "1.txt").unlink()
    with pytest.raises(FootnoteError, match="None of the 1 files"):
        filled(home, "nothing", docs)

"""What the components are given: text as text, offsets that hold, lines that people read."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from ingest.model.adding import JobInfo, JobStage
from ingest.model.pages import PageState
from rag.model import Answer, Coverage, Progress, Sentence
from rag.ui import render
from tests.rag.chats.test_conversations import some_answer


def answer(**changes: object) -> Answer:
    return dataclasses.replace(some_answer(), **changes)  # type: ignore[arg-type]


def test_an_answer_is_plain_json_with_its_sources() -> None:
    data = render.answer_json(answer(), "My docs & more", "m1")
    assert json.loads(json.dumps(data)) == data
    (cited,) = data["cited"]
    assert cited["marker"] == 1
    assert cited["place"] == "p. xii (12)"
    assert cited["section"] == "Leave"
    start, end = cited["quote"]
    assert cited["text"][start:end] == "Five days "
    assert data["status"] == "62 chosen documents · 1 passage read · 0.2 s"
    assert data["evidence"] == "1 of 2 sentences found in your documents"
    assert [row["rank"] for row in data["rows"]] == [1, 2]
    assert data["rows"][1]["meaning"] is None
    assert data["query"] == "How many days?"


def test_how_it_was_made_tells_steps_tokens_and_the_prompt_as_text() -> None:
    prompt = (("system", "Rules <b>"), ("user", "hi"), ("assistant", "ho"), ("user", "Question: …"))
    usage = {"input_tokens": 1200, "output_tokens": 7}
    timings = {"loading": 0.1, "searching": 12.4, "writing": 1234.0, "total": 1250.0}
    made = render.answer_json(
        answer(prompt=prompt, usage=usage, timings_ms=timings, model="openai:x"), "A", "m"
    )["made"]
    assert made["by"] == "openai:x"
    assert made["steps"] == [{"name": "Searching", "time": "12 ms"}, {"name": "Writing", "time": "1.2 s"}]
    assert (made["total"], made["tokens"]) == ("1.2 s", "1,200 read · 7 written")
    assert [each["role"] for each in made["prompt"]] == [
        "Instructions", "Earlier question", "Earlier answer", "Passages and question",
    ]  # fmt: skip
    guessed = render.made_json(answer(usage={"about_input_tokens": 9, "about_output_tokens": 2}))
    assert guessed["tokens"] == "about 9 read · about 2 written"
    assert made["prompt"][0]["text"] == "Rules <b>"
    assert render.answer_json(answer(model="extractive"), "A", "m")["made"]["prompt"] == []


def test_the_page_image_is_asked_for_with_its_marks() -> None:
    image = urlsplit(render.answer_json(answer(), "My docs & more", "m1")["cited"][0]["image"])
    assert image.path == "/pages/3/12.png"
    assert parse_qs(image.query) == {"library": ["My docs & more"], "marks": ["4-14p,4-8a"]}


def test_texts_without_pages_have_no_image() -> None:
    citation = dataclasses.replace(some_answer().citations[0], page=None, page_label=None)
    (cited,) = render.answer_json(answer(citations=(citation,)), "A", "m")["cited"]
    assert (cited["image"], cited["place"]) == ("", "")


def test_a_passage_that_is_gone_still_shows_its_quote() -> None:
    (cited,) = render.answer_json(answer(hits=()), "A", "m")["cited"]
    assert cited["text"] == "Five days."
    assert cited["quote"] == [0, 10]
    assert cited["answer"] == [0, 4]


def test_a_refusal_shows_the_closest_passages() -> None:
    data = render.answer_json(answer(refused=True, citations=(), sentences=(Sentence("No.", ()),)), "A", "m")
    assert data["refused"]
    assert data["closest"] == 1
    assert data["evidence"] == ""
    assert [source["text"] for source in data["read"]] == ["Five days may be carried over.\u2028 ☃"]


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("plain", [("plain", "")]),
        ("a **b** c", [("a ", ""), ("b", "strong"), (" c", "")]),
        ("use `x<y>`", [("use ", ""), ("x<y>", "code")]),
        ("<img src=x onerror=y>", [("<img src=x onerror=y>", "")]),
        ("![i](http://example.org/p.png)", [("![i](http://example.org/p.png)", "")]),
        ("[l](javascript:x)", [("[l](javascript:x)", "")]),
        ("**open", [("**open", "")]),
    ],
)
def test_only_bold_and_code_are_markdown(text: str, runs: list[tuple[str, str]]) -> None:
    assert [(run["text"], run["style"]) for run in render.runs_of(text, (), markdown=True)] == runs


def test_quotes_stay_as_they_are_and_the_answer_is_emphasised() -> None:
    runs = render.runs_of("Take **five** days.", ((5, 13),), markdown=False)
    assert [(run["text"], run["style"]) for run in runs] == [
        ("Take ", ""),
        ("**five**", "strong"),
        (" days.", ""),
    ]
    assert "".join(run["text"] for run in render.runs_of("abc", ((2, 9), (1, 2)), False)) == "abc"


def test_paragraphs_lists_and_headings() -> None:
    sentences = [
        Sentence("## Leave", (), block=0),
        Sentence("- Five days.", (1,), block=1),
        Sentence("By March.", (2,), block=1),
        Sentence("2. Ask.", (), block=2),
        Sentence("Done - really.", (), block=3),
    ]
    blocks = render.blocks_json(sentences, markdown=True)
    assert [(block["kind"], block["label"], len(block["sentences"])) for block in blocks] == [
        ("heading", "", 1), ("item", "•", 2), ("item", "2.", 1), ("text", "", 1),
    ]  # fmt: skip
    assert blocks[0]["sentences"][0]["runs"] == [{"text": "Leave", "style": ""}]
    assert render.blocks_json(sentences[1:2], markdown=False)[0]["kind"] == "text"


def test_copied_text_carries_its_footnotes() -> None:
    assert render.copy_text(answer()) == "Five days. [1]\n\n[1] Übersicht, p. xii (12): “Five days.”"


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (None, "Reading the question"),
        (Progress("loading"), "Loading the reader"),
        (Progress("searching", 1), "Searching 1 document"),
        (Progress("reading", 32), "Reading 32 passages"),
        (Progress("opening"), "Opening the chat model"),
        (Progress("writing"), "Writing"),
    ],
)
def test_what_is_happening(progress: Progress | None, line: str) -> None:
    assert render.progress_line(progress, "loading the reader") == line


def test_models_that_are_ready_are_no_longer_loaded() -> None:
    assert render.progress_line(Progress("loading"), "ready") == "Reading the question"


def job(
    stage: JobStage, done: int = 0, total: int = 0, rate: float = 0.0, left: float | None = None
) -> JobInfo:
    return JobInfo(1, "A", "a.pdf", stage, done, total, rate, left, None, 0.0)


def test_a_file_in_work_tells_rate_and_time_left() -> None:
    assert (
        render.job_line(job(JobStage.READING, 12, 40, 31.2, 0.9))
        == "Reading 12 of 40 pages · 31 pages/s · 1 s left"
    )
    assert (
        render.job_line(job(JobStage.EMBEDDING, 5, 300, 2.0, 150))
        == "Embedding 5 of 300 passages · 2 passages/s · 2 min left"
    )
    assert render.job_line(job(JobStage.WAITING)) == "Waiting"


def test_the_bar_only_grows() -> None:
    steps = [
        job(JobStage.WAITING), job(JobStage.READING, 0, 4), job(JobStage.READING, 4, 4),
        job(JobStage.EMBEDDING, 0, 9), job(JobStage.EMBEDDING, 9, 9), job(JobStage.INDEXING), job(JobStage.DONE),
    ]  # fmt: skip
    shares = [render.job_share(step) for step in steps]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("day", "heading"),
    [(20, "Today"), (19, "Yesterday"), (14, "Last 7 days"), (1, "Last 30 days")],
)
def test_chats_stand_under_their_day(day: int, heading: str) -> None:
    assert render.day_of(datetime(2026, 5, day, 12).timestamp(), date(2026, 5, 20)) == heading
    assert render.day_of(datetime(2026, 3, day, 12).timestamp(), date(2026, 5, 20)) == "March 2026"


@pytest.mark.parametrize(
    ("number", "text"), [(999, "999 B"), (4_200, "4 kB"), (2_500_000, "2.5 MB"), (3_200_000_000, "3.2 GB")]
)
def test_sizes(number: int, text: str) -> None:
    assert render.size(number) == text


def test_an_answer_about_the_whole_library_says_what_it_rests_on() -> None:
    data = render.answer_json(answer(coverage=Coverage("documents", 38, 38)), "A", "m")
    assert data["status"] == "Read 38 of 38 documents · 0.2 s"
    table = render.answer_json(answer(coverage=Coverage("table", 1, 1, 12, 1200)), "A", "m")
    assert table["status"] == "Computed on 12 of 1,200 rows · 0.2 s"
    assert data["made"]["by"] == "Quotations, without a chat model"
    assert table["made"]["by"] == "Computed on the rows, without a chat model"
    assert (
        render.progress_line(Progress("gathering", 400, 1000), "") == "Looking through 400 of 1,000 documents"
    )
    assert render.progress_line(Progress("reading", 8, 48), "") == "Reading 8 of 48 passages"
    assert render.progress_line(Progress("computing", 1, 1), "") == "Computing on the rows"


def test_how_pages_of_a_receipt_are_told() -> None:
    from rag.ui.library.library_page import page_line

    assert page_line(PageState.OCR, "", "2–5") == "Pages 2–5: read by OCR"
    assert page_line(PageState.EMPTY, "", "7", "slide") == "Slide 7: empty, no text on it"
    assert page_line(PageState.FAILED, "no time", "1,204") == "Page 1,204: could not be read, no time"

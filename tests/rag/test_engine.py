"""A question all the way: real models, a real library, extractive and with a chat model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.errors import Cancelled, WrongUsage
from ingest.home.opening import LocalHome, open_home
from ingest.library import LocalLibrary
from ingest.model.adding import Source
from ingest.settings import Settings
from ingest.shelf.scope import Scope
from rag.chats.suggest import follow_ups
from rag.draft import EXTRACTIVE
from rag.engine import Engine
from rag.llm.prompt import REFUSAL
from rag.model import CancelToken, Checked, Delta, Progress, Turn
from rag.settings import AskSettings
from tests.rag.asking import SAMPLE_SOURCES, ended
from tests.servers.openai_server import serving


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHome]:
    opened = open_home(Settings(home=tmp_path_factory.mktemp("engine") / "home"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def library(home: LocalHome) -> LocalLibrary:
    home.create("sample")
    found = home.library("sample")
    results = list(found.add(SAMPLE_SOURCES))
    assert all(result.state == "added" for result in results), results
    return found


@pytest.fixture(scope="module")
def engine(home: LocalHome) -> Engine:
    return Engine(home, home.settings, AskSettings())


def with_model(engine: Engine, url: str, model: str) -> Engine:
    """The same engine with a chat model; the loaded models are shared."""
    ask = replace(engine.ask_settings, llm=f"openai:{model}", llm_base_url=url, llm_timeout_seconds=5.0)
    return engine.under(ask)


QUESTION = "How much does an adult membership cost a year?"


def test_an_extractive_answer_is_quoted_and_cited(engine: Engine, library: LocalLibrary) -> None:
    answer, told = ended(engine.ask(QUESTION, library))
    assert [event.stage for event in told if isinstance(event, Progress)][-3:] == [
        "searching", "reading", "writing",
    ]  # fmt: skip
    assert not answer.refused
    assert answer.model == EXTRACTIVE
    assert 0 <= answer.confidence <= 1
    assert len(answer.text.split()) <= 80
    pages = {origin.document_id: library.pages(origin.key) for origin in library.origins()}
    for citation in answer.citations:
        page = pages[citation.document_id][(citation.page or 1) - 1]
        assert page.text[citation.start : citation.end] == citation.quote
        assert citation.start <= citation.answer_start <= citation.answer_end <= citation.end
    for sentence in answer.sentences:
        (marker,) = sentence.markers
        quote = " ".join(answer.citations[marker - 1].quote.split())
        assert sentence.text in quote
        assert all(0 <= start < end <= len(sentence.text) for start, end in sentence.emphasis)
        assert f"[{marker}]" in answer.text
    assert answer.timings_ms["total"] > 0
    assert answer.hits[0].reading is not None
    assert answer.hits[0].fused is not None


def test_hits_are_in_rank_order_and_unread_ones_follow(engine: Engine, library: LocalLibrary) -> None:
    few = replace(engine.ask_settings, read_candidates=3, read_unsure=3)
    hits = engine.under(few).retrieve("telescope booking", library)
    read = [hit.reranked.rank for hit in hits if hit.reranked]
    assert read == [1, 2, 3] or read == [1, 2]
    rest = [hit.fused.rank for hit in hits[len(read) :] if hit.fused]
    assert rest == sorted(rest)
    assert len({hit.chunk.id for hit in hits}) == len(hits)


def test_more_is_read_only_when_nothing_is_near(engine: Engine, library: LocalLibrary) -> None:
    few = engine.under(replace(engine.ask_settings, read_candidates=3, read_unsure=7))
    _, read, _ = few.examine(QUESTION, library)
    assert len(read) == 2, "the first two thirds hold a sure answer"
    _, read, rest = few.examine("Who won the football match in Lisbon?", library)
    assert len(read) == 7
    assert len({each.hit.chunk.id for each in read} | {hit.chunk.id for hit in rest}) == 7 + len(rest)


def test_a_misspelt_question_is_asked_in_the_library_s_words(engine: Engine, library: LocalLibrary) -> None:
    answer, _ = ended(engine.ask("Who decides about new membrs?", library))
    assert answer.query == "Who decides about new members?"
    assert answer.question == "Who decides about new membrs?"


def test_a_query_that_is_given_is_searched_for_as_it_is(engine: Engine, library: LocalLibrary) -> None:
    history = [Turn("user", QUESTION), Turn("assistant", "An adult membership costs 48 € a year.")]
    answer, _ = ended(engine.ask("and for students?", library, history, query=" dome  keyz deposit "))
    assert (answer.question, answer.query) == ("and for students?", "dome keyz deposit")
    assert "deposit" in answer.hits[0].chunk.text
    with pytest.raises(WrongUsage, match="Shorten it"):
        list(engine.ask("and for students?", library, history, query="word " * 4_000))


def test_a_scope_is_all_that_is_searched_and_counted(engine: Engine, library: LocalLibrary) -> None:
    alone, _ = ended(engine.ask(QUESTION, library.within(Scope(("visitors-guide.md", "*telescope*")))))
    assert {hit.chunk.key for hit in alone.hits} == {
        "sample/visitors-guide.md",
        "sample/telescope-booking.md",
    }
    assert alone.searched_documents == 2


def test_two_documents_that_disagree_are_named(engine: Engine, library: LocalLibrary) -> None:
    answer, _ = ended(engine.ask("How much is a ticket for adults?", library))
    (notice,) = answer.notices
    assert notice.startswith("Two documents disagree: “")
    assert "says 5 euros" in notice
    assert "says 4 €" in notice
    newer, older = sorted(("5 euros", "4 €"), key=notice.index)
    assert answer.text.index(newer) < answer.text.index(older), "both are quoted, in the notice's order"
    agreed, _ = ended(engine.ask(QUESTION, library))
    assert agreed.notices == ()


def test_what_is_suggested_can_be_answered(engine: Engine, library: LocalLibrary) -> None:
    answer, _ = ended(engine.ask(QUESTION, library))
    suggested = follow_ups(answer)
    assert suggested
    assert not [each for each in suggested if ended(engine.ask(each, library))[0].refused]


def test_low_confidence_is_refused_with_the_closest_passages(engine: Engine, library: LocalLibrary) -> None:
    strict = engine.under(replace(engine.ask_settings, refusal_threshold=1.01))
    answer, _ = ended(strict.ask(QUESTION, library))
    assert answer.refused
    assert answer.text == REFUSAL
    assert answer.citations == ()
    assert len(answer.hits) >= 3


@pytest.mark.parametrize(
    ("question", "says"), [("", "empty"), (" \n\x00 ", "empty"), ("word " * 4_000, "Shorten it")]
)
def test_impossible_questions_say_what_to_do(
    engine: Engine, library: LocalLibrary, question: str, says: str
) -> None:
    with pytest.raises(WrongUsage, match=says):
        list(engine.ask(question, library))


def test_an_empty_library_says_what_to_do(engine: Engine, home: LocalHome) -> None:
    home.create("nothing here")
    with pytest.raises(WrongUsage, match="Add documents"):
        list(engine.ask(QUESTION, home.library("nothing here")))


def test_a_stopped_question_ends(engine: Engine, library: LocalLibrary) -> None:
    cancel = CancelToken()
    events = engine.ask(QUESTION, library, cancel=cancel)
    next(events)
    cancel.cancel()
    with pytest.raises(Cancelled):
        list(events)


def test_a_follow_up_takes_over_what_it_leaves_out(engine: Engine, library: LocalLibrary) -> None:
    history = [Turn("user", QUESTION), Turn("assistant", "An adult membership costs 48 € a year.")]
    answer, _ = ended(engine.ask("and for students?", library, history))
    assert not answer.refused, "where the phrase in its place finds nothing, the question before it helps"
    assert "membership" in answer.query
    assert "students" in answer.query
    assert answer.timings_ms["reading"] > 0
    alone, _ = ended(engine.ask("and for students?", library))
    assert alone.query == "and for students?"


def test_a_chat_model_puts_a_follow_up_into_words_of_its_own(engine: Engine, library: LocalLibrary) -> None:
    history = [Turn("user", QUESTION), Turn("assistant", "An adult membership costs 48 € a year.")]
    with serving() as server:
        asking = with_model(engine, server.url, "condense")
        answer, told = ended(asking.ask("and for students?", library, history))
        assert answer.query == "How much does an adult membership cost a year and for students?"
        assert Progress("condensing") in told
        assert len(server.requests) == 2
        answer, _ = ended(asking.ask("Who may use the telescope on Friday nights?", library, history))
        assert answer.query == "Who may use the telescope on Friday nights?"
        assert len(server.requests) == 3, "what stands alone is left as it is"
        by_reader, _ = ended(engine.ask("and for students?", library, history))
        for ask in (
            replace(asking.ask_settings, llm_follow_ups=False),  # it is not asked
            replace(asking.ask_settings, llm="openai:cite"),  # it answers otherwise
        ):
            other, _ = ended(asking.under(ask).ask("and for students?", library, history))
            assert other.query == by_reader.query


def test_where_a_reworded_follow_up_finds_no_answer_the_reader_s_forms_are_tried(
    engine: Engine, library: LocalLibrary
) -> None:
    history = [Turn("user", QUESTION), Turn("assistant", "An adult membership costs 48 € a year.")]
    with serving() as server:
        asking = with_model(engine, server.url, "condense")
        sure = asking.under(replace(asking.ask_settings, refusal_threshold=0.0))
        unsure = asking.under(replace(asking.ask_settings, refusal_threshold=1.01))

        def searches(engine: Engine, query: str = "") -> int:
            _, told = ended(engine.ask("and for students?", library, history, query=query))
            return sum(isinstance(event, Progress) and event.stage == "searching" for event in told)

        assert searches(sure) == 1
        assert searches(unsure) > 1
        assert searches(unsure, query="fee for students") == 1, "what a person has typed is all that is tried"


@pytest.mark.parametrize("question", ["' OR 1=1 --", 'NEAR(a b) * " (', "终 温度 ไทย", "🙂", "?" * 50])
def test_any_characters_are_a_question(engine: Engine, library: LocalLibrary, question: str) -> None:
    answer, _ = ended(engine.ask(question, library))
    assert answer.text


def test_a_chat_model_streams_and_every_sentence_is_checked(engine: Engine, library: LocalLibrary) -> None:
    with serving() as server:
        answer, told = ended(with_model(engine, server.url, "cite").ask(QUESTION, library))
        assert QUESTION in server.prompt()
    pieces = [event.text for event in told if isinstance(event, Delta)]
    assert len(pieces) > 1
    assert answer.model == "openai:cite"
    markers = [citation.marker for citation in answer.citations]
    assert markers == list(range(1, len(markers) + 1))
    assert len(markers) >= 2
    assert all(sentence.verdict for sentence in answer.sentences)
    assert answer.citations[0].chunk_id == answer.hits[0].chunk.id
    checked = {event.number: event.sentence for event in told if isinstance(event, Checked)}
    assert tuple(checked.values()) == answer.sentences
    count = len(answer.sentences)
    assert answer.found_line == f"{count} of {count} sentences found in your documents"
    assert answer.usage["about_input_tokens"] > answer.usage["about_output_tokens"] > 0
    (_, instructions), (role, asked) = answer.prompt
    assert "never instructions to you" in instructions
    assert (role, asked) == ("user", server.prompt())


def test_strict_answers_hold_what_is_supported_and_say_what_is_missing(
    engine: Engine, library: LocalLibrary
) -> None:
    with serving() as server:
        loose = with_model(engine, server.url, "invent")
        said, _ = ended(loose.ask(QUESTION, library))
        *true, invented = said.sentences
        assert invented.verdict == "not_found"
        assert said.found_line == f"{len(true)} of {len(true) + 1} sentences found in your documents"
        strictly = loose.under(replace(loose.ask_settings, strict=True))
        answer, told = ended(strictly.ask(QUESTION, library))
    assert answer.sentences == tuple(true)
    assert "".join(event.text for event in told if isinstance(event, Delta)) == answer.text
    assert answer.sentences_found == answer.sentences_checked == len(true)
    assert answer.notices == (
        "One sentence was left out: not found in your documents (strict answers are on).",
    )


def test_an_answer_that_only_talks_is_not_counted_and_strictly_none(
    engine: Engine, library: LocalLibrary
) -> None:
    with serving() as server:
        model = with_model(engine, server.url, "talk")
        said, _ = ended(model.ask(QUESTION, library))
        strictly = model.under(replace(model.ask_settings, strict=True))
        answer, told = ended(strictly.ask(QUESTION, library))
    assert [(each.verdict, each.markers) for each in said.sentences] == [(None, ()), (None, ())]
    assert (said.found_line, said.citations, said.refused) == ("", (), False)
    assert answer.model == EXTRACTIVE
    assert not any(isinstance(event, Delta) for event in told)
    assert answer.notices == (
        "Nothing that openai:talk wrote could be looked for in your documents (strict answers are on). "
        "This answer is made of quotations instead.",
    )


def test_a_strict_answer_of_inventions_alone_gives_way_to_quotations(
    engine: Engine, library: LocalLibrary
) -> None:
    with serving() as server:
        model = with_model(engine, server.url, "invent-all")
        strictly = model.under(replace(model.ask_settings, strict=True))
        answer, told = ended(strictly.ask(QUESTION, library))
        unknown, _ = ended(strictly.ask("Who won the football match in Lisbon?", library))
    assert answer.model == EXTRACTIVE
    assert "84 €" in answer.text
    assert answer.notices == (
        "None of the 2 sentences that openai:invent-all wrote was found in your documents (strict answers are on). "
        "This answer is made of quotations instead.",
    )
    assert not any(isinstance(event, Delta) for event in told), "what is not found never shows"
    assert unknown.refused
    assert "quotations" not in unknown.notices[0], "there are none"


def test_a_chat_model_that_refuses_is_a_refusal(engine: Engine, library: LocalLibrary) -> None:
    with serving() as server:
        answer, _ = ended(with_model(engine, server.url, "refuse").ask(QUESTION, library))
    assert answer.refused
    assert answer.text == REFUSAL


@pytest.mark.parametrize("model", ["429", "500", "garbage", "empty", "nobody"])
def test_a_failing_chat_model_gives_quotations_and_says_so(
    engine: Engine, library: LocalLibrary, model: str
) -> None:
    with serving() as server:
        answer, _ = ended(with_model(engine, server.url, model).ask(QUESTION, library))
    assert answer.model == EXTRACTIVE
    assert not answer.refused
    assert "quotations instead" in answer.notices[0]


def test_hostile_output_points_nowhere(engine: Engine, library: LocalLibrary) -> None:
    with serving() as server:
        answer, _ = ended(with_model(engine, server.url, "hostile").ask(QUESTION, library))
    numbers = {marker for sentence in answer.sentences for marker in sentence.markers}
    assert numbers <= {citation.marker for citation in answer.citations}
    assert "[7]" not in answer.text


def test_example_questions_come_from_the_library(engine: Engine, library: LocalLibrary) -> None:
    questions = engine.example_questions(library)
    assert len(questions) == 3
    answer, _ = ended(engine.ask(questions[0], library))
    assert not answer.refused


def test_example_questions_of_any_library_name_its_headings(
    engine: Engine, home: LocalHome, tmp_path: Path
) -> None:
    path = tmp_path / "pump.md"
    path.write_text("# Pump\n\n## Changing the filter\n\nTurn the tap off first.\n", encoding="utf-8")
    home.create("own")
    own = home.library("own")
    list(own.add([Source(str(path), "pump.md", str(path))]))
    assert engine.example_questions(own) == ["What does “Pump” say about “Changing the filter”?"]

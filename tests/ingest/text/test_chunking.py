"""Chunks: exact slices, within the budget, within a page, with the headings above them."""

import random

import pytest

from ingest.embedder import load_tokenizer
from ingest.model.chunks import Chunk, context_line
from ingest.model.pages import Heading, Page
from ingest.protocols import Tokenizer
from ingest.settings import Settings
from ingest.text.chunking import chunk_pages, context_within

WORDS = (
    "valve pump filter the a of under over pressure seven 42 3.5 naïve 温度 gauge-12 don't (spare)".split()
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer(Settings())


def prose(seed: int, sentences: int) -> str:
    draw = random.Random(seed)
    made = []
    for _ in range(sentences):
        words = draw.choices(WORDS, k=draw.randint(2, 40))
        made.append(" ".join(words).capitalize() + draw.choice(". ! ?".split()))
    return draw.choice([" ", "\n", "\n\n"]).join(made)


def test_slices_are_exact_in_order_and_within_the_budget(tokenizer: Tokenizer) -> None:
    for seed in range(20):
        pages = [Page(number, prose(seed * 7 + number, 30)) for number in (1, 2, 3)]
        chunks = chunk_pages(pages, tokenizer, 60)
        assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
        for page in pages:
            own = [chunk for chunk in chunks if chunk.page == page.number]
            assert all(page.text[c.start : c.end] == c.text for c in own)
            assert all(len(tokenizer.offsets(c.text)) <= 60 for c in own)
            assert all(a.end <= b.start for a, b in zip(own, own[1:], strict=False))
            kept = "".join("".join(c.text for c in own).split())
            assert kept == "".join(page.text.split())


def test_one_endless_word_is_cut(tokenizer: Tokenizer) -> None:
    text = "x7q" * 3_000
    chunks = chunk_pages([Page(1, text)], tokenizer, 50)
    assert "".join(chunk.text for chunk in chunks) == text
    assert max(len(tokenizer.offsets(chunk.text)) for chunk in chunks) <= 52  # a cut word is pieced anew


def test_headings_lead_their_chunks_and_run_on_over_pages(tokenizer: Tokenizer) -> None:
    first = "Leave\n" + "You may take leave. " * 30 + "\nCarry-over\n" + "Five days move on. " * 30
    carry = first.index("Carry-over")
    second = "More on moving days. " * 30
    chunks = chunk_pages(
        [
            Page(1, first, headings=(Heading(0, 1, "Leave"), Heading(carry, 2, "Carry-over"))),
            Page(2, second),
        ],
        tokenizer,
        80,
    )
    paths = {chunk.start >= carry or chunk.page == 2: chunk.headings for chunk in chunks}
    assert paths == {False: ("Leave",), True: ("Leave", "Carry-over")}
    assert not any(chunk.start < carry < chunk.end for chunk in chunks if chunk.page == 1)


def test_small_sections_stay_together(tokenizer: Tokenizer) -> None:
    text = "Opening\nTen to six.\nPhone\n0203 555.\nAddress\nMill Lane 4."
    headings = tuple(Heading(text.index(name), 2, name) for name in ("Opening", "Phone", "Address"))
    (chunk,) = chunk_pages([Page(1, text, headings=headings)], tokenizer, 180)
    assert chunk.text == text
    assert chunk.headings == ()


def test_a_bare_heading_joins_the_section_below_it(tokenizer: Tokenizer) -> None:
    text = "Pump\n\nChanging the filter\n\nTurn the tap off first."
    headings = (Heading(0, 1, "Pump"), Heading(6, 2, "Changing the filter"))
    (chunk,) = chunk_pages([Page(1, text, headings=headings)], tokenizer, 180)
    assert chunk.text == text
    assert chunk.headings == ("Pump", "Changing the filter")


@pytest.mark.parametrize("text", ["", " \n "])
def test_a_blank_page_gives_none(tokenizer: Tokenizer, text: str) -> None:
    assert chunk_pages([Page(1, text)], tokenizer, 180) == []


def test_context_is_cut_from_the_middle(tokenizer: Tokenizer) -> None:
    context = context_line("Handbook", ("Part One of Many", "Leave", "leave", "Carry-over"))
    assert context == "Handbook > Part One of Many > Leave > Carry-over"
    assert context_within(context, tokenizer, 40) == context
    assert context_within(context, tokenizer, 8).startswith("Handbook > ")
    assert context_within(context, tokenizer, 8).endswith("Carry-over")
    assert len(tokenizer.offsets(context_within("word " * 100, tokenizer, 10))) <= 10


def test_chunks_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Chunk(0, 1, 0, 1, "a").text = "b"  # type: ignore[misc]


def test_the_file_name_tells_documents_of_one_title_apart() -> None:
    assert context_line("Quarterly report", ("Liquidity",), "filings/ACME_2024Q2_10Q.pdf") == (
        "ACME 2024Q2 10Q · Quarterly report > Liquidity"
    )
    assert context_line("Cycle to work", (), "benefits/cycle-to-work.md") == "Cycle to work"
    assert context_line("Cycle to work", (), "cycle_to_work_scheme.md") == "scheme · Cycle to work"
    for key in ("0004711.pdf", "IMG_12.pdf", "a-1.md"):
        assert context_line("Minutes", (), key) == "Minutes", key
    assert context_line("Minutes", (), "2024-03.pdf") == "2024 · Minutes"
    assert context_line("", (), "https://example.org/opening-hours") == "opening hours"


def test_a_text_without_spaces_has_a_length(tokenizer: Tokenizer) -> None:
    text = "x" * 60_000 + " end"
    chunks = chunk_pages([Page(1, text)], tokenizer, 60)
    assert max(len(chunk.text) for chunk in chunks) <= 6_000
    assert "".join(chunk.text for chunk in chunks).replace(" ", "") == text.replace(" ", "")


def test_parts_of_a_long_line_give_the_pieces_of_the_whole(tokenizer: Tokenizer) -> None:
    lines = [" ".join(random.Random(seed).choices(WORDS, k=7_000)) for seed in range(3)]
    text = "\n".join(lines)
    offsets = tokenizer.offsets(text)
    expected, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        expected += [(at + start, at + end) for start, end in tokenizer.offsets(word).tolist()]
        at += len(word)
    assert [tuple(pair) for pair in offsets.tolist()] == expected

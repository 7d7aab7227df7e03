"""Of when a document is: what counts as a date in a text, in a name, and what does not."""

import time

import pytest

from ingest.text.dating import Period, day, named, periods, said


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("fees-2025.md", "2025"),
        ("docs/Handbook 2024.pdf", "2024"),
        ("Q3 2023 report.pdf", "Q3 2023"),
        ("BESTBUY_2024Q2_10Q.pdf", "Q2 2024"),
        ("minutes_2024-03.docx", "March 2024"),
        ("minutes_20240305.docx", "5 March 2024"),
        ("2023-06-20-PV.pdf", "20 June 2023"),
        ("letter 5.3.2024.docx", "5 March 2024"),
        ("offer 03-april-2024.pdf", "3 April 2024"),
        ("prices_Mar2024.xlsx", "March 2024"),
        ("fares 2024-25.pdf", "2024/25"),
        ("budget FY2024.xlsx", "2024"),
        ("policies/2023/leave.md", "2023"),
        ("leave-2022-and-2024.md", "2024"),
        ("minutes 2019-2023.pdf", "2023"),
    ],
)
def test_a_file_name_tells_its_date(key: str, shown: str) -> None:
    found = named(key, "")
    assert found is not None
    assert found.shown == shown


@pytest.mark.parametrize(
    "key",
    [
        "room 2010.md",
        "RFC2024.txt",
        "ISO 2015.pdf",
        "Agenda 2030.pdf",
        "essay of 2000 words.docx",
        "wallpaper 2024x1080.png",
        "scan_12024.pdf",
        "20242.pdf",
        "invoice-2024.pdf",
        "2024-13-45.log.1999999",
        "handbook.pdf",
    ],
)
def test_a_number_that_is_no_year_is_left_alone(key: str) -> None:
    assert named(key, "") is None


def test_the_name_counts_before_the_title_and_the_folder() -> None:
    found = named("2021/fees-2025.md", "Fees of 2023")
    assert found is not None
    assert found.shown == "2025"
    titled = named("2021/fees.md", "Fees of 2023")
    assert titled is not None
    assert titled.shown == "2023"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# Fees\n\nValid from 1 March 2026. Children pay half.", "1 March 2026"),
        ("Travel policy. Effective: January 2025", "January 2025"),
        ("Last updated: 2024-11-02\n\nIn force since May 2023.", "May 2023"),
        ("Revised 3/14/2024", "14 March 2024"),
        ("Date: Tue, 5 Mar 2024 10:00\nSubject: lift", "5 March 2024"),
        ("Updated in stages.\nUpdated March 2022\n- **Last updated on** June 2023", "June 2023"),
        ("This policy was last reviewed on 2 May 2024.", "2 May 2024"),
        ("ACME Ltd\nHamburg, 9 June 2021\n\nDear all, the fair of 2019 was good.", "9 June 2021"),
        ("Prices as of Q2 2024 in euros", "Q2 2024"),
    ],
)
def test_a_text_tells_its_date(text: str, shown: str) -> None:
    found = said(text)
    assert found is not None
    assert found.shown == shown


@pytest.mark.parametrize(
    "text",
    [
        "The card is valid until 31 December 2025.",
        "The house was built in 1987 and sold in March 2004.",
        "Approved by 2024 members.",
        "We updated the list.",
        "The album was released in 1987, and a permit issued on 3 May 2019.",
        "",
    ],
)
def test_other_dates_are_not_the_texts_own(text: str) -> None:
    assert said(text) is None


def test_the_end_of_a_text_is_looked_at_too() -> None:
    assert said("# Rules", "Last reviewed: 4 May 2020") == Period("2020-05-04", "2020-05-04", "4 May 2020")


def test_what_overlaps_is_neither_newer_nor_older() -> None:
    year, month, next_year = named("a-2024.md", ""), named("b-2024-03.md", ""), named("c-2025.md", "")
    assert year
    assert month
    assert next_year
    assert not year.after(month)
    assert not month.after(year)
    assert next_year.after(month)
    season, following = named("2023-24.md", ""), named("2024-25.md", "")
    assert season
    assert following
    assert following.after(season)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("2024-03-05T10:00:00Z", "2024-03-05"),
        ("D:20240305101112+01'00'", "2024-03-05"),
        ("Tue, 05 Mar 2024 10:11:12 +0100", "2024-03-05"),
    ],
)
def test_metadata_is_a_day(text: str, first: str) -> None:
    found = day(text)
    assert found is not None
    assert (found.first, found.last) == (first, first)


def test_a_date_without_an_order_tells_its_year() -> None:
    ((_, _, found),) = periods("03/04/2023")
    assert found.shown == "2023"


def test_what_is_made_to_be_slow_is_not() -> None:
    started = time.perf_counter()
    for text in ("updated" + " " * 3_000, "a 2019 " * 430, "last " * 600, "- " * 1_500, "1." * 1_500):
        said(text, text)
        named(f"{text}.md", text)
    assert time.perf_counter() - started < 2.0

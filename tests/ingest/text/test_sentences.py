"""Sentence bounds: what ends a sentence, what does not, and that nothing is lost."""

import pytest

from ingest.text.sentences import sentences


def cut(text: str) -> list[str]:
    return [" ".join(text[start:end].split()) for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. Smith met Mr. J. R. Jones. They talked.", ["Dr. Smith met Mr. J. R. Jones.", "They talked."]),
        ("It costs 3.50 a day, e.g. on Mondays. Ask.", ["It costs 3.50 a day, e.g. on Mondays.", "Ask."]),
        ("See Fig. 3 and No. 7. Then stop.", ["See Fig. 3 and No. 7.", "Then stop."]),
        ("He said “Go.” She went.", ["He said “Go.”", "She went."]),
        ("Wait… what? Yes.", ["Wait… what?", "Yes."]),
        ("at 5 p.m. The door closes.", ["at 5 p.m.", "The door closes."]),
        ("第一句。第二句！第三句", ["第一句。", "第二句！", "第三句"]),
        ("Steps:\n1. Open it.\n2. Close it.", ["Steps:", "1. Open it.", "2. Close it."]),
        ("- milk\n- eggs and\n  flour\n- tea", ["- milk", "- eggs and flour", "- tea"]),
        ("Plan | Cost\nBasic | £5\nFull | £9", ["Plan | Cost", "Basic | £5", "Full | £9"]),
        ("A title\n\nA paragraph follows", ["A title", "A paragraph follows"]),
    ],
)
def test_bounds(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_wrapped_lines_run_on() -> None:
    text = (
        "Every member of the cooperative may borrow one of the six\n"
        "cargo bicycles for a weekend, provided that the calendar in\n"
        "the hall shows it as free and that no repair is planned.\n"
        "Keys hang behind the counter in the workshop on the left.\n"
    )
    assert len(cut(text)) == 2


def test_table_rows_stand_alone() -> None:
    text = "Site Rooms Beds Cost\nNorth wing 12 24 1,400\nSouth wing 9 18 1,150\nAnnexe 4 8 600"
    assert "South wing 9 18 1,150" in cut(text)


@pytest.mark.parametrize("text", ["", "   \n\n ", "\n"])
def test_nothing(text: str) -> None:
    assert sentences(text) == []


def test_every_character_lies_in_exactly_one_sentence() -> None:
    text = "Ein Satz. Noch\neiner! (Und) dies?\n\n• Punkt eins\n• Punkt zwei 3.14\nعربي. 数字１。終"
    covered = [0] * len(text)
    for start, end in sentences(text):
        for at in range(start, end):
            covered[at] += 1
    assert all(covered[at] == 1 for at, character in enumerate(text) if not character.isspace())
    assert max(covered) == 1

"""JSON and lines of JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import Unreadable
from tests.ingest.readers.contract import headings_of, read_file


@pytest.mark.parametrize(
    ("json", "text"),
    [
        (
            '{"limits": {"timeout": 30.50, "deep": {"x": [1, 2]}}}',
            "limits.timeout: 30.50\nlimits.deep.x: 1, 2",
        ),
        (
            '{"fees": [{"kind": "full", "euro": 84}, {"kind": "half", "of": {"euro": 42}}], "name": "Hill"}',
            "fees 1 | kind: full | euro: 84\nfees 2 | kind: half | of.euro: 42\nname: Hill",
        ),
        ('{"a": null, "b": true, "c": [], "d": "two\\n lines\\u0000"}', "a: null\nb: true\nd: two\nlines"),
        ("[[1, 2], [3]]", "1: 1, 2\n2: 3"),
        ("1" * 5_000, "1" * 5_000),  # no number is too long to be read
        ('{"q": "who"}\n{"q": "what"}', "q: who\nq: what"),  # one value a line, under the wrong suffix
    ],
)
def test_json(tmp_path: Path, json: str, text: str) -> None:
    (tmp_path / "a.json").write_text(json)
    found = read_file(tmp_path / "a.json")
    assert found.pages[0].text == text
    assert found.title == ""


def test_outermost_names_are_headings(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"one": {"x": 1}, "two": [1, {"y": 2}], "three": 3}')
    assert headings_of(read_file(tmp_path / "a.json")) == [(1, "one"), (1, "two")]


def test_lines(tmp_path: Path) -> None:
    long = '"' + "long " * 300 + '"'
    (tmp_path / "a.jsonl").write_text(f'{{"q": "who", "a": "Ines"}}\n\n[1, 2]\n{{"t": {long}, "u": 1}}\n')
    lines = read_file(tmp_path / "a.jsonl").pages[0].text.split("\n")
    assert lines[:2] == ["q: who | a: Ines", "1, 2"]
    assert lines[2].startswith("t: long long")
    assert lines[3] == "u: 1"


@pytest.mark.parametrize(
    ("name", "json", "words"),
    [
        ("a.json", "{'x': 1}", "not JSON"),
        ("a.jsonl", '{"x": 1}\n{', "Line 2 is not JSON"),
        ("a.json", "[" * 200_000, "nested too deeply"),
        ("a.json", "{}", "no text"),
    ],
)
def test_what_is_no_json(tmp_path: Path, name: str, json: str, words: str) -> None:
    (tmp_path / name).write_text(json)
    with pytest.raises(Unreadable, match=words):
        read_file(tmp_path / name)


def test_too_much(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[" + ",".join(f'["{n}", []]' for n in range(2_000)) + "]")
    with pytest.raises(Unreadable, match="at most 1,000 are read"):
        read_file(tmp_path / "a.json", max_characters=1_000)

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ingest.errors import Unreadable
from ingest.model.pages import FileText, Heading
from ingest.readers import read, text
from ingest.settings import Settings

WORDS = "Grüße aus Köln, schöne Straße: «naïve» façade, œuvre, ça va, déjà vu, über, Ärger. " * 4


def read_bytes(tmp_path: Path, data: bytes, **settings: int) -> FileText:
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    return read(path, "a.txt", Settings(**settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_encodings(tmp_path: Path, encoding: str) -> None:
    found = read_bytes(tmp_path, WORDS.encode(encoding))
    assert found.pages[0].text == WORDS.strip()
    assert found.receipt.warnings == ()


@pytest.mark.parametrize(
    ("encoding", "words"),
    [("cp1252", WORDS), ("cp1251", "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 5)],
)
def test_legacy_encodings(tmp_path: Path, encoding: str, words: str) -> None:
    found = read_bytes(tmp_path, words.encode(encoding))
    assert found.pages[0].text == words.strip()
    assert "encoding is not stated" in found.receipt.warnings[0]


def test_a_few_foreign_letters_are_windows_1252(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, "Café “Zur Post”".encode("cp1252")).pages[0].text == "Café “Zur Post”"


@pytest.mark.parametrize("data", [b"\xff\xfe", b"  \r\n\t \x0c\n", b"\xef\xbb\xbf\n"])
def test_no_text(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Unreadable, match="no text"):
        read_bytes(tmp_path, data)


def test_too_long(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"11 characters; at most 10.*FOOTNOTE_MAX_CHARACTERS"):
        read_bytes(tmp_path, b"hello world", max_characters=10)


def test_clean_and_map() -> None:
    source = "\n\n  One\ttwo  \r\nthree\u200b\r\n\r\n\r\n\r\nfour\rfive \x0c six  \n"
    draft = text.clean(source)
    assert draft.text == "  One\ttwo\nthree\n\nfour\nfive\n\n six"
    for run in draft.runs:
        ours = draft.text[run.start : run.start + run.length]
        theirs = source[run.source : run.source + run.length]
        assert ours.split() == theirs.replace("\u200b", " ").split()
    assert sum(run.length for run in draft.runs) >= len("  One\ttwo\nthree\nfour\nfive\nsix")


def test_headings(tmp_path: Path) -> None:
    source = (
        "Guide\n=====\n\nIntro text.\n\nUsage\n---\n\na | b\n--- | ---\n\n1.2 SAFETY RULES\nMore.\n-----\n"
    )
    found = read_bytes(tmp_path, source.encode())
    assert found.pages[0].headings == (
        Heading(source.index("Guide"), 1, "Guide"),
        Heading(source.index("Usage"), 2, "Usage"),
        Heading(source.index("1.2"), 2, "1.2 SAFETY RULES"),
        Heading(source.index("More"), 2, "More."),
    )
    assert found.title == "Guide"
    assert not found.paged


@pytest.mark.parametrize("data", [b" " * 2_000_000 + b"x", b"\n" * 2_000_000 + b"x", b" \r" * 500_000 + b"x"])
def test_long_runs_of_blanks_take_linear_time(tmp_path: Path, data: bytes) -> None:
    began = time.monotonic()
    assert read_bytes(tmp_path, b"a" + data).pages[0].text[0] == "a"
    assert time.monotonic() - began < 20  # quadratic would take hours

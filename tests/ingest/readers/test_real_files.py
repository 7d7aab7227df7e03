"""The readers on real files: PDFs of many projects' test suites, annual reports, and the exam's documents."""

from __future__ import annotations

import csv
import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw
import pytest

from ingest.errors import NeedsPassword, Unreadable
from ingest.model.pages import FileText, Run
from ingest.processes.sandbox import SandboxPool
from ingest.readers import read
from ingest.settings import PROJECT, Settings

SHARED = PROJECT.parent / "shared"
PDFS = SHARED / "data" / "pdfs"
EXAM = SHARED / "exam"

needs_pdfs = pytest.mark.skipif(not PDFS.is_dir(), reason="needs ../shared/data/pdfs")
needs_exam = pytest.mark.skipif(not EXAM.is_dir(), reason="needs ../shared/exam")


def kinds() -> dict[str, str]:
    """Kind of each file by its path below PDFS."""
    with (PDFS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        return {row["file"]: row["kind"] for row in csv.DictReader(stream, delimiter="\t")}


@needs_pdfs
@pytest.mark.slow
def test_every_pdf_ends_in_text_or_in_words(pool: SandboxPool) -> None:
    for name, kind in kinds().items():
        found, error = outcome(pool, name)
        if isinstance(error, NeedsPassword):
            assert kind == "encrypted_password", name
            assert "password" in str(error), name
        elif error:
            assert kind in ("broken", "no_text_layer", "encrypted_open"), (name, kind, str(error))
            assert re.search(r"damaged|not a PDF|blank|missing", str(error)), (name, str(error))
            assert "crash" not in str(error), name
        else:
            assert found
            assert kind != "encrypted_password", name
            assert len(found.pages) == len(found.receipt.pages), name
            assert found.unread or any(page.text for page in found.pages), name
            for page in found.pages:
                assert not re.search(r"[\x00-\x08\ufffe\r]|  | \n|\n ", page.text), (name, page.number)
                assert all(0 <= heading.start <= len(page.text) for heading in page.headings), name
    last = next(name for name, kind in kinds().items() if kind == "text")
    assert pool.read(PDFS / last, last).pages


def outcome(pool: SandboxPool, name: str) -> tuple[FileText | None, Unreadable | None]:
    try:
        return pool.read(PDFS / name, name), None
    except Unreadable as error:
        return None, error


@needs_pdfs
def test_any_stretch_of_text_is_found_again_in_pdfium() -> None:
    """Random stretches: PDFium's characters at the mapped places spell the same text."""
    chosen = random.Random(7)
    tried = 0
    for name, kind in kinds().items():
        if kind not in ("text", "multilingual", "rtl"):
            continue
        path = PDFS / name
        found = read(path, name, Settings())
        with pdfium.PdfDocument(path) as document:
            for page in chosen.sample(found.pages, min(3, len(found.pages))):
                if not page.text:
                    continue
                textpage = document[page.number - 1].get_textpage()
                for _ in range(4):
                    start = chosen.randrange(len(page.text))
                    end = min(len(page.text), start + chosen.randrange(1, 900))
                    assert spelled(textpage, page.runs, start, end) == expected(page.text[start:end]), name
                    tried += 1
                textpage.close()
    assert tried > 200


def spelled(textpage: pdfium.PdfTextPage, runs: Sequence[Run], start: int, end: int) -> str:
    """Characters of PDFium at the places of `text[start:end]`, one by one by index, without a text API."""
    units = []
    for run in runs:
        low, high = max(start, run.start), min(end, run.start + run.length)
        for offset in range(low, high):
            index = run.source + offset - run.start
            units.append(raw.FPDFText_GetUnicode(textpage.raw, index))
    text = "".join(map(chr, units)).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return expected(text)


def expected(text: str) -> str:
    """Without what cleaning may write differently: blanks, controls, ligatures, hyphens, bullets."""
    text = re.sub(r"[\ufb00-\ufb06]", "f", text)
    return re.sub(
        r"[\s\x00-\x1f\x7f-\x9f\u200b\ufeff\ufffd\U00010000-\U0010ffff\ufffe\x02•\uf0a7\uf0b7\uf0d8\uf076-]",
        "",
        text,
    )


@needs_pdfs
@needs_exam
@pytest.mark.parametrize(
    ("truth", "path", "least"),
    [
        ("1601.03642.txt", EXAM / "docs" / "pdf" / "creativity-in-machine-learning.pdf", 0.9),
        (
            "GeoTopo-book.txt",
            PDFS / "py-pdf+sample-files" / "009-pdflatex-geotopo__GeoTopo-komprimiert.pdf",
            0.8,  # a book of formulas, which the ground truth writes otherwise
        ),
    ],
)
def test_words_are_those_of_the_ground_truth(truth: str, path: Path, least: float) -> None:
    found = read(path, path.name, Settings())
    ours = Counter(word for page in found.pages for word in page.text.split())
    theirs = Counter((PDFS / "ground_truth_text" / truth).read_text(encoding="utf-8").split())
    share = 2 * (ours & theirs).total() / (ours.total() + theirs.total())
    print(f"{truth}: {share:.3f} of the words in common")
    assert share >= least


# ------------------------------------------------------------------ exam


def plain(text: str) -> str:
    """Letters and digits only, links reduced to their text, as the exam's README compares."""
    text = re.sub(r"!?\[([^\]]*)\]\((?:[^()]|\([^()]*\))*\)", r"\1", text)
    return re.sub(r"[^a-z0-9]", "", text.lower())


@needs_exam
def test_every_quote_of_the_exam_is_found() -> None:
    texts: dict[str, FileText] = {}
    quotes = 0
    for line in (EXAM / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        for evidence in question["evidence"]:
            name = evidence["doc"]
            if name not in texts:
                texts[name] = read(EXAM / "docs" / name, name, Settings())
            found = texts[name]
            assert found.paged == (evidence["page"] is not None)
            page = found.pages[(evidence["page"] or 1) - 1]
            assert plain(evidence["quote"]) in plain(page.text), (question["id"], evidence)
            quotes += 1
    assert quotes > 50


@needs_exam
def test_all_documents_of_the_exam_are_read() -> None:
    files = [path for path in (EXAM / "docs").rglob("*") if path.is_file()]
    assert len(files) == 62
    for path in files:
        found = read(path, path.name, Settings())
        assert found.receipt.pages
        markup = [p for p in (r"\]\(http", r"\*\*\w", r"(?m)^#{1,6} ", r"(?m)^\|") if path.suffix == ".md"]
        for page in found.pages:
            assert not [mark for mark in markup if re.search(mark, page.text)], path.name


@needs_pdfs
@pytest.mark.parametrize(
    ("name", "number", "in_order"),
    [
        (  # two columns under a title that goes across both
            "mozilla+pdf.js/test__pdfs__tracemonkey.pdf",
            1,
            [
                "Abstract",
                "Categories and Subject Descriptors",
                "1. Introduction",
                "Permission to make digital",
                "a trace-based compiler can cover",
            ],
        ),
        (  # three columns
            "jsvine+pdfplumber/tests__pdfs__federal-register-2020-17221.pdf",
            5,
            ["Bulletin 737", "FAA’s Determination", "Proposed AD Requirements"],
        ),
    ],
)
def test_columns_are_read_one_after_the_other(
    pool: SandboxPool, name: str, number: int, in_order: list[str]
) -> None:
    text = pool.read(PDFS / name, name).pages[number - 1].text
    places = [text.index(words) for words in in_order]
    assert places == sorted(places)

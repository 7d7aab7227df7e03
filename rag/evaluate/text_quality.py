"""How much of a PDF's text is read, and in the right order: our reader and pypdf against ground truth.

    python -m rag.evaluate.text_quality PDFS [--truth TEXTS] [--pair PDF TEXT] [--json FIGURES]

TEXTS (PDFS/ground_truth_text unless given) holds name.txt for a name.pdf anywhere below PDFS; other
projects prefix their files' names with a path ("folder__name.pdf") or a number ("006-name.pdf").
`--pair` (again and again) names two files that go together under different names.

Similarity is 2·M / T, where T counts the words of both texts and M those in `difflib`'s matching blocks
(Ratcliff, Metzener 1988): 1 is the same words in the same order. The share of the truth's words that
were found in any order stands beside it. Words are compared in lower case, without punctuation, with
ligatures resolved (NFKC).
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from statistics import mean

from ingest.processes.sandbox import SandboxPool
from ingest.settings import Settings

_WORD = re.compile(r"\w+")
Read = Callable[[Path], str]


def words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def similarity(found: Sequence[str], truth: Sequence[str]) -> float:
    """2·M / T, 0 to 1; two empty texts are the same."""
    return SequenceMatcher(None, found, truth, autojunk=False).ratio()


def recall(found: Sequence[str], truth: Sequence[str]) -> float:
    """The share of the truth's words that were found, each as often as it is there; 0 to 1."""
    return sum((Counter(found) & Counter(truth)).values()) / max(1, len(truth))


def pairs(pdfs: Path, truth: Path) -> list[tuple[Path, Path]]:
    """(PDF, its true text), by the PDF's name; texts without a PDF are left out."""
    files = sorted(pdfs.rglob("*.pdf"))
    found = []
    for text in sorted(truth.glob("*.txt")):
        ends = re.compile(rf"(?:^|[-_/]){re.escape(text.stem)}\.pdf$")
        match = next((file for file in files if ends.search(file.name)), None)
        if match:
            found.append((match, text))
    return found


def by_pypdf(path: Path) -> str:
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def measured(files: Sequence[tuple[Path, Path]], readers: dict[str, Read]) -> dict[str, object]:
    """Figures of each reader: the means, and for every file similarity, recall and seconds."""
    rows: list[dict[str, object]] = []
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in readers}
    for path, text in files:
        wanted = words(text.read_text(encoding="utf-8", errors="replace"))
        row: dict[str, object] = {"file": path.name, "words": len(wanted)}
        for name, read in readers.items():
            began = time.perf_counter()
            found = words(read(path))
            seconds = time.perf_counter() - began
            same, part = similarity(found, wanted), recall(found, wanted)
            figures[name].append((same, part))
            row[name] = {
                "similarity": round(same, 4),
                "recall": round(part, 4),
                "seconds": round(seconds, 2),
            }
        rows.append(row)
    summary = {
        name: {
            "similarity": round(mean(same for same, _ in each), 4),
            "recall": round(mean(part for _, part in each), 4),
        }
        for name, each in figures.items()
        if each
    }
    return {"files": len(rows), "mean": summary, "by_file": rows}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.text_quality", description=__doc__)
    parser.add_argument("pdfs", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--pair", type=Path, nargs=2, action="append", default=[], metavar=("PDF", "TEXT"))
    parser.add_argument("--json", type=Path, help="write the figures there instead of printing them")
    chosen = parser.parse_args(arguments)
    truth = chosen.truth or chosen.pdfs / "ground_truth_text"
    if not truth.is_dir():
        parser.error(f"{truth} is no folder of texts; name it with --truth")
    files = [*pairs(chosen.pdfs, truth), *((path, text) for path, text in chosen.pair)]
    if not files:
        parser.error(f"no text in {truth} has the name of a PDF below {chosen.pdfs}; name two with --pair")
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of every font, thousands of times
    pool = SandboxPool(Settings())
    try:
        readers: dict[str, Read] = {
            "footnote": lambda path: "\n".join(page.text for page in pool.read(path, path.name).pages),
            "pypdf": by_pypdf,
        }
        shown = json.dumps(measured(files, readers), indent=1)
    finally:
        pool.close()
    if chosen.json:
        chosen.json.write_text(shown + "\n", encoding="utf-8")
    else:
        print(shown)


if __name__ == "__main__":
    main()

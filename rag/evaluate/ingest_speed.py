"""`python -m rag.evaluate.ingest_speed DIR`: ingest against the usual LangChain pipeline, same files, same run.

Each part is a process of its own, and its clock starts with it:

    footnote   a new home folder, every file of DIR; QUESTION is asked as soon as there is something to ask;
               then the folder, unchanged, once more
    langchain  PyPDFLoader → RecursiveCharacterTextSplitter 1000/200 → HuggingFaceEmbeddings
               all-MiniLM-L6-v2 → Chroma.from_documents; then the passages for QUESTION
    reading    files to text only, as many at a time as there are readers

`--copies N` reads every file N times (a comment is appended to each copy, so that no two are the same): for
libraries larger than DIR. Prints JSON: seconds, peak memory, and the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ingest.settings import Settings, go_offline
from rag.evaluate.minilm import minilm_folder

QUESTION = "What was the total revenue of the year?"
LOOK_SECONDS = 0.05  # between looks whether anything can be asked
REST_SECONDS = 0.5  # between looks whether all is in: each costs the ingest time


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.ingest_speed", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of PDFs")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS))
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--copies", type=int, default=1, metavar="N")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    go_offline(os.environ, allow_download=False)
    if chosen.part:
        print(json.dumps(PARTS[chosen.part](chosen.folder, chosen.store, chosen.question)))
        return
    with tempfile.TemporaryDirectory(prefix="footnote-speed-") as scratch:
        folder = copied(chosen.folder, Path(scratch) / "copies", chosen.copies)
        print(json.dumps(report(folder, Path(scratch), chosen.only, chosen.question), indent=1))


def report(folder: Path, scratch: Path, parts: Sequence[str], question: str) -> dict[str, Any]:
    """Each part measured in its turn, and the ratios between them."""
    from ingest.inference.machine import cpu_name
    from rag.evaluate.processes import watched

    found: dict[str, Any] = {"cpu": cpu_name()}
    for part in parts:
        run = watched([
            "-m", "rag.evaluate.ingest_speed", str(folder),
            "--part", part, "--store", str(scratch / part), "--question", question,
        ])  # fmt: skip
        found[part] = {**json.loads(run.output.splitlines()[-1]), "peak_mib": run.peak_mib}
    if {"footnote", "langchain"} <= found.keys():
        ours, theirs = found["footnote"], found["langchain"]
        found["times_as_fast"] = round(theirs["complete_s"] / ours["complete_s"], 2)
        found["first_answer_times_sooner"] = round(theirs["first_passages_s"] / ours["first_answer_s"], 1)
    return found


def copied(folder: Path, to: Path, copies: int) -> Path:
    """`folder` itself, or a new one with `copies` of each of its PDFs, all different by a comment at the end."""
    if copies <= 1:
        return folder
    for path in sorted(folder.rglob("*.pdf")):
        for number in range(1, copies + 1):
            copy = to / str(number) / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            with copy.open("ab") as file:
                file.write(f"\n% copy {number}\n".encode())
    return to


# ------------------------------------------------------------------ the parts


def footnote(folder: Path, store: Path, question: str) -> dict[str, Any]:
    """Our own pipeline, questions included, in one process and its workers."""
    began = time.perf_counter()

    def passed() -> float:
        return round(time.perf_counter() - began, 2)

    from ingest.commands.gather import gather
    from ingest.home.opening import open_home
    from ingest.model.adding import ENDED
    from ingest.model.documents import DocumentState
    from rag.engine import Engine
    from rag.settings import AskSettings

    home = open_home(Settings.load(home=store))
    try:
        library = home.library(home.create("speed").name)
        library.enqueue(gather([str(folder)]).sources)
        engine = Engine(home, home.settings, AskSettings())
        engine.load()
        while not library.info().chunks:
            time.sleep(LOOK_SECONDS)
        times = {"first_file_s": passed()}
        asked = answer_of(engine, library, question)
        times["first_answer_s"] = passed()
        while sum(row.state is not DocumentState.PENDING for row in library.listed()) < len(library.jobs()):
            time.sleep(REST_SECONDS)
        times["all_words_s"] = passed()
        while not all(job.stage in ENDED for job in library.jobs()):
            time.sleep(REST_SECONDS)
        times["complete_s"] = passed()
        pages = sum(row.pages or 0 for row in library.origins())
        failed = [job.key for job in library.jobs() if job.result and job.result.state == "failed"]
        library.dismiss([job.id for job in library.jobs()])
        again = time.perf_counter()
        states = {result.state for result in library.add(gather([str(folder)]).sources)}
        return {
            **times,
            "pages": pages,
            "pages_per_s": round(pages / times["complete_s"], 1),
            "passages": library.info().chunks,
            "failed": failed,
            "first_answer": asked,
            "unchanged_s": round(time.perf_counter() - again, 2),
            "unchanged": sorted(states),
        }
    finally:
        home.close()


def answer_of(engine: Any, library: Any, question: str) -> str:
    from rag.model import Finished

    *_, last = engine.ask(question, library)
    assert isinstance(last, Finished)
    return last.answer.text[:200]


def langchain(folder: Path, store: Path, question: str) -> dict[str, Any]:
    """The usual pipeline, as its tutorials have it, on one library of PDFs."""
    began = time.perf_counter()
    from langchain_chroma import Chroma
    from langchain_community.document_loaders import PyPDFLoader
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    pages = [page for path in sorted(folder.rglob("*.pdf")) for page in PyPDFLoader(str(path)).load()]
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    chunks = splitter.split_documents(pages)
    embeddings = HuggingFaceEmbeddings(model_name=str(minilm_folder()))
    index = Chroma.from_documents(chunks, embeddings, persist_directory=str(store))
    complete = time.perf_counter() - began
    index.similarity_search(question)
    return {
        "complete_s": round(complete, 2),
        "first_passages_s": round(time.perf_counter() - began, 2),
        "pages": len(pages),
        "pages_per_s": round(len(pages) / complete, 1),
        "passages": len(chunks),
    }


def reading(folder: Path, store: Path, question: str) -> dict[str, Any]:
    """Files to cleaned text, in the sandbox's processes, which are started before the clock."""
    from ingest.processes.sandbox import SandboxPool

    settings = Settings.load()
    paths = sorted(folder.rglob("*.pdf"), key=lambda path: -path.stat().st_size)
    pool = SandboxPool(settings)
    try:
        with ThreadPoolExecutor(settings.readers) as threads:

            def read(path: Path) -> tuple[int, int]:
                pages = pool.read(path, path.name).pages
                return len(pages), sum(len(page.text) for page in pages)

            smallest = paths[-1:] * settings.readers
            list(threads.map(read, smallest))
            began = time.perf_counter()
            counts = list(threads.map(read, paths))
        seconds = time.perf_counter() - began
    finally:
        pool.close()
    pages = sum(count for count, _ in counts)
    return {
        "seconds": round(seconds, 2),
        "pages": pages,
        "characters": sum(length for _, length in counts),
        "pages_per_s": round(pages / seconds, 1),
    }


Part = Callable[[Path, Path, str], dict[str, Any]]
PARTS: dict[str, Part] = {"footnote": footnote, "langchain": langchain, "reading": reading}


if __name__ == "__main__":
    main()

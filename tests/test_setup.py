"""`make` and CI: what is installed when, and what a person is told when it cannot be."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not on this machine.")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that setting up reads, in a folder of their own."""
    for name in ("Makefile", "requirements.txt", "tests/requirements.txt", ".ci/run"):
        target = tmp_path / "footnote" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, target)
    return tmp_path / "footnote"


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(  # also where `make test` runs this
        ["make", *arguments], cwd=folder, env=alone, capture_output=True, text=True, timeout=60, check=False
    )


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def made(folder: Path, *stamps: str) -> None:
    """As if the environment had been made before."""
    (folder / ".venv").mkdir(exist_ok=True)
    for stamp in stamps:
        (folder / ".venv" / stamp).touch()


def test_the_first_run_installs_and_the_second_does_not(clone: Path) -> None:
    first = make(clone, "-n", "run").stdout
    assert "-m venv .venv" in first
    assert re.search(r"pip install .*-r requirements\.txt", first)
    made(clone, ".made", ".ready")
    assert make(clone, "-n", "run").stdout.split() == ["exec", ".venv/bin/python", "app.py"]
    assert make(clone, "-n", "setup").returncode == 0
    assert "pip" not in make(clone, "-n", "setup").stdout


def test_changed_pins_are_installed(clone: Path) -> None:
    made(clone, ".made", ".ready", ".ready-tests")
    stamp = (clone / ".venv" / ".ready").stat().st_mtime
    os.utime(clone / "requirements.txt", (stamp + 10, stamp + 10))
    assert "-r requirements.txt" in make(clone, "-n", "run").stdout
    assert "-r tests/requirements.txt" in make(clone, "-n", "test").stdout


def test_tests_install_what_they_need_and_end_with_pytest(clone: Path) -> None:
    made(clone, ".made", ".ready")
    steps = make(clone, "-n", "test").stdout
    assert "-r tests/requirements.txt" in steps
    assert steps.rstrip().endswith("-m pytest")


def test_a_half_made_environment_is_thrown_away(clone: Path) -> None:
    fake = program(
        clone / "python", f'[ "$1" = -c ] && exec {sys.executable} "$@"\nmkdir -p .venv/bin; exit 1'
    )
    ended = make(clone, "setup", f"PYTHON={fake}")
    assert ended.returncode != 0
    assert "python3-venv" in ended.stderr
    assert not (clone / ".venv").exists()


def test_an_old_python_is_named(clone: Path) -> None:
    old = "import sys; code = sys.argv[1]; sys.version_info = (3, 9, 2); exec(code)"
    fake = program(clone / "python", f"exec {sys.executable} -c '{old}' \"$2\"")
    ended = make(clone, "setup", f"PYTHON={fake}")
    assert ended.returncode != 0
    assert "Python 3.11 or newer" in ended.stderr
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt"])
def test_everything_is_pinned(name: str) -> None:
    for line in (PROJECT / name).read_text(encoding="utf-8").splitlines():
        wanted = line.partition("#")[0].strip()
        assert not wanted or wanted.startswith("-r ") or re.fullmatch(r"[\w.\[\]-]+==[\w.]+", wanted), line


@pytest.mark.parametrize("has_browser", [True, False])
def test_ci_brings_a_browser_and_requires_it(clone: Path, tmp_path: Path, has_browser: bool) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "env"):
        (tools / name).symlink_to(str(shutil.which(name)))
    log = tmp_path / "log"
    program(tools / "id", "echo 0")
    program(tools / "apt-get", f'echo "apt-get $*" >> {log}')
    program(tools / "make", f'echo "make $* $PWD browser=$FOOTNOTE_REQUIRE_BROWSER" >> {log}; exit 3')
    if has_browser:
        program(tools / "chromium", "exit 0")
    ended = subprocess.run(
        ["bash", str(clone / ".ci" / "run")], env={"PATH": str(tools)}, cwd=tmp_path, timeout=60, check=False
    )
    assert ended.returncode == 3, "what make says is what CI hears"
    steps = log.read_text(encoding="utf-8").splitlines()
    assert steps.pop() == f"make test {clone} browser=1"
    assert [step.split()[1] for step in steps] == ([] if has_browser else ["update", "install"])
    assert has_browser or "chromium" in steps[-1]

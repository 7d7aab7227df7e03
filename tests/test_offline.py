"""The program works with the network switched off: adding the sample library, asking it, nothing refused.

Twice: with every socket but loopback refused in each Python process (`tests/offline`), and in a
network namespace without any network, which native code cannot go round either.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
SAMPLE = PROJECT / "ingest" / "sample"
OFFLINE = PROJECT / "tests" / "offline"
QUESTION = "At what wind speed must the dome be closed?"

# Brings loopback up in a fresh network namespace (SIOCSIFFLAGS: IFF_UP | IFF_RUNNING), then runs a module.
_LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))
os.execv(sys.executable, [sys.executable, "-m", *sys.argv[1:]])
"""


def run(command: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done


def with_refusals(report: Path, home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FOOTNOTE_")}
    return {
        **kept,
        "PYTHONPATH": f"{OFFLINE}{os.pathsep}{PROJECT}",
        "FOOTNOTE_TEST_CALLS_OUT": str(report),
        "FOOTNOTE_HOME": str(home),
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "calls-out.txt"


def test_the_guard_refuses_and_reports_in_child_processes_too(report: Path, tmp_path: Path) -> None:
    """So that the tests below can fail. 192.0.2.1 is reserved for documentation (RFC 5737)."""
    child = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    parent = f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {child!r}]).returncode)"
    done = subprocess.run(
        [sys.executable, "-c", parent],
        env=with_refusals(report, tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "CallsOut" in done.stderr
    assert "192.0.2.1" in report.read_text("utf-8")
    lookup = "import socket\ntry: socket.getaddrinfo('example.org', 80)\nexcept OSError: pass"
    subprocess.run(
        [sys.executable, "-c", lookup], env=with_refusals(report, tmp_path), timeout=60, check=True
    )
    assert "example.org" in report.read_text("utf-8"), "reported even when the program swallows the error"


@pytest.mark.slow
def test_adding_and_asking_call_nobody(report: Path, tmp_path: Path) -> None:
    environment = with_refusals(report, tmp_path / "home")
    added = run([sys.executable, "-m", "ingest", "add", str(SAMPLE), "--json"], environment)
    assert added.stdout.count('"state": "added"') == 7
    asked = run([sys.executable, "-m", "rag", "ask", QUESTION], environment)
    assert "40 km/h" in asked.stdout
    assert not report.exists(), report.read_text("utf-8")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Network namespaces are Linux's.")
def test_adding_and_asking_work_where_there_is_no_network(report: Path, tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("This machine does not let us make a network namespace (unshare -rn).")
    alone = [unshare, "-rn", sys.executable, "-c", _LOOPBACK_UP]
    environment = with_refusals(report, tmp_path / "home")
    interfaces = [unshare, "-rn", sys.executable, "-c", "import socket; print(socket.if_nameindex())"]
    assert run(interfaces, environment).stdout.strip() == "[(1, 'lo')]"
    run([*alone, "ingest", "add", str(SAMPLE), "--json"], environment)
    asked = run([*alone, "rag", "ask", QUESTION, "--json"], environment)
    assert "40 km/h" in asked.stdout
    assert not report.exists(), report.read_text("utf-8")


def test_this_test_run_itself_is_held_to_loopback(monkeypatch: pytest.MonkeyPatch, report: Path) -> None:
    monkeypatch.setenv("FOOTNOTE_TEST_CALLS_OUT", str(report))  # not a fault of the session
    with pytest.raises(OSError, match="loopback only"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)

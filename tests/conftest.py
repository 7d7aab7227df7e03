"""What every test stands on: no network but loopback, no settings of the person, real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tests.offline.loopback_only  # noqa: F401  (guards this process)
from ingest.inference import choice, machine
from ingest.settings import Settings, go_offline
from rag.settings import AskSettings

if TYPE_CHECKING:
    from ingest.home.opening import LocalHome

# Elsewhere int8 products saturate, and the golden check turns the format down (`ingest.inference.choice.probe`).
exact_int8 = pytest.mark.skipif(
    not machine.cpu_flags() & choice.NATIVE["int8"],
    reason="This CPU multiplies int8 without VNNI or AMX: other values, and the format is not used.",
)

PROJECT = Path(__file__).resolve().parent.parent
OFFLINE = PROJECT / "tests" / "offline"
SHARED = PROJECT.parent / "shared"


@dataclass(frozen=True)
class Ended:
    """A command line run that has ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output as lines of JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


CommandLine = Callable[..., Ended]


@pytest.fixture(scope="session")
def calls_out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file that names every attempt to reach another machine; the session fails if there is one."""
    report = tmp_path_factory.mktemp("network") / "calls-out.txt"
    os.environ["FOOTNOTE_TEST_CALLS_OUT"] = str(report)
    yield report
    attempts = report.read_text(encoding="utf-8") if report.exists() else ""
    assert not attempts, f"Something called out:\n{attempts}"


@pytest.fixture(scope="session", autouse=True)
def own_settings(calls_out: Path) -> Iterator[None]:
    """Tests see Footnote's defaults, whatever this shell exports; a test may set what it needs."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("FOOTNOTE_")}
    go_offline(os.environ, allow_download=False)  # before a test imports what reads it
    for name in kept:
        if name not in ("FOOTNOTE_REQUIRE_BROWSER", "FOOTNOTE_TEST_CALLS_OUT"):
            del os.environ[name]
    yield
    os.environ.update(kept)


@pytest.fixture(scope="session")
def environment(calls_out: Path) -> dict[str, str]:
    """The environment of a started process: loopback only, two threads at most."""
    return {**os.environ, "PYTHONPATH": f"{OFFLINE}{os.pathsep}{PROJECT}", "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def command_line(environment: dict[str, str]) -> CommandLine:
    """Runs `python -m MODULE ARGUMENT…` to its end, as a person's shell would (not on a terminal)."""

    def run(
        module: str,
        *arguments: str | Path,
        cwd: Path | None = None,
        input: str | bytes = "",
        env: dict[str, str] | None = None,
        timeout_seconds: float = 180,
    ) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=cwd or PROJECT,
            input=input.encode() if isinstance(input, str) else input,
            env={**environment, **(env or {})},
            capture_output=True,
            timeout=timeout_seconds,
            check=False,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture(scope="session")
def app_home(tmp_path_factory: pytest.TempPathFactory, own_settings: None) -> Iterator[LocalHome]:
    """A home folder that this process owns and serves, as the app does. Use a library of your own."""
    from ingest.home.opening import open_home
    from ingest.remote.service import service_routes
    from rag.api.routes import ask_routes
    from rag.engine import Engine
    from tests.servers.home_server import serving

    settings = Settings(home=tmp_path_factory.mktemp("app") / "home")
    home = open_home(settings)
    engine = Engine(home, settings, AskSettings())
    token = home.lock.token
    try:
        with serving(home.lock, [*service_routes(home, token), *ask_routes(engine, home, token)]):
            yield home
    finally:
        home.close()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data that lies beside the project on some machines only."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not on this machine.")
    return SHARED

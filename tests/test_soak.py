"""The whole app, killed at random moments under load: `make soak`. FOOTNOTE_SOAK_KILLS sets how often (200)."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ingest.errors import FootnoteError
from ingest.home.lock import read_owner
from ingest.model.adding import ENDED, AddState, Source
from ingest.model.documents import DocumentState
from ingest.model.upkeep import Remains
from ingest.protocols import Library
from ingest.remote.client import RemoteHome
from tests.conftest import PROJECT

KILLS = int(os.environ.get("FOOTNOTE_SOAK_KILLS", "200"))  # read here: the tests hide settings of the shell
START_SECONDS = 300.0  # to serve, and to work off the queue; long, for machines that do other things, too
LOAD_SECONDS = 6.0  # a kill comes within these
FILES = 6


@dataclass
class Load:
    """Adds, replaces and removes over loopback; `kept` is what was acknowledged (None: removed)."""

    folder: Path
    chance: random.Random
    kept: dict[str, int | None] = field(default_factory=dict)
    doubt: dict[str, set[int | None]] = field(default_factory=dict)
    revision: int = 0

    def run(self, library: Library) -> None:
        """Until the app is gone."""
        try:
            while True:
                self.step(library)
        except FootnoteError:
            return

    def step(self, library: Library) -> None:
        keys = self.chance.sample([f"file-{number}.md" for number in range(FILES)], 3)
        there = [key for key in keys if self.kept.get(key) is not None]
        if there and self.chance.random() < 0.3:
            self.doubt = {key: {self.kept[key], None} for key in there}
            library.remove(there)
            self.kept.update(dict.fromkeys(there))
        else:
            sources, wanted = [], {}
            for key in keys:
                self.revision += 1
                wanted[key] = self.revision
                sources.append(self.written(key, self.revision))
            self.doubt = {key: {self.kept.get(key), number} for key, number in wanted.items()}
            for result in library.add(sources):
                assert result.state in (AddState.ADDED, AddState.REPLACED), result
                self.kept[result.document] = wanted[result.document]
                del self.doubt[result.document]
        self.doubt = {}

    def written(self, key: str, revision: int) -> Source:
        path = self.folder / key
        body = "\n\n".join(
            f"Part {part} of revision {revision} has seal r{revision}p{part}." for part in range(30)
        )
        path.write_text(f"# {key}\n\n{body}", encoding="utf-8")
        return Source(str(path), key, str(path))


@pytest.mark.soak
def test_killed_at_any_moment_the_app_loses_nothing(tmp_path: Path, environment: dict[str, str]) -> None:
    load = Load(tmp_path / "files", random.Random(200))
    load.folder.mkdir()
    home = tmp_path / "home"
    for kill in range(KILLS + 1):
        app, remote = started(home, tmp_path / "app.log", environment)
        try:
            if kill == 0:
                remote.create("load")
            library = remote.library("load")
            settle(library)
            verify(remote, library, load)
            if kill < KILLS:
                worker = threading.Thread(target=load.run, args=(library,))
                worker.start()
                time.sleep(load.chance.random() * LOAD_SECONDS)
                app.kill()
                worker.join(60)
                assert not worker.is_alive()
        finally:
            app.kill()
            app.wait()
            remote.close()
    assert load.revision > KILLS
    assert "Traceback" not in (tmp_path / "app.log").read_text(encoding="utf-8")


def started(home: Path, log: Path, environment: dict[str, str]) -> tuple[subprocess.Popen[bytes], RemoteHome]:
    """`python app.py` over `home`, and its libraries."""
    with log.open("ab") as file:
        app = subprocess.Popen(
            [sys.executable, str(PROJECT / "app.py")],
            cwd=home.parent,
            env={**environment, "FOOTNOTE_HOME": str(home)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert app.poll() is None, log.read_text(encoding="utf-8")
        owner = read_owner(home)
        if owner is not None and owner.address and owner.pid == app.pid:
            remote = RemoteHome(owner)
            if remote.answers():
                return app, remote
            remote.close()
        time.sleep(0.1)
    app.kill()
    pytest.fail(f"The app did not start within {START_SECONDS:.0f} s: {log.read_text(encoding='utf-8')}")


def settle(library: Library) -> None:
    """Wait until the queue that the killed app has left is worked off."""
    until = time.monotonic() + START_SECONDS
    while any(job.stage not in ENDED for job in library.jobs()):
        assert time.monotonic() < until, library.jobs()
        time.sleep(0.1)
    library.dismiss([job.id for job in library.jobs()])


def verify(remote: RemoteHome, library: Library, load: Load) -> None:
    """Every acknowledged document is there, whole and once; nothing else is anywhere."""
    assert remote.check() == []
    assert remote.remains() == Remains(0, 0, 0, 0)
    held: dict[str, int] = {}
    for origin in library.origins():
        assert origin.state is DocumentState.COMPLETE, origin
        (page,) = library.pages(origin.key)
        revision = int(page.text.split(" of revision ")[1].split()[0])
        assert all(f"seal r{revision}p{part}." in page.text for part in range(30)), origin
        chunks = library.document_chunks(origin.key)
        assert sum(chunk.text.count(" has seal ") for chunk in chunks) == 30, "whole, and nothing twice"
        assert library.original(origin.key).decode() == (
            f"# {origin.key}\n\n" + page.text.partition("\n\n")[2]
        )
        held[origin.key] = revision
    for key in {*held, *load.kept}:
        assert held.get(key) in load.doubt.get(key, {load.kept.get(key)}), (key, held, load.kept, load.doubt)
    load.kept = dict(held)
    load.doubt = {}

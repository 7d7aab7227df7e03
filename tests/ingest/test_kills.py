"""Twenty kills of the stores in the middle of a load: nothing acknowledged is lost, nothing is left over.

The whole app is killed 200 times in `make soak` (tests/test_soak.py).
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.indexes.checking import check_library, check_originals, find_remains
from ingest.model.documents import DocumentState
from ingest.model.upkeep import Remains
from ingest.settings import PROJECT
from tests.ingest import store_load
from tests.ingest.store_load import Stores, key_of

KILLS = 20


@pytest.mark.slow
def test_killed_at_any_moment_the_stores_lose_nothing(tmp_path: Path) -> None:
    chance = random.Random(20)
    folder = tmp_path / "home"
    kept: dict[str, int] = {}  # key → revision acknowledged
    number = 0
    for kill in range(KILLS):
        lines = killed(folder, number, after_lines=chance.randint(1, 9), seconds=chance.random() * 0.03)
        doubt: dict[str, tuple[int | None, ...]] = {}  # key → what it may hold: a step was not acknowledged
        for word, given in (line.split() for line in lines if line != "ready"):
            number = max(number, int(given) + 1)
            key = key_of(int(given))
            doubt.pop(key, None)
            if word == "adding":
                doubt[key] = (kept.get(key), int(given))
            elif word == "removing":
                doubt[key] = (kept.get(key), None)
            elif word == "added":
                kept[key] = int(given)
            else:
                kept.pop(key, None)
        with store_load.opened(folder) as stores:
            stores.recover()
            held = what_is_held(stores)
            for key in {*kept, *held} - set(doubt):
                assert held.get(key) == kept.get(key), (kill, key)
            for key, possible in doubt.items():
                assert held.get(key) in possible, (kill, key)
            kept = held
    assert number > KILLS, "the load has done something between the kills"


def killed(folder: Path, begin: int, after_lines: int, seconds: float) -> list[str]:
    """What the load had said when it was killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ingest.store_load", folder, str(begin)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line.strip())
        if len(said) > after_lines:
            break
    assert said, "the load has not begun"
    time.sleep(seconds)
    process.kill()
    said += [line.strip() for line in process.stdout if line.endswith("\n")]
    process.wait()
    return said


def what_is_held(stores: Stores) -> dict[str, int]:
    """Key → revision, after finding every document whole, once, and nothing else anywhere."""
    library_id = stores.library_id()
    with stores.outbox.still():
        assert check_library("load", library_id, stores.catalog, stores.words, stores.vectors) == []
        assert check_originals(stores.catalog, stores.originals) == []
        left = find_remains(stores.catalog, stores.words, stores.vectors, stores.originals)
    assert left == Remains(0, 0, 0, 0)
    assert stores.queue.rows() == []
    found: dict[str, int] = {}
    for origin in stores.catalog.documents.origins(library_id):
        assert origin.state is DocumentState.COMPLETE
        head, body = stores.catalog.passages.of_document(origin.document_id)
        revision = int(body.text.split()[1])
        assert head.text == f"# File {revision}"
        assert body.text.endswith(f"value {revision * 31}.")
        found[origin.key] = revision
        hits = stores.catalog.passages.live(
            [i for i, _ in stores.words.search(library_id, str(revision * 31), 5)]
        )
        assert [hit.id for hit in hits.values() if f"value {revision * 31}." in hit.text] == [body.id]
    return found

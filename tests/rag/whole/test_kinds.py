"""The kind of a question by its meaning: the shipped embedder and fit, in words that stand in no form."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ingest.embedder import load_embedder
from ingest.errors import ModelUnavailable
from ingest.protocols import Embedder
from ingest.settings import Settings
from rag.whole.kinds import KINDS, Kind, Kinds, likely, shipped


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return load_embedder(Settings(home=tmp_path_factory.mktemp("kinds")))


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Where all does HiBob pop up in our paperwork?", "mention"),
        ("what have we got lying around about pensions?", "about"),
        ("what's our collection made of", "catalogue"),
        ("fish out the percentages from the earnings release", "things"),
        ("are the severance page and the moonlighting page at odds?", "compare"),
        ("long story short: what's in the welcome pack", "summary"),
        ("median pay by team", "table"),
        ("How do I get access to the sandbox?", "ordinary"),
        ("When was the telescope built?", "ordinary"),
        ("who approves hybrid working requests", "ordinary"),
        ("Which form do I need for a season ticket loan?", "ordinary"),
    ],
)
def test_the_meaning_tells_the_kind(embedder: Embedder, question: str, kind: Kind) -> None:
    found = likely(embedder, question)
    assert set(found) == set(KINDS)
    assert sum(found.values()) == pytest.approx(1.0)
    assert max(found, key=lambda each: found[each]) == kind
    assert (found["ordinary"] > 0.8) == (kind == "ordinary")


def test_another_embedder_tells_nothing() -> None:
    assert likely(cast(Any, SimpleNamespace(identity="st-other")), "list all documents") == {}


def test_a_file_that_does_not_fit_is_named_with_the_remedy(tmp_path: Path) -> None:
    kept = tmp_path / "kinds.json"
    with pytest.raises(ModelUnavailable, match="refit --data"):
        Kinds.read(kept)
    kept.write_text('{"kinds": ["one"]}', encoding="utf-8")
    with pytest.raises(ModelUnavailable, match=r"kinds\.json"):
        Kinds.read(kept)
    shipped().write(kept, "a copy")
    assert Kinds.read(kept).terms == shipped().terms

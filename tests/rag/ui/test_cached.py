"""Settings chosen on a page: the next question is asked under them, a running one is not disturbed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

import rag.ui.cached
from ingest.errors import WrongUsage
from ingest.settings import Settings
from rag.engine import Engine
from rag.loaded import Loaded, Models
from rag.model import Event
from rag.settings import AskSettings, chosen
from rag.ui.cached import Backend, EngineInUse, Opened


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    settings, ask = Settings(home=tmp_path), AskSettings()
    loaded = Loaded(settings)
    loaded._models = Models(cast(Any, "embedder"), cast(Any, "reader"), cast(Any, "calibration"))
    engine = Engine(cast(Any, None), settings, ask, loaded)
    made = Backend()
    made.opened = Opened(settings, ask, cast(Any, None), engine, cast(Any, None))
    monkeypatch.setattr(rag.ui.cached, "backend", made)
    return made


def now(backend: Backend) -> Opened:
    assert backend.opened is not None
    return backend.opened


def test_a_choice_is_kept_and_in_use_at_once(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    before = now(backend)
    backend.use({"read_candidates": 4})
    assert chosen(before.settings.home) == {"read_candidates": 4}
    assert now(backend).ask_settings.read_candidates == 4
    assert now(backend).engine.ask_settings is now(backend).ask_settings
    assert now(backend).engine.load() is before.engine.load(), "the models are not loaded anew"
    assert now(backend).engine._loaded is before.engine._loaded, "nor are chat models opened anew"
    assert before.engine.ask_settings.read_candidates == 24, "a running question keeps its settings"
    assert now(backend).asking is before.asking
    backend.use({"read_candidates": None})
    assert now(backend).ask_settings == AskSettings()


def test_what_is_refused_changes_nothing(backend: Backend) -> None:
    before = now(backend)
    with pytest.raises(WrongUsage):
        backend.use({"read_candidates": "four"})
    assert now(backend) is before


def test_the_routes_ask_under_the_settings_of_the_moment(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def ask(self: Engine, *_: object, query: str = "") -> list[Event]:
        seen.append(self.ask_settings.read_candidates)
        return []

    monkeypatch.setattr(Engine, "ask", ask)
    in_use = EngineInUse()
    in_use.ask("q", cast(Any, None))
    backend.use({"read_candidates": 4})
    in_use.ask("q", cast(Any, None))
    assert seen == [24, 4]

"""Files dropped on the page go once into the library that is looked at, however late the browser is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from streamlit.testing.v1 import AppTest

import rag.ui.cached
from ingest.home.opening import LocalHome, open_home
from ingest.settings import Settings
from rag.settings import AskSettings
from rag.ui.cached import Backend, Opened


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHome]:
    settings = Settings(home=tmp_path / "home")
    made = open_home(settings)
    made.pause()  # the files stay in the queue
    backend = Backend()
    nobody = cast(Any, None)
    backend.opened = Opened(settings, AskSettings(), made, nobody, nobody)
    monkeypatch.setattr(rag.ui.cached, "backend", backend)
    yield made
    made.close()


def dropped_twice() -> None:
    """The page drew its zone for Attic; then the person went to Cellar, and the browser sent its files twice."""
    from io import BytesIO

    import streamlit as st

    from rag.ui import session
    from rag.ui.chat.chat_page import take_dropped

    file = BytesIO(b"Green tea is steeped for three minutes.")
    file.name = "tea.txt"
    st.session_state["drop_zone_round"] = 0
    st.session_state["drop_zone_0"] = [file]
    st.session_state[session.LIBRARY] = "Cellar"
    for _ in range(2):
        take_dropped("zone", 0)


def test_they_are_taken_once_by_the_library_that_is_looked_at(home: LocalHome) -> None:
    attic, cellar = home.create("Attic"), home.create("Cellar")
    ran = AppTest.from_function(dropped_twice).run(timeout=20)
    assert not ran.exception
    assert [job.key for job in home.library(cellar.name).jobs()] == ["tea.txt"]
    assert home.library(attic.name).jobs() == []

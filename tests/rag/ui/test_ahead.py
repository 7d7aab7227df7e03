"""What is loaded before a page needs it."""

from __future__ import annotations

from rag.ui.ahead import SCRIPTS, scripts


def test_streamlit_has_every_script_that_is_loaded_ahead() -> None:
    names = [path.removeprefix("/static/js/").split(".")[0] for path in scripts()]
    assert names == list(SCRIPTS)

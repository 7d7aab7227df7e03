"""What stands on the page while the home folder is opened and the models are loaded."""

from __future__ import annotations

import streamlit as st

from rag.ui.cached import backend
from rag.ui.session import plain

POLL_SECONDS = 0.4


def wait_until_open() -> None:
    """Draw a waiting page and end the run, unless everything is open."""
    if backend.opened is not None:
        return
    with st.container(key="opening"):
        if backend.fault:
            st.html("<h1>Footnote cannot start</h1>")
            st.warning(plain(backend.fault), icon=":material/info:")
        else:
            st.html('<p role="status">Opening your libraries …</p>')
            _poll()
    st.stop()


@st.fragment(run_every=POLL_SECONDS)
def _poll() -> None:
    if backend.opened is not None or backend.fault:
        st.rerun()


def model_state() -> None:
    """One line while the models load; nothing once they are there."""
    if backend.opened is not None and not backend.opened.engine.ready:
        _model_state()


@st.fragment(run_every=POLL_SECONDS * 2)
def _model_state() -> None:
    if backend.opened is None or backend.opened.engine.ready:
        return
    state = backend.opened.engine.state
    with st.container(key="models"):
        st.caption(plain(state[:1].upper() + state[1:] + ("" if state.endswith(".") else " …")))

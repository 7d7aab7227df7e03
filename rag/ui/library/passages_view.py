"""The passages of a document, in a drawer: looked through, switched off, corrected, and all that taken back."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from ingest.errors import FootnoteError
from ingest.model.chunks import PassageList, StoredChunk
from ingest.protocols import Library
from rag.ui import session
from rag.ui.cached import opened
from rag.ui.render import chunk_place, counted
from rag.ui.session import plain

SHOWN = 20  # passages on a page of the list
ALL, CHANGED = "All", "Changed by hand"
EDITED, FAULT = "passage_edited", "passage_fault"  # keys in session_state
SEARCH, WHICH, PAGE = "passage_search", "passage_which", "passage_page"


def button(library: Library, key: str, changed: int) -> None:
    """What opens the drawer; `changed` passages of the document are switched off or corrected."""
    if st.button("Passages", icon=":material/notes:", key="passages"):
        for name in (EDITED, FAULT, SEARCH, WHICH, PAGE):
            st.session_state.pop(name, None)
        drawer(library.name, key)
    if changed:
        st.caption(f"{counted(changed, 'passage')} changed by hand")


@st.dialog("Passages", width="medium", position="right", on_dismiss="rerun")
def drawer(library_name: str, key: str) -> None:
    try:
        library = opened().home.library(library_name)
        found = _chosen(library, key)
    except FootnoteError as error:
        session.show_fault(error)
        return
    if fault := st.session_state.pop(FAULT, ""):
        st.warning(plain(fault), icon=":material/info:")
    if not found.found:
        st.caption("No passage fits." if _asked() else "This document has no passages.")
    for chunk in found.passages:
        _passage(library, chunk)
    pages = -(-found.found // SHOWN)
    if pages > 1:
        st.pagination(pages, key=PAGE)


def _chosen(library: Library, key: str) -> PassageList:
    """The passages to show, under the fields that choose them."""
    st.caption(plain(key))
    search = st.text_input(
        "Search passages",
        key=SEARCH,
        placeholder="Search in the passages",
        label_visibility="collapsed",
        icon=":material/search:",
        on_change=_first_page,
    )
    count = st.container()
    which = st.session_state.get(WHICH) or ALL
    first = (st.session_state.get(PAGE, 1) - 1) * SHOWN
    found = library.passages(key, search, changed=which == CHANGED, first=first, limit=SHOWN)
    if found.found and not found.passages:  # what was on this page is no longer among them
        _first_page()
        found = library.passages(key, search, changed=which == CHANGED, limit=SHOWN)
    with count, st.container(horizontal=True, vertical_alignment="center"):
        st.caption(counted(found.found, "passage"))
        if found.changed or which == CHANGED:
            st.segmented_control(
                "Which passages", [ALL, CHANGED], default=ALL, required=True, key=WHICH,
                label_visibility="collapsed", on_change=_first_page,
            )  # fmt: skip
    return found


def _asked() -> bool:
    return bool(st.session_state.get(SEARCH) or st.session_state.get(WHICH) == CHANGED)


def _first_page() -> None:
    st.session_state.pop(PAGE, None)


def _passage(library: Library, chunk: StoredChunk) -> None:
    look = "off" if chunk.off else "on"
    with st.container(key=f"passage_{look}_{chunk.id}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", key=f"passage_head_{chunk.id}"):
            st.caption(plain(" · ".join(filter(None, (f"{chunk.ordinal + 1:,}", chunk_place(chunk))))))
            if chunk.off:
                st.badge("Switched off", icon=":material/visibility_off:", color="gray")
            if chunk.as_read is not None:
                st.badge("Corrected", icon=":material/edit:", color="blue")
        if st.session_state.get(EDITED) == chunk.id:
            _editor(library, chunk)
            return
        st.text(chunk.text)
        if chunk.as_read is not None:
            with st.expander("As it was read"):
                st.text(chunk.as_read)
        with st.container(horizontal=True, key=f"passage_acts_{chunk.id}"):
            _act("Switch on" if chunk.off else "Switch off", f"switch_{chunk.id}",
                 lambda: library.switch(chunk.id, off=not chunk.off))  # fmt: skip
            _act("Correct", f"correct_{chunk.id}", lambda: st.session_state.update({EDITED: chunk.id}))
            if chunk.as_read is not None:
                _act(
                    "Take the correction back", f"as_read_{chunk.id}", lambda: library.correct(chunk.id, None)
                )


def _editor(library: Library, chunk: StoredChunk) -> None:
    """The correction being written, with what was read below it."""

    def save() -> None:
        library.correct(chunk.id, text)
        st.session_state.pop(EDITED)

    lines = chunk.text.count("\n") + len(chunk.text) // 70
    text = st.text_area(
        "What this passage says",
        chunk.text,
        key=f"correction_{chunk.id}",
        height=min(480, 70 + 21 * lines),
        help="Answers quote this text and say that it was corrected; the page keeps what was read.",
    )
    if chunk.as_read is not None:
        st.caption("As it was read")
        st.text(chunk.as_read)
    with st.container(horizontal=True):
        _act("Save", f"save_{chunk.id}", save, primary=True)
        _act("Cancel", f"cancel_{chunk.id}", lambda: st.session_state.pop(EDITED))


def _act(label: str, key: str, act: Callable[[], object], primary: bool = False) -> None:
    """A button that does something to a passage and draws the drawer anew."""
    if st.button(label, type="primary" if primary else "tertiary", key=key):
        try:
            with st.spinner("Keeping it …", show_time=False):
                act()
        except FootnoteError as error:
            st.session_state[FAULT] = str(error)
        st.rerun(scope="fragment")

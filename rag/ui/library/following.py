"""Folders and sites kept in step: named, seen, paused, changed and let go on the Library page; web addresses added."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from ingest.errors import FootnoteError, NotFound
from ingest.follow.model import Followed, FollowState
from ingest.protocols import Library
from ingest.web.addresses import address_source, normal_address
from ingest.web.fetch import permitted
from rag.ui import session
from rag.ui.cached import opened
from rag.ui.render import counted
from rag.ui.session import plain

POLL_SECONDS = 2.0
DIALOG = "follow_dialog"  # in session_state: one is open, and the page must not be redrawn under it
STATES = {
    FollowState.WAITING: "About to be looked at",
    FollowState.WORKING: "Taking files in",
    FollowState.IN_STEP: "In step",
    FollowState.FAULT: "Not in step",
}


def draw(library: Library) -> None:
    """What is followed, and the button to follow more."""
    rows = library.followed()
    if rows:
        with st.container(key="followed", border=True, gap="small"):
            st.html('<h2 class="followed">Kept in step</h2>')
            for row in rows:
                _row(library, row)
    with st.container(horizontal=True, key="follow_more"):
        if st.button("Follow a folder", type="tertiary", icon=":material/sync:", key="follow_folder"):
            _open(lambda: follow_folder(library.name))
        if st.button("Add a web address", type="tertiary", icon=":material/link:", key="add_address"):
            _open(lambda: add_address(library.name))


def _row(library: Library, row: Followed) -> None:
    with st.container(horizontal=True, key=f"followed_{row.id}"):
        with st.container(key=f"followed_text_{row.id}", gap=None):
            _standing(library.name, row)
        chosen = st.menu_button(
            f"What to do with {plain(row.place)}",
            ["Look now", "Resume" if row.paused else "Pause", "Change", "Stop following"],
            type="tertiary",
            icon=":material/more_horiz:",
            key=f"followed_menu_{row.id}",
        )
    try:
        match chosen:
            case "Look now":
                library.look(row.id)
            case "Pause" | "Resume":
                library.change_followed(row.id, paused=chosen == "Pause")
            case "Change":
                _open(lambda: change(library.name, row))
            case "Stop following":
                _open(lambda: stop(library.name, row))
    except FootnoteError as error:
        session.show_later(error)
    if chosen in ("Look now", "Pause", "Resume"):
        st.rerun()


@st.fragment(run_every=POLL_SECONDS)
def _standing(library_name: str, drawn: Followed) -> None:
    """How one stands now; the page is drawn anew when work on it begins or has ended."""
    try:
        library = opened().home.library(library_name)
        row = next((each for each in library.followed() if each.id == drawn.id), drawn)
    except NotFound:  # the library was deleted in another tab
        row = drawn
    st.markdown(f"**{plain(row.place)}**")
    st.caption(plain(line(row)))
    if row.fault and not row.paused:
        st.text(row.fault)
    if row.left_out:
        with st.expander(f"{counted(row.left_out, 'file')} left out"):
            st.text("\n".join(row.notes))
            if row.left_out > len(row.notes):
                st.caption(f"and {row.left_out - len(row.notes):,} more")
    working = (row.state is FollowState.WORKING, row.files)
    if working != (drawn.state is FollowState.WORKING, drawn.files) and not st.session_state.get(DIALOG):
        st.rerun()


def line(row: Followed) -> str:
    """ "In step · 38 files · last look 14:32 · only *.pdf · without drafts"."""
    parts = ["Paused" if row.paused else STATES[row.state]]
    if row.looked_at:
        at = datetime.fromtimestamp(row.looked_at)
        today = at.date() == datetime.now().date()
        parts += [
            counted(row.files, "file"),
            f"last look {at:%H:%M}" + ("" if today else f" on {at:%d %b %Y}"),
        ]
    if row.include:
        parts.append("only " + ", ".join(row.include))
    if row.exclude:
        parts.append("without " + ", ".join(row.exclude))
    return " · ".join(parts)


# ---------------------------------------------------------------------- dialogs


def _open(dialog: Callable[[], None]) -> None:
    st.session_state[DIALOG] = True
    dialog()


def _closed() -> None:
    st.session_state.pop(DIALOG, None)


def _done() -> None:
    _closed()
    st.rerun()


@st.dialog("Follow a folder", on_dismiss=_closed)
def follow_folder(library_name: str) -> None:
    st.text(
        "Files that are added, changed, moved or deleted in it follow in this library, while Footnote runs. "
        "In the folder itself nothing is changed."
    )
    with st.form("follow_folder_form", border=False):
        place = st.text_input("Folder on this computer", placeholder="/home/you/Documents/Handbook")
        include, exclude = _patterns((), ())
        if st.form_submit_button("Follow", type="primary"):
            try:
                opened().home.library(library_name).follow(place, include, exclude)
            except FootnoteError as error:
                session.show_fault(error)
            else:
                _done()


@st.dialog("Add a web address", on_dismiss=_closed)
def add_address(library_name: str) -> None:
    try:
        permitted(opened().settings)
    except FootnoteError as error:
        session.show_fault(error)
        return
    with st.form("add_address_form", border=False):
        typed = st.text_input("Address", placeholder="https://example.org/page.html")
        keep = st.checkbox("This is a sitemap or a list of addresses: keep its pages in step")
        st.caption(
            "The page is fetched once, now. Its site sees this computer's address and that Footnote asks."
        )
        if st.form_submit_button("Add", type="primary"):
            library = opened().home.library(library_name)
            try:
                if keep:
                    library.follow(normal_address(typed))
                else:
                    with st.spinner("Asking for the page …"):
                        library.enqueue([address_source(typed)])
            except FootnoteError as error:
                session.show_fault(error)
            else:
                _done()


@st.dialog("Which files count", on_dismiss=_closed)
def change(library_name: str, row: Followed) -> None:
    st.text(row.place)
    with st.form("change_followed", border=False):
        include, exclude = _patterns(row.include, row.exclude)
        st.caption("Files that count no more leave the library at the next look.")
        if st.form_submit_button("Save", type="primary"):
            try:
                opened().home.library(library_name).change_followed(row.id, include=include, exclude=exclude)
            except FootnoteError as error:
                session.show_fault(error)
            else:
                _done()


def _patterns(include: tuple[str, ...], exclude: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Two fields of a form, with patterns set apart by commas."""
    only = st.text_input("Only files like", value=", ".join(include), placeholder="all that Footnote reads")
    without = st.text_input("No files like", value=", ".join(exclude), placeholder="drafts, *.log")
    st.caption("Patterns for names, folders or paths; commas set them apart.")
    return only.split(","), without.split(",")


@st.dialog("Stop following", on_dismiss=_closed)
def stop(library_name: str, row: Followed) -> None:
    st.text(
        f"{row.place} will be followed no more. What shall become of its {counted(row.files, 'file')} in this "
        "library? On your disk they stay."
    )
    with st.container(horizontal=True):
        keep = st.button("Keep them", type="primary", key="unfollow_keep")
        remove = st.button("Remove them", key="unfollow_remove")
        if st.button("Go on following", type="tertiary", key="unfollow_not"):
            _done()
    if keep or remove:
        try:
            opened().home.library(library_name).unfollow(row.id, remove)
        except FootnoteError as error:
            session.show_later(error)
        _done()

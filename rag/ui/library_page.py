"""Library: add files, watch them being read, see what is there, look into it, take it out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from ingest.errors import FootnoteError
from ingest.model import DocumentDetail, DocumentState, LibraryInfo, OriginInfo, PageState
from ingest.places import unit
from ingest.protocols import Library
from rag.ui import following, progress, session, uploads
from rag.ui.cached import opened
from rag.ui.chat_page import drop_zone
from rag.ui.render import chunk_place, counted, duration, size
from rag.ui.session import plain

STATES = {
    DocumentState.PENDING: "Being read",
    DocumentState.WORDS: "Searchable by words",
    DocumentState.COMPLETE: "Complete",
}
TABLE = "origins_table"
ROW_PIXELS, ROWS_SHOWN = 35, 14
PAGES_LISTED = 50


def show() -> None:
    library = session.library()
    info = library.info()
    with st.container(key="wide"):
        heading(info)
        session.show_pending_fault()
        drop_zone(library, "library")
        following.draw(library)
        progress.draw(library)
        if info.origins:
            table(library)
        elif not library.jobs():
            with st.container(horizontal=True, key="nothing"):
                st.caption("Nothing here yet. Drop files above, or load a few texts to try Footnote with.")
                if st.button("Try the sample library", type="tertiary", key="sample"):
                    try:
                        uploads.add_sample()
                    except FootnoteError as error:
                        session.show_later(error)
                    st.rerun()


def heading(info: LibraryInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="heading"):
        st.header(plain(info.name), anchor=False, width="content")
        chosen = st.menu_button("Manage", ["New library", "Rename", "Delete"], key="manage")
    st.caption(
        " · ".join(
            (counted(info.documents, "document"), counted(info.chunks, "passage"), size(info.size_bytes))
        )
    )
    match chosen:
        case "New library":
            create_library()
        case "Rename":
            rename_library(info.name)
        case "Delete":
            delete_library(info)


# ---------------------------------------------------------------------- dialogs


@st.dialog("New library")
def create_library() -> None:
    with st.form("create_library", border=False):
        name = st.text_input("Name", max_chars=80, placeholder="Handbook")
        if st.form_submit_button("Create", type="primary"):
            try:
                session.use_library(opened().home.create(name).name)
            except FootnoteError as error:
                session.show_fault(error)
            else:
                st.rerun()


@st.dialog("Rename this library")
def rename_library(old: str) -> None:
    with st.form("rename_library", border=False):
        name = st.text_input("Name", value=old, max_chars=80)
        if st.form_submit_button("Rename", type="primary"):
            try:
                new = opened().home.rename(old, name).name
                opened().conversations.follow_library(old, new)
            except FootnoteError as error:
                session.show_fault(error)
            else:
                st.session_state[session.LIBRARY] = new
                st.rerun()


@st.dialog("Delete this library")
def delete_library(info: LibraryInfo) -> None:
    st.text(
        f"“{info.name}” with {counted(info.origins, 'file')} will be gone from Footnote. "
        "The files on your disk and your chats stay."
    )
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="delete_library"):
            try:
                opened().home.delete(info.name)
            except FootnoteError as error:
                session.show_later(error)
            session.new_chat()
            st.rerun()
        if st.button("Keep it", key="keep_library"):
            st.rerun()


@st.dialog("Remove from the library")
def remove_files(library_name: str, keys: list[str]) -> None:
    what = f"“{keys[0]}”" if len(keys) == 1 else counted(len(keys), "file")
    st.text(f"{what} will be removed with all passages. The originals on your disk stay.")
    with st.container(horizontal=True):
        if st.button("Remove", type="primary", key="remove_files"):
            try:
                opened().home.library(library_name).remove(keys)
            except FootnoteError as error:
                session.show_later(error)
            st.session_state["table_round"] = st.session_state.get("table_round", 0) + 1
            st.rerun()
        if st.button("Keep", key="keep_files"):
            st.rerun()


# ---------------------------------------------------------------------- what is there


def table(library: Library) -> None:
    search = st.text_input(
        "Search files",
        key="file_search",
        placeholder="Search by title or file name",
        label_visibility="collapsed",
        icon=":material/search:",
    )
    rows = library.origins(search.strip())
    if not rows:
        st.caption("No file has this in its title or name.")
        return
    chosen = st.session_state.get("chosen_keys", [])
    left, right = st.columns([3, 2], gap="medium") if len(chosen) == 1 else (st.container(), None)
    with left:
        selected = st.dataframe(
            columns(rows),
            key=f"{TABLE}_{library.name}_{st.session_state.get('table_round', 0)}",
            hide_index=True,
            on_select="rerun",
            selection_mode="multi-row",
            height=min(len(rows), ROWS_SHOWN) * ROW_PIXELS + ROW_PIXELS + 3,
            column_config={
                "Size": st.column_config.NumberColumn(format="bytes"),
                "Added": st.column_config.DatetimeColumn(format="distance"),
                "Pages": st.column_config.NumberColumn(format="localized"),
                "Passages": st.column_config.NumberColumn(format="localized"),
                "Title": st.column_config.TextColumn(width="medium"),
                "File": st.column_config.TextColumn(width="medium"),
            },
            alt="Files of this library",
        )
        keys = [rows[index].key for index in selected.selection.rows if index < len(rows)]
        if keys != chosen:  # the layout follows the selection
            st.session_state["chosen_keys"] = keys
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center", key="selection"):
            if not keys:
                st.caption(
                    f"{counted(len(rows), 'file')}. Select one to see its receipt, or several to remove them."
                )
            else:
                st.caption(f"{len(keys)} selected")
                if st.button("Remove …", icon=":material/delete:", key="remove"):
                    remove_files(library.name, keys)
    if right is not None and len(keys) == 1:
        with right:
            receipt(library, keys[0])


def columns(rows: list[OriginInfo]) -> dict[str, list[Any]]:
    """The table by column; a format without pages has none."""
    return {
        "Title": [row.title or row.key for row in rows],
        "File": [row.key for row in rows],
        "Pages": [row.pages for row in rows],
        "Passages": [row.chunks for row in rows],
        "Size": [row.size_bytes for row in rows],
        "Added": [datetime.fromtimestamp(row.added_at, UTC) for row in rows],
        "State": [STATES[row.state] + (" · see receipt" if row.warnings else "") for row in rows],
    }


def receipt(library: Library, key: str) -> None:
    """What happened to one file, page by page."""
    detail = library.detail(key)
    with st.container(border=True, key="receipt"):
        st.subheader(plain(detail.origin.title or key), anchor=False)
        st.text(receipt_lines(detail))
        for warning in detail.receipt.warnings:
            st.warning(plain(warning), icon=":material/info:")
        odd = detail.receipt.remarkable()
        for state, message, numbers in odd[:PAGES_LISTED]:
            st.text(page_line(state, message, numbers, unit(detail.origin.media_type)))
        if len(odd) > PAGES_LISTED:
            st.caption(f"and {counted(len(odd) - PAGES_LISTED, 'remark')} more")
        with st.expander("Passages"):
            for chunk in library.document_chunks(key)[:50]:
                if place := chunk_place(chunk):
                    st.caption(plain(place))
                st.text(chunk.text)


def page_line(state: PageState, message: str, numbers: str, unit: str = "page") -> str:
    """ "Pages 2–5: read by OCR"; why, where something is missing. `unit` is what the format has for pages."""
    if state is PageState.EMPTY and not message:
        message = "no text on it"
    what = "could not be read" if state is PageState.FAILED else state.words
    pages = unit.capitalize() + ("" if numbers.replace(",", "").isdigit() else "s")
    return f"{pages} {numbers}: {what}" + (f", {message}" if message else "")


def receipt_lines(detail: DocumentDetail) -> str:
    receipt, origin = detail.receipt, detail.origin
    counts = {state: receipt.count(state) for state in PageState}
    if detail.paged:
        pages = f"{counted(len(receipt.pages), unit(origin.media_type))}: " + ", ".join(
            f"{number:,} {state.words}" for state, number in counts.items() if number
        )
    else:
        pages = "Read" if counts[PageState.READ] else "Empty"
    lines = [
        detail.origin.key,
        f"{pages}; {counted(sum(page.characters for page in receipt.pages), 'character')} in {duration(receipt.seconds)}",
        f"{counted(origin.chunks, 'passage')} · {size(origin.size_bytes)} · {STATES[origin.state]}",
    ]
    if receipt.message:
        lines.append(receipt.message)
    if detail.other_keys:
        lines.append("Also here as " + ", ".join(detail.other_keys))
    return "\n".join(lines)

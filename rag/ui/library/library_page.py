"""Library: add files, watch them being read, see what is there, look into it, take it out."""

from __future__ import annotations

import streamlit as st

from ingest.errors import FootnoteError
from ingest.model.documents import DocumentDetail, LibraryInfo
from ingest.model.pages import PageState
from ingest.places import unit
from ingest.protocols import Library
from rag.ui import session
from rag.ui.cached import opened
from rag.ui.chat.chat_page import drop_zone
from rag.ui.library import (
    duplicates,
    files,
    following,
    passages_view,
    progress,
    receipt_files,
    tagging,
    uploads,
)
from rag.ui.render import counted, duration, size
from rag.ui.session import plain

PAGES_LISTED = 50


def show() -> None:
    library = session.library()
    info = library.info()
    with st.container(key="wide"):
        heading(info)
        session.show_pending_fault()
        drop_zone("library")
        following.draw(library)
        progress.draw(library)
        if info.origins:
            chosen = files.draw(library)
            if chosen is not None:
                with chosen.beside:
                    receipt(library, chosen.key)
        elif not library.jobs():
            with st.container(key="nothing", gap="xsmall"):
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
        chosen = st.menu_button(
            "Manage", ["New library", "Rename", "Tag rules", "Near duplicates", "Delete"], key="manage"
        )
    st.caption(
        " · ".join(
            filter(
                None,
                (
                    counted(info.documents, "document"),
                    f"{info.aside:,} set aside" if info.aside else "",
                    counted(info.chunks, "passage"),
                    size(info.size_bytes),
                ),
            )
        )
    )
    match chosen:
        case "New library":
            create_library()
        case "Rename":
            rename_library(info.name)
        case "Tag rules":
            tagging.edit_rules(info.name)
        case "Near duplicates":
            duplicates.show(info.name)
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


# ---------------------------------------------------------------------- what is there


def receipt(library: Library, key: str) -> None:
    """What happened to one file, page by page."""
    detail = library.detail(key)
    with st.container(border=True, key="receipt"):
        st.subheader(plain(detail.origin.title or key), anchor=False)
        st.text(receipt_lines(detail))
        duplicates.beside(library, detail)
        for warning in detail.receipt.warnings:
            st.warning(plain(warning), icon=":material/info:")
        odd = detail.receipt.remarkable()
        for state, message, numbers in odd[:PAGES_LISTED]:
            st.text(page_line(state, message, numbers, unit(detail.origin.media_type)))
        if len(odd) > PAGES_LISTED:
            st.caption(f"and {counted(len(odd) - PAGES_LISTED, 'remark')} more")
        with st.container(horizontal=True, vertical_alignment="center"):
            passages_view.button(library, key, detail.origin.changed)
            receipt_files.of_document(detail)


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
        f"{counted(origin.chunks, 'passage')} · {size(origin.size_bytes)} · {files.state_of(origin)}",
    ]
    if detail.chosen:
        lines.append(f"Read with {detail.chosen}")
    if origin.tags:
        lines.append("Tags: " + ", ".join(origin.tags))
    if receipt.message:
        lines.append(receipt.message)
    if detail.other_keys:
        lines.append("Also here as " + ", ".join(detail.other_keys))
    return "\n".join(lines)

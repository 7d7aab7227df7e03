"""The files of a library: filtered, sorted, selected; what is selected can be tagged or removed.

What ten thousand are chosen and sorted by is kept between clicks; all else is asked of the catalog for the rows
of one page, which are those that the browser gets.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ingest.errors import FootnoteError
from ingest.model.documents import DocumentState, Listed, OriginInfo
from ingest.protocols import Library
from ingest.shelf.scope import Scope, fitting, folders_of
from rag.ui import session
from rag.ui.cached import opened
from rag.ui.chat import scoping
from rag.ui.library import receipt_files, rereading, tagging
from rag.ui.render import counted

STATES = {
    DocumentState.PENDING: "Being read",
    DocumentState.WORDS: "Searchable by words",
    DocumentState.COMPLETE: "Complete",
}
ASIDE, REMARKS = "Set aside", "With remarks"
MOST_PASSAGES = "Most passages"
ORDERS: dict[str, Callable[[Listed], Any]] = {
    "File name": lambda row: row.key.casefold(),
    "Title": lambda row: (row.title or row.key).casefold(),
    "Newest": lambda row: -row.added_at,
    "Oldest": lambda row: row.added_at,
    "Largest": lambda row: -row.size_bytes,
}
PAGE = 250  # rows in the browser at a time
ROW_PIXELS, ROWS_SHOWN = 35, 14


@dataclass(frozen=True)
class Chosen:
    """The one file that is selected, and where to show its receipt."""

    key: str
    beside: DeltaGenerator


@st.cache_resource(max_entries=4, show_spinner=False)
def files_of(library_name: str, revision: int) -> list[Listed]:
    """Every file by key; `revision` tells whether anything has changed. Not to be changed by callers."""
    return opened().home.library(library_name).listed()


@st.cache_resource(max_entries=4, show_spinner=False)
def folders_in(library_name: str, revision: int) -> dict[str, int]:
    """Its folders with how many files each holds. Not to be changed by callers."""
    return folders_of(row.key for row in files_of(library_name, revision))


def draw(library: Library) -> Chosen | None:
    """The files with what can be done with them; the only one selected, if it is one."""
    revision = library.revision()
    folders = folders_in(library.name, revision)
    rows = filtered(library, files_of(library.name, revision), folders)
    if not rows:
        st.caption("No file fits. Search for something else, or take a filter back.")
        return None
    pages = -(-len(rows) // PAGE)
    # Another selection for other rows: what is ticked is known by its place alone.
    names = "\0".join([library.name, *(row.key for row in rows)])
    mark = zlib.crc32(names.encode("utf-8", "replace"))
    page = min(pages, st.session_state.get(f"files_page_{mark}", 1))
    shown = rows[(page - 1) * PAGE : page * PAGE]
    key = f"files_table_{mark}_{page}"
    all_key = f"files_all_{mark}"
    ticked = st.session_state.get(key, {}).get("selection", {}).get("rows", [])
    keys = [shown[place].key for place in ticked if place < len(shown)]
    if st.session_state.get(all_key):
        keys = [row.key for row in rows]
    left, right = st.columns([3, 2], gap="medium") if len(keys) == 1 else (st.container(), None)
    with left:
        table(with_counts(library, shown), key)
        if pages > 1:
            st.pagination(pages, key=f"files_page_{mark}")
        actions(library, rows, keys, all_key)
    return Chosen(keys[0], right) if right is not None else None


def with_counts(library: Library, rows: Sequence[Listed]) -> list[OriginInfo]:
    """The rows of one page with what their documents hold, in their order."""
    found = {row.key: row for row in library.origins(keys=[row.key for row in rows])}
    return [found[row.key] for row in rows if row.key in found]  # one may have been removed in this instant


def filtered(library: Library, rows: list[Listed], folders: Mapping[str, int]) -> list[Listed]:
    """Those that fit what stands in the search field and the filter, in the order chosen."""
    with st.container(horizontal=True, vertical_alignment="center", key="files_filter"):
        search = st.text_input(
            "Search files",
            key="file_search",
            placeholder="Search by title or file name",
            label_visibility="collapsed",
            icon=":material/search:",
        )
        scope, states = filter_fields(library.name, rows, folders)
        order = st.selectbox(
            "Order",
            [*ORDERS, MOST_PASSAGES],
            key="file_order",
            label_visibility="collapsed",
            width=160,
            filter_mode=None,
        )
    words = search.strip().casefold()
    found = fitting(scope, rows) if scope else rows
    found = [
        row
        for row in found
        if (not words or words in row.key.casefold() or words in row.title.casefold())
        and (not states or state_of(row) in states or (REMARKS in states and row.remarked))
    ]
    return sorted(found, key=by_passages(library) if order == MOST_PASSAGES else ORDERS[order])


def by_passages(library: Library) -> Callable[[Listed], int]:
    """Sorts files with many passages first."""
    spans = library.spans()

    def fewer(row: Listed) -> int:
        first, last = spans.get(row.document_id, (1, 0))
        return first - last

    return fewer


def filter_fields(name: str, rows: Sequence[Listed], folders: Mapping[str, int]) -> tuple[Scope, list[str]]:
    """Folders, types, tags and states that are chosen."""
    chosen = [st.session_state.get(f"files_{what}_{name}") for what in ("folders", "types", "tags", "states")]
    count = sum(bool(each) for each in chosen)
    with st.popover(f"Filter ({count})" if count else "Filter", icon=":material/filter_list:"):
        scope = Scope(
            tuple(scoping.folder_field(folders, Scope(), f"files_folders_{name}")),
            scoping.type_field(rows, Scope(), f"files_types_{name}"),
            tags=scoping.tag_field(rows, Scope(), f"files_tags_{name}"),
        )
        there = {state_of(row) for row in rows} | ({REMARKS} if any(row.remarked for row in rows) else set())
        states = st.pills(
            "State",
            [each for each in (*STATES.values(), ASIDE, REMARKS) if each in there],
            selection_mode="multi",
            key=f"files_states_{name}",
        )
    return scope, list(states or ())


def table(rows: Sequence[OriginInfo], key: str) -> None:
    st.dataframe(
        columns(rows),
        key=key,
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
            "Tags": st.column_config.ListColumn(width="small"),
        },
        alt="Files of this library",
    )


def columns(rows: Sequence[OriginInfo]) -> dict[str, list[Any]]:
    """The table by column; without tags there is no column for them."""
    tags = {"Tags": [list(row.tags) for row in rows]} if any(row.tags for row in rows) else {}
    return {
        "Title": [row.title or row.key for row in rows],
        "File": [row.key for row in rows],
        **tags,
        "State": [state_of(row) + (" · see receipt" if row.warnings else "") for row in rows],
        "Pages": [row.pages for row in rows],
        "Passages": [row.chunks for row in rows],
        "Size": [row.size_bytes for row in rows],
        "Added": [datetime.fromtimestamp(row.added_at, UTC) for row in rows],
    }


def state_of(row: Listed | OriginInfo) -> str:
    return ASIDE if row.aside else STATES[row.state]


def actions(library: Library, rows: Sequence[Listed], keys: list[str], all_key: str) -> None:
    """What can be done with the files selected."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="selection"):
        if len(rows) > 1:
            st.checkbox(f"Select all {len(rows):,}", key=all_key)
        if not keys:
            st.caption(
                f"{counted(len(rows), 'file')}. Select one to see its receipt, or several to tag or remove them."
            )
            receipt_files.of_library(library)
            return
        st.caption(f"{len(keys):,} selected", width="content")
        if st.button("Tag …", icon=":material/sell:", key="tag"):
            tagging.tag_files(library.name, keys)
        if st.button("Read again …", icon=":material/sync:", key="reread"):
            rereading.read_again(library.name, keys)
        if st.button("Remove …", icon=":material/delete:", key="remove"):
            remove_files(library.name, keys)


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
            st.rerun()
        if st.button("Keep", key="keep_files"):
            st.rerun()

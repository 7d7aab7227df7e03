"""Which documents are asked: one line at the input, and a dialog to choose them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import streamlit as st

from ingest.errors import FootnoteError
from ingest.model.documents import Listed, OriginInfo
from ingest.protocols import Library
from ingest.shelf.scope import TYPES, Scope, chosen, folders_of, in_words, type_name
from ingest.shelf.tags import counts
from rag.ui import session
from rag.ui.render import counted
from rag.ui.session import plain

OFFERED = 200  # choices in a list; more are searched for
ANY_TIME, BETWEEN = "Any time", "Between two days"
SINCE = {"Today": 0, "Last 7 days": 6, "Last 30 days": 29, "Last 365 days": 364}


def draw(library: Library, documents: int) -> int:
    """The line above the input; how many of the library's `documents` are asked."""
    scope = session.scope()
    asked = documents
    if documents < 2 and not scope:
        return asked
    label = f"All {documents:,} documents"
    if scope:
        try:
            asked = library.within(scope).info().documents
        except FootnoteError:
            asked = 0
        label = f"{asked:,} of {counted(documents, 'document')} · {in_words(scope)}"
    with st.container(horizontal=True, gap=None, key="scope", vertical_alignment="center"):
        if st.button(
            plain(f"Asking {label[0].lower()}{label[1:]}"),
            icon=":material/filter_list:",
            type="tertiary",
            key="scope_choose",
        ):
            choose(library.name)
        if scope and st.button(
            "Ask all documents", icon=":material/close:", type="tertiary", key="scope_all"
        ):
            session.use_scope(Scope())
            st.rerun()
    return asked


@st.dialog("Which documents are asked", width="medium")
def choose(library_name: str) -> None:
    from rag.ui.cached import opened

    listed = opened().home.library(library_name).listed()
    now = session.scope()
    scope = Scope(
        (*folder_field(folders_of(each.key for each in listed), now), *document_field(listed, now)),
        type_field(listed, now),
        *day_fields(now),
        tag_field(listed, now),
    )
    count = len({each.document_id for each in chosen(scope, listed)})
    total = len({each.document_id for each in listed if not each.aside})
    if not scope:
        st.text(f"All {counted(total, 'document')} are asked.")
    elif count:
        st.text(f"{count:,} of {counted(total, 'document')} {'are' if count > 1 else 'is'} asked.")
    else:
        st.text("No document fits all of this. Take one choice back.")
    with st.container(horizontal=True):
        if st.button("Ask these", type="primary", key="scope_take", disabled=not count):
            session.use_scope(scope)
            st.rerun()
        if st.button("Ask all documents", key="scope_everything", disabled=not now):
            session.use_scope(Scope())
            st.rerun()


def folder_field(folders: Mapping[str, int], now: Scope, key: str = "scope_folders") -> list[str]:
    """Patterns of those chosen among `folders`, which tells how many files each holds."""
    if not folders:
        return []
    names = {f"/{folder}/": f"{folder} ({count:,})" for folder, count in folders.items()}
    return many("Folders", names, now, key, "Any folder")


def document_field(listed: Sequence[Listed], now: Scope) -> list[str]:
    names = {f"/{each.key}": name_of(each) for each in listed}
    return many("Documents", names, now, "scope_documents", "Any document")


def many(label: str, names: Mapping[str, str], now: Scope, key: str, placeholder: str) -> list[str]:
    """Patterns chosen from `names`, which tells how each is called.

    A browser takes seconds over thousands of choices: of so many it gets those that a search finds.
    """
    taken = st.session_state.get(key, [each for each in now.documents if each in names])
    offered = list(names)
    if len(names) > OFFERED:
        words = st.text_input(
            f"Find {label.lower()}",
            key=f"{key}_search",
            placeholder="Part of a name",
            icon=":material/search:",
        )
        found = [pattern for pattern in names if words.strip().casefold() in names[pattern].casefold()]
        offered = [*taken, *(pattern for pattern in found[:OFFERED] if pattern not in taken)]
        placeholder = f"{len(found):,} found" if words.strip() else placeholder
    return st.multiselect(
        label,
        offered,
        default=taken,
        format_func=lambda pattern: names[pattern],
        key=key,
        placeholder=placeholder,
        select_all=False,
    )


def name_of(document: Listed) -> str:
    """The key, and the title where the key does not tell it."""
    name = document.key.rsplit("/", 1)[-1]
    same = document.title.casefold() in (name.casefold(), name.rsplit(".", 1)[0].casefold(), "")
    return document.key if same else f"{document.title} – {document.key}"


def type_field(
    listed: Iterable[Listed | OriginInfo], now: Scope, key: str = "scope_types"
) -> tuple[str, ...]:
    types = Counter(type_name(each.media_type) for each in listed)
    there = [name for name in TYPES if types[name]]
    if len(there) < 2:
        return ()
    picked = st.pills(
        "Types",
        there,
        selection_mode="multi",
        default=[name for name in now.types if name in there],
        format_func=lambda name: f"{name} ({types[name]:,})",
        key=key,
    )
    return tuple(picked or ())


def tag_field(
    listed: Sequence[Listed] | Sequence[OriginInfo], now: Scope, key: str = "scope_tags"
) -> tuple[str, ...]:
    tags = counts(listed)
    if not tags:
        return ()
    return tuple(
        st.multiselect(
            "Tags",
            list(tags),
            default=[name for name in now.tags if name in tags],
            format_func=lambda name: f"{name} ({tags[name]:,})",
            key=key,
            placeholder="Any tag",
            select_all=False,
        )
    )


def day_fields(now: Scope) -> tuple[str, str]:
    """First and last day of being added; "" for no bound."""
    kept = bool(now.added_from or now.added_until)
    when = st.selectbox(
        "Added", [ANY_TIME, *SINCE, BETWEEN], index=len(SINCE) + 1 if kept else 0, key="scope_added"
    )
    today = date.today()
    if when in SINCE:
        return (today - timedelta(days=SINCE[when])).isoformat(), ""
    if when != BETWEEN:
        return "", ""
    first = date.fromisoformat(now.added_from) if now.added_from else today - timedelta(days=6)
    last = date.fromisoformat(now.added_until) if now.added_until else today
    with st.container(horizontal=True):
        days = (
            st.date_input("From", first, max_value=today, key="scope_from"),
            st.date_input("Until", max(first, last), max_value=today, key="scope_until"),
        )
    return days[0].isoformat(), days[1].isoformat()

"""Tags given and taken off by hand, and the rules that give them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ingest.errors import FootnoteError
from ingest.model.documents import Listed
from ingest.shelf.scope import TYPES, fitting
from ingest.shelf.tags import MOST_TAGS, Rule, counts
from rag.ui import session
from rag.ui.cached import opened
from rag.ui.render import counted
from rag.ui.session import plain

ANY_TYPE = "Any type"


@st.dialog("Tags")
def tag_files(library_name: str, keys: list[str]) -> None:
    library = opened().home.library(library_name)
    listed = library.listed()
    wanted = set(keys)
    chosen = [each for each in listed if each.key in wanted]
    st.text(f"Of “{keys[0]}”." if len(keys) == 1 else f"Of {counted(len(keys), 'file')}.")
    there = counts(chosen)
    with st.form("tag_files", border=False):
        add = tags_to_give("Give", listed)
        remove = (
            st.multiselect(
                "Take off",
                list(there),
                format_func=lambda name: name if len(keys) == 1 else f"{name} ({there[name]:,})",
                placeholder="Tags that they have",
                select_all=False,
            )
            if there
            else []
        )
        if st.form_submit_button("Save", type="primary"):
            try:
                library.tag(keys, add, remove)
            except FootnoteError as error:
                session.show_fault(error)
            else:
                st.rerun()


@st.dialog("Tag rules", width="medium")
def edit_rules(library_name: str) -> None:
    """The rules of a library: what fits gets their tags, now and in the future."""
    library = opened().home.library(library_name)
    listed, rules = library.listed(), library.rules()
    st.text("Files that fit a rule get its tags, those to come as well.")
    for number, rule in enumerate(rules):
        with st.container(horizontal=True, vertical_alignment="center", key=f"rule_{number}"):
            what = " · ".join(filter(None, (rule.pattern, rule.type)))
            files = counted(len(fitting(rule.scope, listed)), "file")
            st.markdown(f"**{plain(what)}** → {plain(', '.join(rule.tags))}", width="stretch")
            st.caption(files, width="content")
            if st.button(
                "Remove this rule", type="tertiary", icon=":material/close:", key=f"rule_off_{number}"
            ):
                library.set_rules(rules[:number] + rules[number + 1 :])
                st.rerun(scope="fragment")
    with st.form("new_rule", clear_on_submit=True, border=bool(rules)):
        with st.container(horizontal=True):
            pattern = st.text_input("Name, folder or pattern", placeholder="contracts, or reports/*.pdf")
            kind = st.selectbox("Type", [ANY_TYPE, *TYPES], width=160)
        tags = tags_to_give("Tags", listed)
        if st.form_submit_button("Add rule", type="primary"):
            try:
                library.set_rules([*rules, Rule(pattern, "" if kind == ANY_TYPE else kind, tuple(tags))])
            except FootnoteError as error:
                session.show_fault(error)
            else:
                st.rerun(scope="fragment")


def tags_to_give(label: str, listed: Sequence[Listed]) -> list[str]:
    """A field for tags that the library has, and for new ones."""
    return st.multiselect(
        label,
        list(counts(listed)),
        accept_new_options=True,
        max_selections=MOST_TAGS,
        placeholder="A tag; type to make a new one",
        select_all=False,
    )

"""The evaluations that are kept: listed, opened, renamed, deleted."""

from __future__ import annotations

import streamlit as st

from ingest.errors import FootnoteError
from rag.evaluate.kept import NAME_CHARACTERS, Head
from rag.ui import session
from rag.ui.cached import opened
from rag.ui.evaluation.evaluation_view import open_evaluation
from rag.ui.evaluation.figures import kept_line, main_figure, moment
from rag.ui.session import plain

SHOWN = 20


def draw() -> None:
    heads = opened().evaluations.heads()
    if not heads:
        return
    st.html('<h2 class="ev-earlier">Earlier evaluations</h2>')
    limit = st.session_state.get("evaluations_shown", SHOWN)
    with st.container(key="earlier", gap=None):
        for head in heads[:limit]:
            row(head)
    if len(heads) > limit and st.button("Show older ones", type="tertiary", key="older_evaluations"):
        st.session_state["evaluations_shown"] = limit + 100
        st.rerun()


def row(head: Head) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"earlier_{head.id}", gap="small"):
        with st.container(gap=None, width="stretch", key=f"earlier_text_{head.id}"):
            if head.fault:
                st.text(head.fault)
            else:
                st.button(
                    plain(f"{head.library}: {head.name}"),
                    type="tertiary",
                    key=f"show_{head.id}",
                    on_click=open_evaluation,
                    args=(head.id,),
                )
                parts = (moment(head.made_at), kept_line(head), main_figure(head))
                st.caption(plain(" · ".join(part for part in parts if part)))
        action = st.menu_button(
            "More",
            ["Delete"] if head.fault else ["Rename", "Delete"],
            type="tertiary",
            icon=":material/more_horiz:",
            key=f"menu_evaluation_{head.id}",
        )
    if action == "Rename":
        rename(head)
    elif action == "Delete":
        delete(head)


@st.dialog("Rename this evaluation")
def rename(head: Head) -> None:
    with st.form("rename_evaluation", border=False):
        name = st.text_input("Name", value=head.name, max_chars=NAME_CHARACTERS)
        if st.form_submit_button("Rename", type="primary"):
            try:
                opened().evaluations.rename(head.id, name)
            except FootnoteError as error:
                session.show_fault(error)
            else:
                st.rerun()


@st.dialog("Delete this evaluation")
def delete(head: Head) -> None:
    st.text(f"“{head.name}” and its figures will be gone. Your documents and settings stay.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="delete_evaluation"):
            opened().evaluations.delete(head.id)
            st.rerun()
        if st.button("Keep it", key="keep_evaluation"):
            st.rerun()

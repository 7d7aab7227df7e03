"""Evaluate: ask a library questions whose answers are known, alone or under two settings."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ingest.errors import FootnoteError, NotFound
from ingest.model.documents import LibraryInfo
from ingest.protocols import Library
from rag.evaluate.questions import Question
from rag.ui import session
from rag.ui.cached import opened
from rag.ui.evaluation import earlier, evaluation_view
from rag.ui.evaluation.evaluating import Evaluating, Wanted, quoting
from rag.ui.evaluation.evaluation_view import EVALUATION
from rag.ui.evaluation.question_sources import FROM_FILE, FROM_THUMBS, MADE, from_file, from_thumbs
from rag.ui.evaluation.tunables import LABELS, TRIED, tried_values
from rag.ui.render import counted, duration
from rag.ui.session import plain

COUNT, MOST_MADE = 50, 500
FOLLOW_SECONDS = 0.5


def show(library_page: StreamlitPage) -> None:
    library = session.library()
    with st.container(key="wide"):
        if st.query_params.get(EVALUATION):
            try:
                evaluation_view.show(st.query_params[EVALUATION], LABELS)
            except NotFound as error:
                evaluation_view.close()
                session.show_later(error)
                st.rerun()
            return
        info = library.info()
        heading(info)
        session.show_pending_fault()
        evaluating = opened().evaluating.get(library.name)
        if evaluating and not evaluating.ended:
            follow(evaluating)
        elif not info.chunks:
            empty(library, info, library_page)
        else:
            if evaluating:
                show_fault_once(evaluating)
            set_up(library)
        earlier.draw()


def heading(info: LibraryInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="heading"):
        st.header("Evaluate", anchor=False, width="content")
    parts = (info.name, counted(info.documents, "document"), counted(info.chunks, "passage"))
    st.caption(plain(" · ".join(parts)))


def empty(library: Library, info: LibraryInfo, library_page: StreamlitPage) -> None:
    with st.container(key="nothing_to_ask"):
        if library.jobs():
            st.text(f"The files of “{info.name}” are still being read. Come back when they are there.")
        else:
            st.text(f"“{info.name}” is empty. Add documents to it; then see here how well they are found.")
        st.page_link(library_page, label="Open the Library", icon=":material/folder_open:")


def show_fault_once(evaluating: Evaluating) -> None:
    """Why the last evaluation of this library is not kept."""
    opened().evaluating.pop(evaluating.library_name, None)
    st.warning(plain(evaluating.fault), icon=":material/info:")


# ---------------------------------------------------------------------- what to ask


def set_up(library: Library) -> None:
    st.text("Ask this library questions whose answers are known, and see how often they are found.")
    with st.container(key="set_up", border=True):
        rated = opened().conversations.ratings(library.name)
        sources = [MADE, FROM_FILE, *([FROM_THUMBS] if rated else [])]
        source = st.segmented_control(
            "Questions", sources, default=MADE, required=True, key="evaluate_source"
        )
        questions: tuple[Question, ...] = ()
        asked = ""
        if source == FROM_FILE:
            asked, questions = from_file(library)
        elif source == FROM_THUMBS:
            asked, questions = from_thumbs(library)
        else:
            st.caption(
                "Made of their headings and sentences, so easier than what people ask: good for comparing settings."
            )
        start_form(library, source != MADE, questions, asked)


# ---------------------------------------------------------------------- under which settings


def start_form(library: Library, uploads: bool, questions: tuple[Question, ...], asked: str) -> None:
    here = opened()
    with st.form("evaluate", border=False, enter_to_submit=False):
        count = COUNT
        if not uploads:
            count = int(st.number_input("How many", 5, MOST_MADE, COUNT, 5, key="evaluate_count", width=160))
        with st.expander("Compare with other settings"):
            values = tried_values(here.ask_settings)
        written = bool(here.ask_settings.llm) and st.checkbox(
            plain(f"Let {here.ask_settings.llm} write the answers (slower, and it may cost)"),
            key="evaluate_llm",
        )
        run = st.form_submit_button("Run", type="primary", icon=":material/play_arrow:")
    if not run:
        return
    if uploads and not questions:
        st.warning("Add a file of questions first.", icon=":material/info:")
        return
    settings = here.ask_settings if written else quoting(here.ask_settings)
    changes = {name: value for name, value in values.items() if value != getattr(settings, name)}
    st.session_state[TRIED] = changes
    wanted = Wanted(settings, replace(settings, **changes) if changes else None, questions, count, asked)
    try:
        Evaluating(here, library, wanted).start()
    except FootnoteError as error:
        session.show_later(error)
    st.rerun()


# ---------------------------------------------------------------------- while it runs


@st.fragment(run_every=FOLLOW_SECONDS)
def follow(evaluating: Evaluating) -> None:
    """The running evaluation, until it ends; then its result, or why there is none."""
    if evaluating.ended:
        if evaluating.kept_id:
            st.query_params[EVALUATION] = evaluating.kept_id
        st.rerun()
    now = evaluating.now
    with st.container(key="evaluating", border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(now_line(now.stage, now.done, now.total, now.seconds_left))
            st.button(
                "Stop",
                type="tertiary",
                icon=":material/stop_circle:",
                key="stop_evaluating",
                on_click=evaluating.stop,
                disabled=now.stage in ("stopping", "scoring"),
            )
        st.progress(now.done / now.total if now.total else 0.0)
        st.caption("It goes on when you leave this page. Stop keeps what was asked until then.")


def now_line(stage: str, done: int, total: int, seconds_left: float) -> str:
    match stage:
        case "loading":
            return "Loading the models …"
        case "making":
            return "Making questions from the documents …"
        case "scoring":
            return "Scoring …"
        case "stopping":
            return "Stopping after this question …"
    left = f" · about {duration(seconds_left)} left" if seconds_left else ""
    return f"{done:,} of {counted(total, 'question')}{left}"

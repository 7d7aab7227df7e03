"""Chat: ask, watch, read the answer, open its sources."""

from __future__ import annotations

import streamlit as st

from ingest.errors import FootnoteError
from ingest.protocols import Library
from ingest.shelf.scope import Scope
from rag.chats.conversations import Chat, Message
from rag.ui import footnote, session
from rag.ui.cached import opened
from rag.ui.chat import messages, scoping, sending
from rag.ui.chat.asking import Asking, Now
from rag.ui.chat.draft import checked_line, draft_markdown
from rag.ui.happening import job_line, job_share, progress_line
from rag.ui.library import progress, uploads
from rag.ui.render import answer_json, counted
from rag.ui.session import plain

INPUT = "question"  # the chat input's key; a text put there comes back to the person
AGAIN = "question_again"
FOLLOW_SECONDS = 0.08  # how often a running answer is looked at; the Stop button is heard as often


def show() -> None:
    chat = session.chat()
    session.keep_address(chat)
    library = session.library()
    said = opened().conversations.messages(chat.id) if chat else []
    asking = opened().asking.get(chat.id) if chat else None
    ask_field(library)
    answers = [message for message in said if message.answer]
    if answers and (last := answers[-1].answer):
        footnote.sources(answer_json(last, library.name, str(answers[-1].id)))
    elif asking and asking.question:
        footnote.sources(footnote.SOURCES_TO_COME)
    else:
        footnote.sources(footnote.NO_SOURCES)
    with st.container(key="column"):
        st.html('<h1 class="unseen">Chat</h1>')
        # Each part has a place of its own: while an answer runs, nothing of the last drawing is left in it.
        empty, talk, now, end = st.empty(), st.container(key="talk"), st.empty(), st.empty()
        if not said:
            with empty.container():
                empty_page(library)
        if chat:
            with talk:
                messages.draw(chat, said, busy=asking is not None)
        if chat and (questions := [message.id for message in said if message.role == "user"]):
            footnote.in_sight(chat.id, questions[-1], asked=asking is not None)
        if asking:
            with now.container():
                follow(asking)
        with end.container():
            if chat and not asking and said and (said[-1].role == "user" or said[-1].note):
                ask_again(chat, said)
            if chat:
                progress.draw_beside_chat(library)
            session.show_pending_fault()


def ask_field(library: Library) -> None:
    if AGAIN in st.session_state:  # a question that could not be asked goes back into the field
        st.session_state[INPUT] = st.session_state.pop(AGAIN)
    documents = library.info().asked
    with st.bottom:
        asked = scoping.draw(library, documents)
        of = f"{asked:,} of " if asked < documents else ""
        st.chat_input(
            f"Ask {of}{counted(documents, 'document')} in {library.name}"
            if documents
            else "Drop files here, then ask",
            key=INPUT,
            accept_file="multiple",
            max_upload_size=opened().settings.max_file_mib,
            submit_mode="disable",
            on_submit=submit,
        )


# ---------------------------------------------------------------------- asking


def submit() -> None:
    """The chat input was sent: keep the question, queue its files, start the answer."""
    value = st.session_state[INPUT]
    text = value.text
    try:
        sending.ask(text, value.files)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is shown and what was typed stays
        session.show_later(error)
        st.session_state[AGAIN] = text


def ask_again(chat: Chat, said: list[Message]) -> None:
    """A question without an answer: the app was closed, or it was stopped, or something failed."""
    if said[-1].role == "user":
        with st.container(key="note_unanswered"):
            st.text("This question has no answer yet; Footnote was closed meanwhile.")
    asked = next((message for message in reversed(said) if message.role == "user"), None)
    if asked and asked.content and st.button("Ask again", icon=":material/refresh:", key="ask_again"):
        try:
            sending.once_more(chat, asked)
        except FootnoteError as error:
            session.show_later(error)
        st.rerun()


def follow(asking: Asking) -> None:
    """Show a running answer until it ends, with a Stop button below: the text stands where it will stay.

    The chat input's own would show only in the script run that the submission began: a page drawn anew
    meanwhile (the models are ready, a file has ended) would have none.
    """
    with st.container(key="draft"):
        draft = st.empty()
    with st.container(key="now"):
        with st.container(key="now_line", horizontal=True, vertical_alignment="center", gap="small"):
            line = st.empty()
            st.button(
                "Stop", type="tertiary", icon=":material/stop_circle:", key="stop", on_click=asking.stop
            )
        files = st.empty()
    shown: Now | None = None
    told = ""
    while not asking.wait(FOLLOW_SECONDS):
        now = asking.now
        hear_clicks()
        # Only what has changed is drawn: the browser draws on the cores that the answer is worked out on.
        if (says := now_line(now)) != told:
            line.text(says)
            told = says
        if shown is None or now.jobs != shown.jobs:
            with files.container():
                for job in progress.running(now.jobs)[: progress.SHOWN]:
                    st.progress(job_share(job), text=f"**{plain(job.key)}** · {plain(job_line(job))}")
        if now.text and (shown is None or (now.text, now.checked) != (shown.text, shown.checked)):
            draft.markdown(draft_markdown(now.text, now.checked))
        shown = now
    st.rerun()


def hear_clicks() -> None:
    """End this drawing here if something was clicked: Streamlit looks for that wherever its state is read."""
    _ = INPUT in st.session_state


def now_line(now: Now) -> str:
    files = progress.running(now.jobs)
    if files and now.progress is None:
        return f"Adding {files[0].key if len(files) == 1 else counted(len(files), 'file')} …"
    line = progress_line(now.progress, opened().engine.state)
    return f"{line} · {found}" if (found := checked_line(now.checked)) else f"{line} …"


# ---------------------------------------------------------------------- nothing asked yet


def empty_page(library: Library) -> None:
    with st.container(key="empty"):
        if library.info().documents:
            st.html("<h2>What would you like to know?</h2>")
            st.text(f"Every sentence of an answer carries a footnote to its passage in “{library.name}”.")
            examples(library)
            progress.draw(library)
        elif library.jobs():
            st.html("<h2>Your documents are being read.</h2>")
            progress.draw(library)
        else:
            st.html("<h2>Ask your documents.</h2>")
            st.text("Drop a few here. Every sentence of an answer then carries a footnote to its passage.")
            drop_zone("first")
            if st.button("Or try the sample library", type="tertiary", key="sample"):
                try:
                    uploads.add_sample()
                except FootnoteError as error:
                    session.show_later(error)
                st.rerun()


def examples(library: Library) -> None:
    scope = session.scope()
    try:
        info = library.within(scope).info()
    except FootnoteError:
        return  # nothing is left of what was chosen
    with st.container(key="examples", gap="small"):
        for number, question in enumerate(
            example_questions(library.name, scope, info.documents, info.chunks)
        ):
            if st.button(plain(question), key=f"example_{number}", width="stretch"):
                try:
                    sending.ask(question)
                except FootnoteError as error:
                    session.show_later(error)
                st.rerun()


@st.cache_data(ttl=3600, max_entries=50, show_spinner=False)
def example_questions(library: str, scope: Scope, documents: int, chunks: int) -> list[str]:
    """Three questions that this scope of a library answers; the counts stand for its state."""
    here = opened()
    return here.engine.example_questions(here.home.library(library).within(scope))[:3]


def drop_zone(name: str) -> None:
    """A drop zone that saves and queues what it is given, and is empty again afterwards."""
    number = st.session_state.setdefault(f"drop_{name}_round", 0)
    st.file_uploader(
        "Add documents",
        accept_multiple_files=True,
        max_upload_size=opened().settings.max_file_mib,
        key=f"drop_{name}_{number}",
        on_change=take_dropped,
        args=(name, number),
        label_visibility="collapsed",
    )


def take_dropped(name: str, number: int) -> None:
    """Queue what was dropped into the zone's round `number`: once, in the library the tab looks at now.

    A browser that is behind hands the same files over again, and while the page is drawn for another library the
    zone is still that of the drawing before.
    """
    if st.session_state[f"drop_{name}_round"] != number:
        return
    files = st.session_state.get(f"drop_{name}_{number}") or []
    st.session_state[f"drop_{name}_round"] = number + 1  # a fresh widget lets go of the bytes
    try:
        uploads.add_uploads(session.library(), files)
    except FootnoteError as error:
        session.show_later(error)

"""The sidebar: new chat, the library, the saved chats by day, the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ingest.errors import FootnoteError
from rag.chats.conversations import Chat
from rag.chats.export import as_markdown, as_word, file_name
from rag.chats.printing import as_pdf
from rag.ui import ahead, footnote, opening, session
from rag.ui.cached import opened
from rag.ui.render import Json, day_of

SHOWN = 40  # chats; more on demand
SEARCH_FROM = 8  # chats from which on a search is worth its place
MORE = "chats_shown"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def draw(pages: Mapping[str, StreamlitPage]) -> None:
    with st.sidebar:
        st.html('<div class="brand">Footnote<sup>1</sup></div>')
        if st.button("New chat", icon=":material/edit_square:", key="new_chat", width="stretch"):
            session.new_chat()
            st.switch_page(pages["chat"])
        choose_library()
        with st.container(key="chats"):
            list_chats(pages["chat"])
        with st.container(key="pages"):
            with st.container(
                key="model_state"
            ):  # a place of its own: what comes and goes in it moves no link
                opening.model_state()
            for page in pages.values():
                st.page_link(page)
            footnote.ahead(ahead.scripts())


def choose_library() -> None:
    names = session.library_names()
    current = session.library().name
    # The widget's own key follows the library, however it was chosen.
    if st.session_state.get("library_choice") != current:
        st.session_state["library_choice"] = current
    st.selectbox(
        "Library",
        names,
        key="library_choice",
        on_change=lambda: session.use_library(st.session_state["library_choice"]),
    )


def list_chats(chat_page: StreamlitPage) -> None:
    conversations = opened().conversations
    limit = st.session_state.get(MORE, SHOWN)
    search = ""
    chats = conversations.chats(limit=limit + 1)
    if len(chats) >= SEARCH_FROM:
        search = st.text_input(
            "Search chats",
            key="chat_search",
            placeholder="Search chats",
            label_visibility="collapsed",
            icon=":material/search:",
        )
        if search.strip():
            chats = conversations.chats(search, limit=limit + 1)
            if not chats:
                st.caption("No chat has these words.")
    wish = footnote.chats(chats_json(chats[:limit], st.session_state.get(session.CHAT)))
    if len(chats) > limit and st.button("Show older chats", type="tertiary", key="older"):
        st.session_state[MORE] = limit + 100
        st.rerun()
    if wish:
        try:
            act_on(wish, chat_page)
        except FootnoteError as error:
            session.show_later(error)


def chats_json(chats: Sequence[Chat], current: str | None) -> Json:
    """The chats under their days, as `footnote.chats` draws them; `current` is the one that is looked at."""
    days = groupby(chats, lambda chat: "Pinned" if chat.pinned else day_of(chat.updated_at))
    return {
        "current": current,
        "days": [
            {
                "day": day,
                "chats": [
                    {"id": chat.id, "title": chat.title or "Untitled", "pinned": chat.pinned}
                    for chat in of_day
                ],
            }
            for day, of_day in days
        ],
    }


def act_on(wish: Json, chat_page: StreamlitPage) -> None:
    """Do what was clicked in the list. It comes from the browser: what does not fit does nothing. Raises NotFound."""
    conversations = opened().conversations
    match wish:
        case {"open": str(chat_id)}:
            chat = conversations.chat(chat_id)
            session.new_chat()
            session.open_chat(chat)
            st.switch_page(chat_page)
        case {"pin": str(chat_id), "pinned": bool(pinned)}:
            conversations.pin(chat_id, pinned)
            st.rerun()
        case {"rename": str(chat_id)}:
            rename_chat(conversations.chat(chat_id))
        case {"export": str(chat_id)}:
            export_chat(conversations.chat(chat_id))
        case {"delete": str(chat_id)}:
            delete_chat(conversations.chat(chat_id))


@st.dialog("Rename this chat")
def rename_chat(chat: Chat) -> None:
    with st.form("rename_chat", border=False):
        title = st.text_input("Name", value=chat.title, max_chars=200)
        if st.form_submit_button("Rename", type="primary"):
            try:
                opened().conversations.rename(chat.id, title)
            except FootnoteError as error:
                session.show_fault(error)
            else:
                st.rerun()


@st.dialog("Export this chat")
def export_chat(chat: Chat) -> None:
    messages = opened().conversations.messages(chat.id)
    now = datetime.now()
    st.text("Questions, answers, every quoted passage and the documents cited.")
    with st.container(horizontal=True):
        st.download_button(
            "PDF", lambda: as_pdf(chat, messages, now), file_name(chat, ".pdf"), "application/pdf",
            icon=":material/picture_as_pdf:", on_click="ignore", key="export_pdf",
        )  # fmt: skip
        st.download_button(
            "Word", lambda: as_word(chat, messages, now), file_name(chat, ".docx"), WORD,
            icon=":material/description:", on_click="ignore", key="export_word",
        )  # fmt: skip
        st.download_button(
            "Markdown", lambda: as_markdown(chat, messages, now), file_name(chat, ".md"), "text/markdown",
            icon=":material/markdown:", on_click="ignore", key="export_markdown",
        )  # fmt: skip


@st.dialog("Delete this chat")
def delete_chat(chat: Chat) -> None:
    st.text(f"“{chat.title}” and its answers will be gone. Your documents stay.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="delete_chat"):
            running = opened().asking.get(chat.id)
            if running:
                running.stop()
            opened().conversations.delete(chat.id)
            if st.session_state.get(session.CHAT) == chat.id:
                session.new_chat()
            st.rerun()
        if st.button("Keep it", key="keep_chat"):
            st.rerun()

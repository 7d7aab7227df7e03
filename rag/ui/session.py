"""What one browser tab remembers: the library and the chat it looks at, and a fault to show.

Only names and ids; documents, models and answers stay with the process (`rag.ui.cached`).
"""

from __future__ import annotations

import logging
import re

import streamlit as st

from ingest.errors import FootnoteError, NotFound
from ingest.protocols import Library
from ingest.settings import DEFAULT_LIBRARY
from ingest.shelf.scope import Scope
from rag.chats.conversations import Chat
from rag.ui.cached import opened

LIBRARY, CHAT, SCOPE, FAULT = (
    "library",
    "chat",
    "scope",
    "fault",
)  # keys in session_state; CHAT is a query parameter, too
UNEXPECTED = "Something went wrong here. What you typed and your documents are safe; try it again."

log = logging.getLogger("footnote")
_ADDRESS = re.compile(r"(?i)(?<=http:)(?=//)|(?<=https:)(?=//)|(?<=www)(?=\.)|(?<=[\w.+-])(?=@\w)")


# ---------------------------------------------------------------------- the library


def library_names() -> list[str]:
    """All libraries by name; the first one is made when there is none."""
    home = opened().home
    names = [info.name for info in home.libraries()]
    if not names:
        names = [home.create(DEFAULT_LIBRARY).name]
    return sorted(names, key=str.casefold)


def library() -> Library:
    """The library this tab looks at; where there is none yet, or it is gone, the likeliest one."""
    names = library_names()
    if st.session_state.get(LIBRARY) not in names:
        st.session_state[LIBRARY] = likeliest(names)
    return opened().home.library(st.session_state[LIBRARY])


def likeliest(names: list[str]) -> str:
    """The library of the newest chat, else the first that holds something, else the first."""
    here = opened()
    used = [found.library for found in here.conversations.chats(limit=1)]
    filled = [info.name for info in here.home.libraries() if info.documents]
    return next(name for name in (*used, *filled, *names) if name in names)


def use_library(name: str) -> None:
    """Look at another library; a chat belongs to its library, so a new one begins."""
    if st.session_state.get(LIBRARY) != name:
        st.session_state[LIBRARY] = name
        new_chat()


# ---------------------------------------------------------------------- the chat


def chat() -> Chat | None:
    """The chat this tab looks at: the address names it, so that a reload or a link finds it again."""
    chat_id = st.query_params.get(CHAT) or st.session_state.get(CHAT)
    if not chat_id:
        return None
    try:
        found = opened().conversations.chat(chat_id)
    except NotFound as error:
        new_chat()
        show_later(error)
        return None
    if st.session_state.get(CHAT) != found.id:
        open_chat(found)
    return found


def open_chat(found: Chat) -> None:
    st.session_state[CHAT] = found.id
    if found.library in library_names():
        st.session_state[LIBRARY] = found.library


def new_chat() -> None:
    st.session_state.pop(CHAT, None)
    st.session_state.pop(SCOPE, None)
    st.query_params.pop(CHAT, None)


def keep_address(found: Chat | None) -> None:
    """Let the address name the chat that is shown."""
    if found and st.query_params.get(CHAT) != found.id:
        st.query_params[CHAT] = found.id


# ---------------------------------------------------------------------- what is asked


def scope() -> Scope:
    """The documents that the next question is asked of: the chat's choice, or that of the chat to come."""
    found = chat()
    return found.scope if found else st.session_state.get(SCOPE, Scope())


def use_scope(wanted: Scope) -> None:
    found = chat()
    if found:
        opened().conversations.set_scope(found.id, wanted)
    else:
        st.session_state[SCOPE] = wanted


# ---------------------------------------------------------------------- faults


def show_fault(error: Exception) -> None:
    """A fault of the person's world as it says itself; one of ours calmly, with its trace on stderr."""
    if isinstance(error, FootnoteError):
        st.warning(plain(str(error)), icon=":material/info:")
    else:
        log.error("the page failed", exc_info=error)
        st.warning(UNEXPECTED, icon=":material/info:")


def show_later(error: Exception) -> None:
    """Like `show_fault`, at the next drawing of the page: for callbacks."""
    if not isinstance(error, FootnoteError):
        log.error("the page failed", exc_info=error)
    st.session_state[FAULT] = str(error) if isinstance(error, FootnoteError) else UNEXPECTED


def show_pending_fault() -> None:
    if text := st.session_state.pop(FAULT, ""):
        st.warning(plain(text), icon=":material/info:")


def plain(text: str) -> str:
    """`text` for a place that reads Markdown: every sign stands for itself.

    Labels, titles and messages of Streamlit are Markdown; file names, chat titles and messages are
    not ours, so no link, picture, formula or symbol may come out of them. An address in the open is made a
    link after the escapes are read: a word joiner (nothing one sees) breaks it up.
    """
    text = _ADDRESS.sub("\u2060", text)
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))

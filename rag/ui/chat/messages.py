"""The messages of a chat, and what can be done with each: say it in other words, answer it once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import streamlit as st

from ingest.errors import FootnoteError, WrongUsage
from rag.chats.conversations import Chat, Message, Rating
from rag.chats.suggest import follow_ups
from rag.evaluate.feedback import SHOULD_REFUSE
from rag.llm.naming import shown_name
from rag.settings import AskSettings
from rag.ui import footnote, session
from rag.ui.cached import opened
from rag.ui.chat import sending
from rag.ui.chat.draft import draft_markdown
from rag.ui.render import EXTRACTIVE, Json, answer_json
from rag.ui.session import plain

REASONS = {
    "wrong": "It is wrong",
    "incomplete": "Something is missing",
    SHOULD_REFUSE: "The documents don’t say this",
    "passages": "The passages don’t fit",
}


def draw(chat: Chat, messages: Sequence[Message], busy: bool) -> None:
    """All of them; while the chat is `busy` being answered they can only be read, and keep their places."""
    question: Message | None = None
    for place, message in enumerate(messages):
        if message.role == "user":
            question = message
            draw_question(chat, message, last=place >= len(messages) - 2, busy=busy)
        else:
            draw_reply(chat, message, question, busy, last=place == len(messages) - 1)


def draw_question(chat: Chat, message: Message, last: bool, busy: bool) -> None:
    with st.container(key=f"question_{message.id}"):
        st.text(message.content or "Files added")
        for name in message.files:
            st.caption(f":material/attach_file: {plain(name)}")
    if not message.content:
        return
    with st.container(
        horizontal=True,
        gap=None,
        key=f"said_{message.id}",
        horizontal_alignment="right",
        vertical_alignment="center",
    ):
        if len(message.versions) > 1:
            pager(message, busy)
        if st.button(
            "Edit this question",
            icon=":material/edit:",
            type="tertiary",
            key=f"edit_{message.id}",
            disabled=busy,
        ):
            in_other_words(chat, message, last)


@st.dialog("Ask in other words")
def in_other_words(chat: Chat, message: Message, last: bool) -> None:
    with st.form("in_other_words", border=False):
        text = st.text_area("Your question", value=message.content, height=120)
        if not last:
            st.caption("What was said after it stays: the arrows below the question lead back to it.")
        sent = st.form_submit_button("Ask", type="primary")
    if sent:
        try:
            sending.in_other_words(chat, message, text)
        except FootnoteError as error:
            session.show_fault(error)
        else:
            st.rerun()


def pager(message: Message, busy: bool) -> None:
    """‹ 1 of 2 ›: the versions of a question."""
    at = message.versions.index(message.id)
    back = st.button(
        "The version before", icon=":material/chevron_left:", type="tertiary",
        key=f"version_before_{message.id}", disabled=busy or at == 0,
    )  # fmt: skip
    st.text(f"{at + 1} of {len(message.versions)}")
    onwards = st.button(
        "The next version", icon=":material/chevron_right:", type="tertiary",
        key=f"version_after_{message.id}", disabled=busy or at == len(message.versions) - 1,
    )  # fmt: skip
    if back or onwards:
        opened().conversations.show_version(message.versions[at - 1 if back else at + 1])
        st.rerun()


def draw_reply(chat: Chat, message: Message, question: Message | None, busy: bool, last: bool) -> None:
    if message.answer:
        with st.container(key=f"answer_{message.id}"):
            data = answer_json(message.answer, chat.library, str(message.id))
            data["busy"] = busy
            if question:
                data["acts"] = acts_json(message, message.answer.model)
                data["acts"]["ask"] = follow_ups(message.answer) if last else []

            def act(wish: Any) -> None:
                act_on(chat, message, question, wish)

            footnote.answer(data, act)
        return
    with st.container(key=f"note_{message.id}"):
        if message.content:
            with st.container(key=f"draft_{message.id}"):
                st.markdown(draft_markdown(message.content, ()))
        st.text(message.note)
    if len(message.versions) > 1:
        with st.container(horizontal=True, gap=None, key=f"said_{message.id}", vertical_alignment="center"):
            pager(message, busy)


# ---------------------------------------------------------------------- what a person does with an answer


def acts_json(message: Message, model: str) -> Json:
    """What the answer offers: its versions, and ways to answer once more."""
    return {
        "at": message.versions.index(message.id) + 1,
        "of": len(message.versions),
        "again": again_json(model, opened().ask_settings),
        "rating": asdict(message.rating) if message.rating else None,
        "reasons": [{"reason": name, "label": label} for name, label in REASONS.items()],
    }


def again_json(model: str, ask: AskSettings) -> list[Json]:
    """The ways to answer once more, the likeliest first: as is set now, by another of the models, by quotations.
    `model` wrote the answer that is there."""
    if not ask.models:
        return [{"label": "Again", "model": ""}]
    names = {llm: shown_name(ask.with_model(llm)) for llm in ask.models} | {"": EXTRACTIVE}
    others = [llm for llm, name in names.items() if llm != ask.llm and name != model]

    def label(llm: str) -> str:
        if names[llm] == model:
            return "Again"
        return f"With {names[llm]}" if llm else "Quotations only"

    return [{"label": label(llm), "model": llm} for llm in (ask.llm, *others)]


def act_on(chat: Chat, message: Message, question: Message | None, wish: Any) -> None:
    """Do what was clicked in an answer. It comes from the browser: what does not fit is refused."""
    try:
        match wish:
            case {"version": int(step)} if step in (-1, 1):
                at = message.versions.index(message.id) + step
                if 0 <= at < len(message.versions):
                    sending.check_free(chat)
                    opened().conversations.show_version(message.versions[at])
            case {"again": str(llm)} if question and llm in ("", *opened().ask_settings.models):
                sending.once_more(chat, question, llm=llm)
            case {"query": str(query)} if question and query.strip():
                sending.once_more(chat, question, query=query.strip())
            case {"ask": str(text)}:
                sending.ask(text)
            case {"rate": None}:
                opened().conversations.rate(message.id, None)
            case {"rate": True}:
                opened().conversations.rate(message.id, Rating(True))
            case {"rate": False, "reason": str(reason), "expected": str(expected)} if reason in (
                "",
                *REASONS,
            ):
                opened().conversations.rate(message.id, Rating(False, reason, expected))
            case _:
                raise WrongUsage("Type what is to be searched for.")
    except FootnoteError as error:
        session.show_later(error)

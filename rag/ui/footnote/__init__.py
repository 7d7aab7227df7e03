"""Components v2: the answer with its footnotes, the sources panel, the chats, what an evaluation found. No build step.

The scripts beside this file are served under /ui and loaded once; what is mounted per answer is
only a line that imports them.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from rag.ui.render import Json

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

FOLDER = Path(__file__).resolve().parent
SOURCES_TO_COME: Json = {
    "cited": [],
    "read": [],
    "library": "",
    "waiting": True,
}  # `sources` of no answer yet
NO_SOURCES: Json = {"none": True}  # of no question yet: no panel, but room for it when one is sent


def answer(data: Json, on_act: Callable[[Any], None] | None = None) -> None:
    """Draw an answer (`rag.ui.render.answer_json`); `on_act` gets what the person does with it.

    What it gets comes from the browser: {"version": ±1}, {"again": quote}, {"query": text},
    {"ask": text} or {"rate": True, False or None, "reason": word, "expected": text}.
    """
    key = f"answer-{data['key']}"

    def acted() -> None:
        if on_act and (wish := st.session_state[key].act) is not None:
            on_act(wish)

    _component("answer")(key=key, data=data, on_act_change=acted)


def sources(data: Json) -> None:
    """Draw the sources panel of an answer; at most once a page."""
    _component("sources")(key="sources", data=data)


def in_sight(chat_id: str, question_id: int, asked: bool) -> None:
    """Keep the newest question of a chat at the top of the window while its answer comes; once a page.

    It is scrolled to when the chat is opened and when it has just been `asked`; else the page stays where it is.
    """
    data = {"chat": chat_id, "question": question_id, "asked": asked}
    _component("in_sight")(key="in_sight", data=data)


def ahead(scripts: Sequence[str]) -> None:
    """Have the browser load scripts of Streamlit, when it rests, that another page will need; once a page."""
    _component("ahead")(key="ahead", data={"scripts": list(scripts)})


def chats(data: Json) -> Json:
    """Draw the saved chats; at most once a page. What was clicked in them since, {} for nothing.

    What it gets comes from the browser: {"open": chat id}, {"pin": chat id, "pinned": bool}, {"rename": chat id},
    {"export": chat id} or {"delete": chat id}.
    """
    wish = _component("chats")(key="chat_list", data=data, on_act_change=lambda: None).act
    return wish if isinstance(wish, dict) else {}


def questions(data: Json, key: str, on_open: Callable[[int], None]) -> None:
    """Draw the questions of an evaluation; `on_open` gets the number of the one that is clicked."""

    def opened() -> None:
        if (number := st.session_state[key].open) is not None:
            on_open(int(number))

    _component("questions")(key=key, data=data, on_open_change=opened)


def passages(data: Json, key: str) -> None:
    """Draw the passages found for a question, with their place at every stage."""
    _component("passages")(key=key, data=data)


@functools.cache
def _component(name: str) -> ComponentRenderer:
    """The component of a script; the address it is loaded from changes with any of the scripts."""
    everything = b"".join(path.read_bytes() for path in sorted(FOLDER.glob("*.js")))
    version = hashlib.sha256(everything).hexdigest()[:12]
    loader = (
        f'const loaded = import(new URL("/ui/{version}/{name}.js", location.origin));\n'
        "export default async (component) => (await loaded).default(component);\n"
    )
    return st.components.v2.component(f"footnote_{name}", js=loader, isolate_styles=False)

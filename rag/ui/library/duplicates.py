"""Near duplicates: shown with their likeness; a person says which of them is asked."""

from __future__ import annotations

import streamlit as st

from ingest.errors import FootnoteError
from ingest.model.documents import DocumentDetail
from ingest.protocols import Library
from ingest.shelf.alike import ALIKE, Alike
from rag.ui import session
from rag.ui.cached import opened
from rag.ui.render import counted
from rag.ui.session import plain

LISTED, LISTED_BESIDE = 50, 5


@st.dialog("Near duplicates", width="medium")
def show(library_name: str) -> None:
    library = opened().home.library(library_name)
    pairs = library.alike()
    if not pairs:
        st.text("No two files of this library have almost the same text.")
        return
    newest = st.toggle(
        "Ask only the newest of files that are almost the same",
        value=library.info().newest_answers,
        help="Of two files whose text is the same to 90% or more, the older one is set aside. "
        "What you decide for a file below goes before.",
        key="newest_answers",
    )
    if newest != library.info().newest_answers:
        library.let_newest_answer(newest)
        pairs = library.alike()
    for number, pair in enumerate(pairs[:LISTED]):
        with st.container(border=True, gap="xsmall", key=f"pair_{number}"):
            st.markdown(f"**{plain(pair.first)}**")
            st.text(f"{pair.words} {pair.second}")
            decide(library, pair, f"pair_{number}")
    if len(pairs) > LISTED:
        st.caption(
            f"and {counted(len(pairs) - LISTED, 'pair')} more: `python -m ingest duplicates` lists all."
        )


def beside(library: Library, detail: DocumentDetail) -> None:
    """In a file's receipt: what it is almost the same as, and whether it is asked."""
    pairs = library.alike(detail.origin.key)
    if not pairs and not detail.instead:
        return
    with st.container(key="alike", gap="small"):
        if detail.instead:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.text(f"Set aside: {detail.instead} is asked instead.", width="stretch")
                again(library, [detail.origin.key], "beside_again")
        for number, pair in enumerate(pairs[:LISTED_BESIDE]):
            st.text(f"{pair.words[:1].upper()}{pair.words[1:]} {pair.second}")
            if not detail.instead:
                decide(library, pair, f"beside_{number}")
        if len(pairs) > LISTED_BESIDE:
            st.caption(f"and {counted(len(pairs) - LISTED_BESIDE, 'file')} more")


def decide(library: Library, pair: Alike, key: str) -> None:
    """Buttons that say which of a pair is asked."""
    away = [
        name for name, aside in ((pair.first, pair.first_aside), (pair.second, pair.second_aside)) if aside
    ]
    tells = short if short(pair.first) != short(pair.second) else str
    with st.container(horizontal=True, vertical_alignment="center"):
        if away:
            st.caption(plain(f"{' and '.join(map(tells, away))}: set aside"), width="content")
            again(library, away, f"{key}_again")
        else:
            for name, other, held in (
                (pair.first, pair.second, pair.second_share),
                (pair.second, pair.first, pair.first_share),
            ):
                if held < ALIKE:  # most of the other would be lost with it
                    continue
                if st.button(plain(f"Ask only {tells(name)}"), key=f"{key}_{name == pair.first}"):
                    try:
                        library.set_aside([other], name)
                    except FootnoteError as error:
                        session.show_later(error)
                    st.rerun()


def again(library: Library, keys: list[str], key: str) -> None:
    if st.button("Ask it again" if len(keys) == 1 else "Ask both again", key=key):
        try:
            library.bring_back(keys)
        except FootnoteError as error:
            session.show_later(error)
        st.rerun()


def short(key: str) -> str:
    """A file's name without its folders."""
    return key.rsplit("/", 1)[-1]

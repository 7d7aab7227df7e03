"""The dialog that has documents read again under other settings."""

from __future__ import annotations

import streamlit as st

from ingest.errors import FootnoteError
from ingest.recipe import LEAST_CHUNK_TOKENS, Choice, most_chunk_tokens
from rag.ui import session
from rag.ui.cached import opened
from rag.ui.render import counted

OCR = {"As set for all files": None, "Recognise them": True, "Leave them out": False}


@st.dialog("Read again")
def read_again(library_name: str, keys: list[str]) -> None:
    what = f"“{keys[0]}” is" if len(keys) == 1 else f"{counted(len(keys), 'file')} are"
    st.text(
        f"{what} read from the original kept here. The text that is there answers until the new one is "
        "complete. The choice stays with the file; what you changed by hand goes along where a passage is the same."
    )
    settings = opened().settings
    with st.form("read_again", border=False):
        tokens = st.number_input(
            "Longest passage, in tokens",
            min_value=LEAST_CHUNK_TOKENS,
            max_value=max(most_chunk_tokens(settings), settings.chunk_tokens),
            value=settings.chunk_tokens,
            help="A token is a short word or a part of a longer one. Shorter passages are more exact, longer ones "
            f"say more of what is around. {settings.chunk_tokens} is set for all files.",
        )
        ocr = st.radio("Pages that are pictures", list(OCR))
        if st.form_submit_button("Read again", type="primary"):
            choice = Choice(None if tokens == settings.chunk_tokens else int(tokens), OCR[ocr])
            try:
                opened().home.library(library_name).reread(keys, choice)
            except FootnoteError as error:
                session.show_fault(error)
            else:
                st.rerun()

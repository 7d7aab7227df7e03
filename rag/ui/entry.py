"""The script Streamlit runs for every tab and every click: looks, sidebar, page."""

from __future__ import annotations

import streamlit as st

from rag.ui import looks, opening, session, settings_page, sidebar
from rag.ui.chat import chat_page
from rag.ui.evaluation import evaluate_page
from rag.ui.library import library_page


def draw() -> None:
    looks.apply()

    def evaluate() -> None:
        evaluate_page.show(pages["library"])

    pages = {
        "chat": st.Page(chat_page.show, title="Chat", icon=":material/chat:", url_path="chat", default=True),
        "library": st.Page(
            library_page.show, title="Library", icon=":material/folder_open:", url_path="library"
        ),
        "evaluate": st.Page(evaluate, title="Evaluate", icon=":material/fact_check:", url_path="evaluate"),
        "settings": st.Page(
            settings_page.show, title="Settings", icon=":material/settings:", url_path="settings"
        ),
    }
    page = st.navigation(list(pages.values()), position="hidden")
    opening.wait_until_open()
    try:
        session.chat()  # a link may name a chat of another library, and the sidebar shows which
        sidebar.draw(pages)
        page.run()
    except Exception as error:  # noqa: BLE001 - shown calmly, logged with its trace
        session.show_fault(error)


if __name__ == "__main__":
    draw()

"""The theme beyond `.streamlit/config.toml`: our own style sheets, nothing from anywhere else."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

FOLDER = Path(__file__).resolve().parent
ICON = FOLDER.parents[1] / "static" / "icon.png"


def apply() -> None:
    st.set_page_config(
        page_title="Footnote", page_icon=str(ICON), layout="wide", initial_sidebar_state="auto"
    )
    st.html(FOLDER / "page.css")
    st.html(FOLDER / "footnote" / "footnote.css")

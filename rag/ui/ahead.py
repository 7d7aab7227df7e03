"""What Streamlit loads only when a page first needs it, loaded while nobody waits: here, and in the browser."""

from __future__ import annotations

import functools
import gc
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import FootnoteError

if TYPE_CHECKING:
    from rag.engine import Engine

# Scripts of Streamlit that the Library page and a receipt need and the chat does not.
SCRIPTS = ("DataFrame", "FileUploader", "MenuButton", "TextInput", "Pagination", "Checkbox", "DownloadButton")
ROW = {"File": ["leave.md"], "Pages": [1], "Tags": [["desk"]]}


def prepare(engine: Engine) -> None:
    """Load what a table is made with, once the models are there: questions come first."""
    with suppress(FootnoteError):  # the sidebar tells why there are no models
        engine.load()
    from streamlit.dataframe_util import convert_anything_to_arrow_bytes

    convert_anything_to_arrow_bytes(ROW)
    gc.collect()
    gc.freeze()  # Streamlit collects after every click: what stays for good is not gone through again


@functools.cache
def scripts() -> tuple[str, ...]:
    """Where Streamlit serves SCRIPTS; their names end in a hash. One that it does not have is left out."""
    import streamlit

    folder = Path(streamlit.__file__).parent / "static" / "static" / "js"
    found = (next(folder.glob(f"{name}.*.js"), None) for name in SCRIPTS)
    return tuple(f"/static/js/{path.name}" for path in found if path)

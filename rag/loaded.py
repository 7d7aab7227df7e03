"""What questions need and is loaded once: the shipped models, chat models, judges, and what gathering keeps.

Engines under any settings share one `Loaded`. Heavy parts come with the first question or `warm_up`, not before.
"""

from __future__ import annotations

import gc
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.errors import FootnoteError
from ingest.protocols import Embedder, Home
from ingest.settings import Settings
from rag.llm.opened import ChatModels
from rag.settings import AskSettings

if TYPE_CHECKING:
    from rag.answers.confidence import Calibration
    from rag.answers.support import Judge
    from rag.reader import Reader
    from rag.whole.kept import Kept

log = logging.getLogger("footnote.rag")


@dataclass(frozen=True)
class Models:
    """The shipped models, loaded."""

    embedder: Embedder
    reader: Reader
    calibration: Calibration


class Loaded:
    """Loads each model at the first call for it and keeps it. Safe for threads.

    `state` says what the shipped models are doing, for people: "waiting", "loading the reader", "ready" …
    """

    def __init__(self, settings: Settings) -> None:
        self.state = "waiting"
        self.chat_models = ChatModels(settings.allow_download)
        self._settings = settings
        self._models: Models | None = None
        self._judges: dict[str, Judge] = {}  # by name; the one asked for last
        self._kept: Kept | None = None
        self._loading = threading.Lock()

    @property
    def ready(self) -> bool:
        return self._models is not None

    def models(self) -> Models:
        """The shipped models. Raises ModelUnavailable."""
        if self._models is None:
            with self._loading:
                if self._models is None:
                    self._models = self._load()
                    self.state = "ready"
        return self._models

    def _load(self) -> Models:
        self.state = "loading the embedder"
        from ingest.embedder import load_embedder
        from rag.answers.confidence import Calibration
        from rag.search.once import Once

        embedder = Once(load_embedder(self._settings))
        self.state = "loading the reader"
        from rag.reader import Reader

        return Models(embedder, Reader(self._settings), Calibration.load())

    def judge(self, name: str) -> Judge | None:
        """The model `name` that says what is supported; None is the reader. Raises ModelUnavailable."""
        if not name:
            return None
        reader = self.models().reader
        with self._loading:
            if name not in self._judges:
                from rag.answers.entailment import Entailment

                self._judges.clear()
                self._judges[name] = Entailment(name, self._settings.allow_download, reader)
            return self._judges[name]

    @property
    def kept(self) -> Kept:
        """What gathering keeps from one question to the next."""
        if self._kept is None:
            from rag.whole.kept import Kept

            self._kept = Kept()
        return self._kept

    def warm_up(self, home: Home, ask: AskSettings) -> None:
        """In the background: load the shipped models, open the indexes of `home`, begin to open the chat model
        of `ask` if it runs here, which takes long."""
        threading.Thread(target=self._warm, args=(home, ask), name="warm-up", daemon=True).start()

    def _warm(self, home: Home, ask: AskSettings) -> None:
        try:
            models = self.models()
            # Kernels are made for a shape when it is first seen: see those of a real question now.
            models.embedder.embed_passages(["word " * length for length in range(4, 80, 4)])
            models.reader.read("what is this", [("title", "word " * length) for length in range(8, 240, 8)])
            (vector,) = models.embedder.embed_queries(["what is this"])
            for info in home.libraries():
                if info.embedder == models.embedder.identity:  # indexes are opened at their first search
                    home.library(info.name).search_vectors(vector, 1)
            self.chat_models.settle(ask)
            gc.collect()
            gc.freeze()  # what stays for good is not gone through again: that held up a click for 0.2 s
        except FootnoteError as error:
            self.state = str(error)
            log.error("%s", error)

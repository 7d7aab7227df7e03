"""Any other embedder: a sentence-transformers folder, or a hub id when downloads are allowed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as FastTokenizer

from ingest.errors import ModelUnavailable
from ingest.inference import machine
from ingest.inference.hub import loading, model_folder
from ingest.protocols import Vectors
from ingest.settings import Settings

WINDOW_WITHOUT_LIMIT = 512  # tokens, for models that read texts of any length


def embedder_folder(settings: Settings) -> Path:
    """The folder of `settings.embedder`. Raises ModelUnavailable when there is none."""
    return model_folder(settings.embedder, settings.allow_download, "embedder", "FOOTNOTE_EMBEDDER")


class HubTokenizer:
    """The fast tokenizer of a sentence-transformers folder. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        """Raises ModelUnavailable when the folder has no tokenizer.json."""
        modules = folder / "modules.json"
        first = json.loads(modules.read_text(encoding="utf-8"))[0]["path"] if modules.is_file() else ""
        file = next(
            (f for f in (folder / first / "tokenizer.json", folder / "tokenizer.json") if f.is_file()), None
        )
        if file is None:
            raise ModelUnavailable(f"The model in {folder} has no tokenizer.json. Choose one that has it.")
        self._fast = FastTokenizer.from_file(str(file))
        self._fast.no_truncation()
        self._fast.no_padding()

    def offsets(self, text: str) -> NDArray[np.int32]:
        """Character offsets of the tokens of `text`, int32, shape (tokens, 2), special tokens left out."""
        return np.asarray(self._fast.encode(text, add_special_tokens=False).offsets, np.int32).reshape(-1, 2)


class HubEmbedder:
    """`ingest.protocols.Embedder` over sentence-transformers, in float32, with the model's own prompts."""

    def __init__(self, settings: Settings) -> None:
        """Raises ModelUnavailable when the model is not there or is none that can be used."""
        folder = embedder_folder(settings)
        self._tokenizer = HubTokenizer(folder)
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(machine.cores(settings.threads))
        try:
            self._model = SentenceTransformer(str(folder), **loading())
            self._dimensions = len(self._model.encode_query("probe", show_progress_bar=False))
        except Exception as error:
            raise ModelUnavailable(
                f"The embedder {settings.embedder} cannot be loaded ({error}). "
                "It must be a sentence-transformers model with safetensors weights and no code of its own."
            ) from error
        self._window = int(self._model.max_seq_length or WINDOW_WITHOUT_LIMIT)
        self._identity = f"st-{_content(folder, self._model.prompts, self._window)}"

    @property
    def identity(self) -> str:
        return self._identity

    @property
    def dimensions(self) -> int:
        return self._dimensions

    @property
    def window_tokens(self) -> int:
        return self._window

    @property
    def tokenizer(self) -> HubTokenizer:
        return self._tokenizer

    @property
    def backend(self) -> str:
        return "float32"

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._rows(
            self._model.encode_document(list(texts), normalize_embeddings=True, show_progress_bar=False)
        )

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._rows(
            self._model.encode_query(list(texts), normalize_embeddings=True, show_progress_bar=False)
        )

    def _rows(self, vectors: object) -> Vectors:
        return np.asarray(vectors, np.float32).reshape(-1, self._dimensions)


def _content(folder: Path, prompts: dict[str, str], window: int) -> str:
    """Hash of what decides a vector: weights, modules with pooling, prompts, window."""
    whole = hashlib.sha256(json.dumps([prompts, window], sort_keys=True).encode())
    for file in sorted(
        [*folder.rglob("*.safetensors"), *folder.rglob("config.json"), folder / "modules.json"]
    ):
        if file.is_file():
            whole.update(f"{file.relative_to(folder).as_posix()} {machine.digest(file)}\n".encode())
    return whole.hexdigest()[:16]

"""Texts to vectors: the shipped embedder, or another one by name."""

from __future__ import annotations

from ingest.protocols import Embedder, Tokenizer
from ingest.settings import Settings


def load_embedder(settings: Settings) -> Embedder:
    """The shipped embedder, or the folder or hub id in `settings.embedder`.

    Raises ModelUnavailable when it is not there or cannot be read.
    """
    if settings.embedder:
        from ingest.embedder.hub import HubEmbedder

        return HubEmbedder(settings)
    from ingest.embedder.shipped import ShippedEmbedder

    return ShippedEmbedder(settings)


def embedder_identity(settings: Settings) -> str:
    """The identity of `load_embedder(settings)`; for the shipped one without loading it."""
    if settings.embedder:
        return load_embedder(settings).identity
    from ingest.embedder.shipped import shipped_identity

    return shipped_identity()


def load_tokenizer(settings: Settings) -> Tokenizer:
    """The tokenizer of `load_embedder(settings)`, without loading the model."""
    if settings.embedder:
        from ingest.embedder.hub import HubTokenizer, embedder_folder

        return HubTokenizer(embedder_folder(settings))
    from ingest.embedder.shipped import FOLDER
    from ingest.embedder.tokenizer import WordPieces

    return WordPieces(FOLDER / "tokenizer.json")

"""How files are read, cut and embedded: what is chosen for some of them, and the identity of all of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from ingest.errors import WrongUsage
from ingest.settings import Settings

# Raise it when readers or chunking give other text for the same file.
READING_VERSION = 4

LEAST_CHUNK_TOKENS, MOST_CHUNK_TOKENS = 40, 2_000


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person has chosen for a file instead of the settings; None is as they say.

    It stays with the file: it counts, too, when the file changes and is read again.
    """

    chunk_tokens: int | None = None
    ocr: bool | None = None

    def over(self, settings: Settings) -> Settings:
        """The settings that this file is read under."""
        return replace(settings, **_given(self))  # type: ignore[arg-type]

    def checked(self, settings: Settings) -> Choice:
        """Itself. Raises WrongUsage for passages that are too short to say something, or longer than the
        embedder sees."""
        if self.chunk_tokens is None:
            return self
        most = most_chunk_tokens(settings)
        if not LEAST_CHUNK_TOKENS <= self.chunk_tokens <= most:
            raise WrongUsage(
                f"A passage may have {LEAST_CHUNK_TOKENS} to {most:,} tokens with this embedder, not "
                f"{self.chunk_tokens:,}. Choose a number between."
            )
        return self

    @property
    def in_words(self) -> str:
        """ "passages of 120 tokens, without OCR"; "" for no choice."""
        tokens = "" if self.chunk_tokens is None else f"passages of {self.chunk_tokens:,} tokens"
        ocr = "" if self.ocr is None else "with OCR" if self.ocr else "without OCR"
        return ", ".join(filter(None, (tokens, ocr)))


def most_chunk_tokens(settings: Settings) -> int:
    """The longest passage that the embedder sees whole; of one that is not shipped only it knows."""
    if settings.embedder:
        return MOST_CHUNK_TOKENS
    from ingest.embedder.shipped import WINDOW_TOKENS  # loads numpy's friends

    return WINDOW_TOKENS - 2 - settings.context_tokens


def choice_to_json(choice: Choice) -> str:
    """ "" for no choice."""
    given = _given(choice)
    return json.dumps(given) if given else ""


def choice_from_json(text: str) -> Choice:
    return Choice(**json.loads(text)) if text else Choice()


def _given(choice: Choice) -> dict[str, object]:
    return {name: value for name, value in asdict(choice).items() if value is not None}


def recipe_of(settings: Settings, embedder: str) -> str:
    """Identity of reading, cutting and embedding under `settings`; another one means reading anew."""
    reading = f"{READING_VERSION}" if settings.ocr else f"{READING_VERSION}-without-ocr"
    return f"{reading}-{settings.chunk_tokens}-{settings.context_tokens}-{embedder}"

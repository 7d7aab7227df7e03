"""Typed settings from the environment and `.env`; units in the names.

Read once by an entry point (`Settings.load()`), then handed on; importing this module reads nothing.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ingest.errors import WrongUsage

PROJECT = Path(__file__).resolve().parent.parent
PREFIX = "FOOTNOTE_"
DEFAULT_LIBRARY = "My documents"  # for the command line and the first look at the page


@dataclass(frozen=True)
class Settings:
    """Settings of ingest. Each can be set as FOOTNOTE_<NAME> in the environment or in `.env`."""

    home: Path = PROJECT / "data"  # all state; never the current directory
    embedder: str = ""  # "" is the shipped one; else a folder or a hub id
    allow_download: bool = False  # hubs are contacted only when this is set
    backend: str = "auto"  # auto | torch | bf16 | int8: number format of the shipped models
    threads: int = 0  # 0: as many as the machine has cores

    chunk_tokens: int = 210  # text of a chunk, in the embedder's tokens
    context_tokens: int = 40  # at most, for title and heading path before it

    max_file_mib: int = 200
    max_pages: int = 5_000
    max_characters: int = 50_000_000
    read_timeout_seconds: float = 300.0
    read_memory_mib: int = 2_048
    readers: int = 2  # sandbox processes
    ocr: bool = True  # read pages that are pictures of text
    ocr_timeout_seconds: float = 3600.0  # for all such pages of a file; the rest is named in its receipt

    allow_web: bool = False  # web addresses are fetched only when this is set
    web_allow: str = ""  # hosts and networks that may be reached although they are private, by commas
    web_timeout_seconds: float = 60.0  # for one page, all of it

    @classmethod
    def load(cls, **overrides: object) -> Settings:
        """Settings from `.env` (beside app.py), the environment, then `overrides` that are not None.

        Raises WrongUsage for a value that does not parse.
        """
        raw = read_environment()
        values: dict[str, object] = {}
        for item in fields(cls):
            text = raw.get(PREFIX + item.name.upper())
            if text is not None and text != "":
                values[item.name] = parse(item.name, text, getattr(cls, item.name))
        values.update({key: value for key, value in overrides.items() if value is not None})
        if "home" in values:
            values["home"] = Path(str(values["home"])).expanduser().resolve()
        return cls(**values)  # type: ignore[arg-type]


def settings_to_json(settings: Settings) -> dict[str, object]:
    """For handing settings to a child process."""
    return {**asdict(settings), "home": str(settings.home)}


def settings_from_json(raw: dict[str, Any]) -> Settings:
    return Settings(**{**raw, "home": Path(raw["home"])})


def read_environment(env_file: Path = PROJECT / ".env") -> dict[str, str]:
    """The FOOTNOTE_* variables; the environment wins over `.env`."""
    found: dict[str, str] = {}
    if env_file.is_file():
        for line in env_file.read_text(encoding="utf-8").splitlines():
            name, separator, value = line.strip().partition("=")
            if separator and name.startswith(PREFIX):
                found[name] = value.strip().strip("\"'")
    found.update({name: value for name, value in os.environ.items() if name.startswith(PREFIX)})
    return found


def parse(name: str, text: str, default: object) -> object:
    """`text` as the type of `default`. Raises WrongUsage naming the variable."""
    try:
        if isinstance(default, bool):
            if text.lower() not in ("0", "1", "true", "false", "yes", "no", "on", "off"):
                raise ValueError(text)
            return text.lower() in ("1", "true", "yes", "on")
        if isinstance(default, int):
            return int(text)
        if isinstance(default, float):
            return float(text)
        return text
    except ValueError:
        kind = type(default).__name__
        raise WrongUsage(
            f"{PREFIX}{name.upper()}={text!r} is not a valid {kind}. Correct it in the environment "
            "or in .env."
        ) from None


def go_offline(environment: dict[str, str] | os._Environ[str], allow_download: bool) -> None:
    """Switch telemetry off, and hubs unless `allow_download`; entry points call it in `main()`.

    It must run before transformers, huggingface_hub, chromadb or streamlit are imported: they
    read these variables at import.
    """
    environment.update(
        {
            "ANONYMIZED_TELEMETRY": "False",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "DO_NOT_TRACK": "1",
            "LANGSMITH_TRACING": "false",
            "LANGCHAIN_TRACING_V2": "false",
            "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
            "TOKENIZERS_PARALLELISM": "false",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }
    )
    if not allow_download:
        environment.update({"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"})

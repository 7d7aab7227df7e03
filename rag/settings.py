"""Settings of a question: the chat model and the thresholds. Keys are never shown.

A setting comes from the first of these that has it: the environment, what was chosen on a page
(`settings.json` in the home folder), `.env`, the default. A key has a place besides: it is sent only
where it was given for, so whoever changes the address on a page has to type the key again.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from urllib.parse import urlsplit

from ingest.errors import DiskFull, WrongUsage
from ingest.settings import PREFIX, parse, read_environment

CHOSEN_FILE = "settings.json"  # in the home folder, mode 0600: it may hold a key
KEY = "llm_api_key"
KEY_PLACE = "llm_api_key_for"  # beside the key in that file: where it may be sent


@dataclass(frozen=True)
class AskSettings:
    """Each can be set as FOOTNOTE_<NAME> in the environment or in `.env`, and chosen on a page."""

    llm: str = ""  # "" answers by extraction; else "provider:model" for init_chat_model
    llm_others: str = ""  # more of the kind, with commas between: an answer can be made again with them
    llm_base_url: str = ""  # any OpenAI-compatible address
    llm_api_key: str = field(default="", repr=False)
    llm_temperature: float = 0.0
    llm_timeout_seconds: float = 60.0
    llm_context_tokens: int = 6_000  # passages and history together
    llm_passages: int = 8
    llm_follow_ups: bool = (
        True  # a chat model, where there is one, puts follow-ups into words that stand alone
    )
    support_model: str = ""  # "" is the reader's own head; else a model for natural language inference
    strict: bool = False  # leave out what a chat model writes and the passages don't support

    dense_candidates: int = 60
    words_candidates: int = 60
    distinct_pages: int = 20  # hits come from as many, if the library has them
    coverage_weight: float = (
        0.4  # of the query's terms a passage holds, beside the cosine: rag/search/retrieve.py
    )
    read_candidates: int = 24  # hits the reader reads
    read_unsure: int = 40  # … when none of those is likely to answer
    reader_weight: float = 0.03  # of a relevance logit beside the fused score: rag/search/rerank.py
    document_weight: float = 0.4  # of a document's best hits beside each of them
    answer_words: int = 70  # an extractive answer is at most about this long
    answer_passages: int = 8  # passages an extractive answer may draw on
    refusal_threshold: float = 0.13  # calibrated probability under which an answer is refused

    question_max_characters: int = 4_000

    @property
    def models(self) -> tuple[str, ...]:
        """The chat models that can be asked, the set one first; () without any."""
        names = (self.llm, *self.llm_others.split(","))
        return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))

    def with_model(self, llm: str) -> AskSettings:
        """These settings with another model; the key goes along only where it may be sent."""
        same = key_place({"llm": llm, "llm_base_url": self.llm_base_url}) == key_place(vars(self))
        return replace(self, llm=llm, llm_api_key=self.llm_api_key if same else "")

    @classmethod
    def load(cls, home: Path | None = None, **overrides: object) -> AskSettings:
        """Settings from `.env`, the choices kept in `home`, the environment, then `overrides` that are
        not None; each wins over those before it.

        Raises WrongUsage for a value that does not parse.
        """
        return cls._settled(_kept(home) if home is not None else {}, overrides)

    @classmethod
    def preview(cls, home: Path, changes: Mapping[str, object]) -> AskSettings:
        """Settings as they would be after `choose`, which is not done. Raises WrongUsage as it does."""
        return cls._settled(_changed(_kept(home), changes), {})

    @classmethod
    def _settled(cls, kept: Mapping[str, object], overrides: Mapping[str, object]) -> AskSettings:
        """`kept` is what `_kept` returns."""
        values: dict[str, object] = {}
        raw = read_environment()
        for item in fields(cls):
            text = raw.get(PREFIX + item.name.upper())
            if text is not None and text != "":
                values[item.name] = parse(item.name, text, item.default)
        given = {key: value for key, value in overrides.items() if value is not None}
        environment = {**values, **given}  # what was given at once, and so is meant for each other
        fixed = fixed_by_environment()
        values.update({name: value for name, value in kept.items() if name not in {*fixed, KEY, KEY_PLACE}})
        values.update(given)
        goes_to = key_place(values)
        key = environment.get(KEY, "") if key_place(environment) == goes_to else ""
        if kept.get(KEY) and kept.get(KEY_PLACE) == goes_to and not (key and KEY in {*fixed, *given}):
            key = kept[KEY]
        return cls(**{**values, KEY: key})  # type: ignore[arg-type]


def key_place(settings: Mapping[str, object]) -> str:
    """Where the key of these settings is sent: scheme, host and port of the address, else the provider."""
    address, llm = str(settings.get("llm_base_url", "")), str(settings.get("llm", ""))
    if not address:
        return llm.partition(":")[0].strip().lower().replace("-", "_")
    try:
        parts = urlsplit(address.strip())
        return f"{parts.scheme}://{parts.netloc.rsplit('@', 1)[-1]}".lower()
    except ValueError:  # no address at all: nothing is sent there
        return address


def kept_key_place(home: Path) -> str:
    """Where the key that was typed on a page may be sent; "" when none is kept. The key stays in its file."""
    kept = _kept(home)
    return str(kept.get(KEY_PLACE, "")) if kept.get(KEY) else ""


def variable(name: str) -> str:
    """The variable of a setting: `llm` is FOOTNOTE_LLM."""
    return PREFIX + name.upper()


def fixed_by_environment() -> frozenset[str]:
    """Settings that the environment sets; a choice on a page has no effect on them."""
    return frozenset(item.name for item in fields(AskSettings) if os.environ.get(variable(item.name)))


# ---------------------------------------------------------------------- what was chosen on a page


def chosen(home: Path) -> dict[str, object]:
    """The choices kept in a home folder, by the setting's name; a name of another version is left out.

    Raises WrongUsage when the file cannot be understood.
    """
    return {name: value for name, value in _kept(home).items() if name != KEY_PLACE}


def choose(home: Path, changes: Mapping[str, object]) -> None:
    """Keep choices beside those already kept; None takes one back. All of them, or none.

    A key is kept for the place that the settings name after the change. Raises WrongUsage for an unknown
    setting or a value of another kind, DiskFull when nothing can be written.
    """
    kept = _changed(_kept(home), changes)
    try:
        _write(home / CHOSEN_FILE, json.dumps(kept, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    except OSError as error:
        raise DiskFull(
            f"The settings could not be written to {home} ({error.strerror}). Free some space, then try again."
        ) from error


def _kept(home: Path) -> dict[str, object]:
    """What the file holds: choices by name, and KEY_PLACE. Raises WrongUsage."""
    file = home / CHOSEN_FILE
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise WrongUsage(
            f"{file} cannot be read ({error}). Correct it, or delete it to be back at the defaults."
        ) from error
    if not isinstance(raw, dict):
        raise WrongUsage(f"{file} holds no settings. Delete it to be back at the defaults.")
    known = {**_defaults(), KEY_PLACE: ""}
    try:
        return {name: of_kind(name, value, known[name]) for name, value in raw.items() if name in known}
    except WrongUsage as error:
        raise WrongUsage(f"{file}: {error} Correct it, or delete the file.") from None


def _changed(kept: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    known = _defaults()
    for name in changes:
        if name not in known:
            raise WrongUsage(f"There is no setting “{name}”. README.md lists them all.")
    made = {name: value for name, value in kept.items() if name not in changes}
    made |= {name: of_kind(name, value, known[name]) for name, value in changes.items() if value is not None}
    if not made.get(KEY):
        made.pop(KEY_PLACE, None)
    elif KEY in changes:
        made[KEY_PLACE] = key_place(vars(AskSettings._settled(made, {})))
    return made


def _defaults() -> dict[str, object]:
    return {item.name: item.default for item in fields(AskSettings)}


def of_kind(name: str, value: object, default: object) -> object:
    """`value` as the kind of `default`; a whole number serves for a real one. Raises WrongUsage, which
    never shows the value: it may be a key."""
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default) or (isinstance(value, float) and not math.isfinite(value)):
        raise WrongUsage(f"“{name}” needs a value like {default!r}.")
    return value


def _write(file: Path, text: str) -> None:
    """Replace the file in one step, never readable by others, not even for an instant."""
    draft = file.with_name(f"{file.name}.{os.getpid()}.part")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise

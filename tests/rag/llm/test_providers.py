"""What is chosen on the Settings page becomes settings, and back."""

from __future__ import annotations

import pytest

from ingest.errors import WrongUsage
from rag.llm.providers import (
    BY_ID,
    COMPATIBLE,
    NONE,
    OTHER,
    PROVIDERS,
    chosen_provider,
    missing_package,
    settings_of,
)
from rag.settings import AskSettings

NEEDS_ADDRESS = [each.id for each in PROVIDERS if each.address == "needed"]


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda each: each.id)
def test_every_choice_comes_back_as_it_was_made(provider: object) -> None:
    each = next(one for one in PROVIDERS if one is provider)
    model = "" if each.id == NONE else each.example
    address = "http://localhost:1234/v1" if each.address else ""
    settings = settings_of(each, f" {model} ", address)
    ask = AskSettings(**settings)  # type: ignore[arg-type]
    assert chosen_provider(ask) == (each, model)
    assert ask.llm_base_url == address


@pytest.mark.parametrize(
    ("llm", "address", "found"),
    [
        ("qwen3:8b", "http://localhost:8000/v1", (COMPATIBLE, "qwen3:8b")),
        ("openai:x", "http://localhost:8000/v1", (COMPATIBLE, "x")),
        ("huggingface:org/x", "http://localhost:8000/v1", (COMPATIBLE, "org/x")),
        ("groq:x", "", (OTHER, "groq:x")),
        ("gpt-4.1", "", (OTHER, "gpt-4.1")),
        ("azure-openai:x", "", ("azure_openai", "x")),
    ],
)
def test_settings_made_elsewhere_find_their_place(llm: str, address: str, found: tuple[str, str]) -> None:
    provider, model = chosen_provider(AskSettings(llm=llm, llm_base_url=address))
    assert (provider.id, model) == found


@pytest.mark.parametrize("name", NEEDS_ADDRESS)
@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("", "no http"), ("localhost:8000", "no http"), ("file:///etc/passwd", "no http"), ("http://", "no http"),
        ("http://[::1", "no http"), ("http://a:99999", "no http"), ("http://me:secret@host/v1", "own field"),
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_told_and_not_repeated(name: str, address: str, says: str) -> None:
    with pytest.raises(WrongUsage, match=says) as told:
        settings_of(BY_ID[name], "m", address)
    assert "secret" not in str(told.value)


def test_an_empty_model_is_told_with_an_example() -> None:
    with pytest.raises(WrongUsage, match=r"Model is empty.*claude"):
        settings_of(BY_ID["anthropic"], " ", "")
    with pytest.raises(WrongUsage, match="provider:model"):
        settings_of(BY_ID[OTHER], "llama", "")


def test_quotations_leave_the_address_as_it_is() -> None:
    assert settings_of(BY_ID[NONE], "", "http://x") == {"llm": ""}


def test_a_missing_package_is_named_with_the_line_that_installs_it() -> None:
    absent = next(each for each in PROVIDERS if each.id == "mistralai")
    assert missing_package(absent) in (
        "",
        ".venv/bin/python -m pip install -r requirements.txt langchain-mistralai",
    )
    assert missing_package(BY_ID["openai"]) == missing_package(BY_ID[NONE]) == ""

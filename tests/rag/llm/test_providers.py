"""What is chosen on the Settings page becomes settings, and back."""

from __future__ import annotations

import pytest

from ingest.errors import WrongUsage
from rag.llm.providers import (
    BY_ID,
    COMPATIBLE,
    LANGCHAIN_PROVIDERS,
    NONE,
    OTHER,
    PROVIDERS,
    chosen_provider,
    missing_package,
    other_models,
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
    assert "llm_base_url" not in settings_of(BY_ID[NONE], "", "http://x")


@pytest.mark.parametrize(
    ("provider", "typed", "kept", "shown"),
    [
        ("ollama", " qwen3 , llama3.2:3b,qwen3", "ollama:qwen3, ollama:llama3.2:3b", "qwen3, llama3.2:3b"),
        (COMPATIBLE, "qwen3:8b, anthropic:claude-x", "openai:qwen3:8b, anthropic:claude-x", "qwen3:8b, anthropic:claude-x"),
        ("bedrock_converse", "amazon.nova-v1:0", "bedrock_converse:amazon.nova-v1:0", "amazon.nova-v1:0"),
        (OTHER, "groq:x", "groq:x", "groq:x"),
        ("openai", ", ,", "", ""),
    ],
)  # fmt: skip
def test_other_models_belong_to_the_provider_unless_they_name_theirs(
    provider: str, typed: str, kept: str, shown: str
) -> None:
    settings = settings_of(BY_ID[provider], "a:b", "http://localhost:1/v1", typed)
    assert settings["llm_others"] == kept
    assert other_models(BY_ID[provider], AskSettings(**settings)) == shown  # type: ignore[arg-type]


def test_another_model_without_a_provider_is_told_where_there_is_none() -> None:
    with pytest.raises(WrongUsage, match="“x” names no provider"):
        settings_of(BY_ID[OTHER], "groq:y", "", "x")


def test_every_provider_of_langchain_is_known_by_its_name() -> None:
    from langchain.chat_models import base

    assert set(base._BUILTIN_PROVIDERS) <= LANGCHAIN_PROVIDERS


def test_a_missing_package_is_named_with_the_line_that_installs_it() -> None:
    absent = next(each for each in PROVIDERS if each.id == "mistralai")
    assert missing_package(absent) in (
        "",
        ".venv/bin/python -m pip install -r requirements.txt langchain-mistralai",
    )
    assert missing_package(BY_ID["openai"]) == missing_package(BY_ID[NONE]) == ""

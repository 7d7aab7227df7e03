"""The connection test: a real server answers, refuses, or is not there."""

from __future__ import annotations

import json

import pytest

from ingest.errors import ModelUnavailable, WrongUsage
from rag.llm.opened import ChatModels
from rag.llm.trial import SHOWN_CHARACTERS, try_chat_model
from rag.model import CancelToken
from rag.settings import AskSettings
from tests.servers.openai_server import serving

KEY = "sk-right-key-0123456789"


def settings(url: str, model: str = "ready", key: str = KEY) -> AskSettings:
    return AskSettings(llm=f"openai:{model}", llm_base_url=url, llm_api_key=key, llm_timeout_seconds=5.0)


def test_an_answer_tells_how_long_it_took() -> None:
    with serving(key=KEY) as server:
        trial = try_chat_model(settings(server.url), ChatModels(False), CancelToken())
        (request,) = server.requests
    assert (trial.name, trial.place, trial.text) == ("openai:ready", server.url.split("/")[2], "Ready.")
    assert 0 < trial.first_seconds <= trial.seconds < 5
    assert len(json.dumps(request["messages"])) < 300, "the request is tiny"


def test_a_talkative_model_is_cut_short() -> None:
    with serving(word_seconds=0.01) as server:
        trial = try_chat_model(settings(server.url, "slow"), ChatModels(False), CancelToken())
        assert server.gone.wait(5)
    assert len(trial.text) <= SHOWN_CHARACTERS


def test_a_wrong_key_is_told_and_not_shown() -> None:
    with (
        serving(key=KEY) as server,
        pytest.raises(ModelUnavailable, match=r"refused the key.*Settings page") as told,
    ):
        try_chat_model(settings(server.url, key="sk-wrong-key-987654"), ChatModels(False), CancelToken())
    assert "wrong-key" not in str(told.value)


def test_nobody_there_is_told_with_the_remedy() -> None:
    with serving() as server:
        url = server.url
    with pytest.raises(ModelUnavailable, match=r"cannot be reached.*Start the server"):
        try_chat_model(settings(url), ChatModels(False), CancelToken())
    with pytest.raises(WrongUsage, match="No chat model"):
        try_chat_model(AskSettings(), ChatModels(False), CancelToken())


def test_azure_gets_its_endpoint_and_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_OPENAI_API_KEY", raising=False)
    with serving() as server:
        ask = AskSettings(
            llm="azure_openai:ready", llm_base_url=server.url.removesuffix("/v1"), llm_api_key=KEY,
            llm_timeout_seconds=5.0,
        )  # fmt: skip
        trial = try_chat_model(ask, ChatModels(False), CancelToken())
        assert server.paths == ["/openai/deployments/ready/chat/completions?api-version=2024-10-21"]
    assert trial.text == "Ready."

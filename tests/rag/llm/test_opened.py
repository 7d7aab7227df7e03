"""Chat models are opened once, by whoever asks first; who waits can stop, and what is not named any more goes."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

import rag.llm.opened
from ingest.errors import Cancelled, ModelUnavailable
from rag.llm.chat_model import ChatModel
from rag.llm.chat_opening import open_chat_model
from rag.llm.opened import ChatModels
from rag.model import CancelToken
from rag.settings import AskSettings
from tests import tiny_chat_model

REMOTE = AskSettings(llm="openai:a", llm_others="openai:b", llm_base_url="http://127.0.0.1:1/v1")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> AskSettings:
    folder = tiny_chat_model.make(tmp_path_factory.mktemp("models") / "tiny")
    return AskSettings(llm=f"huggingface:{folder}")


def test_a_model_in_this_process_is_loaded_once_whatever_its_limits_are(local: AskSettings) -> None:
    models = ChatModels(False)
    assert not models.is_open(local)
    opened: list[ChatModel] = []
    threads = [
        threading.Thread(target=lambda: opened.append(models.open(local, CancelToken()))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    patient = replace(local, llm_timeout_seconds=5.0)
    assert models.is_open(patient)
    opened.append(models.open(patient, CancelToken()))
    assert len(opened) == 4
    assert len({id(each.model) for each in opened}) == 1
    assert opened[-1].ask.llm_timeout_seconds == 5.0


def test_there_is_one_model_in_this_process_at_a_time(local: AskSettings, tmp_path: Path) -> None:
    other = AskSettings(llm=f"huggingface:{tiny_chat_model.make(tmp_path / 'other')}")
    models = ChatModels(False)
    for ask in (local, other):
        models.open(ask, CancelToken())
    assert (models.is_open(local), models.is_open(other)) == (False, True)


def test_what_the_settings_name_stays_and_all_else_goes(local: AskSettings) -> None:
    models = ChatModels(False)
    others = [REMOTE.with_model("openai:b"), replace(REMOTE, llm_api_key="another"), local]
    for ask in (REMOTE, *others):
        models.open(ask, CancelToken())
    models.settle(REMOTE)
    assert [models.is_open(ask) for ask in (REMOTE, *others)] == [True, True, False, False]
    models.settle(local)
    assert models.open(local, CancelToken()).local
    assert not models.is_open(REMOTE)


def test_who_waits_can_stop_and_the_next_gets_what_was_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, begun = threading.Event(), []

    def slowly(ask: AskSettings, allow_download: bool) -> ChatModel:
        begun.append(ask)
        go_on.wait(10)
        return open_chat_model(ask, allow_download)

    monkeypatch.setattr(rag.llm.opened, "open_chat_model", slowly)
    models, cancel = ChatModels(False), CancelToken()
    threading.Timer(0.1, cancel.cancel).start()
    start = time.perf_counter()
    with pytest.raises(Cancelled):
        models.open(REMOTE, cancel)
    assert time.perf_counter() - start < 5
    go_on.set()
    assert models.open(REMOTE, CancelToken()).name == "openai:a"
    assert len(begun) == 1


def test_what_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    models, ask = ChatModels(False), AskSettings(llm=f"huggingface:{tmp_path / 'later'}")
    with pytest.raises(ModelUnavailable, match="There is no folder"):
        models.open(ask, CancelToken())
    tiny_chat_model.make(tmp_path / "later")
    assert models.open(ask, CancelToken()).name == "later"

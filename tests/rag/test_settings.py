"""Where a setting comes from: environment, then the page's choice, then .env, then the default."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

import rag.settings
from ingest.errors import DiskFull, WrongUsage
from ingest.settings import read_environment
from rag.settings import CHOSEN_FILE, AskSettings, choose, chosen, fixed_by_environment, kept_key_place


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / ".env"
    monkeypatch.setattr(rag.settings, "read_environment", lambda: read_environment(file))
    return file


def test_the_environment_wins_over_the_page_and_the_page_over_env_file(
    tmp_path: Path, env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert AskSettings.load(tmp_path).read_candidates == AskSettings().read_candidates
    env_file.write_text("FOOTNOTE_READ_CANDIDATES=5\nFOOTNOTE_ANSWER_WORDS=33\n", encoding="utf-8")
    assert AskSettings.load(tmp_path).read_candidates == 5
    choose(tmp_path, {"read_candidates": 7})
    assert AskSettings.load(tmp_path).read_candidates == 7
    assert AskSettings.load(tmp_path).answer_words == 33
    assert AskSettings.load().read_candidates == 5  # without a home folder nothing was chosen
    assert fixed_by_environment() == frozenset()
    monkeypatch.setenv("FOOTNOTE_READ_CANDIDATES", "9")
    assert AskSettings.load(tmp_path).read_candidates == 9
    assert fixed_by_environment() == {"read_candidates"}
    assert AskSettings.load(tmp_path, read_candidates=11).read_candidates == 11


def test_choices_add_up_and_can_be_taken_back(tmp_path: Path) -> None:
    choose(tmp_path, {"read_candidates": 7, "coverage_weight": 2})
    choose(tmp_path, {"llm": "openai:x", "read_candidates": None, "answer_words": None})
    assert chosen(tmp_path) == {"coverage_weight": 2.0, "llm": "openai:x"}
    assert [path.name for path in tmp_path.iterdir()] == [CHOSEN_FILE]


def test_the_file_is_the_persons_own_and_a_key_is_never_shown(tmp_path: Path) -> None:
    choose(tmp_path, {"llm_api_key": "sk-secret"})
    assert AskSettings.load(tmp_path).llm_api_key == "sk-secret"
    assert "sk-secret" not in repr(AskSettings.load(tmp_path))
    if os.name == "posix":
        assert (tmp_path / CHOSEN_FILE).stat().st_mode & 0o077 == 0
    with pytest.raises(WrongUsage) as told:
        choose(tmp_path, {"llm_api_key": ["sk-secret"]})
    assert "sk-secret" not in str(told.value)


@pytest.mark.parametrize(
    "changes",
    [{"no_such": 1}, {"read_candidates": "7"}, {"read_candidates": True}, {"read_candidates": 7.5},
     {"coverage_weight": float("nan")}, {"llm": 5}],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_changes_nothing(tmp_path: Path, changes: dict[str, object]) -> None:
    choose(tmp_path, {"answer_words": 50})
    with pytest.raises(WrongUsage):
        choose(tmp_path, {"answer_words": 60, **changes})
    assert chosen(tmp_path) == {"answer_words": 50}


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"read_candidates": "many"}', '{"coverage_weight": NaN}', "\x00\xff"]
)
def test_a_damaged_file_is_named_with_the_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / CHOSEN_FILE).write_text(text, encoding="latin-1")
    with pytest.raises(WrongUsage, match=CHOSEN_FILE):
        AskSettings.load(tmp_path)


def test_a_setting_of_another_version_is_left_out(tmp_path: Path) -> None:
    (tmp_path / CHOSEN_FILE).write_text('{"of_tomorrow": 1, "answer_words": 40}', encoding="utf-8")
    assert chosen(tmp_path) == {"answer_words": 40}


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match="could not be written"):
        choose(tmp_path / "gone", {"answer_words": 40})


HERE, THERE = "http://localhost:8000/v1", "http://evil.test:8000/v1"
KEY = "sk-of-this-address"


def test_a_kept_key_goes_nowhere_but_where_it_was_typed_for(tmp_path: Path, env_file: Path) -> None:
    choose(tmp_path, {"llm": "openai:a", "llm_base_url": HERE, "llm_api_key": KEY})
    assert AskSettings.load(tmp_path).llm_api_key == KEY
    assert kept_key_place(tmp_path) == "http://localhost:8000"
    for elsewhere in (
        {"llm_base_url": THERE},
        {"llm_base_url": HERE.replace("http:", "https:")},
        {"llm_base_url": HERE.replace("8000", "8001")},
        {"llm_base_url": ""},
        {"llm_base_url": None},
        {"llm_base_url": "http://localhost:8000@evil.test/v1"},
        {"llm": "anthropic:a", "llm_base_url": ""},
    ):
        assert AskSettings.preview(tmp_path, elsewhere).llm_api_key == "", elsewhere
        choose(tmp_path, elsewhere)
        assert AskSettings.load(tmp_path).llm_api_key == "", elsewhere
        choose(tmp_path, {"llm": "openai:a", "llm_base_url": HERE})
    assert AskSettings.load(tmp_path).llm_api_key == KEY, "back at its place it serves again"
    assert AskSettings.preview(tmp_path, {"llm": "openai:b", "llm_base_url": HERE + "/x"}).llm_api_key == KEY
    choose(tmp_path, {"llm_base_url": THERE, "llm_api_key": "sk-of-another"})
    assert AskSettings.load(tmp_path).llm_api_key == "sk-of-another"
    assert KEY not in (tmp_path / CHOSEN_FILE).read_text(encoding="utf-8")
    choose(tmp_path, {"llm_api_key": None})
    assert kept_key_place(tmp_path) == AskSettings.load(tmp_path).llm_api_key == ""
    assert "sk-" not in (tmp_path / CHOSEN_FILE).read_text(encoding="utf-8")


def test_a_key_of_the_environment_follows_no_address_chosen_on_a_page(
    tmp_path: Path, env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_LLM", "openai:a")
    monkeypatch.setenv("FOOTNOTE_LLM_API_KEY", KEY)
    assert AskSettings.load(tmp_path).llm_api_key == KEY
    choose(tmp_path, {"llm_base_url": THERE})
    assert AskSettings.load(tmp_path).llm_api_key == ""
    monkeypatch.setenv("FOOTNOTE_LLM_BASE_URL", HERE)
    assert AskSettings.load(tmp_path).llm_api_key == KEY, "the environment names address and key"
    monkeypatch.delenv("FOOTNOTE_LLM_BASE_URL")
    env_file.write_text(f"FOOTNOTE_LLM_BASE_URL={HERE}\n", encoding="utf-8")
    assert AskSettings.load(tmp_path).llm_api_key == "", "the page's address wins over .env"
    assert AskSettings.load(tmp_path, llm_base_url=HERE).llm_api_key == KEY


def test_a_key_given_with_the_question_is_used(tmp_path: Path, env_file: Path) -> None:
    assert AskSettings.load(tmp_path, llm="openai:a", llm_api_key=KEY).llm_api_key == KEY


def test_a_key_without_its_place_is_not_sent(tmp_path: Path, env_file: Path) -> None:
    (tmp_path / CHOSEN_FILE).write_text(f'{{"llm": "openai:a", "llm_api_key": "{KEY}"}}', encoding="utf-8")
    assert AskSettings.load(tmp_path).llm_api_key == ""


def test_another_model_gets_the_key_only_where_it_may_be_sent() -> None:
    ask = AskSettings(llm="openai:a", llm_others=" openai:b, ollama:c ,openai:a,", llm_api_key="k")
    assert ask.models == ("openai:a", "openai:b", "ollama:c")
    assert ask.with_model("openai:b").llm_api_key == "k"
    assert ask.with_model("ollama:c").llm_api_key == ""
    local = replace(ask, llm_base_url="http://localhost:1/v1")
    assert local.with_model("c").llm_api_key == "k", "the address decides"
    assert replace(local, llm="").models == ("openai:b", "ollama:c", "openai:a")

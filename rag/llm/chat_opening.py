"""A chat model out of the settings: which provider, which package, which key.

Every provider of LangChain's `init_chat_model` works; `huggingface:` runs in this process. Keys are
handed to the provider's client and nowhere else.
"""

from __future__ import annotations

import math
import os
import re
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from ingest.errors import ModelUnavailable, WrongUsage
from rag.llm.chat_model import ChatModel
from rag.llm.naming import TAKES_BOTH, TAKES_KEY, provider_of, runs_here, shown_name
from rag.llm.providers import install_line
from rag.settings import AskSettings

AZURE_API_VERSION = "2024-10-21"  # where OPENAI_API_VERSION names none
PLACEHOLDER_KEY = "none"  # clients insist on a key; local servers don't

_TAKES_TIMEOUT = TAKES_BOTH | {"bedrock_converse"}  # which goes by credentials of AWS
_WHOLE_SECONDS = frozenset({"mistralai", "bedrock_converse"})  # their classes refuse 2.5
_OPENS_WITHOUT_KEY = {"anthropic": "ANTHROPIC_API_KEY", "mistralai": "MISTRAL_API_KEY"}  # and then fails
AZURE_KEY = "AZURE_OPENAI_API_KEY"


def open_chat_model(ask: AskSettings, allow_download: bool) -> ChatModel:
    """The chat model that `ask.llm` names ("provider:model"). Contacts nobody but, if allowed, the hub.

    With `ask.llm_base_url` and no provider, the provider is "openai". A base URL is sent only
    FOOTNOTE_LLM_API_KEY, never the provider's own variable: that key is meant for the provider.
    Raises WrongUsage when `ask.llm` is empty, ModelUnavailable when the model cannot be had.
    """
    if not ask.llm:
        raise WrongUsage("No chat model is chosen. Set FOOTNOTE_LLM, for example to openai:gpt-4.1-mini.")
    provider, name = provider_of(ask)
    if runs_here(ask):
        return _open_local(name, ask, allow_download)

    from langchain.chat_models import init_chat_model

    shown = shown_name(ask)
    if provider == "ollama" and find_spec("langchain_ollama") is None:
        # LangChain would fall back on a deprecated class that happens to be installed.
        raise _missing_package(shown, "langchain-ollama")
    options = options_of(provider, name, ask)
    variable = _OPENS_WITHOUT_KEY.get(provider, "")
    if variable and "api_key" not in options and not os.environ.get(variable):
        raise _no_key(shown)
    place = _host(ask.llm_base_url) or provider or name
    try:
        model = init_chat_model(name, model_provider=provider or None, **options)
    except ImportError as error:
        wanted = re.search(r"pip install (?:-U )?\"?([\w-]+)", str(error))
        raise _missing_package(shown, wanted.group(1) if wanted else f"langchain-{provider}") from error
    except Exception as error:  # noqa: BLE001 -- every provider has its own classes
        raise _not_opened(error, shown, ask) from None  # the original may hold the key
    return ChatModel(name=shown, place=place, ask=ask, model=model, tells_end=provider == "openai")


def options_of(provider: str, name: str, ask: AskSettings) -> dict[str, Any]:
    """What the provider's class is given beside the model's name.

    Left alone, every class looks for a key in the environment, also for an address of your own; so such an
    address always gets one from here. Raises ModelUnavailable for Azure without a key.
    """
    options: dict[str, Any] = {"temperature": ask.llm_temperature}
    if provider in _TAKES_TIMEOUT:
        seconds = ask.llm_timeout_seconds
        options["timeout"] = math.ceil(seconds) if provider in _WHOLE_SECONDS else seconds
        options["max_retries"] = 1
    if provider == "azure_openai":
        options["api_version"] = os.environ.get("OPENAI_API_VERSION") or AZURE_API_VERSION
        options["azure_deployment"] = name
    if ask.llm_base_url:
        options["azure_endpoint" if provider == "azure_openai" else "base_url"] = ask.llm_base_url
    if provider == "azure_openai":  # its class would take the key that is meant for OpenAI, too
        options["api_key"] = ask.llm_api_key or os.environ.get(AZURE_KEY, "")
        if not options["api_key"]:
            raise _no_key(f"{provider}:{name}")
    elif ask.llm_api_key and provider in TAKES_KEY:
        options["api_key"] = ask.llm_api_key
    elif ask.llm_base_url and provider in TAKES_KEY:
        options["api_key"] = PLACEHOLDER_KEY
    return options


def _open_local(name: str, ask: AskSettings, allow_download: bool) -> ChatModel:
    try:
        from rag.llm.local_chat import answer_tokens, open_local, takes_system_message, window_tokens
    except ImportError as error:
        raise _missing_package(f"huggingface:{name}", "langchain-huggingface") from error
    chat = open_local(name, ask.llm_temperature, allow_download)
    return ChatModel(
        name=shown_name(ask),
        place="this machine",
        ask=ask,
        model=chat,
        local=True,
        window_tokens=window_tokens(chat),
        answer_tokens=answer_tokens(chat),
        system_role=takes_system_message(chat),
    )


def _missing_package(name: str, package: str) -> ModelUnavailable:
    return ModelUnavailable(f"{name} needs a package that is not installed. Run: {install_line(package)}")


def _no_key(name: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"{name} needs a key. Type it on the Settings page, or put it into FOOTNOTE_LLM_API_KEY."
    )


def _not_opened(error: Exception, name: str, ask: AskSettings) -> ModelUnavailable:
    text = str(error)
    if name.startswith(("bedrock", "anthropic_bedrock")):
        return ModelUnavailable(
            f"{name} found no credentials of AWS, or no region. Set AWS_REGION and the credentials in the "
            "environment, or run `aws configure`, then start Footnote again."
        )
    if re.search(r"api[_ ]?key|credential|token", text, re.IGNORECASE) and not ask.llm_api_key:
        return _no_key(name)
    if "nable to infer" in text or "nsupported provider" in text:
        return ModelUnavailable(
            f"“{name}” names no provider that LangChain knows. Write FOOTNOTE_LLM as provider:model, for "
            "example openai:gpt-4.1-mini, or set FOOTNOTE_LLM_BASE_URL for a server of your own."
        )
    # No text of the error: settings libraries quote their input, keys included.
    return ModelUnavailable(
        f"{name} could not be set up ({type(error).__name__}). Check FOOTNOTE_LLM and the other FOOTNOTE_LLM_* "
        "settings."
    )


def _host(url: str) -> str:
    """Host and port of an address, without a user name or password."""
    parts = urlsplit(url)
    return parts.netloc.rsplit("@", 1)[-1]

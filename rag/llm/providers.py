"""The chat models that can be chosen on a page, and how a choice becomes settings. Contacts nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal
from urllib.parse import urlsplit

from ingest.errors import WrongUsage
from rag.settings import AskSettings


@dataclass(frozen=True, slots=True)
class Provider:
    """`id` is that of LangChain's `init_chat_model`, or one of NONE, COMPATIBLE, OTHER."""

    id: str
    label: str
    example: str = ""  # of a model's name
    package: str = ""  # that its client comes in
    address: Literal["", "optional", "needed"] = ""
    address_example: str = ""
    takes_key: bool = True
    key_variable: str = ""  # where its own client looks for a key
    hosted: bool = True  # the question and the passages leave this machine
    model_label: str = "Model"
    note: str = ""


NONE, COMPATIBLE, OTHER = "none", "compatible", "other"
PROVIDERS = (
    Provider(NONE, "None: answers are quotations", takes_key=False, hosted=False),
    Provider("openai", "OpenAI", "gpt-4.1-mini", "langchain-openai", key_variable="OPENAI_API_KEY"),
    Provider(
        "azure_openai", "Azure OpenAI", "my-deployment", "langchain-openai", "needed",
        "https://NAME.openai.azure.com", key_variable="AZURE_OPENAI_API_KEY", model_label="Deployment",
    ),
    Provider(
        "anthropic", "Anthropic", "claude-sonnet-4-5", "langchain-anthropic", key_variable="ANTHROPIC_API_KEY"
    ),
    Provider(
        "google_genai", "Google", "gemini-2.5-flash", "langchain-google-genai", key_variable="GOOGLE_API_KEY"
    ),
    Provider(
        "mistralai", "Mistral", "mistral-small-latest", "langchain-mistralai", key_variable="MISTRAL_API_KEY"
    ),
    Provider(
        "bedrock_converse", "Amazon Bedrock", "anthropic.claude-3-5-haiku-20241022-v1:0", "langchain-aws",
        takes_key=False,
        note="It uses the AWS credentials and the region of your environment or of ~/.aws.",
    ),
    Provider(
        "ollama", "Ollama", "llama3.2", "langchain-ollama", "optional", "http://localhost:11434",
        takes_key=False, hosted=False, note="Left empty, the address is that of Ollama on this machine.",
    ),
    Provider(
        COMPATIBLE, "OpenAI-compatible server (vLLM, llama.cpp, LM Studio)", "qwen3:8b", "langchain-openai",
        "needed", "http://localhost:8000/v1", hosted=False, note="Its address usually ends in /v1. It reads your question, the chat and the passages found for it.",
    ),
    Provider(
        "huggingface", "Folder of a Hugging Face model, run here", "/models/some-chat-model",
        "langchain-huggingface", takes_key=False, hosted=False, model_label="Folder",
    ),
    Provider(
        OTHER, "Another provider of LangChain", "groq:llama-3.3-70b-versatile", model_label="Provider and model"
    ),
)  # fmt: skip
BY_ID: Mapping[str, Provider] = {each.id: each for each in PROVIDERS}
# Names that `init_chat_model` takes before a colon; in llama3.2:3b the colon sets off a tag.
LANGCHAIN_PROVIDERS = frozenset(
    {"anthropic", "anthropic_bedrock", "azure_ai", "azure_openai", "baseten", "bedrock", "bedrock_converse"}
    | {"bedrock_mantle_anthropic", "bedrock_mantle_openai", "cohere", "deepseek", "fireworks", "google_genai"}
    | {"google_anthropic_vertex", "google_vertexai", "groq", "huggingface", "ibm", "langsmith", "litellm"}
    | {"meta", "mistralai", "nvidia", "ollama", "openai", "openrouter", "perplexity", "together", "upstage"}
    | {"xai"}
)


def chosen_provider(ask: AskSettings) -> tuple[Provider, str]:
    """The provider of these settings and the model's name as it stands on the page."""
    if not ask.llm:
        return BY_ID[NONE], ""
    head, colon, rest = ask.llm.partition(":")
    known = head.strip().lower().replace("-", "_")
    if colon and known in ("openai", "huggingface") and ask.llm_base_url:
        return BY_ID[COMPATIBLE], rest
    if colon and known in BY_ID:
        return BY_ID[known], rest
    return BY_ID[COMPATIBLE if ask.llm_base_url else OTHER], ask.llm


def other_models(provider: Provider, ask: AskSettings) -> str:
    """The other models of these settings as they stand on the page: those of `provider` by their name alone."""
    prefix = _prefix(provider)
    names = (name.strip() for name in ask.llm_others.split(","))
    return ", ".join(name.removeprefix(prefix) for name in names if name)


def settings_of(provider: Provider, model: str, address: str, others: str = "") -> dict[str, object]:
    """`llm`, `llm_others` and `llm_base_url` of a choice; `others` are more models with commas between.

    One that names no provider is of this one. Raises WrongUsage telling what is missing or wrong.
    """
    if provider.id == NONE:
        # The address stays as it is, and with it what a kept key is for.
        return {"llm": "", "llm_others": ""}
    model, address = model.strip(), address.strip() if provider.address else ""
    if not model:
        raise WrongUsage(f"{provider.model_label} is empty. Name one, for example {provider.example}.")
    if provider.id == OTHER:
        full_name(provider, model)
    if address or provider.address == "needed":
        check_address(address, provider.address_example)
    more = [full_name(provider, name.strip()) for name in others.split(",") if name.strip()]
    return {
        "llm": f"{_prefix(provider)}{model}",
        "llm_others": ", ".join(dict.fromkeys(more)),
        "llm_base_url": address,
    }


def full_name(provider: Provider, name: str) -> str:
    """`name` with its provider, which is `provider` where it names none. Raises WrongUsage where that is none
    in particular."""
    head = name.partition(":")[0].strip().lower().replace("-", "_")
    if provider.id == OTHER and ":" not in name:
        raise WrongUsage(f"“{name}” names no provider. Write provider:model, for example {provider.example}.")
    return name if ":" in name and head in LANGCHAIN_PROVIDERS else f"{_prefix(provider)}{name}"


def _prefix(provider: Provider) -> str:
    """What stands before a model's name in FOOTNOTE_LLM."""
    return {COMPATIBLE: "openai:", OTHER: ""}.get(provider.id, f"{provider.id}:")


def check_address(address: str, example: str) -> None:
    """Raises WrongUsage unless `address` is an http or https one."""
    try:
        parts = urlsplit(address)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine:
        raise WrongUsage(f"The address is no http or https address. Write it like {example}.")
    if parts.username or parts.password:
        raise WrongUsage(
            "The address holds a user name or a password. Leave them out; a key has its own field."
        )


def missing_package(provider: Provider) -> str:
    """The line that installs what this provider needs; "" when it is there."""
    if not provider.package or find_spec(provider.package.replace("-", "_")) is not None:
        return ""
    return install_line(provider.package)


def install_line(package: str) -> str:
    """The newest version that fits what is pinned: alone it would lift langchain-core above its pin."""
    return f".venv/bin/python -m pip install -r requirements.txt {package}"

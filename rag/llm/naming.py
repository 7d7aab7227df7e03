"""What a chat model is called: which provider a setting names, and what people read. Opens nothing."""

from __future__ import annotations

from rag.settings import AskSettings

# Providers whose LangChain class takes these arguments; others may refuse what they don't know.
TAKES_BOTH = frozenset(
    {"openai", "azure_openai", "anthropic", "mistralai", "google_genai", "groq", "deepseek", "xai"}
    | {"fireworks", "together", "openrouter", "perplexity", "cohere"}
)
TAKES_KEY = TAKES_BOTH | {"nvidia", "upstage", "baseten", "azure_ai"}


def provider_of(ask: AskSettings) -> tuple[str, str]:
    """("openai", "gpt-x") of "openai:gpt-x"; the provider is "" where LangChain is to infer it."""
    head, colon, rest = ask.llm.strip().partition(":")
    # With a base URL, "qwen3:8b" is a model with a tag: no provider of that name exists.
    known = head.replace("-", "_").lower()
    if colon and rest and (not ask.llm_base_url or known in TAKES_KEY | {"ollama", "huggingface"}):
        if known == "huggingface" and ask.llm_base_url:
            return "openai", rest  # a text-generation server speaks the OpenAI protocol
        return known, rest
    if ask.llm_base_url:
        return "openai", ask.llm.strip()
    return "", ask.llm.strip()


def runs_here(ask: AskSettings) -> bool:
    """Whether the model of `ask` runs in this process."""
    return not ask.llm_base_url and provider_of(ask)[0] == "huggingface"


def shown_name(ask: AskSettings) -> str:
    """What the model of `ask` is called for people: "openai:gpt-x", a folder's name; "" for none."""
    provider, name = provider_of(ask)
    if runs_here(ask):
        return name.rstrip("/").rsplit("/", 1)[-1]
    return f"{provider}:{name}" if provider else name

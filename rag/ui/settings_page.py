"""Settings: which chat model writes, with which key, how strictly; tested before it is relied on.

A key goes from its field into the settings file and to its provider. It is never drawn again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ingest.errors import FootnoteError
from rag.llm.providers import (
    BY_ID,
    NONE,
    PROVIDERS,
    Provider,
    chosen_provider,
    missing_package,
    other_models,
    settings_of,
)
from rag.model import CancelToken
from rag.settings import AskSettings, fixed_by_environment, kept_key_place, key_place, variable
from rag.ui import session
from rag.ui.cached import backend, opened
from rag.ui.guard import is_loopback
from rag.ui.session import plain

SAVED = "settings_saved"  # in session_state: what to say at the next drawing
ROUND = "settings_round"  # a fresh key field after each save
FOLLOW_SECONDS = 0.1
OURS = ("llm", "llm_others", "llm_base_url", "llm_api_key", "llm_temperature", "strict")


def show() -> None:
    here = opened()
    fixed = fixed_by_environment() & set(OURS)
    with st.container(key="column"):
        with st.container(key="settings_heading"):
            st.header("Settings", anchor=False)
        now, model = chosen_provider(here.ask_settings)
        st.html('<h2 class="part">Chat model</h2>')
        provider = choose_provider(now, "llm" in fixed)
        about(provider)
        kept = kept_key_place(here.settings.home)
        with st.form("settings", border=False, enter_to_submit=False):
            typed = fields(provider, model if provider == now else "", here.ask_settings, fixed, kept)
            st.html('<h2 class="part">Answers</h2>')
            strict = st.toggle(
                "Strict: leave out what is not found",
                here.ask_settings.strict,
                key="settings_strict",
                disabled="strict" in fixed,
                help="Sentences of a chat model that your documents don’t support are marked; strictly, they "
                "are left out, and nothing shows before it is checked. Quotations are always found.",
            )
            with st.container(key="settings_end"):  # in sight however long the form is
                with st.container(horizontal=True, key="settings_buttons"):
                    save = st.form_submit_button("Save", type="primary")
                    test = provider.id != NONE and st.form_submit_button(
                        "Test connection", icon=":material/network_check:"
                    )
                said = st.empty()  # one place for all that is said
        with said:
            if text := st.session_state.pop(SAVED, ""):
                st.success(plain(text), icon=":material/check:")
            session.show_pending_fault()
        if fixed:
            names = ", ".join(variable(name) for name in OURS if name in fixed)
            st.caption(
                plain(f"Fixed by the environment: {names}. Change it there, and start Footnote again.")
            )
        if kept:
            kept_key(kept)
        if save or test:
            try:
                changes = changed(provider, typed, strict, fixed)
                if save:
                    keep(changes)
                else:
                    try_connection(AskSettings.preview(here.settings.home, changes), said)
            except FootnoteError as error:
                with said:
                    session.show_fault(error)


# ---------------------------------------------------------------------- the form


def choose_provider(now: Provider, fixed: bool) -> Provider:
    found = st.selectbox(
        "Who writes the answers",
        [each.id for each in PROVIDERS],
        index=PROVIDERS.index(now),
        format_func=lambda name: BY_ID[name].label,
        key="settings_provider",
        disabled=fixed,
    )
    return now if fixed else BY_ID[found or NONE]


def about(provider: Provider) -> None:
    """What a person should know before choosing it."""
    if provider.id == NONE:
        st.caption("Answers are sentences of your documents, word for word. Nothing leaves this machine.")
        return
    if provider.hosted:
        st.caption(
            f"{plain(provider.label)} reads your question, the chat and the passages found for it, and may charge "
            "for it."
        )
    if provider.note:
        st.caption(plain(provider.note))
    if line := missing_package(provider):
        with st.container(key="settings_missing"):
            st.warning(
                plain(
                    f"{provider.label} needs a package that is not installed. Run this, then start Footnote again:"
                ),
                icon=":material/info:",
            )
            st.code(line, language=None, wrap_lines=True)


def fields(
    provider: Provider, model: str, ask: AskSettings, fixed: Collection[str], kept: str
) -> dict[str, Any]:
    """The fields that this provider has; what stands there when a button is pressed."""
    typed: dict[str, Any] = {
        "model": "", "others": "", "address": "", "key": "", "temperature": ask.llm_temperature,
    }  # fmt: skip
    if provider.id == NONE:
        return typed
    # A field belongs to its provider: the name of one's model is none of another's.
    typed["model"] = st.text_input(
        provider.model_label,
        model,
        key=f"settings_model_{provider.id}",
        placeholder=provider.example,
        max_chars=500,
        disabled="llm" in fixed,
    )
    same = provider == chosen_provider(ask)[0]
    if provider.address:
        typed["address"] = st.text_input(
            "Address" if provider.address == "needed" else "Address (optional)",
            ask.llm_base_url if same or "llm_base_url" in fixed else "",
            key=f"settings_address_{provider.id}",
            placeholder=provider.address_example,
            max_chars=500,
            disabled="llm_base_url" in fixed,
        )
    if provider.takes_key:
        here = kept and kept == key_place(
            {"llm": f"{provider.id}:", "llm_base_url": typed["address"] if provider.address else ""}
        )
        typed["key"] = st.text_input(
            "Key",
            type="password",
            key=f"settings_key_{provider.id}_{st.session_state.setdefault(ROUND, 0)}",
            placeholder="A key is kept; type one to replace it" if here else key_hint(provider),
            autocomplete="new-password",
            max_chars=2_000,
            disabled="llm_api_key" in fixed and "llm" in fixed,
            help="Kept in a file that only you can read, sent only to the address it was typed for, never "
            "shown again. Another address needs it typed again.",
        )
    typed["others"] = st.text_input(
        "Other models (optional)",
        other_models(provider, ask) if same or "llm_others" in fixed else "",
        key=f"settings_others_{provider.id}",
        max_chars=2_000,
        disabled="llm_others" in fixed,
        help="An answer can be made again with each of these, at the same address. Commas set them apart; one of "
        "another provider is written provider:model.",
    )
    typed["temperature"] = st.number_input(
        "Temperature",
        0.0,
        2.0,
        min(2.0, max(0.0, ask.llm_temperature)),
        0.1,
        format="%.1f",
        key="settings_temperature",
        width=160,
        disabled="llm_temperature" in fixed,
        help="0 keeps closest to the passages; higher values vary the wording.",
    )
    return typed


def key_hint(provider: Provider) -> str:
    if provider.key_variable:
        return f"Empty: {provider.key_variable} of the environment"
    return "Empty if the server needs none" if not provider.hosted else ""


def changed(
    provider: Provider, typed: dict[str, Any], strict: bool, fixed: Collection[str]
) -> dict[str, object]:
    """The settings that the form stands for. Raises WrongUsage."""
    changes = settings_of(provider, typed["model"], typed["address"], typed["others"])
    if provider.id != NONE:
        changes["llm_temperature"] = float(typed["temperature"])
    changes["strict"] = strict
    if key := typed["key"].strip():
        changes["llm_api_key"] = key
    return {name: value for name, value in changes.items() if name not in fixed or name == "llm_api_key"}


def keep(changes: dict[str, object]) -> None:
    backend.use(changes)
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    said = "Saved. It holds from the next question on."
    ask = opened().ask_settings
    address = urlsplit(ask.llm_base_url)
    if ask.llm_api_key and address.scheme == "http" and not is_loopback(address.hostname or ""):
        said += " This address is not encrypted: others on the way can read the key and the passages."
    st.session_state[SAVED] = said
    st.rerun()


def kept_key(place: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="settings_kept"):
        name = BY_ID[place].label if place in BY_ID else place
        st.text(f"A key is kept for {name}. It is sent nowhere else.", width="content")
        if st.button("Remove the key", type="tertiary", icon=":material/key_off:", key="settings_forget"):
            try:
                backend.use({"llm_api_key": None})
            except FootnoteError as error:
                session.show_later(error)
            else:
                st.session_state[SAVED] = "The key was removed."
            st.rerun()


# ---------------------------------------------------------------------- the test


def try_connection(ask: AskSettings, line: DeltaGenerator) -> None:
    """Send a tiny request and tell in `line` how it went; going elsewhere on the page ends it."""
    engine, cancel, ended = opened().engine, CancelToken(), threading.Event()
    outcome: list[tuple[bool, str]] = []

    def work() -> None:
        try:
            trial = engine.try_chat_model(ask, cancel)
            outcome.append(
                (True, f"{trial.name} ({trial.place}) answered in {trial.seconds:.1f} s, its first word came after "
                 f"{trial.first_seconds:.1f} s: “{trial.text}”")
            )  # fmt: skip
        except FootnoteError as error:
            outcome.append((False, str(error)))
        finally:
            ended.set()

    threading.Thread(target=work, name="footnote-trial", daemon=True).start()
    began = time.monotonic()
    try:
        while not ended.wait(FOLLOW_SECONDS):
            line.caption(f"Asking … {time.monotonic() - began:.0f} s")
    finally:
        cancel.cancel()
    fine, text = outcome[0] if outcome else (False, session.UNEXPECTED)
    if fine:
        line.success(plain(text), icon=":material/check:")
    else:
        line.warning(plain(text), icon=":material/info:")

"""The settings that an evaluation can try beside those in use, and a field for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from rag.settings import AskSettings, fixed_by_environment, variable
from rag.ui.evaluation.figures import number
from rag.ui.session import plain

TRIED = (
    "evaluate_tried"  # in session_state: settings of the last comparison, so that the next one begins there
)


@dataclass(frozen=True, slots=True)
class Tunable:
    """A setting that can be tried: its field in AskSettings, what it is called, and its bounds."""

    name: str
    label: str
    help: str
    low: float
    high: float
    step: float


TUNABLES: dict[str, tuple[Tunable, ...]] = {
    "Finding": (
        Tunable("dense_candidates", "Candidates by meaning", "Passages the embedder finds", 1, 1000, 10),
        Tunable("words_candidates", "Candidates by words", "Passages BM25 finds", 1, 1000, 10),
        Tunable("coverage_weight", "Weight of words", "How much the question’s words in a passage count beside its meaning", 0, 5, 0.05),
    ),
    "Reading": (
        Tunable("read_candidates", "Passages read", "Passages the reader reads; each takes time", 1, 200, 4),
        Tunable("read_unsure", "… when unsure", "Passages read when none of the first is likely to answer", 1, 400, 4),
        Tunable("reader_weight", "Weight of the reader", "How much the reader’s relevance counts in the final order", 0, 1, 0.01),
        Tunable("document_weight", "Weight of the document", "How much a document’s best passages lift each of its passages", 0, 2, 0.05),
    ),
    "Answering": (
        Tunable("answer_words", "Words in an answer", "An answer of quotations is at most about this long", 5, 500, 5),
        Tunable("answer_passages", "Passages of an answer", "Passages an answer of quotations may draw on", 1, 50, 1),
        Tunable("refusal_threshold", "Refuse below", "Below this probability that the documents answer, they “don’t say”", 0, 1, 0.01),
    ),
}  # fmt: skip
LABELS = {each.name: each.label for group in TUNABLES.values() for each in group}


def tried_values(in_use: AskSettings) -> dict[str, Any]:
    """A field for each setting that matters, holding what is in use; the values that stand there now."""
    st.caption("Change what you want to try. Both settings are then asked the same questions.")
    fixed = fixed_by_environment()
    remembered = st.session_state.get(TRIED, {})
    values: dict[str, Any] = {}
    for column, (title, group) in zip(st.columns(len(TUNABLES)), TUNABLES.items(), strict=True):
        with column:
            st.html(f'<h3 class="ev-group">{title}</h3>')
            for each in group:
                values[each.name] = value_field(each, in_use, remembered, each.name in fixed)
    if held := [LABELS[name] for name in LABELS if name in fixed]:
        variables = ", ".join(variable(name) for name in LABELS if name in fixed)
        st.caption(plain(f"{', '.join(held)}: fixed by the environment ({variables})."))
    return values


def value_field(each: Tunable, in_use: AskSettings, remembered: dict[str, Any], fixed: bool) -> Any:
    set_now = getattr(in_use, each.name)
    kind = type(set_now)
    value = set_now if fixed else kind(remembered.get(each.name, set_now))
    note = f"{each.help}. In use: {number(set_now)}."
    if fixed:
        note += f" {variable(each.name)} in the environment fixes it."
    return st.number_input(
        each.label,
        kind(min(each.low, set_now)),
        kind(max(each.high, set_now)),
        value,
        kind(each.step),
        key=f"try_{each.name}_{set_now}",
        help=plain(note),
        disabled=fixed,
    )

"""One kept evaluation: its figures, what two settings differ in, its questions, and a question in full."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import streamlit as st

from ingest.errors import FootnoteError, NotFound
from rag.evaluate.evaluation import Comparison
from rag.evaluate.kept import Evaluation, Head
from rag.settings import chosen, fixed_by_environment, variable
from rag.ui import footnote, session
from rag.ui.cached import backend, opened
from rag.ui.evaluation import figures
from rag.ui.evaluation.asked import Asked, Filter, asked_in, first_rank, ordinal, question_json
from rag.ui.evaluation.asked import chosen as chosen_questions
from rag.ui.evaluation.evaluating import told
from rag.ui.evaluation.figures import SIDES, Figure, Line
from rag.ui.evaluation.inspected import expected_answer, passages_json, row_line, wanted_lines
from rag.ui.render import counted
from rag.ui.session import plain

EVALUATION, QUESTION = "evaluation", "question"  # query parameters: what is open has an address
APPLIED = "evaluation_applied"  # in session_state: what was applied last, to say it and to undo it
LISTED = 50  # questions at first; more on demand
LISTED_KEY = "questions_listed"


def show(evaluation_id: str, labels: Mapping[str, str]) -> None:
    """Raises NotFound when there is no such evaluation. `labels` are names of settings."""
    file = opened().evaluations.file(evaluation_id)
    st.button("All evaluations", icon=":material/arrow_back:", type="tertiary", key="back", on_click=close)
    session.show_pending_fault()
    try:
        kept, comparisons = read(evaluation_id, file.stat().st_mtime_ns)
    except NotFound:
        raise
    except FootnoteError as error:
        session.show_fault(error)
        return
    asked = asked_in(kept)
    number = st.query_params.get(QUESTION, "")
    if number.isdecimal() and 1 <= int(number) <= len(asked):
        inspector(kept, asked, int(number))
    else:
        result(kept, comparisons, asked, labels)


@st.cache_resource(max_entries=8, show_spinner=False)
def read(evaluation_id: str, stamp: int) -> tuple[Evaluation, dict[str, Comparison]]:
    """An evaluation with its comparisons; `stamp` changes with its file."""
    kept = opened().evaluations.open(evaluation_id)
    return kept, figures.comparisons_of(kept)


def open_evaluation(evaluation_id: str) -> None:
    st.query_params[EVALUATION] = evaluation_id
    st.query_params.pop(QUESTION, None)
    st.session_state.pop(APPLIED, None)
    st.session_state.pop(LISTED_KEY, None)


def close() -> None:
    for name in (EVALUATION, QUESTION):
        st.query_params.pop(name, None)
    st.session_state.pop(APPLIED, None)


def open_question(number: int) -> None:
    st.query_params[QUESTION] = str(number)


def close_question() -> None:
    st.query_params.pop(QUESTION, None)


# ---------------------------------------------------------------------- the result


def result(
    kept: Evaluation, comparisons: Mapping[str, Comparison], asked: list[Asked], labels: Mapping[str, str]
) -> None:
    head = kept.head
    with st.container(horizontal=True, vertical_alignment="center", key="heading"):
        st.header(plain(f"{head.library}: {head.name}"), anchor=False, width="content")
    st.caption(plain(" · ".join((figures.moment(head.made_at), figures.kept_line(head)))))
    if len(kept.runs) == 2:
        with st.container(key="verdict"):
            st.text(figures.verdict(comparisons))
            for line in figures.settings_lines(kept.tried, kept.runs[0].settings, labels):
                st.text(line)
    st.html(table(figures.lines_of(kept, comparisons), compared=len(kept.runs) == 2))
    notes(kept)
    settings_to_use(kept, labels)
    download(kept)
    question_list(kept, asked)


def notes(kept: Evaluation) -> None:
    failed = sum(bool(row.error) for row in kept.runs[0].rows)
    lines = []
    if failed:
        lines.append(f"{counted(failed, 'question')} could not be asked; open one to see why.")
    if len(kept.runs) == 2:
        lines.append(
            "p is of a two-sided permutation test over the questions. Several figures are tested at once, so take "
            "one that is only just unlikely to be chance lightly."
        )
    if lines:
        st.caption(plain(" ".join(lines)))


def table(lines: list[Line], compared: bool) -> str:
    """The figures as HTML; every word in it is ours."""
    heads = ["", *(SIDES if compared else ["Result"])] + (
        ["Difference", "Question by question"] if compared else []
    )
    rows = []
    for line in lines:
        cells = [f'<th scope="row">{term(line.figure, line.questions)}</th>']
        names = SIDES if compared else ("Result",)
        cells += [
            f'<td data-label="{name}" class="ev-value{" ev-won" if side == line.winner else ""}">'
            f"{html.escape(value)}</td>"
            for side, (name, value) in enumerate(zip(names, line.values, strict=True))
        ]
        if compared:
            weight = ' class="ev-likely"' if line.likely else ""
            cells.append(
                f'<td data-label="Difference"{weight}><span>{html.escape(line.difference)}</span>'
                f'<span class="ev-chance">{html.escape(line.chance)}</span></td>'
            )
            cells.append(f'<td class="ev-tally">{html.escape(line.outcome)}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    kind = "ev-figures ev-compared" if compared else "ev-figures"
    return f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def term(figure: Figure, questions: int) -> str:
    """A plain name that tells its formal one on hover and on focus."""
    tip = f"{figure.formal}. Over {counted(questions, 'question')}."
    return (
        f'<span class="ev-term" tabindex="0" aria-describedby="tip-{figure.metric}">{html.escape(figure.label)}'
        f'<span class="ev-tip" role="tooltip" id="tip-{figure.metric}">{html.escape(tip)}</span></span>'
    )


def download(kept: Evaluation) -> None:
    st.download_button(
        "Download all of it as JSON",
        data=lambda: opened().evaluations.file(kept.head.id).read_bytes(),
        file_name=file_name(kept.head),
        mime="application/json",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
        key=f"download_{kept.head.id}",
    )


def file_name(head: Head) -> str:
    """A name for the downloaded file, of letters and digits only."""
    words = "".join(c if c.isalnum() else "-" for c in f"{head.library}-{head.name}").strip("-")
    return f"{words[:60] or 'evaluation'}.json"


# ---------------------------------------------------------------------- use these settings


def settings_to_use(kept: Evaluation, labels: Mapping[str, str]) -> None:
    """A button for each settings of the evaluation that are not in use, and what came of the last click."""
    applied = st.session_state.get(APPLIED)
    if applied:
        with st.container(horizontal=True, vertical_alignment="center", key="applied"):
            st.text(applied["line"])
            st.button("Undo", type="tertiary", icon=":material/undo:", key="undo_settings", on_click=undo)
    fixed = fixed_by_environment()
    offered = 0
    with st.container(horizontal=True, vertical_alignment="center", key="use_settings"):
        for number, run in reversed(list(enumerate(kept.runs))):
            changes = to_change(figures.run_settings(run), fixed)
            if not changes:
                continue
            offered += 1
            one = len(kept.runs) == 1
            st.button(
                "Use these settings" if one else f"Use the settings “{SIDES[number]}”",
                key=f"use_{number}",
                type="primary" if number else "secondary",
                on_click=use,
                args=(changes, dict(labels)),
                help=plain("; ".join(figures.settings_lines(changes, told(opened().ask_settings), labels))),
            )
    if len(kept.runs) == 2 and not applied:
        held = [name for name in kept.tried if name in fixed]
        if held:
            names = ", ".join(f"{labels.get(name, name)} ({variable(name)})" for name in held)
            st.caption(plain(f"Fixed by the environment, so this page cannot change it: {names}."))
        elif not to_change(figures.run_settings(kept.runs[1]), frozenset()):
            st.caption("The tried settings are in use.")
        elif offered == 1:
            st.caption("The settings of the column “As set” are in use.")


def to_change(settings: Mapping[str, Any], fixed: frozenset[str]) -> dict[str, Any]:
    """The settings that are not in use now and can be chosen; names of another version are left out."""
    now = told(opened().ask_settings)
    return {
        name: value
        for name, value in settings.items()
        if name in now and name not in fixed and now[name] != value
    }


def use(changes: dict[str, Any], labels: Mapping[str, str]) -> None:
    """Choose settings from the next question on."""
    try:
        before = chosen(opened().settings.home)
        lines = figures.settings_lines(changes, told(opened().ask_settings), labels)
        backend.use(changes)
    except FootnoteError as error:
        session.show_later(error)
        return
    st.session_state[APPLIED] = {
        "line": f"In use from the next question on. {'; '.join(lines)}.",
        "before": {name: before.get(name) for name in changes},
    }


def undo() -> None:
    applied = st.session_state.pop(APPLIED, None)
    if applied:
        try:
            backend.use(applied["before"])
        except FootnoteError as error:
            session.show_later(error)


# ---------------------------------------------------------------------- the questions


def question_list(kept: Evaluation, asked: list[Asked]) -> None:
    compared = len(kept.runs) == 2
    by_default = figures.main_metric(kept.head)
    scored = [each for each in figures.FIGURES if kept.runs[0].values(each.metric)] or [by_default]
    st.html('<h2 class="ev-earlier">Question by question</h2>')
    with st.container(horizontal=True, vertical_alignment="bottom", key="asked_filter"):
        names: list[Filter] = ["All", "Changed", "Missed"] if compared else ["All", "Missed"]
        which = st.segmented_control(
            "Show",
            names,
            default="All",
            required=True,
            format_func=lambda name: f"{name} {len(chosen_questions(asked, name, by_default))}",
            key=f"filter_{kept.head.id}",
        )
        figure = st.selectbox(
            "Largest change first, in" if compared else "Worst first, by",
            scored,
            index=next((at for at, each in enumerate(scored) if each.metric == "mrr"), 0),
            format_func=lambda each: each.label,
            key=f"sorted_{kept.head.id}",
            width=260,
        )
    rows = chosen_questions(asked, which, figure)
    if not rows:
        st.caption("No question is like that.")
        return
    limit = st.session_state.get(LISTED_KEY, LISTED)
    footnote.questions(
        {"compared": compared, "rows": [question_json(each, figure) for each in rows[:limit]]},
        f"questions_{kept.head.id}",
        open_question,
    )
    if len(rows) > limit and st.button(
        f"Show all {counted(len(rows), 'question')}", type="tertiary", key="all_questions"
    ):
        st.session_state[LISTED_KEY] = len(rows)
        st.rerun()


# ---------------------------------------------------------------------- one question


def inspector(kept: Evaluation, asked: list[Asked], number: int) -> None:
    """What was to be found, what was answered, and where every stage had the passages."""
    each = asked[number - 1]
    with st.container(horizontal=True, vertical_alignment="center", key="asked_steps"):
        st.button(
            "Questions", icon=":material/list:", type="tertiary", key="to_questions", on_click=close_question
        )
        steps = (
            ("Previous", number - 1, ":material/chevron_left:"),
            ("Next", number + 1, ":material/chevron_right:"),
        )
        for label, to, symbol in steps:
            st.button(
                label,
                icon=symbol,
                type="tertiary",
                key=f"step_{label.lower()}",
                disabled=not 1 <= to <= len(asked),
                on_click=open_question,
                args=(to,),
            )
        st.caption(f"{number:,} of {len(asked):,}")
    with st.container(key="inspected"):
        st.html('<h1 class="unseen">Question</h1>')
        with st.container(key="inspected_question"):
            for turn in each.question.history:
                st.text(f"{'You' if turn.role == 'user' else 'Answer'}: {turn.content}")
            st.text(each.question.question)
        wanted(each)
        answers(each)
        stages(kept, each)


def wanted(each: Asked) -> None:
    lines = wanted_lines(each.question)
    expected = expected_answer(each.question)
    if not lines and not expected:
        return
    with st.container(key="inspected_wanted", gap="xsmall"):
        st.html('<h2 class="ev-part">To be found</h2>')
        for line in lines:
            st.text(line)
        if expected:
            st.html('<h2 class="ev-part">Right answer</h2>')
            st.text(expected)


def answers(each: Asked) -> None:
    places = st.columns(len(each.rows), gap="medium")
    for number, (place, row) in enumerate(zip(places, each.rows, strict=True)):
        with place, st.container(key=f"inspected_answer_{number}", border=True, gap="xsmall"):
            title = f"Answer, {SIDES[number].lower()}" if len(each.rows) == 2 else "Answer"
            st.html(f'<h2 class="ev-part">{title}</h2>')
            st.text(row.error or row.answer or "No answer.")
            if not row.error:
                st.caption(plain(row_line(each.question, row)))


def stages(kept: Evaluation, each: Asked) -> None:
    side = 0
    st.html('<h2 class="ev-part">Passages, and their place at every stage</h2>')
    if len(each.rows) == 2:
        chosen_side = st.segmented_control(
            "Settings",
            SIDES,
            default=SIDES[1],
            required=True,
            key=f"side_{kept.head.id}",
            label_visibility="collapsed",
        )
        side = SIDES.index(chosen_side or SIDES[1])
    row = each.rows[side]
    other = each.rows[1 - side] if len(each.rows) == 2 else None
    if not row.hits:
        st.caption("Nothing was found.")
        return
    st.html(
        '<p class="ev-legend"><mark>what was to be found</mark> <span class="ev-span">where the reader sees '
        "an answer</span> <span>Reader: relevance, 0 to 100</span></p>"
    )
    if each.question.evidence and not any(hit.shows for hit in row.hits):
        st.caption(plain(far_away(each, side, len(row.hits))))
    footnote.passages(
        {
            "other": SIDES[1 - side] if other else "",
            "rows": passages_json(each.question, row, other, texts_of(kept.head.library, row)),
        },
        f"passages_{kept.head.id}_{each.number}_{side}",
    )


def far_away(each: Asked, side: int, listed: int) -> str:
    found = first_rank(each.rows[side])
    if found is None:
        return f"What was to be found is not among these {listed}, nor further back."
    return f"What was to be found stands {ordinal(found)}, behind the {listed} that are kept."


def texts_of(library: str, row: Any) -> dict[int, str]:
    """The whole texts of a row's passages that are still in the library."""
    try:
        chunks = opened().home.library(library).chunks([hit.chunk_id for hit in row.hits])
    except FootnoteError:  # the library is gone; the kept beginnings are shown
        return {}
    return {chunk_id: chunk.text for chunk_id, chunk in chunks.items()}

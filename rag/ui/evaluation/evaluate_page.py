"""Evaluate: ask a library questions whose answers are known, alone or under two settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ingest.errors import FootnoteError, NotFound, WrongUsage
from ingest.model import LibraryInfo
from ingest.protocols import Library
from rag.evaluate.automatic import automatic_questions
from rag.evaluate.feedback import feedback_questions
from rag.evaluate.kept import NAME_CHARACTERS, Head
from rag.evaluate.questions import Question, question_json, read_questions
from rag.settings import AskSettings, fixed_by_environment, variable
from rag.ui import session
from rag.ui.cached import opened
from rag.ui.evaluation import evaluation_view
from rag.ui.evaluation.evaluating import Evaluating, Wanted, quoting
from rag.ui.evaluation.evaluation_view import EVALUATION
from rag.ui.evaluation.figures import kept_line, main_figure, moment, number
from rag.ui.render import counted, duration
from rag.ui.session import plain

MADE, FROM_FILE, FROM_THUMBS = "Made from your documents", "From a file", "From your thumbs"
COUNT, MOST_MADE = 50, 500
MOST_ASKED = 5_000  # questions of a file
MOST_MIB = 16  # of a file
EXAMPLES = 10  # questions in the file to begin with
TRIED = "evaluate_tried"  # settings of the last comparison, so that the next one begins there
EARLIER_SHOWN = 20
FOLLOW_SECONDS = 0.5


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


def show(library_page: StreamlitPage) -> None:
    library = session.library()
    with st.container(key="wide"):
        if st.query_params.get(EVALUATION):
            try:
                evaluation_view.show(st.query_params[EVALUATION], LABELS)
            except NotFound as error:
                evaluation_view.close()
                session.show_later(error)
                st.rerun()
            return
        info = library.info()
        heading(info)
        session.show_pending_fault()
        evaluating = opened().evaluating.get(library.name)
        if evaluating and not evaluating.ended:
            follow(evaluating)
        elif not info.chunks:
            empty(library, info, library_page)
        else:
            if evaluating:
                show_fault_once(evaluating)
            set_up(library)
        earlier()


def heading(info: LibraryInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="heading"):
        st.header("Evaluate", anchor=False, width="content")
    parts = (info.name, counted(info.documents, "document"), counted(info.chunks, "passage"))
    st.caption(plain(" · ".join(parts)))


def empty(library: Library, info: LibraryInfo, library_page: StreamlitPage) -> None:
    with st.container(key="nothing_to_ask"):
        if library.jobs():
            st.text(f"The files of “{info.name}” are still being read. Come back when they are there.")
        else:
            st.text(f"“{info.name}” is empty. Add documents to it; then see here how well they are found.")
        st.page_link(library_page, label="Open the Library", icon=":material/folder_open:")


def show_fault_once(evaluating: Evaluating) -> None:
    """Why the last evaluation of this library is not kept."""
    opened().evaluating.pop(evaluating.library_name, None)
    st.warning(plain(evaluating.fault), icon=":material/info:")


# ---------------------------------------------------------------------- what to ask


def set_up(library: Library) -> None:
    st.text("Ask this library questions whose answers are known, and see how often they are found.")
    with st.container(key="set_up", border=True):
        rated = opened().conversations.ratings(library.name)
        sources = [MADE, FROM_FILE, *([FROM_THUMBS] if rated else [])]
        source = st.segmented_control(
            "Questions", sources, default=MADE, required=True, key="evaluate_source"
        )
        questions: tuple[Question, ...] = ()
        asked = ""
        if source == FROM_FILE:
            asked, questions = from_file(library)
        elif source == FROM_THUMBS:
            asked, questions = from_thumbs(library)
        else:
            st.caption(
                "Made of their headings and sentences, so easier than what people ask: good for comparing settings."
            )
        start_form(library, source != MADE, questions, asked)


def from_file(library: Library) -> tuple[str, tuple[Question, ...]]:
    """The name and the questions of an uploaded file; nothing where there is none or it has a fault."""
    with st.container(key="questions_file"):
        upload = st.file_uploader(
            "A file of questions",
            type=["jsonl"],
            max_upload_size=MOST_MIB,
            key="questions_upload",
            label_visibility="collapsed",
        )
    found: tuple[Question, ...] = ()
    if upload is not None:
        try:
            found = uploaded(upload.name, upload.getvalue())
        except WrongUsage as error:
            session.show_fault(error)
        else:
            st.caption(plain(questions_line(found)))
            missing = not_there(found, library)
            if missing:
                names = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
                st.warning(
                    plain(
                        f"“{library.name}” lacks {counted(len(missing), 'document')} that these questions look "
                        f"for: {names}. Name each as the column File of the Library page does, or add it."
                    ),
                    icon=":material/info:",
                )
    with st.expander("How such a file looks"):
        file_format(library)
    return (upload.name if upload and found else ""), found


def from_thumbs(library: Library) -> tuple[str, tuple[Question, ...]]:
    """The questions whose answers were rated in chats with this library."""
    found = tuple(feedback_questions(opened().conversations.rated(library.name)))
    st.caption(
        "Thumbs up: one of the passages cited has to be found again. Thumbs down: scored where you said what is right."
    )
    st.caption(plain(questions_line(found)))
    st.download_button(
        "Download them as a file of questions",
        "".join(json.dumps(question_json(each), ensure_ascii=False) + "\n" for each in found),
        file_name="questions.jsonl",
        mime="application/jsonl",
        icon=":material/download:",
        on_click="ignore",
        key="thumbs_questions",
    )
    return FROM_THUMBS, found


def uploaded(name: str, content: bytes) -> tuple[Question, ...]:
    """The questions of a file. Raises WrongUsage naming the line that is wrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise WrongUsage(f"Line {line} of {name} is no UTF-8 text. Save the file as UTF-8.") from None
    found = read_questions(text, name)
    if len(found) > MOST_ASKED:
        raise WrongUsage(
            f"{name} has {len(found):,} questions; {MOST_ASKED:,} can be asked at once. Split it."
        )
    seen: set[str] = set()
    for question in found:
        if question.id in seen:
            raise WrongUsage(f"{name} has two questions with the id {question.id}. Give each its own.")
        seen.add(question.id)
    return tuple(found)


def questions_line(questions: Sequence[Question]) -> str:
    parts = [counted(len(questions), "question")]
    for number_of, what in (
        (sum(bool(each.evidence) for each in questions), "with a place to find"),
        (sum(bool(each.answers or each.must) for each in questions), "with an answer"),
        (sum(not each.answerable for each in questions), "the documents don’t answer"),
    ):
        if number_of:
            parts.append(f"{number_of:,} {what}")
    return " · ".join(parts)


def not_there(questions: Sequence[Question], library: Library) -> list[str]:
    """Documents that are looked for and not in the library."""
    keys = {origin.key for origin in library.origins()}
    wanted = [each.document for question in questions for group in question.evidence for each in group]
    return [name for name in dict.fromkeys(wanted) if name not in keys]


FORMAT = """\
One JSON object a line. Needed are “id” and “question”; the rest says what is right:
evidence – where the answer stands: doc as the Library page names the file, then page, quote or both
answers – acceptable answers, any one counts; must – what an answer has to hold, all of it
answerable – false when the documents don’t say: then a refusal is right
type – a word to group by; history – earlier turns, [{"role": "user", "content": "…"}]"""


def file_format(library: Library) -> None:
    st.text(FORMAT)
    example = example_file(library.name, library.info().chunks)
    if example:
        st.code(example.split("\n")[0], language="json", wrap_lines=True)
        st.download_button(
            "Download an example made from this library",
            example,
            file_name="questions.jsonl",
            mime="application/jsonl",
            icon=":material/download:",
            on_click="ignore",
            key="example_questions",
        )


@st.cache_data(ttl=3600, max_entries=50, show_spinner=False)
def example_file(library: str, chunks: int) -> str:
    """Questions made from a library, as lines of a file; the count stands for its state."""
    made = automatic_questions(opened().home.library(library), EXAMPLES)
    return "".join(json.dumps(question_json(each), ensure_ascii=False) + "\n" for each in made)


# ---------------------------------------------------------------------- under which settings


def start_form(library: Library, uploads: bool, questions: tuple[Question, ...], asked: str) -> None:
    here = opened()
    with st.form("evaluate", border=False, enter_to_submit=False):
        count = COUNT
        if not uploads:
            count = int(st.number_input("How many", 5, MOST_MADE, COUNT, 5, key="evaluate_count", width=160))
        with st.expander("Compare with other settings"):
            values = tried_values(here.ask_settings)
        written = bool(here.ask_settings.llm) and st.checkbox(
            plain(f"Let {here.ask_settings.llm} write the answers (slower, and it may cost)"),
            key="evaluate_llm",
        )
        run = st.form_submit_button("Run", type="primary", icon=":material/play_arrow:")
    if not run:
        return
    if uploads and not questions:
        st.warning("Add a file of questions first.", icon=":material/info:")
        return
    settings = here.ask_settings if written else quoting(here.ask_settings)
    changes = {name: value for name, value in values.items() if value != getattr(settings, name)}
    st.session_state[TRIED] = changes
    wanted = Wanted(settings, replace(settings, **changes) if changes else None, questions, count, asked)
    try:
        Evaluating(here, library, wanted).start()
    except FootnoteError as error:
        session.show_later(error)
    st.rerun()


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


# ---------------------------------------------------------------------- while it runs


@st.fragment(run_every=FOLLOW_SECONDS)
def follow(evaluating: Evaluating) -> None:
    """The running evaluation, until it ends; then its result, or why there is none."""
    if evaluating.ended:
        if evaluating.kept_id:
            st.query_params[EVALUATION] = evaluating.kept_id
        st.rerun()
    now = evaluating.now
    with st.container(key="evaluating", border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(now_line(now.stage, now.done, now.total, now.seconds_left))
            st.button(
                "Stop",
                type="tertiary",
                icon=":material/stop_circle:",
                key="stop_evaluating",
                on_click=evaluating.stop,
                disabled=now.stage in ("stopping", "scoring"),
            )
        st.progress(now.done / now.total if now.total else 0.0)
        st.caption("It goes on when you leave this page. Stop keeps what was asked until then.")


def now_line(stage: str, done: int, total: int, seconds_left: float) -> str:
    match stage:
        case "loading":
            return "Loading the models …"
        case "making":
            return "Making questions from the documents …"
        case "scoring":
            return "Scoring …"
        case "stopping":
            return "Stopping after this question …"
    left = f" · about {duration(seconds_left)} left" if seconds_left else ""
    return f"{done:,} of {counted(total, 'question')}{left}"


# ---------------------------------------------------------------------- earlier ones


def earlier() -> None:
    heads = opened().evaluations.heads()
    if not heads:
        return
    st.html('<h2 class="ev-earlier">Earlier evaluations</h2>')
    limit = st.session_state.get("evaluations_shown", EARLIER_SHOWN)
    with st.container(key="earlier", gap=None):
        for head in heads[:limit]:
            earlier_row(head)
    if len(heads) > limit and st.button("Show older ones", type="tertiary", key="older_evaluations"):
        st.session_state["evaluations_shown"] = limit + 100
        st.rerun()


def earlier_row(head: Head) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"earlier_{head.id}", gap="small"):
        with st.container(gap=None, width="stretch", key=f"earlier_text_{head.id}"):
            if head.fault:
                st.text(head.fault)
            else:
                st.button(
                    plain(f"{head.library}: {head.name}"),
                    type="tertiary",
                    key=f"show_{head.id}",
                    on_click=evaluation_view.open_evaluation,
                    args=(head.id,),
                )
                parts = (moment(head.made_at), kept_line(head), main_figure(head))
                st.caption(plain(" · ".join(part for part in parts if part)))
        action = st.menu_button(
            "More",
            ["Delete"] if head.fault else ["Rename", "Delete"],
            type="tertiary",
            icon=":material/more_horiz:",
            key=f"menu_evaluation_{head.id}",
        )
    if action == "Rename":
        rename_evaluation(head)
    elif action == "Delete":
        delete_evaluation(head)


@st.dialog("Rename this evaluation")
def rename_evaluation(head: Head) -> None:
    with st.form("rename_evaluation", border=False):
        name = st.text_input("Name", value=head.name, max_chars=NAME_CHARACTERS)
        if st.form_submit_button("Rename", type="primary"):
            try:
                opened().evaluations.rename(head.id, name)
            except FootnoteError as error:
                session.show_fault(error)
            else:
                st.rerun()


@st.dialog("Delete this evaluation")
def delete_evaluation(head: Head) -> None:
    st.text(f"“{head.name}” and its figures will be gone. Your documents and settings stay.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="delete_evaluation"):
            opened().evaluations.delete(head.id)
            st.rerun()
        if st.button("Keep it", key="keep_evaluation"):
            st.rerun()

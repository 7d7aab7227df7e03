"""Where an evaluation's questions come from: a file that is given, the thumbs in chats."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st

from ingest.errors import WrongUsage
from ingest.protocols import Library
from rag.evaluate.automatic import automatic_questions
from rag.evaluate.feedback import feedback_questions
from rag.evaluate.questions import Question, question_json, read_questions
from rag.ui import session
from rag.ui.cached import opened
from rag.ui.render import counted
from rag.ui.session import plain

MADE, FROM_FILE, FROM_THUMBS = "Made from your documents", "From a file", "From your thumbs"
MOST_ASKED = 5_000  # questions of a file
MOST_MIB = 16  # of a file
EXAMPLES = 10  # questions in the file to begin with


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
    keys = {origin.key for origin in library.listed()}
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

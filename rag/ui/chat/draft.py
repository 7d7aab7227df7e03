"""An answer that is being written, as Markdown of ours: what a model wrote stays letters.

It looks as the finished answer will: footnotes appear when a sentence has been checked, and a sentence
that is not found is marked. `page.css` (.st-key-draft) gives the signs used here their looks:
`1` is a footnote, *…* partly covered, ~~…~~ not found.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.llm.prompt import parse_answer
from rag.model import Sentence, counted
from rag.ui.render import Json, blocks_json
from rag.ui.session import plain

SIGNS = {"partly": "*", "not_found": "~~"}


def draft_markdown(text: str, checked: Sequence[Sentence]) -> str:
    """`text` with what is known of its first sentences; without footnotes where nothing is known yet."""
    parsed = parse_answer(text, ())
    known = dict(enumerate(checked))
    written = [
        known[number] if number in known and known[number].text == each.text else each
        for number, each in enumerate(parsed)
    ]
    return "\n\n".join(_block(block) for block in blocks_json(written, markdown=True))


def checked_line(checked: Sequence[Sentence]) -> str:
    """ "2 of 3 sentences found" so far; "" before the first."""
    found, said = counted(checked)
    return f"{found} of {said} sentence{'s' * (said > 1)} found" if said else ""


def _block(block: Json) -> str:
    text = " ".join(_sentence(sentence) for sentence in block["sentences"])
    if block["kind"] == "heading":
        return f"###### {text}"
    label = block["label"]
    if not label:
        return text
    return f"- {text}" if label == "•" else f"{label} {text}"


def _sentence(sentence: Json) -> str:
    sign = SIGNS.get(sentence["verdict"], "")
    words = "".join(
        f"**{plain(run['text'])}**"
        if run["style"] == "strong" and run["text"].strip()
        else spaced(run["text"])
        for run in sentence["runs"]
    ).strip()
    marks = " ".join(f"`{marker}`" for marker in sentence["markers"])
    return f"{sign}{words}{sign}{marks}" if words else marks


def spaced(text: str) -> str:
    """`plain` text that keeps a space at its ends: it stands between other pieces."""
    return " " * text[:1].isspace() + plain(text) + " " * (len(text) > 1 and text[-1].isspace())

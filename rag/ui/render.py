"""An Answer as plain JSON for the components, and numbers as people read them. No streamlit here.

Whatever a document or a model has written travels as text and is drawn with `textContent`: markup,
links and images in it stay letters. Of Markdown only paragraphs, headings, lists, bold and code are
known, and only in a chat model's answers; quotes stay as they are.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from ingest.model.adding import JobInfo, JobStage
from ingest.model.chunks import StoredChunk
from ingest.places import place_of_chunk
from ingest.readers import SHOWN_AS_PAGES
from ingest.shelf.scope import in_words
from rag.model import CORRECTED, Answer, Citation, Hit, Progress, Sentence

Json = dict[str, Any]
EXTRACTIVE = "extractive"
CLOSEST = 3  # passages shown with a refusal
BLOCK = re.compile(r"^(?:(?P<heading>#{1,6})|(?P<bullet>[-*•])|(?P<number>\d{1,3})[.)])\s+")
_PICTURE = re.compile(r"!\s*\[")
_TAG = re.compile(r"<(?=[a-zA-Z/!?])")
INLINE = re.compile(r"\*\*(?P<bold>[^*\n]+)\*\*|`(?P<code>[^`\n]+)`")


# ---------------------------------------------------------------------- an answer


def answer_json(answer: Answer, library: str, key: str) -> Json:
    """All that the answer, its footnotes and its sources panel show."""
    hits = {hit.chunk.id: hit for hit in answer.hits}
    cited = [citation_json(citation, hits.get(citation.chunk_id), library) for citation in answer.citations]
    used = {citation.chunk_id for citation in answer.citations}
    read = [hit for hit in answer.hits if hit.reading is not None and hit.chunk.id not in used]
    return {
        "key": key,
        "library": library,
        "refused": answer.refused,
        "blocks": blocks_json(
            answer.sentences or (Sentence(answer.text, ()),), markdown=answer.model != EXTRACTIVE
        ),
        "cited": cited,
        "read": [hit_json(hit, library) for hit in read],
        "closest": min(CLOSEST, len(read)) if answer.refused else 0,
        "evidence": answer.found_line,
        "status": status_line(answer),
        "notices": list(answer.notices),
        "query": answer.query if answer.query != answer.question else "",
        "rows": [row_json(rank, hit) for rank, hit in enumerate(answer.hits, 1)],
        "made": made_json(answer),
        "copy": copy_text(answer),
    }


def blocks_json(sentences: Iterable[Sentence], markdown: bool) -> list[Json]:
    """Sentences by paragraph; a list item or heading of a chat model is recognised by its first sign."""
    blocks: list[Json] = []
    number: int | None = None
    for sentence in sentences:
        text, emphasis, kind, label = sentence.text, sentence.emphasis, "text", ""
        if sentence.block != number and markdown and (sign := BLOCK.match(text)):
            cut = sign.end()
            text = text[cut:]
            emphasis = tuple((start - cut, end - cut) for start, end in emphasis if start >= cut)
            kind = "heading" if sign["heading"] else "item"
            label = f"{sign['number']}." if sign["number"] else "•"
        if sentence.block != number:
            blocks.append({"kind": kind, "label": label if kind == "item" else "", "sentences": []})
            number = sentence.block
        blocks[-1]["sentences"].append(
            {
                "runs": runs_of(text, emphasis, markdown),
                "markers": list(sentence.markers),
                "verdict": sentence.verdict,
            }
        )
    return blocks


def runs_of(text: str, emphasis: Sequence[tuple[int, int]], markdown: bool) -> list[Json]:
    """`text` in pieces of one style: {"text", "style": "" | "strong" | "code"}."""
    styled: list[tuple[int, int, int, int, str]] = []  # outer start, end; inner start, end; style
    if markdown:
        for found in INLINE.finditer(text):
            name = "bold" if found["bold"] is not None else "code"
            styled.append((*found.span(), *found.span(name), "strong" if name == "bold" else "code"))
    styled += [(start, end, start, end, "strong") for start, end in emphasis if 0 <= start < end <= len(text)]
    runs: list[Json] = []
    at = 0
    for start, end, inner_start, inner_end, style in sorted(styled):
        if start < at:
            continue
        if start > at:
            runs.append({"text": text[at:start], "style": ""})
        runs.append({"text": text[inner_start:inner_end], "style": style})
        at = end
    if at < len(text):
        runs.append({"text": text[at:], "style": ""})
    return runs


# ---------------------------------------------------------------------- sources


def citation_json(citation: Citation, hit: Hit | None, library: str) -> Json:
    """A cited passage: the chunk with the quoted part and the answer in it, as offsets of its text."""
    text, offset = (hit.chunk.text, hit.chunk.start) if hit else (citation.quote, citation.start)
    answer = (citation.answer_start, citation.answer_end)
    if answer[0] >= answer[1]:
        answer = (citation.start, citation.start)
    quote = (citation.start - offset, citation.end - offset)
    if citation.corrected:  # its offsets are those of the passage as it was read
        found = max(0, text.find(citation.quote))
        quote = (found, found + len(citation.quote))
    return {
        "marker": citation.marker,
        "chunk": citation.chunk_id,
        "document": citation.document_id,
        "title": citation.title or citation.document,
        "file": citation.document,
        "address": web_address(citation.address),
        "place": citation.place.page,
        "section": citation.place.section_line(citation.title),
        "relevance": relevance(hit) if hit else None,
        "corrected": citation.corrected,
        "as_read": (hit.chunk.as_read if hit else None) or "",
        "text": text,
        "quote": within(text, *quote),
        "answer": within(text, answer[0] - offset, answer[1] - offset),
        "image": image_url(
            library,
            citation.document_id,
            citation.media_type,
            citation.page,
            [(citation.start, citation.end, "p"), (*answer, "a")],
        ),
    }


def hit_json(hit: Hit, library: str) -> Json:
    """A passage that was read and not cited; the reader's span is its "answer"."""
    chunk, reading, place = hit.chunk, hit.reading, place_of_chunk(hit.chunk)
    span = (reading.start, reading.end) if reading and reading.margin > 0 else (0, 0)
    return {
        "marker": None,
        "chunk": chunk.id,
        "document": chunk.document_id,
        "title": chunk.title or chunk.key,
        "file": chunk.key,
        "address": web_address(chunk.address),
        "place": place.page,
        "section": place.section_line(chunk.title),
        "relevance": relevance(hit),
        "corrected": chunk.as_read is not None,
        "as_read": chunk.as_read or "",
        "text": chunk.text,
        "quote": [0, 0],
        "answer": within(chunk.text, *span),
        "image": image_url(
            library, chunk.document_id, chunk.media_type, chunk.shown_page, [(chunk.start, chunk.end, "p")]
        ),
    }


def row_json(rank: int, hit: Hit) -> Json:
    """A line of the retrieval table: where each stage ranked the passage."""
    chunk = hit.chunk
    return {
        "rank": rank,
        "title": chunk.title or chunk.key,
        "place": place_of_chunk(chunk).short,
        "meaning": hit.dense.rank if hit.dense else None,
        "words": hit.words.rank if hit.words else None,
        "fused": hit.fused.rank if hit.fused else None,
        "relevance": relevance(hit),
        "text": " ".join(chunk.text[:160].split()),
    }


def within(text: str, start: int, end: int) -> list[int]:
    start, end = max(0, start), min(len(text), end)
    return [start, end] if start < end else [0, 0]


def relevance(hit: Hit) -> int | None:
    """The reader's relevance logit on a scale of 0 to 100 (logistic; an order, not a probability)."""
    if hit.reading is None:
        return None
    return round(100 / (1 + math.exp(-max(-30.0, min(30.0, hit.reading.relevance)))))


def web_address(text: str) -> str:
    """`text` where it may become a link: an address of the web, else ""."""
    return text if urlsplit(text).scheme in ("http", "https") else ""


def image_url(
    library: str, document_id: int, media_type: str, page: int | None, marks: Sequence[tuple[int, int, str]]
) -> str:
    """Address of the page image with its marks; "" for formats without pages."""
    if page is None or media_type not in SHOWN_AS_PAGES:
        return ""
    drawn = ",".join(f"{start}-{end}{kind}" for start, end, kind in marks if start < end)
    return f"/pages/{document_id}/{page}.png?" + urlencode({"library": library, "marks": drawn})


# ---------------------------------------------------------------------- how it was made

STEPS = {
    "loading": "Loading the models",
    "asking": "Reading the question",
    "condensing": "Reading the chat so far",
    "gathering": "Looking through the library",
    "searching": "Searching",
    "reading": "Reading passages",
    "opening": "Opening the chat model",
    "writing": "Writing",
    "checking": "Checking the last sentences",
}
ROLES = {"system": "Instructions", "user": "Passages and question", "assistant": "Earlier answer"}


def made_json(answer: Answer) -> Json:
    """How an answer was made: who wrote it, how long each step took, tokens, and the prompt word for word."""
    steps = {name: ms for name, ms in answer.timings_ms.items() if name != "total" and ms >= 0.5}
    usage = answer.usage
    about = "" if usage.get("input_tokens") else "about "
    read = usage.get("input_tokens") or usage.get("about_input_tokens")
    written = usage.get("output_tokens") or usage.get("about_output_tokens")
    tokens = [f"{about}{count:,} {what}" for count, what in ((read, "read"), (written, "written")) if count]
    return {
        "scope": in_words(answer.scope),
        "by": _writer(answer),
        "steps": [{"name": STEPS.get(name, name), "time": milliseconds(ms)} for name, ms in steps.items()],
        "total": milliseconds(answer.timings_ms.get("total", 0.0)),
        "tokens": " · ".join(tokens),
        "prompt": [
            {"role": role_name(answer.prompt, number), "text": text}
            for number, (_, text) in enumerate(answer.prompt)
        ],
        "prompt_line": f"{counted(len(answer.prompt), 'message')}, "
        f"{counted(sum(len(text) for _, text in answer.prompt), 'character')}",
    }


def _writer(answer: Answer) -> str:
    """Who or what has written an answer."""
    if answer.model != EXTRACTIVE:
        return answer.model
    computed = answer.coverage is not None and answer.coverage.kind == "table"
    return f"{'Computed on the rows' if computed else 'Quotations'}, without a chat model"


def role_name(messages: Sequence[tuple[str, str]], number: int) -> str:
    """What a message of a prompt is, for people; only the last one holds passages."""
    role = messages[number][0]
    return "Earlier question" if role == "user" and number < len(messages) - 1 else ROLES.get(role, role)


def milliseconds(value: float) -> str:
    return f"{value:.0f} ms" if value < 999.5 else f"{value / 1000:.1f} s"


# ---------------------------------------------------------------------- lines for people


def status_line(answer: Answer) -> str:
    if answer.coverage:
        seconds = answer.timings_ms.get("total", 0.0) / 1000
        return f"{answer.coverage.line[:1].upper()}{answer.coverage.line[1:]} · {seconds:.1f} s"
    read = sum(hit.reading is not None for hit in answer.hits)
    seconds = answer.timings_ms.get("total", 0.0) / 1000
    what = "chosen document" if answer.scope else "document"
    return f"{counted(answer.searched_documents, what)} · {counted(read, 'passage')} read · {seconds:.1f} s"


def progress_line(progress: Progress | None, model_state: str) -> str:
    """What is happening now, in the words of the status line."""
    match progress:
        case Progress("searching", count):
            return f"Searching {counted(count, 'document')}"
        case Progress("gathering", count, of):
            return f"Looking through {count:,} of {counted(of, 'document')}"
        case Progress("computing"):
            return "Computing on the rows"
        case Progress("reading", count, of) if of:
            return f"Reading {count:,} of {counted(of, 'passage')}"
        case Progress("reading", count):
            return f"Reading {counted(count, 'passage')}"
        case Progress("opening"):
            return STEPS["opening"]
        case Progress("condensing"):
            return STEPS["condensing"]
        case Progress("writing"):
            return "Writing"
        case Progress("checking"):
            return "Checking every sentence"
        case Progress("loading") if model_state != "ready":
            return model_state[:1].upper() + model_state[1:] if model_state else "Loading the models"
    return "Reading the question"


def copy_text(answer: Answer) -> str:
    """The answer with its footnotes written out, for the clipboard."""
    notes = [
        f"[{citation.marker}] {citation.title or citation.document}"
        + (f", {citation.place.short}" if citation.place.short else "")
        + (f" ({CORRECTED})" if citation.corrected else "")
        + f": “{' '.join(citation.quote.split())}”"
        for citation in answer.citations
    ]
    return harmless("\n".join([answer.text, *([""] if notes else []), *notes]))


def harmless(text: str) -> str:
    """`text` for a place that may read Markdown or HTML: pictures become links, tags become letters.

    What is copied is pasted into programs that load a picture at sight, and its address could carry the chat.
    """
    return _TAG.sub("< ", _PICTURE.sub("[", text))


def counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def size(size_bytes: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit != "MB" else f"{size_bytes:.1f} MB"
        size_bytes /= 1000
    return f"{size_bytes:.1f} GB"


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


STAGES = {
    JobStage.WAITING: "Waiting",
    JobStage.READING: "Reading",
    JobStage.EMBEDDING: "Embedding",
    JobStage.INDEXING: "Indexing",
    JobStage.DONE: "Done",
    JobStage.FAILED: "Failed",
    JobStage.CANCELLED: "Stopped",
}


def job_line(job: JobInfo) -> str:
    """ "Reading 12 of 40 pages · 31 pages/s · 2 s left"."""
    unit = "page" if job.stage is JobStage.READING else "passage"
    parts = [STAGES[job.stage]]
    if job.total:
        parts[0] += f" {job.done:,} of {counted(job.total, unit)}"
    if job.pace:
        parts.append(job.pace)
    if job.seconds_left:
        parts.append(f"{duration(job.seconds_left)} left")
    return " · ".join(parts)


def job_share(job: JobInfo) -> float:
    """How much of a file is done, 0 to 1; embedding takes most of the time."""
    bounds = {
        JobStage.WAITING: (0.0, 0.0),
        JobStage.READING: (0.02, 0.25),
        JobStage.EMBEDDING: (0.25, 0.95),
        JobStage.INDEXING: (0.95, 1.0),
    }
    low, high = bounds.get(job.stage, (1.0, 1.0))
    return low + (high - low) * (min(1.0, job.done / job.total) if job.total else 0.0)


def chunk_place(chunk: StoredChunk) -> str:
    place = place_of_chunk(chunk)
    return " · ".join(filter(None, (place.page, place.section_line(chunk.title))))


def day_of(moment: float, today: date | None = None) -> str:
    """The heading a chat of Unix time `moment` stands under."""
    today = today or datetime.fromtimestamp(time.time()).date()
    day = datetime.fromtimestamp(moment).date()
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day > today - timedelta(days=7):
        return "Last 7 days"
    if day > today - timedelta(days=30):
        return "Last 30 days"
    return day.strftime("%B %Y")

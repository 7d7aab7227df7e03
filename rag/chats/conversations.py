"""Saved chats: one SQLite file (`chats.sqlite` in the home folder), safe for threads.

A chat belongs to a library by name. An answer is kept whole, as JSON, so that an old chat shows
exactly what was shown when it was asked, whatever became of the library since.

Nothing that was said is lost: messages form a tree. A question that is edited and an answer that is made
again become versions beside the earlier ones; the chat shows one path, which ends with `last_id`.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ingest.errors import DiskFull, FootnoteError, NotFound, WrongUsage
from ingest.remote.wire import decode, encode
from ingest.shelf.scope import Scope
from rag.chats.kept_answer import answer_from_json, answer_to_json
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
    """
    ALTER TABLE message ADD COLUMN parent_id INTEGER REFERENCES message(id) ON DELETE CASCADE;
    UPDATE message SET parent_id = (
        SELECT max(id) FROM message AS earlier
        WHERE earlier.chat_id = message.chat_id AND earlier.id < message.id);
    CREATE INDEX message_by_parent ON message (parent_id);
    ALTER TABLE chat ADD COLUMN last_id INTEGER;   -- the message that the shown path ends with
    UPDATE chat SET last_id = (SELECT max(id) FROM message WHERE chat_id = chat.id);
    """,
    """
    ALTER TABLE chat ADD COLUMN scope TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE chat ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
    """,
    """
    CREATE TABLE rating (
        message_id INTEGER PRIMARY KEY REFERENCES message(id) ON DELETE CASCADE,
        good INTEGER NOT NULL, reason TEXT NOT NULL, expected TEXT NOT NULL, created_at REAL NOT NULL
    ) STRICT;
    """,
)
_PATH = """
    WITH RECURSIVE path(id) AS (
        VALUES (:last)
        UNION ALL SELECT m.parent_id FROM message m JOIN path ON m.id = path.id WHERE m.parent_id IS NOT NULL)
    SELECT m.*, r.good, r.reason, r.expected FROM message m LEFT JOIN rating r ON r.message_id = m.id
    WHERE m.id IN (SELECT id FROM path) ORDER BY m.id
"""
_OF_LIBRARY = (
    "FROM rating r JOIN message m ON m.id = r.message_id JOIN chat c ON c.id = m.chat_id WHERE c.library = ?"
)
SEARCH_WORDS = 12  # of a search over chats that are looked for
RATING_CHARACTERS = 2_000  # of what a person says of an answer


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation in the list; times are Unix seconds. `scope` is what its next question is asked of."""

    id: str
    title: str
    library: str
    created_at: float
    updated_at: float
    scope: Scope = field(default_factory=Scope)
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Rating:
    """A thumb up or down; `reason` is a short word, `expected` what would have been right."""

    good: bool
    reason: str = ""
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `files` are the names that came with a question; `note` says why there is no answer.

    `versions` are the ids of all messages at this place, this one among them, oldest first.
    """

    id: int
    role: Literal["user", "assistant"]
    content: str
    files: tuple[str, ...]
    answer: Answer | None
    note: str
    created_at: float
    versions: tuple[int, ...] = ()
    rating: Rating | None = None


@dataclass(frozen=True, slots=True)
class Rated:
    """An answer that was rated, with its question and what was said before."""

    message_id: int
    question: str
    history: tuple[Turn, ...]
    answer: Answer
    rating: Rating


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

    def create(self, library: str, question: str = "", scope: Scope | None = None) -> Chat:
        """A new chat, titled after its first question."""
        now = time.time()
        chat = Chat(uuid.uuid4().hex[:12], title_of(question), library, now, now, scope or Scope())
        with self._change() as db:
            db.execute(
                "INSERT INTO chat (id, title, library, created_at, updated_at, scope) VALUES (?, ?, ?, ?, ?, ?)",
                (chat.id, chat.title, chat.library, now, now, json.dumps(encode(chat.scope))),
            )
        return chat

    def chats(self, search: str = "", limit: int = 200) -> list[Chat]:
        """The newest chats, pinned ones first; each word of `search` must stand in title or messages, letter case ignored."""
        words = {
            f"w{n}": f"%{word.translate(LIKE_ESCAPES)}%"
            for n, word in enumerate(search.split()[:SEARCH_WORDS])
        }
        held = " AND ".join(
            f"(title LIKE :{name} ESCAPE '\\' OR EXISTS (SELECT 1 FROM message "
            f"WHERE chat_id = chat.id AND content LIKE :{name} ESCAPE '\\'))"
            for name in words
        )
        rows = self._rows(
            f"SELECT * FROM chat {f'WHERE {held}' if held else ''} "
            "ORDER BY pinned DESC, updated_at DESC, rowid DESC LIMIT :limit",
            {**words, "limit": limit},
        )
        return [_chat(row) for row in rows]

    def chat(self, chat_id: str) -> Chat:
        rows = self._rows("SELECT * FROM chat WHERE id = ?", (chat_id,))
        if not rows:
            raise NotFound("This chat is not there any more. Start a new one.")
        return _chat(rows[0])

    def rename(self, chat_id: str, title: str) -> Chat:
        title = " ".join(title.split())
        if not title:
            raise WrongUsage("A chat needs a name. Type one, or keep the old.")
        with self._change() as db:
            db.execute("UPDATE chat SET title = ? WHERE id = ?", (title[:200], chat_id))
        return self.chat(chat_id)

    def set_scope(self, chat_id: str, scope: Scope) -> None:
        """Ask the next question of these documents."""
        self._set(chat_id, "scope", json.dumps(encode(scope)))

    def pin(self, chat_id: str, pinned: bool) -> None:
        """Let a chat stand above the others, or no longer."""
        self._set(chat_id, "pinned", int(pinned))

    def _set(self, chat_id: str, column: Literal["scope", "pinned"], value: object) -> None:
        with self._change() as db:
            if not db.execute(f"UPDATE chat SET {column} = ? WHERE id = ?", (value, chat_id)).rowcount:
                raise NotFound("This chat is not there any more. Start a new one.")

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
        """The messages of the shown path, oldest first."""
        versions: dict[tuple[int | None, str], list[int]] = {}
        for row in self._rows(
            "SELECT id, parent_id, role FROM message WHERE chat_id = ? ORDER BY id", (chat_id,)
        ):
            versions.setdefault((row["parent_id"], row["role"]), []).append(row["id"])
        return [
            Message(
                row["id"],
                row["role"],
                row["content"],
                tuple(json.loads(row["files"])),
                None if row["answer"] is None else answer_from_json(row["answer"]),
                row["note"],
                row["created_at"],
                tuple(versions.get((row["parent_id"], row["role"]), (row["id"],))),
                _rating(row),
            )
            for row in self._path(chat_id)
        ]

    def _path(self, chat_id: str) -> list[sqlite3.Row]:
        last = self._rows("SELECT last_id FROM chat WHERE id = ?", (chat_id,))
        return self._rows(_PATH, {"last": last[0]["last_id"] if last else None})

    def history(self, chat_id: str) -> tuple[Turn, ...]:
        """The answered turns of the shown path, oldest first, as a question's history."""
        return _turns(self._path(chat_id))

    # ------------------------------------------------------------------ ratings

    def rate(self, message_id: int, rating: Rating | None) -> None:
        """Keep what a person thinks of an answer; None takes it back. Raises NotFound when it is gone."""
        with self._change() as db:
            if not db.execute(
                "SELECT 1 FROM message WHERE id = ? AND answer IS NOT NULL", (message_id,)
            ).fetchone():
                raise NotFound("This answer is not there any more. Open the chat again.")
            db.execute("DELETE FROM rating WHERE message_id = ?", (message_id,))
            if rating:
                words = rating.reason[:RATING_CHARACTERS], rating.expected.strip()[:RATING_CHARACTERS]
                db.execute(
                    "INSERT INTO rating VALUES (?, ?, ?, ?, ?)",
                    (message_id, rating.good, *words, time.time()),
                )

    def ratings(self, library: str) -> int:
        """How many answers about a library were rated."""
        return int(self._rows(f"SELECT count(*) {_OF_LIBRARY}", (library,))[0][0])

    def rated(self, library: str) -> list[Rated]:
        """The rated answers about a library, in the order of their ratings."""
        found: list[Rated] = []
        for each in self._rows(
            f"SELECT r.message_id {_OF_LIBRARY} ORDER BY r.created_at, r.message_id", (library,)
        ):
            *before, question, answered = self._rows(_PATH, {"last": each["message_id"]})
            rating = _rating(answered)
            assert rating is not None
            answer = answer_from_json(answered["answer"])
            found.append(Rated(answered["id"], question["content"], _turns(before), answer, rating))
        return found

    # ------------------------------------------------------------------ versions

    def end_with(self, message_id: int) -> None:
        """Let the chat end with this message: what is said next is a version beside what came after it."""
        self._show(message_id, "SELECT chat_id, id FROM message WHERE id = :id")

    def end_before(self, message_id: int) -> None:
        """Let the chat end before this message, to say it in other words."""
        self._show(message_id, "SELECT chat_id, parent_id FROM message WHERE id = :id")

    def show_version(self, message_id: int) -> None:
        """Show this message and the newest that came after it."""
        self._show(
            message_id,
            """
            WITH RECURSIVE under(id) AS (
                VALUES (:id) UNION ALL SELECT m.id FROM message m JOIN under ON m.parent_id = under.id)
            SELECT chat_id, (SELECT max(id) FROM under) FROM message WHERE id = :id
            """,
        )

    def _show(self, message_id: int, statement: str) -> None:
        with self._change() as db:
            found = db.execute(statement, {"id": message_id}).fetchone()
            if found is None:
                raise NotFound("This message is not there any more. Open the chat again.")
            db.execute("UPDATE chat SET last_id = ? WHERE id = ?", (found[1], found[0]))

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
                "INSERT INTO message (chat_id, role, content, files, answer, note, created_at, parent_id) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT last_id FROM chat WHERE id = ?1))",
                (chat_id, role, content, json.dumps(list(files)), answer, note, now),
            )
            db.execute("UPDATE chat SET last_id = ? WHERE id = ?", (added.lastrowid, chat_id))
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


def _turns(path: Sequence[sqlite3.Row]) -> tuple[Turn, ...]:
    """The answered turns of a path."""
    turns: list[Turn] = []
    for row, following in itertools.pairwise([row for row in path if row["content"]]):
        if row["role"] == "user" and following["answer"] is not None:
            turns += [Turn("user", row["content"]), Turn("assistant", following["content"])]
    return tuple(turns)


def _rating(row: sqlite3.Row) -> Rating | None:
    return None if row["good"] is None else Rating(bool(row["good"]), row["reason"], row["expected"])


def _chat(row: sqlite3.Row) -> Chat:
    scope: Scope = decode(Scope, json.loads(row["scope"]))
    times = row["created_at"], row["updated_at"]
    return Chat(row["id"], row["title"], row["library"], *times, scope, bool(row["pinned"]))


def title_of(question: str) -> str:
    """The question on one line, cut at a word."""
    line = " ".join(question.split())
    if len(line) <= TITLE_CHARACTERS:
        return line
    return line[:TITLE_CHARACTERS].rsplit(" ", 1)[0].rstrip(",;:") + " …"

"""A question is sent: from the field, in other words, or once more. What is wrong with it is said first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ingest.errors import NotFound, WrongUsage
from ingest.protocols import Library
from rag.chats.conversations import Chat, Message
from rag.ui import session
from rag.ui.cached import opened
from rag.ui.chat.asking import Asking
from rag.ui.library import progress, uploads


def ask(text: str, files: Sequence[uploads.Upload] = ()) -> None:
    """Ask in the current chat, or in a new one. Raises FootnoteError; then nothing was kept."""
    question = text.strip()
    here = opened()
    library = session.library()
    if not question and not files:
        raise WrongUsage("Type a question first.")
    check_length(question)
    if question and not files and not library.info().documents and not progress.running(library.jobs()):
        raise WrongUsage(f"“{library.name}” is empty. Drop files here first, or switch to another library.")
    chat, scope = session.chat(), session.scope()
    if chat:
        check_free(chat)
    if scope and not files:
        library.within(scope)  # says at once when nothing is left of it
    job_ids = uploads.add_uploads(library, files) if files else []
    names = [file.name for file in files]
    if scope.documents and names:  # what comes with a question is asked, too
        scope = replace(scope, documents=(*scope.documents, *(f"/{name}" for name in names)))
        if chat:
            here.conversations.set_scope(chat.id, scope)
    if chat is None:
        chat = here.conversations.create(library.name, question or ", ".join(names), scope)
    here.conversations.ask(chat.id, question, names)
    session.open_chat(chat)
    Asking(here, library, chat.id, question, job_ids, scope=scope).start()


def in_other_words(chat: Chat, message: Message, text: str) -> None:
    """Ask a question anew in other words; what followed the old ones stays as another version."""
    question = text.strip()
    if not question:
        raise WrongUsage("Type a question first.")
    check_length(question)
    check_free(chat)
    here = opened()
    library = library_of(chat)
    here.conversations.end_before(message.id)
    here.conversations.ask(chat.id, question, message.files)
    Asking(here, library, chat.id, question, scope=chat.scope).start()


def once_more(chat: Chat, question: Message, query: str = "", llm: str | None = None) -> None:
    """Answer a question once more: searching for another `query`, or written by another model (`llm`; by
    quotations alone when it is "").

    The answer that is there stays as another version.
    """
    if query:
        check_length(query)
    check_free(chat)
    here = opened()
    library = library_of(chat)
    here.conversations.end_with(question.id)
    Asking(here, library, chat.id, question.content, query=query, llm=llm, scope=chat.scope).start()


def check_length(question: str) -> None:
    limit = opened().ask_settings.question_max_characters
    if len(question) > limit:
        raise WrongUsage(
            f"This question has {len(question):,} characters, more than the {limit:,} that can be asked. Shorten it."
        )


def check_free(chat: Chat) -> None:
    if chat.id in opened().asking:
        raise WrongUsage("This chat is still being answered. Stop that answer, or wait for it.")


def library_of(chat: Chat) -> Library:
    """Raises NotFound, telling what helps, when the chat's library is gone."""
    try:
        return opened().home.library(chat.library)
    except NotFound as error:
        raise NotFound(
            f"The library “{chat.library}” of this chat is gone. Start a new chat in another one."
        ) from error

"""Which documents of a library are asked: chosen by document, folder, type, date added and tag."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import translate
from typing import TypeVar

from ingest.errors import WrongUsage
from ingest.model.documents import Listed, OriginInfo

Choosable = TypeVar("Choosable", Listed, OriginInfo)

_OFFICE = "application/vnd.openxmlformats-officedocument."
OTHER = "Other"
SHOWN = 3  # patterns that are named in words
_TYPE_NAMES: Mapping[str, str] = {
    "application/pdf": "PDF",
    _OFFICE + "wordprocessingml.document": "Word",
    _OFFICE + "presentationml.presentation": "PowerPoint",
    _OFFICE + "spreadsheetml.sheet": "Excel",
    "text/csv": "CSV",
    "text/plain": "Text",
    "text/markdown": "Markdown",
    "text/x-rst": "reStructuredText",
    "text/html": "Web page",
    "multipart/related": "Web page",
    "application/epub+zip": "E-book",
    "message/rfc822": "Mail",
    "application/vnd.ms-outlook": "Mail",
    "application/x-ipynb+json": "Notebook",
    "application/json": "JSON",
    "application/jsonl": "JSON",
}
TYPES = (*dict.fromkeys(_TYPE_NAMES.values()), "Picture", OTHER)


@dataclass(frozen=True, slots=True)
class Scope:
    """An empty one is the whole library. Where several kinds are chosen, a document must fit all of them.

    `documents` are patterns, any of which may fit, whatever the letter case: a file name ("leave.md"), a folder
    ("contracts"), a path of both, or any of these with * and ?. One that begins with / fits from the
    beginning of the key only. `types` are of TYPES, any may fit. Days are ISO dates of this machine's time
    zone, both included. Of `tags` any may fit, whatever the letter case.
    """

    documents: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    added_from: str = ""
    added_until: str = ""
    tags: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.documents or self.types or self.added_from or self.added_until or self.tags)

    def checked(self) -> Scope:
        """Itself. Raises WrongUsage for a type that is none of TYPES, or a day that is no date."""
        if unknown := [name for name in self.types if name not in TYPES]:
            raise WrongUsage(f"“{unknown[0]}” is no type of document. There are {', '.join(TYPES)}.")
        for day in filter(None, (self.added_from, self.added_until)):
            try:
                date.fromisoformat(day)
            except ValueError:
                raise WrongUsage(f"“{day}” is no date. Write it like 2026-03-31.") from None
        return self


def type_name(media_type: str) -> str:
    """What people call a media type; one of TYPES."""
    return "Picture" if media_type.startswith("image/") else _TYPE_NAMES.get(media_type, OTHER)


def in_words(scope: Scope) -> str:
    """ "contracts, leave.md · PDF · tagged draft · added since 2026-03-01"; "" for the whole library."""
    names = [pattern.strip("/") for pattern in scope.documents]
    shown = [name.rsplit("/", 1)[-1] for name in names[:SHOWN]]
    parts = [", ".join(shown) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")]
    parts.append(", ".join(scope.types))
    if scope.tags:
        parts.append(f"tagged {', '.join(scope.tags)}")
    if scope.added_from and scope.added_until:
        parts.append(f"added {scope.added_from} to {scope.added_until}")
    elif scope.added_from or scope.added_until:
        parts.append(
            f"added {'since' if scope.added_from else 'until'} {scope.added_from or scope.added_until}"
        )
    return " · ".join(filter(None, parts))


def folders_of(keys: Iterable[str]) -> dict[str, int]:
    """Every folder of the keys with the number of keys below it, by name."""
    found: dict[str, int] = {}
    for key in keys:
        end = key.find("/")
        while end > 0:
            found[key[:end]] = found.get(key[:end], 0) + 1
            end = key.find("/", end + 1)
    return dict(sorted(found.items()))


def chosen(scope: Scope, listed: Sequence[Choosable]) -> list[Choosable]:
    """Those of `listed` that the scope takes in, in their order. Raises WrongUsage as `Scope.checked`.

    What is set aside is left out, unless the scope names the file, or nothing but such files fits.
    """
    found = fitting(scope, listed)
    names = [pattern.casefold() for pattern in scope.documents]
    return [each for each in found if not each.aside or _is_named(each.key, names)] or found


def fitting(scope: Scope, listed: Sequence[Choosable]) -> list[Choosable]:
    """Those of `listed` that fit, in their order, set aside or not. Raises WrongUsage as `Scope.checked`."""
    scope.checked()
    fits = _fitting(scope.documents)
    start = _midnight(scope.added_from, 0) if scope.added_from else 0.0
    end = _midnight(scope.added_until, 1) if scope.added_until else float("inf")
    types = set(scope.types)
    tags = {tag.casefold() for tag in scope.tags}
    return [
        each
        for each in listed
        if start <= each.added_at < end
        and (not types or type_name(each.media_type) in types)
        and (not tags or any(tag.casefold() in tags for tag in each.tags))
        and (fits is None or fits(each.key))
    ]


def unmatched(scope: Scope, listed: Sequence[Listed]) -> list[str]:
    """The patterns that no document fits: likely slips of the keyboard."""
    return [
        pattern
        for pattern in scope.documents
        if (fits := _fitting([pattern])) and not any(fits(each.key) for each in listed)
    ]


def _fitting(patterns: Sequence[str]) -> Callable[[str], bool] | None:
    """Whether a key fits one of the patterns; None without any."""
    if not patterns:
        return None
    whole: set[str] = set()  # keys as they are: a chosen document costs one look-up
    parts: list[str] = []
    for pattern in patterns:
        plain = pattern.casefold().rstrip("/")
        if plain.startswith("/"):
            plain = plain.lstrip("/")
            whole.add(plain)
            parts.append(f"{_expression(plain)}/.*" if pattern.endswith("/") else _expression(plain))
        else:
            parts.append(f"(?:.*/)?{_expression(plain)}(?:/.*)?")
    globs = [part for part, pattern in zip(parts, patterns, strict=True) if not _is_whole(pattern)]
    expression = re.compile("|".join(f"(?:{part})" for part in globs), re.DOTALL) if globs else None

    def fits(key: str) -> bool:
        folded = key.casefold()
        return folded in whole or bool(expression and expression.fullmatch(folded))

    return fits


def _is_named(key: str, patterns: Sequence[str]) -> bool:
    """Whether one of the folded patterns is this file's key, or the end of it: no folder, nothing with *."""
    folded = f"/{key.casefold()}"
    return any(
        folded == pattern if pattern.startswith("/") else folded.endswith(f"/{pattern}")
        for pattern in patterns
    )


def _is_whole(pattern: str) -> bool:
    """Whether a pattern names one key and nothing else."""
    return pattern.startswith("/") and not pattern.endswith("/") and not set(pattern) & set("*?")


def _expression(pattern: str) -> str:
    """A regular expression for a pattern with * and ?; brackets are text."""
    glob = re.sub(r"\[", "[[]", pattern)
    return translate(glob).removeprefix("(?s:").removesuffix(r")\Z").removesuffix(r")\z")


def _midnight(day: str, days_later: int) -> float:
    """The Unix time at which a day begins here, or the one after it."""
    begins = datetime.fromisoformat(day).replace(hour=0, minute=0, second=0, microsecond=0)
    return begins.fromordinal(begins.toordinal() + days_later).timestamp()

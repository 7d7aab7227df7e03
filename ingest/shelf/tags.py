"""Tags of a library's files: given by hand, or by a rule that a file's path and type fit.

What rules give is never stored: it is worked out of the rules and the file whenever it is asked for, so a
rule holds for present and future files alike, and ends with the rule. By hand a file gets further tags, or
loses one that a rule gives; both stay with its origin when its content is replaced.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest.errors import NotFound, WrongUsage
from ingest.model.documents import Listed, OriginInfo
from ingest.shelf.scope import Choosable, Scope, fitting

if TYPE_CHECKING:
    from ingest.catalog import Catalog

NAME_LIMIT = 40  # characters of a tag
MOST_TAGS = 100  # given to one file by hand, or by one rule
MOST_RULES = 200
PATTERN_LIMIT = 500  # characters of a rule's pattern


@dataclass(frozen=True, slots=True)
class Rule:
    """Files that fit get these tags. `pattern` is one of a Scope ("contracts", "*.pdf"), `type` of its TYPES;
    an empty one says nothing, and one of the two says something."""

    pattern: str
    type: str
    tags: tuple[str, ...]

    @property
    def scope(self) -> Scope:
        return Scope(tuple(filter(None, (self.pattern,))), tuple(filter(None, (self.type,))))

    def checked(self) -> Rule:
        """Itself with clean tags. Raises WrongUsage."""
        pattern = unicodedata.normalize("NFC", self.pattern.strip())
        if len(pattern) > PATTERN_LIMIT or not pattern.isprintable():
            raise WrongUsage(f"A pattern has at most {PATTERN_LIMIT} printable characters. Shorten it.")
        rule = replace(self, pattern=pattern, tags=clean_tags(self.tags))
        if not rule.scope or not rule.tags:
            raise WrongUsage("A rule needs a pattern or a type, and a tag. Add what is missing.")
        rule.scope.checked()
        return rule


def clean_tag(name: str) -> str:
    """A tag's name on one line. Raises WrongUsage for one that cannot be shown, or is too long or empty."""
    cleaned = " ".join(unicodedata.normalize("NFC", name).split()).removeprefix("#").strip()
    if not cleaned or not cleaned.isprintable() or "," in cleaned or len(cleaned) > NAME_LIMIT:
        raise WrongUsage(
            f"A tag has 1 to {NAME_LIMIT} printable characters and no comma. Choose another name."
        )
    return cleaned


def clean_tags(names: Iterable[str]) -> tuple[str, ...]:
    """Each once, whatever the letter case. Raises WrongUsage as `clean_tag`, and for too many."""
    found: dict[str, str] = {}
    for tag in map(clean_tag, names):
        found.setdefault(tag.casefold(), tag)
    if len(found) > MOST_TAGS:
        raise WrongUsage(f"That is more than {MOST_TAGS} tags at once. Give fewer.")
    return tuple(found.values())


# ------------------------------------------------------------------ what is kept


def change(
    catalog: Catalog, library_id: int, keys: Sequence[str], add: Sequence[str], remove: Sequence[str]
) -> int:
    """Give files tags and take others off; returns how many files there are of these keys.

    Raises NotFound when a key is not there, WrongUsage for a name that is none; then nothing is changed.
    """
    changes = [*((tag, True) for tag in clean_tags(add)), *((tag, False) for tag in clean_tags(remove))]
    with catalog.transaction() as db:
        ids = dict(
            db.execute(
                "SELECT key, id FROM origins WHERE library_id = ? AND key IN (SELECT value FROM json_each(?))",
                (library_id, json.dumps(list(keys))),
            ).fetchall()
        )
        if missing := [key for key in keys if key not in ids]:
            raise NotFound(f"“{missing[0]}” is not in this library. `list` shows what is.")
        for tag, given in changes:
            db.executemany(
                "INSERT OR REPLACE INTO tags(origin_id, tag, given) VALUES (?, ?, ?)",
                [(origin_id, tag, given) for origin_id in ids.values()],
            )
    return len(ids)


def rules(catalog: Catalog, library_id: int) -> list[Rule]:
    rows = catalog.read(
        "SELECT pattern, type, tags FROM tag_rules WHERE library_id = ? ORDER BY id", (library_id,)
    )
    return [Rule(pattern, kind, tuple(json.loads(tags))) for pattern, kind, tags in rows]


def set_rules(catalog: Catalog, library_id: int, wanted: Sequence[Rule]) -> None:
    """These rules instead of those that were. Raises WrongUsage; then nothing is changed."""
    checked = [rule.checked() for rule in wanted]
    if len(checked) > MOST_RULES:
        raise WrongUsage(
            f"A library has at most {MOST_RULES} rules. Join some: a rule may give several tags."
        )
    with catalog.transaction() as db:
        db.execute("DELETE FROM tag_rules WHERE library_id = ?", (library_id,))
        db.executemany(
            "INSERT INTO tag_rules(library_id, pattern, type, tags) VALUES (?, ?, ?, ?)",
            [
                (library_id, rule.pattern, rule.type, json.dumps(rule.tags, ensure_ascii=False))
                for rule in checked
            ],
        )


# ------------------------------------------------------------------ what files have


def tagged(catalog: Catalog, library_id: int, listed: Sequence[Choosable]) -> list[Choosable]:
    """`listed`, origins of one library, with the tags that they have."""
    given = rules(catalog, library_id)
    by_hand: dict[str, dict[str, bool]] = {}
    for key, tag, yes in catalog.read(
        "SELECT o.key, t.tag, t.given FROM tags t JOIN origins o ON o.id = t.origin_id WHERE o.library_id = ?",
        (library_id,),
    ):
        by_hand.setdefault(key, {})[tag] = bool(yes)
    if not given and not by_hand:
        return list(listed)
    ruled: dict[str, dict[str, str]] = {}
    for rule in given:
        for each in fitting(rule.scope, listed):
            ruled.setdefault(each.key, {}).update({tag.casefold(): tag for tag in rule.tags})
    return [
        replace(each, tags=joined(ruled.get(each.key, {}), by_hand.get(each.key, {})))
        if each.key in ruled or each.key in by_hand
        else each
        for each in listed
    ]


def joined(ruled: Mapping[str, str], by_hand: Mapping[str, bool]) -> tuple[str, ...]:
    """What rules give (by folded name), with what a hand has added (True) and taken off; by name."""
    found = dict(ruled)
    for tag, given in by_hand.items():
        if given:
            found[tag.casefold()] = tag
        else:
            found.pop(tag.casefold(), None)
    return tuple(found[name] for name in sorted(found))


def counts(listed: Iterable[Listed | OriginInfo]) -> dict[str, int]:
    """Every tag with the number of files that have it, by name."""
    found: dict[str, int] = {}
    names: dict[str, str] = {}
    for each in listed:
        for tag in each.tags:
            name = names.setdefault(tag.casefold(), tag)
            found[name] = found.get(name, 0) + 1
    return dict(sorted(found.items(), key=lambda item: item[0].casefold()))

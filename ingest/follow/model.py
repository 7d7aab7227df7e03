"""What is kept in step, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FollowKind(StrEnum):
    FOLDER = "folder"  # of this machine
    SITE = "site"  # a sitemap, or a list of addresses, on the web


class FollowState(StrEnum):
    """Of a folder or site that is not paused."""

    WAITING = "waiting"  # not looked at since the app was started
    WORKING = "working"
    IN_STEP = "in step"
    FAULT = "fault"  # it could not be looked at; it is tried again


@dataclass(frozen=True, slots=True)
class Followed:
    """A folder or site and its library. Patterns are those of `ingest.follow.folder.Watched`."""

    id: int
    library: str
    kind: FollowKind
    place: str  # an absolute path; the address of a sitemap or list
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    paused: bool
    state: FollowState
    fault: str  # what is wrong, and the remedy; "" when nothing is
    looked_at: float  # Unix seconds of the last whole look; 0 before the first
    files: int  # that counted in it
    notes: tuple[str, ...]  # files and pages that were left out, and why; the first of them
    left_out: int  # how many such there are

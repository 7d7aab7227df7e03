"""What a follower asks of a folder or a site; and the folder's answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from ingest.commands.gather import clean, inside
from ingest.follow.folder import Keeper, Watched, signs_of_change
from ingest.library import LocalLibrary
from ingest.model.adding import AddState, JobInfo

Check = Callable[[JobInfo | None], None]  # raises Cancelled when the work is to stop


class Steps(Protocol):
    """One folder or site, and the library that is to be in step with it."""

    @property
    def files(self) -> int:
        """How many files counted in the last round."""
        ...

    def notes(self) -> list[str]:
        """What the last round has left out, and why."""
        ...

    def signs(self, stop: threading.Event) -> Iterator[None]:
        """Whenever it is time to look, until `stop` is set."""
        ...

    def due(self) -> bool:
        """Whether there is anything to be done. Raises FootnoteError when it cannot be looked at."""
        ...

    def bring_in_step(self, library: LocalLibrary, check: Check) -> None:
        """One round. Raises FootnoteError; what was done until then is kept."""
        ...

    def forget(self) -> None:
        """Look at everything again in the next round: this one was not finished."""
        ...

    def has(self, library: LocalLibrary, place: str) -> bool:
        """Whether a file in the queue is of it."""
        ...

    def keys(self, library: LocalLibrary) -> list[str]:
        """What the library holds of it."""
        ...


class FolderSteps:
    """A folder of this machine."""

    def __init__(self, watched: Watched) -> None:
        self._keeper = Keeper(watched)
        self._refused: dict[str, str] = {}  # files that could not be taken in, and why, by key

    @property
    def files(self) -> int:
        return self._keeper.files

    def notes(self) -> list[str]:
        return [*(f"{key}: {why}" for key, why in sorted(self._refused.items())), *self._keeper.notes]

    def signs(self, stop: threading.Event) -> Iterator[None]:
        return signs_of_change(self._keeper, stop)

    def due(self) -> bool:
        return self._keeper.changed()

    def bring_in_step(self, library: LocalLibrary, check: Check) -> None:
        plan = self._keeper.round(library)
        for result in library.add(plan.added, check):
            if result.state is AddState.FAILED:
                self._refused[result.document] = result.message
            else:
                self._refused.pop(result.document, None)
        there = {each.key for each in library.listed()}
        if removed := [key for key in plan.removed if key in there]:
            library.remove(removed)
        counting = self._keeper.keys
        self._refused = {key: why for key, why in self._refused.items() if key in counting}

    def forget(self) -> None:
        self._keeper.forget()

    def has(self, library: LocalLibrary, place: str) -> bool:
        return inside(place, clean(self._keeper.watched.folder))

    def keys(self, library: LocalLibrary) -> list[str]:
        return list(self._keeper.held(library).values())

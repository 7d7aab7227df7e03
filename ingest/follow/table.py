"""The catalog's table of what is followed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ingest.catalog import Catalog
from ingest.errors import NotFound
from ingest.follow.model import Followed, FollowKind, FollowState

NOTES_KEPT = 20
_COLUMNS = """f.id, l.name, f.kind, f.place, f.include, f.exclude, f.paused, f.state, f.fault, f.looked_at,
    f.files, f.notes, f.left_out"""


class FollowedTable:
    """Rows of what is followed. Safe for threads, as the catalog is."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def rows(self, library_id: int | None = None) -> list[Followed]:
        """Of one library, or of all, in the order they were named."""
        rows = self._catalog.read(
            f"SELECT {_COLUMNS} FROM followed f JOIN libraries l ON l.id = f.library_id "
            "WHERE ?1 IS NULL OR f.library_id = ?1 ORDER BY f.id",
            (library_id,),
        )
        return [
            Followed(
                id_, library, FollowKind(kind), place, tuple(json.loads(include)), tuple(json.loads(exclude)),
                bool(paused), FollowState(state), fault, looked_at, files, tuple(json.loads(notes)), left_out,
            )
            for id_, library, kind, place, include, exclude, paused, state, fault, looked_at, files, notes, left_out in rows
        ]  # fmt: skip

    def row(self, followed_id: int, library_id: int | None = None) -> Followed:
        """Raises NotFound when it is followed no more."""
        for row in self.rows(library_id):
            if row.id == followed_id:
                return row
        raise NotFound("This is not followed any more. `python -m ingest follow` lists what is.")

    def add(
        self, library_id: int, kind: FollowKind, place: str, include: Sequence[str], exclude: Sequence[str]
    ) -> int:
        with self._catalog.transaction() as db:
            cursor = db.execute(
                "INSERT INTO followed(library_id, kind, place, include, exclude) VALUES (?,?,?,?,?)",
                (library_id, kind, place, _to_json(include), _to_json(exclude)),
            )
            assert cursor.lastrowid is not None
            return cursor.lastrowid

    def change(
        self,
        followed_id: int,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        paused: bool | None = None,
    ) -> None:
        """What the person has chosen anew; None leaves a thing as it is."""
        with self._catalog.transaction() as db:
            db.execute(
                "UPDATE followed SET include = coalesce(?, include), exclude = coalesce(?, exclude), "
                "paused = coalesce(?, paused), state = 'waiting', fault = '' WHERE id = ?",
                (
                    None if include is None else _to_json(include),
                    None if exclude is None else _to_json(exclude),
                    paused,
                    followed_id,
                ),
            )

    def remove(self, followed_id: int) -> None:
        with self._catalog.transaction() as db:
            db.execute("DELETE FROM followed WHERE id = ?", (followed_id,))

    # ------------------------------------------------------------------ how it stands

    def begin(self) -> None:
        """The app has started: nothing has been looked at."""
        with self._catalog.transaction() as db:
            db.execute("UPDATE followed SET state = 'waiting' WHERE state <> 'waiting'")

    def working(self, followed_id: int) -> None:
        with self._catalog.transaction() as db:
            db.execute("UPDATE followed SET state = 'working' WHERE id = ?", (followed_id,))

    def failed(self, followed_id: int, fault: str) -> None:
        with self._catalog.transaction() as db:
            db.execute("UPDATE followed SET state = 'fault', fault = ? WHERE id = ?", (fault, followed_id))

    def in_step(self, followed_id: int, files: int, notes: Sequence[str], looked_at: float) -> None:
        """A look has come to its end; `notes` are all files left out, of which the first are kept."""
        with self._catalog.transaction() as db:
            db.execute(
                "UPDATE followed SET state = 'in step', fault = '', files = ?, notes = ?, left_out = ?, "
                "looked_at = ? WHERE id = ?",
                (files, _to_json(notes[:NOTES_KEPT]), len(notes), looked_at, followed_id),
            )


def _to_json(texts: Sequence[str]) -> str:
    return json.dumps(list(texts), ensure_ascii=False)

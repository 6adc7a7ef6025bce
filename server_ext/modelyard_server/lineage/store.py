"""Reads edges for lists and drawings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select

from modelyard.schema.lineage import Edge, Thing
from modelyard_server.db.session import Database
from modelyard_server.lineage.tables import EdgeRow

_AT_ONCE = 500
"""Ids in one query: SQLite has a limit on parameters."""


class LineageStore:
    """The reader of the edges; `edges.py` writes them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def resting(self, kind: str, on_kind: str, on_ids: Sequence[str]) -> dict[str, list[str]]:
        """Ids of the things of a kind that rest on these; a base without any is left out."""
        found: dict[str, list[str]] = defaultdict(list)
        with self._db.session(reading=True) as session:
            for start in range(0, len(on_ids), _AT_ONCE):
                query = (
                    select(EdgeRow.on_id, EdgeRow.id)
                    .where(EdgeRow.kind == kind, EdgeRow.on_kind == on_kind)
                    .where(EdgeRow.on_id.in_(on_ids[start : start + _AT_ONCE]))
                    .order_by(EdgeRow.id)
                )
                for base, id in session.execute(query):
                    found[base].append(id)
        return found

    def step(self, things: Sequence[Thing], *, up: bool) -> list[Edge]:
        """The edges that lead from things to what rests on them (up), or to their bases."""
        kind, id = (EdgeRow.on_kind, EdgeRow.on_id) if up else (EdgeRow.kind, EdgeRow.id)
        found: list[Edge] = []
        with self._db.session(reading=True) as session:
            for start in range(0, len(things), _AT_ONCE):
                some: list[Any] = [
                    (kind == thing.kind) & (id == thing.id)
                    for thing in things[start : start + _AT_ONCE]
                ]
                rows = session.scalars(
                    select(EdgeRow)
                    .where(or_(*some))
                    .order_by(EdgeRow.kind, EdgeRow.id, EdgeRow.on_kind, EdgeRow.on_id)
                )
                found += [
                    Edge(
                        thing=Thing(kind=row.kind, id=row.id),
                        on=Thing(kind=row.on_kind, id=row.on_id),
                    )
                    for row in rows
                ]
        return found

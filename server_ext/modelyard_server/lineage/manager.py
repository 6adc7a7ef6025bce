"""What rests on what: asked by whoever lists or draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from traitlets.config import LoggingConfigurable

from modelyard.schema.lineage import Edge, Thing
from modelyard_server.db.session import Database
from modelyard_server.lineage.store import LineageStore

MOST = 10_000
"""Edges in one answer."""


class LineageManager(LoggingConfigurable):
    """Edges "X rests on Y" between things of all domains, of which it knows kind and id alone."""

    def __init__(self, *, db: Database, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._store = LineageStore(db)

    def resting(self, kind: str, on_kind: str, on_ids: Sequence[str]) -> dict[str, list[str]]:
        """Ids of the things of a kind that rest on these; a base without any is left out."""
        return self._store.resting(kind, on_kind, on_ids)

    def edges(self, thing: Thing, *, up: bool) -> list[Edge]:
        """All edges reached from a thing, nearest first; at most 10,000.

        Parameters
        ----------
        up: towards what rests on it; else towards what it rests on.
        """
        found: list[Edge] = []
        seen, front = {thing}, [thing]
        while front and len(found) < MOST:
            step = self._store.step(front, up=up)
            found += step
            ends = dict.fromkeys(edge.thing if up else edge.on for edge in step)
            front = [each for each in ends if each not in seen]
            seen.update(front)
        return found[:MOST]

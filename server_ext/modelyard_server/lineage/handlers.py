"""HTTP of lineage."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from modelyard.schema.lineage import Edge, Thing
from modelyard_server.core.handler import PREFIX_URL, Handler, authorized


class LineageQuery(msgspec.Struct, kw_only=True):
    """Of what, and which way."""

    kind: Annotated[str, msgspec.Meta(max_length=100)]
    """run, model_version or endpoint."""
    id: Annotated[str, msgspec.Meta(max_length=500)]
    direction: Literal["up", "down"] = "up"
    """up: what rests on it; down: what it rests on."""


class LineageHandler(Handler):
    """What rests on what."""

    @authorized("read", answer=list[Edge])
    async def get(self, query: LineageQuery) -> None:
        """The edges reached from a thing."""
        manager = self.settings["modelyard"].lineage
        thing = Thing(kind=query.kind, id=query.id)
        await self.answer(manager.edges, thing, up=query.direction == "up")


routes = [(rf"{PREFIX_URL}/lineage", LineageHandler)]

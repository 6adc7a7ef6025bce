"""HTTP of lineage."""

from __future__ import annotations

from modelyard.errors import InvalidInput
from modelyard.schema.lineage import Thing
from modelyard_server.core.handler import PREFIX_URL, Handler, authorized


class LineageHandler(Handler):
    """What rests on what."""

    @authorized("read")
    async def get(self) -> None:
        """The edges reached from a thing."""
        asked = {name: self.get_query_argument(name, "") for name in ("kind", "id")}
        for name, value in asked.items():
            if not value:
                raise InvalidInput(
                    "Of what? Add ?kind=KIND&id=ID.", hint="Such as ?kind=run&id=…", field=name
                )
        direction = self.get_query_argument("direction", "up")
        if direction not in ("up", "down"):
            raise InvalidInput(
                f"'{direction[:40]}' is no direction.",
                hint="up: what rests on it; down: what it rests on.",
                field="direction",
            )
        manager = self.settings["modelyard"].lineage
        await self.answer(manager.edges, Thing(**asked), up=direction == "up")


routes = [(rf"{PREFIX_URL}/lineage", LineageHandler)]

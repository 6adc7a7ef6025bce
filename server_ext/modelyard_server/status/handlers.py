"""The workspace's status, the machine's devices, and the answer to routes that do not exist."""

from __future__ import annotations

from typing import Any

from modelyard.errors import NotFound
from modelyard.schema.common import Status
from modelyard.schema.devices import Device
from modelyard_server.core.handler import PREFIX_URL, Handler, authorized
from modelyard_server.core.holder import holder_of
from modelyard_server.core.starting import Starting
from modelyard_server.status.openapi import document
from modelyard_server.version import VERSION


class StatusHandler(Handler):
    """What this workspace is and runs on."""

    @authorized("read", answer=Status)
    async def get(self) -> None:
        """Get the status; asks the engines."""
        services = self.settings["modelyard"]
        engines = services.engines
        engine = await self.in_waiting_thread(engines.default_info)
        every = await self.in_waiting_thread(engines.infos)
        await self.in_waiting_thread(services.devices.count, engines, [engine, *every])
        sizes = await self.in_thread(services.compute.sizes, engines.default)
        self.reply(
            Status(
                version=VERSION,
                workspace_id=services.paths.workspace_id,
                workspace=str(services.paths.root),
                spool=str(services.paths.spool_of(holder_of(self.principal))),
                engine=engine,
                engines=every,
                problems=self._problems(),
                sizes=sizes,
                default_size=sizes[0].name,
                session=services.events.session,
                revision=services.events.revision,
            )
        )

    def _problems(self) -> list[str]:
        starting: Starting | None = self.settings.get("modelyard_starting")
        begun = starting.problems() if starting is not None else []
        return [*begun, *self.settings["modelyard"].problems()]


class DevicesHandler(Handler):
    """GPUs and other devices of the machine."""

    @authorized("read", answer=list[Device])
    async def get(self) -> None:
        """List devices with who holds them, of whatever workspace; asks driver and engines."""
        await self.answer(self.settings["modelyard"].devices.list)


class OpenApiHandler(Handler):
    """The REST reference."""

    @authorized("read", answer=dict[str, Any])
    async def get(self) -> None:
        """Get the OpenAPI document of all routes."""
        base = self.base_url
        await self.answer(lambda: document([*routes, *self.settings["modelyard_routes"]], base))


class UnknownHandler(Handler):
    """A route that does not exist."""

    async def prepare(self) -> None:
        """Answer every verb alike, to those who are logged in."""
        await super().prepare()
        await self.authorize("read")
        raise NotFound(
            f"There is no '{self.request.path[:200]}'.",
            hint="Is the client as new as the server?",
        )


routes = [
    (rf"{PREFIX_URL}/status", StatusHandler),
    (rf"{PREFIX_URL}/devices", DevicesHandler),
    (rf"{PREFIX_URL}/openapi.json", OpenApiHandler),
]

last_routes = [(rf"{PREFIX_URL}(?:/.*)?", UnknownHandler)]

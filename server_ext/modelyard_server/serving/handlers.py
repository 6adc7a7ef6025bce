"""HTTP of endpoints."""

from __future__ import annotations

from modelyard.schema.serving import DeployRequest, RotateKey
from modelyard_server.core.handler import NAME, PREFIX_URL, Handler, authorized
from modelyard_server.serving import call
from modelyard_server.serving.manager import ServingManager


class ServingHandler(Handler):
    """What the verbs share."""

    @property
    def manager(self) -> ServingManager:
        """The serving manager."""
        return self.settings["modelyard"].serving


class EndpointsHandler(ServingHandler):
    """All endpoints."""

    @authorized("read")
    async def get(self) -> None:
        """List endpoints."""
        await self.answer(self.manager.list)

    @authorized("write")
    async def post(self) -> None:
        """Make an endpoint, or replace what it serves."""
        request = self.parse(DeployRequest)
        confined = await self.confined()
        work = self.in_waiting_thread(self.manager.deploy, request, confined=confined)
        self.reply(await work, 202)


class EndpointHandler(ServingHandler):
    """One endpoint."""

    @authorized("read")
    async def get(self, name: str) -> None:
        """Get an endpoint."""
        await self.answer(self.manager.get, name)

    @authorized("write")
    async def delete(self, name: str) -> None:
        """Delete an endpoint."""
        await self.answer(self.manager.delete, name, status=202)


class EndpointKeysHandler(ServingHandler):
    """Its keys: not for those who may only read."""

    @authorized("execute")
    async def get(self, name: str) -> None:
        """Get both keys."""
        await self.answer(self.manager.keys, name)

    @authorized("write")
    async def post(self, name: str) -> None:
        """Rotate one key."""
        request = self.parse(RotateKey)
        await self.answer(self.manager.rotate, name, request)


class EndpointLogHandler(ServingHandler):
    """The scoring server's log."""

    @authorized("read")
    async def get(self, name: str) -> None:
        """Get the end of the log."""
        tail = self.query_int("tail", 500, low=1, high=10_000)
        self.reply(await self.in_waiting_thread(self.manager.log_text, name, tail))


class EndpointScoreHandler(ServingHandler):
    """Trying it out."""

    @authorized("execute")
    async def post(self, name: str) -> None:
        """Send the body to the endpoint, whatever it is, and report the answer."""
        port, key = await self.in_thread(self.manager.address, name)
        reply = await self.unless_left(call.score(port, key, self.request.body))
        await self.answer(lambda: reply)


_ONE = rf"{PREFIX_URL}/endpoints/{NAME}"

routes = [
    (rf"{PREFIX_URL}/endpoints", EndpointsHandler),
    (_ONE, EndpointHandler),
    (rf"{_ONE}/keys", EndpointKeysHandler),
    (rf"{_ONE}/log", EndpointLogHandler),
    (rf"{_ONE}/score", EndpointScoreHandler),
]

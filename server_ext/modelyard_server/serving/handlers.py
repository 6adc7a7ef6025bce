"""HTTP of endpoints."""

from __future__ import annotations

import msgspec

from modelyard.errors import Conflict, EngineUnavailable, InvalidData, TooLarge
from modelyard.schema.compute import LogText
from modelyard.schema.serving import (
    DeployRequest,
    EndpointInfo,
    EndpointKeys,
    RotateKey,
    ScoreReply,
)
from modelyard_server.core.handler import NAME, PREFIX_URL, Handler, authorized
from modelyard_server.core.verbs import ANY, Tail
from modelyard_server.serving import call
from modelyard_server.serving.manager import ServingManager


class Force(msgspec.Struct, kw_only=True):
    """Query of deletion."""

    force: bool = False
    """Also one whose engine this server does not have: what is left there stays."""


class ServingHandler(Handler):
    """What the verbs share."""

    @property
    def manager(self) -> ServingManager:
        """The serving manager."""
        return self.settings["modelyard"].serving


class EndpointsHandler(ServingHandler):
    """All endpoints."""

    @authorized("read", answer=list[EndpointInfo])
    async def get(self) -> None:
        """List endpoints."""
        await self.answer(self.manager.list)

    @authorized(
        "write",
        answer=EndpointInfo,
        status=202,
        errors=(Conflict, TooLarge, InvalidData, EngineUnavailable),
    )
    async def post(self, body: DeployRequest) -> None:
        """Make an endpoint, or replace what it serves."""
        confined = await self.confined()
        self.reply(await self.in_waiting_thread(self.manager.deploy, body, confined=confined))


class EndpointHandler(ServingHandler):
    """One endpoint."""

    @authorized("read", answer=EndpointInfo)
    async def get(self, name: str) -> None:
        """Get an endpoint."""
        await self.answer(self.manager.get, name)

    @authorized("write", answer=EndpointInfo, status=202, errors=(EngineUnavailable,))
    async def delete(self, name: str, query: Force) -> None:
        """Delete an endpoint."""
        await self.answer(self.manager.delete, name, force=query.force)


class EndpointKeysHandler(ServingHandler):
    """Its keys: not for those who may only read."""

    @authorized("execute", answer=EndpointKeys)
    async def get(self, name: str) -> None:
        """Get both keys."""
        await self.answer(self.manager.keys, name)

    @authorized("write", answer=EndpointKeys, errors=(Conflict,))
    async def post(self, name: str, body: RotateKey) -> None:
        """Rotate one key."""
        await self.answer(self.manager.rotate, name, body)


class EndpointLogHandler(ServingHandler):
    """The scoring server's log."""

    @authorized("read", answer=LogText, errors=(EngineUnavailable,))
    async def get(self, name: str, query: Tail) -> None:
        """Get the log from a byte on, or its end."""
        self.reply(
            await self.in_waiting_thread(self.manager.log_text, name, query.lines, query.offset)
        )


class EndpointScoreHandler(ServingHandler):
    """Trying it out."""

    @authorized("execute", takes=ANY, answer=ScoreReply, errors=(Conflict, EngineUnavailable))
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

"""HTTP of compute instances."""

from __future__ import annotations

import msgspec

from modelyard.errors import Conflict, EngineUnavailable, NotPermitted, WrongState
from modelyard.schema.compute import (
    InstanceCreate,
    InstanceInfo,
    InstanceMove,
    InstanceUsage,
    LogText,
    TerminalOpened,
)
from modelyard_server.compute.manager import ComputeManager
from modelyard_server.core.handler import NAME, PREFIX_URL, Handler, authorized
from modelyard_server.core.verbs import Tail


class Force(msgspec.Struct, kw_only=True):
    """Query of what ends live kernels, or deletes what its engine cannot be told of."""

    force: bool = False
    """The caller accepts that live kernels die, or that something is left on a lost engine."""


class ComputeHandler(Handler):
    """What the verbs share."""

    @property
    def manager(self) -> ComputeManager:
        """The compute manager."""
        return self.settings["modelyard"].compute

    async def shut_kernels(self, name: str, force: bool) -> None:
        """With force: end the kernels in order, so that nothing tries to restart them."""
        if force:
            await self.settings["modelyard_kernels"].shutdown(name)


class InstancesHandler(ComputeHandler):
    """All instances."""

    @authorized("read", answer=list[InstanceInfo])
    async def get(self) -> None:
        """List instances."""
        await self.answer(self.manager.list)

    @authorized("write", answer=InstanceInfo, status=202, errors=(Conflict, EngineUnavailable))
    async def post(self, body: InstanceCreate) -> None:
        """Create an instance."""
        confined = await self.confined()
        await self.answer(self.manager.create, body, confined=confined)


class InstanceHandler(ComputeHandler):
    """One instance."""

    @authorized("read", answer=InstanceInfo)
    async def get(self, name: str) -> None:
        """Get an instance."""
        await self.answer(self.manager.get, name)

    @authorized("write", answer=InstanceInfo, status=202, errors=(Conflict, EngineUnavailable))
    async def delete(self, name: str, query: Force) -> None:
        """Delete an instance."""
        await self.in_thread(self.manager.get, name)
        await self.shut_kernels(name, query.force)
        await self.answer(self.manager.delete, name, force=query.force)


class InstanceActionHandler(ComputeHandler):
    """Start, stop, restart."""

    @authorized("write", answer=InstanceInfo, status=202, errors=(Conflict, EngineUnavailable))
    async def post(self, name: str, verb: str, query: Force) -> None:
        """Wish an instance to run, to be stopped or to restart."""
        await self.in_thread(self.manager.get, name)
        if verb == "start":
            await self.answer(self.manager.start_instance, name)
        else:
            await self.shut_kernels(name, query.force)
            act = {"stop": self.manager.stop_instance, "restart": self.manager.restart_instance}
            await self.answer(act[verb], name, force=query.force)


class InstanceMoveHandler(ComputeHandler):
    """Another engine for an instance."""

    @authorized("write", answer=InstanceInfo, status=202, errors=(Conflict, EngineUnavailable))
    async def post(self, name: str, body: InstanceMove) -> None:
        """Move a stopped instance to another engine, if that is insisted on."""
        confined = await self.confined()
        await self.answer(self.manager.move, name, body, confined=confined)


class InstanceLogHandler(ComputeHandler):
    """The container's log."""

    @authorized("read", answer=LogText, errors=(EngineUnavailable,))
    async def get(self, name: str, query: Tail) -> None:
        """Get the log from a byte on, or its end."""
        self.reply(
            await self.in_waiting_thread(self.manager.log_text, name, query.lines, query.offset)
        )


class InstanceUsageHandler(ComputeHandler):
    """What it occupies."""

    @authorized("read", answer=InstanceUsage, errors=(EngineUnavailable,))
    async def get(self, name: str) -> None:
        """Measure disk, memory and CPU."""
        self.reply(await self.in_waiting_thread(self.manager.usage, name))


class InstanceTerminalHandler(ComputeHandler):
    """Terminals on the instance."""

    @authorized("execute", answer=TerminalOpened, status=201, errors=(Conflict, EngineUnavailable))
    async def post(self, name: str) -> None:
        """Open a Jupyter terminal whose shell runs on the instance."""
        if self.principal is not None:
            raise NotPermitted(
                "Terminals are opened with Jupyter's own login.", hint="Use the sidebar."
            )
        terminals = self.settings.get("terminal_manager")
        if terminals is None:
            raise WrongState(
                "This Jupyter server has terminals switched off.",
                hint="Start it without --ServerApp.terminals_enabled=False.",
            )
        argv = await self.in_waiting_thread(self.manager.shell, name)
        model = terminals.create(shell_command=argv)
        self.reply(TerminalOpened(name=model["name"]))


_ONE = rf"{PREFIX_URL}/compute/{NAME}"

routes = [
    (rf"{PREFIX_URL}/compute", InstancesHandler),
    (_ONE, InstanceHandler),
    (rf"{_ONE}/(?P<verb>start|stop|restart)", InstanceActionHandler),
    (rf"{_ONE}/move", InstanceMoveHandler),
    (rf"{_ONE}/log", InstanceLogHandler),
    (rf"{_ONE}/usage", InstanceUsageHandler),
    (rf"{_ONE}/terminal", InstanceTerminalHandler),
]

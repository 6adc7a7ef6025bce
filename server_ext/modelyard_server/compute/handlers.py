"""HTTP of compute instances."""

from __future__ import annotations

from modelyard.errors import NotPermitted, WrongState
from modelyard.schema.compute import InstanceCreate, InstanceMove, TerminalOpened
from modelyard_server.compute.manager import ComputeManager
from modelyard_server.core.handler import NAME, PREFIX_URL, Handler, authorized


class ComputeHandler(Handler):
    """What the verbs share."""

    @property
    def manager(self) -> ComputeManager:
        """The compute manager."""
        return self.settings["modelyard"].compute

    @property
    def force(self) -> bool:
        """Whether the caller accepts that live kernels die."""
        return self.get_query_argument("force", "false").lower() == "true"

    async def shut_kernels(self, name: str) -> None:
        """With force: end the kernels in order, so that nothing tries to restart them."""
        if self.force:
            await self.settings["modelyard_kernels"].shutdown(name)


class InstancesHandler(ComputeHandler):
    """All instances."""

    @authorized("read")
    async def get(self) -> None:
        """List instances."""
        await self.answer(self.manager.list)

    @authorized("write")
    async def post(self) -> None:
        """Create an instance."""
        wanted = self.parse(InstanceCreate)
        confined = await self.confined()
        await self.answer(self.manager.create, wanted, confined=confined, status=202)


class InstanceHandler(ComputeHandler):
    """One instance."""

    @authorized("read")
    async def get(self, name: str) -> None:
        """Get an instance."""
        await self.answer(self.manager.get, name)

    @authorized("write")
    async def delete(self, name: str) -> None:
        """Delete an instance."""
        await self.in_thread(self.manager.get, name)
        await self.shut_kernels(name)
        await self.answer(self.manager.delete, name, force=self.force, status=202)


class InstanceActionHandler(ComputeHandler):
    """Start, stop, restart."""

    @authorized("write")
    async def post(self, name: str, verb: str) -> None:
        """Wish an instance to run, to be stopped or to restart."""
        await self.in_thread(self.manager.get, name)
        if verb == "start":
            await self.answer(self.manager.start_instance, name, status=202)
        else:
            await self.shut_kernels(name)
            act = {"stop": self.manager.stop_instance, "restart": self.manager.restart_instance}
            await self.answer(act[verb], name, force=self.force, status=202)


class InstanceMoveHandler(ComputeHandler):
    """Another engine for an instance."""

    @authorized("write")
    async def post(self, name: str) -> None:
        """Move a stopped instance, if that is insisted on."""
        wanted = self.parse(InstanceMove)
        confined = await self.confined()
        await self.answer(self.manager.move, name, wanted, confined=confined, status=202)


class InstanceLogHandler(ComputeHandler):
    """The container's log."""

    @authorized("read")
    async def get(self, name: str) -> None:
        """Get the end of the log."""
        tail = self.query_int("tail", 500, low=1, high=10_000)
        self.reply(await self.in_waiting_thread(self.manager.log_text, name, tail))


class InstanceUsageHandler(ComputeHandler):
    """What it occupies."""

    @authorized("read")
    async def get(self, name: str) -> None:
        """Measure disk, memory and CPU."""
        self.reply(await self.in_waiting_thread(self.manager.usage, name))


class InstanceTerminalHandler(ComputeHandler):
    """Terminals on the instance."""

    @authorized("execute")
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
        self.reply(TerminalOpened(name=model["name"]), 201)


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

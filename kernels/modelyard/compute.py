"""Compute instances, as the SDK shows them."""

from __future__ import annotations

import builtins
from typing import Any

from modelyard.collection import Collection
from modelyard.display import Column, ago, size
from modelyard.errors import EngineUnavailable, ModelyardError
from modelyard.handle import LivingHandle, Place
from modelyard.schema.compute import (
    InstanceCreate,
    InstanceInfo,
    InstanceMove,
    InstanceUsage,
)
from modelyard.schema.devices import Device

_ON_ITS_WAY = ("creating", "starting", "stopping", "deleting", "unreachable")


class ComputeInstance(LivingHandle[InstanceInfo]):
    """One compute instance: where notebook kernels run. Its fields are as of `refresh()`."""

    _place = Place("/compute", "an instance")
    _wire = InstanceInfo

    @property
    def kernelspec(self) -> str:
        """Name of its Python kernelspec, for nbclient, papermill or `jupyter execute`."""
        return self.info.kernelspec

    def start(self, *, wait: bool = True, timeout: float = 600.0) -> ComputeInstance:
        """Start it; silent when it runs. It waits at most `timeout` seconds."""
        return self._act("/start", "running", wait, timeout)

    def stop(
        self, *, wait: bool = True, force: bool = False, timeout: float = 120.0
    ) -> ComputeInstance:
        """Stop it; it keeps its definition and installed packages. `timeout` is in seconds.

        Raises
        ------
        InUse: kernels are alive on it and `force` is not set.
        """
        return self._act("/stop", "stopped", wait, timeout, force=force)

    def restart(
        self, *, wait: bool = True, force: bool = False, timeout: float = 600.0
    ) -> ComputeInstance:
        """Stop it and start it again. It waits at most `timeout` seconds."""
        return self._act("/restart", "running", wait, timeout, force=force)

    def move(self, engine: str, *, force: bool = False) -> ComputeInstance:
        """Put it, stopped, on another engine; it keeps its name and installed packages.

        Raises
        ------
        NotPermitted: `force` is not set: its programs will see another machine, and on `process`
            all of it.
        InUse: it is not stopped.
        EngineUnavailable: the new engine does not answer.
        """
        body = InstanceMove(engine=engine, force=force)
        self._info = self._client.post(self._path("/move"), body, InstanceInfo)
        return self

    def delete(self, *, wait: bool = True, force: bool = False, timeout: float = 120.0) -> None:
        """Remove it with what was installed in it; User files stay. `timeout` is in seconds.

        Raises
        ------
        InUse: kernels are alive on it and `force` is not set.
        EngineUnavailable: the server does not have its engine, and `force` is not set: what is
            left of it there is then not removed.
        """
        self._remove(wait=wait, timeout=timeout, force=force)

    def wait(self, state: str = "running", timeout: float = 600.0) -> ComputeInstance:
        """Wait at most `timeout` seconds for a state, showing progress.

        Raises
        ------
        WaitTimeout: it took longer.
        EngineUnavailable, InvalidInput, …: it failed; the message says why.
        """
        self._until(lambda info: info.state in (state, "failed"), timeout)
        if self.info.state == "failed" and state != "failed":
            raise _failure(self.info)
        return self

    def usage(self) -> InstanceUsage:
        """Disk, memory and CPU in use now."""
        return self._client.get(self._path("/usage"), InstanceUsage)

    def _act(
        self, verb: str, state: str, wait: bool, timeout: float, **params: Any
    ) -> ComputeInstance:
        self._info = self._client.post(self._path(verb), kind=InstanceInfo, **params)
        return self.wait(state, timeout) if wait else self

    def _line(self) -> str:
        doing = _now(self._info)
        return f"{self.name}: {self._info.state}{f' - {doing}' if doing else ''}"

    def _facts(self) -> list[tuple[str, str]]:
        info = self._info
        return [
            ("Size", _amount(info)),
            ("GPUs", str(info.gpus) if info.gpus else ""),
            ("Engine", info.engine),
            ("Image", info.image),
            ("Kernels", str(info.kernels) if info.state == "running" else ""),
            ("Kernelspec", info.kernelspec),
            ("Started", ago(info.started)),
        ]


def _now(info: InstanceInfo) -> str:
    """What keeps it from resting: why it does not go on, or how far it is."""
    if info.error is not None and info.state in _ON_ITS_WAY:
        return info.error.message
    return info.progress.message if info.progress else ""


def _amount(info: InstanceInfo) -> str:
    return f"{info.size} ({info.cpus:g} CPU, {size(info.memory)})"


def _failure(info: InstanceInfo) -> ModelyardError:
    reason = info.error.message if info.error else "see its log"
    hint = info.error.hint if info.error else f"Look at ws.compute.get({info.name!r}).logs()."
    return EngineUnavailable(f"Instance '{info.name}' failed: {reason}", hint=hint)


_COLUMNS: list[Column[ComputeInstance]] = [
    Column("Name", lambda i: i.name),
    Column("State", lambda i: i.info.state),
    Column("Size", lambda i: _amount(i.info)),
    Column("GPUs", lambda i: str(i.info.gpus)),
    Column("Kernels", lambda i: str(i.info.kernels)),
    Column("Engine", lambda i: i.info.engine),
    Column("Started", lambda i: ago(i.info.started)),
    Column("Now", lambda i: i.info.error.message if i.info.error else _now(i.info)),
]


class ComputeApi(Collection[ComputeInstance]):
    """`ws.compute`: compute instances by name."""

    _handle = ComputeInstance
    _columns = _COLUMNS
    _empty = "No compute instances yet. Create one: ws.compute.create('cpu-1')"

    def create(
        self,
        name: str,
        *,
        size: str = "",
        gpus: int = 0,
        shared: bool = False,
        queue: bool | None = None,
        image: str = "",
        engine: str = "",
        wait: bool = False,
        timeout: float = 900.0,
    ) -> ComputeInstance:
        """Create and start an instance.

        Parameters
        ----------
        size: a size's name (`ws.status.sizes`); empty: the default.
        gpus: how many GPUs it holds.
        shared: others that share may be on its GPUs, too; else it has them for itself.
        queue: where others hold the GPUs, the instance waits for them in state `creating`, also at
            its later starts; else that is an error. None: as `wait`, since whoever waits for the
            instance waits for its GPUs, too.
        image: an image reference; empty: the base image with the default packages.
        engine: `docker` or `process` (local processes, not isolated from the server's machine);
            empty: the workspace's default. The instance keeps it.
        wait: return when it runs, showing progress.
        timeout: seconds to wait.

        Raises
        ------
        InvalidInput: a malformed name, an unknown size or engine, GPUs where there are none.
        NotEnoughDevices: others hold the GPUs, and it does not queue; names them.
        AlreadyExists: the name is taken.
        EngineUnavailable: the engine does not answer.
        WaitTimeout: it took longer; the instance goes on, or keeps its place among those that wait.
        NotPermitted: from a container, for an engine that runs programs outside of containers.
        """
        body = InstanceCreate(
            name=name,
            size=size,
            gpus=gpus,
            shared=shared,
            queue=bool(gpus) and (wait if queue is None else queue),
            image=image,
            engine=engine,
        )
        made = ComputeInstance(self._client, self._client.post("/compute", body, InstanceInfo))
        return made.wait("running", timeout) if wait else made

    def devices(self) -> builtins.list[Device]:
        """GPUs and other devices of the server's machine: memory, use, and who holds them."""
        return self._client.get("/devices", builtins.list[Device])

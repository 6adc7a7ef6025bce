"""Compute instances, as the SDK shows them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from modelyard.client import Client
from modelyard.errors import EngineUnavailable, InvalidInput, ModelyardError, NotFound
from modelyard.schema.common import NAME_RULE, valid_name
from modelyard.schema.compute import (
    InstanceCreate,
    InstanceInfo,
    InstanceMove,
    InstanceUsage,
    LogText,
)
from modelyard.schema.devices import Device
from modelyard.waiting import wait_until


def _path(name: str, verb: str = "") -> str:
    if not valid_name(name):
        raise InvalidInput(
            f"'{name[:80]}' cannot name an instance.", hint=f"Use {NAME_RULE}.", field="name"
        )
    return f"/compute/{quote(name, safe='')}{verb}"


_ON_ITS_WAY = ("creating", "starting", "stopping", "deleting", "unreachable")


def _line(instance: InstanceInfo) -> str:
    doing = f" - {instance.progress.message}" if instance.progress else ""
    if instance.error is not None and instance.state in _ON_ITS_WAY:
        doing = f" - {instance.error.message}"
    return f"{instance.name}: {instance.state}{doing}"


class ComputeInstance:
    """One compute instance. `state` and the other fields are as of the last `refresh()`."""

    def __init__(self, client: Client, info: InstanceInfo) -> None:
        self._client = client
        self.info = info

    @property
    def name(self) -> str:
        """Its name."""
        return self.info.name

    @property
    def state(self) -> str:
        """What it does now (asks the server): running, stopped, creating, …; deleted when gone."""
        try:
            return self.refresh().info.state
        except NotFound:
            return "deleted"

    @property
    def kernelspec(self) -> str:
        """Name of its Python kernelspec, for nbclient, papermill or `jupyter execute`."""
        return self.info.kernelspec

    def refresh(self) -> ComputeInstance:
        """Ask the server anew."""
        self.info = self._client.get(_path(self.name), InstanceInfo)
        return self

    def start(self, *, wait: bool = True, timeout: float = 600.0) -> ComputeInstance:
        """Start it; silent when it runs."""
        return self._act("/start", "running", wait, timeout)

    def stop(
        self, *, wait: bool = True, force: bool = False, timeout: float = 120.0
    ) -> ComputeInstance:
        """Stop it; it keeps its definition and installed packages.

        Raises
        ------
        InUse: kernels are alive on it and `force` is not set.
        """
        return self._act("/stop", "stopped", wait, timeout, force=force)

    def restart(
        self, *, wait: bool = True, force: bool = False, timeout: float = 600.0
    ) -> ComputeInstance:
        """Stop it and start it again."""
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
        self.info = self._client.post(_path(self.name, "/move"), body, InstanceInfo)
        return self

    def delete(self, *, wait: bool = True, force: bool = False, timeout: float = 120.0) -> None:
        """Remove it with what was installed in it; User files stay.

        Raises
        ------
        InUse: kernels are alive on it and `force` is not set.
        EngineUnavailable: the server does not have its engine, and `force` is not set: what is
            left of it there is then not removed.
        """
        try:
            self._client.delete(_path(self.name), force=str(force).lower())
        except NotFound:
            return
        if wait:
            wait_until(
                lambda: self.state,
                lambda state: state == "deleted",
                what=f"Deleting {self.name}",
                timeout=timeout,
            )

    def wait(self, state: str = "running", timeout: float = 600.0) -> ComputeInstance:
        """Wait for a state, showing progress.

        Raises
        ------
        EngineUnavailable, InvalidInput, …: it failed; the message says why.
        """
        wait_until(
            lambda: self.refresh().info,
            lambda info: info.state in (state, "failed"),
            what=f"Instance '{self.name}'",
            timeout=timeout,
            line=_line,
        )
        if self.info.state == "failed" and state != "failed":
            raise _failure(self.info)
        return self

    def logs(self, tail: int = 500) -> str:
        """The end of its log."""
        return self._client.get(_path(self.name, "/log"), LogText, tail=tail).text

    def usage(self) -> InstanceUsage:
        """Disk, memory and CPU in use now."""
        return self._client.get(_path(self.name, "/usage"), InstanceUsage)

    def _act(
        self, verb: str, state: str, wait: bool, timeout: float, **params: Any
    ) -> ComputeInstance:
        query = {k: str(v).lower() for k, v in params.items()}
        self.info = self._client.post(_path(self.name, verb), kind=InstanceInfo, **query)
        return self.wait(state, timeout) if wait else self

    def __repr__(self) -> str:
        return f"<ComputeInstance {_line(self.info)}>"


def _failure(info: InstanceInfo) -> ModelyardError:
    reason = info.error.message if info.error else "see its log"
    hint = info.error.hint if info.error else f"Look at ws.compute.get({info.name!r}).logs()."
    return EngineUnavailable(f"Instance '{info.name}' failed: {reason}", hint=hint)


class ComputeApi:
    """`ws.compute`: compute instances by name."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(
        self,
        name: str,
        *,
        size: str = "",
        gpus: int = 0,
        shared: bool = False,
        queue: bool = False,
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
        queue: where others hold the GPUs, wait for them in state `creating`.
        image: an image reference; empty: the base image with the default packages.
        engine: `docker` or `process` (local processes, not isolated from the server's machine);
            empty: the workspace's default. The instance keeps it.
        wait: return when it runs, showing progress.
        timeout: seconds to wait.

        Raises
        ------
        InvalidInput: a malformed name, an unknown size or engine, GPUs where there are none.
        NotEnoughDevices: others hold the GPUs; names them.
        AlreadyExists: the name is taken.
        EngineUnavailable: the engine does not answer.
        NotPermitted: from a container, for an engine that runs programs outside of containers.
        """
        body = InstanceCreate(
            name=name,
            size=size,
            gpus=gpus,
            shared=shared,
            queue=queue,
            image=image,
            engine=engine,
        )
        made = ComputeInstance(self._client, self._client.post("/compute", body, InstanceInfo))
        return made.wait("running", timeout) if wait else made

    def get(self, name: str) -> ComputeInstance:
        """The instance of that name.

        Raises
        ------
        NotFound: there is none; names a similar one.
        """
        return ComputeInstance(self._client, self._client.get(_path(name), InstanceInfo))

    def devices(self) -> list[Device]:
        """GPUs and other devices of the server's machine: memory, use, and who holds them."""
        return self._client.get("/devices", list[Device])

    def list(self) -> list[ComputeInstance]:
        """All instances, by name."""
        return [
            ComputeInstance(self._client, info)
            for info in self._client.get("/compute", list[InstanceInfo])
        ]

"""Starts kernels inside a compute instance, for JupyterLab and every other Jupyter client.

The kernel talks ZeroMQ over `ipc://` sockets in a directory that both sides see, so no port is
opened and an instance without network serves kernels too. Protocol of the class:
https://jupyter-client.readthedocs.io/en/stable/provisioning.html
"""

from __future__ import annotations

import asyncio
import functools
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Unicode

from modelyard.client import Client
from modelyard.compute import ComputeApi
from modelyard.errors import ModelyardError, WrongState
from modelyard_server.compute.spec import container_name, instance_env, kernel_folder
from modelyard_server.compute.workdir import WorkDir
from modelyard_server.core.beneath import beneath
from modelyard_server.core.holder import LOCAL
from modelyard_server.core.paths import Paths, read_base_url
from modelyard_server.engines.base import Engine, ExecHandle
from modelyard_server.engines.choose import open_engines
from modelyard_server.engines.engines import isolates
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import Phase, Place, Volume

T = TypeVar("T")

_POLL = 0.1
_PASSED_ON = ("JPY_SESSION_NAME",)


class InstanceProvisioner(KernelProvisionerBase):  # type: ignore[misc]
    """One kernel on one compute instance; configured by the instance's kernelspec."""

    workspace = Unicode(config=True, help="Directory of the workspace.")
    instance = Unicode(config=True, help="Name of the compute instance.")
    engine = Unicode(config=True, help="The engine it runs on.")

    _handle: ExecHandle | None = None
    _located = False

    # -- launching --------------------------------------------------------------------------

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """See that the instance runs, and write the connection file where it can read it."""
        await self._thread(self._connect)
        km: Any = self.parent
        session = kwargs.get("env", {}).get("JPY_SESSION_NAME", "")
        self._engine.reach.meet(km, self.kernel_id, self._folder)
        self.connection_info = km.get_connection_info()
        await self._thread(self._write_connection_file, session)
        command = km.format_kernel_cmd(extra_arguments=kwargs.pop("extra_arguments", []))
        kwargs["env"] = {k: v for k, v in kwargs.get("env", {}).items() if k in _PASSED_ON}
        return await super().pre_launch(cmd=command, **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel's program on the instance."""
        self._handle = await self._thread(
            self._engine.exec,
            self._container,
            cmd,
            env={**self._env, **self.kernel_spec.env, **kwargs["env"]},
            cwd=self._cwd(kwargs.get("cwd")),
            pid_file=self._file("pid"),
            log_file=self._file("log"),
        )
        return self.connection_info

    # -- watching ---------------------------------------------------------------------------

    @property
    def has_process(self) -> bool:
        """Whether a kernel was started and not yet waited for."""
        return self._handle is not None

    async def poll(self) -> int | None:
        """Exit code, or None while the kernel lives."""
        if self._handle is None:
            return 0
        try:
            return await self._thread(self._handle.poll)
        except ModelyardError:
            return None  # the engine does not answer now; that says nothing of the kernel

    async def wait(self) -> int | None:
        """Wait for the kernel to end."""
        while (code := await self.poll()) is None:
            await asyncio.sleep(_POLL)
        self._handle = None
        return code

    # -- ending -----------------------------------------------------------------------------

    async def send_signal(self, signum: int) -> None:
        """Signal the kernel's process group."""
        if self._handle is not None:
            await self._thread(self._handle.signal, signum)

    async def kill(self, restart: bool = False) -> None:  # noqa: ARG002
        """End it at once."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:  # noqa: ARG002
        """Ask it to end."""
        await self.send_signal(signal.SIGTERM)

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the kernel's files, unless it comes again under the same id."""
        if not restart:
            await self._thread(self._sweep)

    # -- persistence ------------------------------------------------------------------------

    async def get_provisioner_info(self) -> dict[str, Any]:
        """What another process needs to take the kernel over."""
        info = await super().get_provisioner_info()
        return {**info, "instance": self.instance, "workspace": self.workspace}

    async def load_provisioner_info(self, provisioner_info: dict[str, Any]) -> None:
        """Take over a kernel that another process started."""
        await super().load_provisioner_info(provisioner_info)
        await self._thread(self._locate)
        self._handle = await self._thread(self._engine.attach, self._container, self._file("pid"))

    # -- inner ------------------------------------------------------------------------------

    def _locate(self) -> None:
        self._paths = Paths(Path(self.workspace)).make()
        self._engine: Engine = open_engines(self._paths).of(self.engine)
        self._container = container_name(self._paths, self.instance)
        self._work = WorkDir(self._engine.reach, self.instance, self._engine.user())
        base_url = read_base_url(self._paths)
        self._url = SameHost(self._paths).variables(LOCAL, base_url)["MODELYARD_URL"]
        self._env = instance_env(
            self._engine.reach, self.instance, base_url, isolated=isolates(self._engine)
        )

        self._located = True

    @property
    def _folder(self) -> Place:
        return kernel_folder(self.instance)

    def _file(self, suffix: str) -> Place:
        return self._folder / f"kernel-{self.kernel_id}.{suffix}"

    def _cwd(self, wanted: str | Path | None) -> str:
        """Where the kernel begins: in User files, wherever on this machine its client is."""
        files = self._engine.reach.here(Place(Volume.FILES))
        folder = Path(wanted or files)
        below = folder.is_relative_to(files) and folder.is_dir()
        part = folder.relative_to(files).as_posix() if below and folder != files else ""
        return self._engine.reach.inside(Place(Volume.FILES, part))

    def _connect(self) -> None:
        self._locate()
        state = self._engine.inspect(self._container)
        if state is None or state.phase != Phase.RUNNING:
            self._start_instance()
        self._engine.reach.here(self._folder).mkdir(parents=True, exist_ok=True)

    def _start_instance(self) -> None:
        """The user chose this kernel, so the instance is wanted: start it through the server."""
        try:
            ComputeApi(Client(self._url, self._work.read_token())).get(self.instance).start(
                timeout=120.0
            )
        except ModelyardError as error:
            raise WrongState(
                f"Instance '{self.instance}' is not running and could not be started: "
                f"{error.message}",
                hint=error.hint,
            ) from error

    def _write_connection_file(self, session: str) -> None:
        """Not jupyter_client's own way: the kernel may have put a link in the file's place."""
        km: Any = self.parent
        info = {**km.get_connection_info(), "key": km.session.key.decode()}
        info |= {"kernel_name": km.kernel_name, "jupyter_session": session}
        with beneath(self._engine.reach.here(self._folder), self._engine.user()) as folder:
            folder.write(f"kernel-{self.kernel_id}.json", json.dumps(info), 0o600)

    def _sweep(self) -> None:
        if self._located:
            self._engine.reach.part(self.kernel_id, self._folder)

    async def _thread(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        call = functools.partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(None, call)

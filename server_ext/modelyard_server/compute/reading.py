"""What there is of compute instances, and what a list shows of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from traitlets.config import LoggingConfigurable

from modelyard.errors import (
    EngineUnavailable,
    InUse,
    NotFound,
)
from modelyard.schema.common import ErrorInfo, Size
from modelyard.schema.compute import (
    InstanceInfo,
    InstanceUsage,
    LogText,
)
from modelyard.suggest import did_you_mean
from modelyard_server.compute import kernelspecs
from modelyard_server.compute.reconcile import Instances
from modelyard_server.compute.sizes import pick, sizes_for, this_machine
from modelyard_server.compute.spec import container_name
from modelyard_server.compute.store import ComputeStore
from modelyard_server.compute.workdir import WorkDir
from modelyard_server.core.converge import Converger
from modelyard_server.core.events import Events
from modelyard_server.core.loop import Loop
from modelyard_server.core.paths import Paths
from modelyard_server.core.tokens import Tokens
from modelyard_server.db.session import Database
from modelyard_server.engines.base import Engine
from modelyard_server.engines.devices import Devices
from modelyard_server.engines.devices_choose import Request
from modelyard_server.engines.engines import Engines, isolates
from modelyard_server.engines.reach import SameHost
from modelyard_server.environments.manager import EnvironmentManager

_KERNELS_INTERVAL = 2.0


class InstanceReading(LoggingConfigurable):
    """Compute instances of the workspace, read. All methods block; call them in a thread.

    Attributes
    ----------
    live_kernels: counts the live kernels by kernelspec; the application sets it.
    """

    def __init__(
        self,
        *,
        db: Database,
        paths: Paths,
        engines: Engines,
        environments: EnvironmentManager,
        tokens: Tokens,
        events: Events,
        devices: Devices,
        base_url: str = "/",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._paths = paths
        self._engines = engines
        self._devices = devices
        self._tokens = tokens
        self._events = events
        self._store = ComputeStore(db)
        self._sizes: dict[str, list[Size]] = {}
        self._seen_kernels: Mapping[str, int] = {}
        self._creating = threading.Lock()
        self.live_kernels: Callable[[], Mapping[str, int]] = dict
        self._instances = Instances(
            store=self._store,
            paths=paths,
            engines=engines,
            environments=environments,
            tokens=tokens,
            devices=devices,
            base_url=base_url,
            changed=self._changed,
            gone=self._gone,
            log=self.log,
        )
        devices.add_line(self._line)
        self._converger = Converger(
            "compute",
            self._instances,
            list(engines),
            paths.workspace_id,
            events.system_changed,
            self.log,
        )
        self._kernels_loop = Loop("kernels", self._watch_kernels, _KERNELS_INTERVAL, self.log)

    # -- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to bring what runs to what is wanted."""
        kernelspecs.sweep(self._paths, {instance.name for instance in self._store.all()})
        self._converger.start()
        self._kernels_loop.start()

    def stop(self) -> None:
        """End the loops; instances stay as they are."""
        self._kernels_loop.stop()
        self._converger.stop()

    # -- reading ----------------------------------------------------------------------------

    @property
    def engines_in_use(self) -> set[str]:
        """Names of the engines that instances are on."""
        return self._store.engines()

    def trouble(self, engine: str) -> EngineUnavailable | None:
        """Why an engine could not be asked at the last look; None when it answered."""
        return self._converger.down(engine)

    def sizes(self, engine: Engine) -> list[Size]:
        """The sizes that an engine's machine offers; the first is the default."""
        if engine.name not in self._sizes:
            about = engine.info()
            if not about.available:
                return sizes_for(this_machine())  # not kept: the engine knows better later
            self._sizes[engine.name] = sizes_for(about)
        return self._sizes[engine.name]

    def size(self, engine: Engine, name: str) -> Size:
        """The size of that name, the default for an empty one. InvalidInput: there is none."""
        return pick(self.sizes(engine), name)

    def is_isolated(self, name: str) -> bool:
        """Whether an instance's programs see nothing but their own of the machine.

        One that is gone, or whose engine is unknown, counts as isolated: nobody can tell.
        """
        instance = self._store.find(name)
        if instance is None or instance.engine not in {engine.name for engine in self._engines}:
            return True
        return isolates(self._engines.of(instance.engine))

    def package_paths(self) -> set[Path]:
        """Directories that the venvs of instances take packages from, of stopped ones as well."""
        here = SameHost(self._paths)
        return {
            path
            for instance in self._store.all()
            for path in WorkDir(here, instance.name, (0, 0)).package_paths()
        }

    def list(self) -> list[InstanceInfo]:
        """All instances, by name."""
        kernels = self.live_kernels()
        return [self._with_live_fields(instance, kernels) for instance in self._store.all()]

    def get(self, name: str) -> InstanceInfo:
        """One instance. NotFound names a similar one."""
        instance = self._store.find(name)
        if instance is None:
            names = [each.name for each in self._store.all()]
            hint = did_you_mean(name, names) or "Create one: ws.compute.create('cpu-1')."
            raise NotFound(f"There is no compute instance '{name[:80]}'.", hint=hint, field="name")
        return self._with_live_fields(instance, self.live_kernels())

    def log_text(self, name: str, tail: int, offset: int | None = None) -> LogText:
        """The container's log.

        Parameters
        ----------
        offset: byte to begin at; None: the last `tail` lines.
        """
        found = self._engine(name).log(container_name(self._paths, name), offset, tail)
        return LogText(
            text=found.text,
            truncated=found.offset > (offset or 0),
            offset=found.offset,
            next=found.next,
        )

    def usage(self, name: str) -> InstanceUsage:
        """Disk, memory and CPU in use now."""
        engine = self._engine(name)
        disk = WorkDir(engine.reach, name, engine.user()).disk()
        try:
            used = engine.usage(container_name(self._paths, name))
        except NotFound:
            return InstanceUsage(disk=disk)
        return InstanceUsage(
            disk=disk + used.disk, memory=used.memory, cpu_percent=used.cpu_percent
        )

    def shell(self, name: str) -> list[str]:
        """The argv of an interactive shell on a running instance.

        Raises
        ------
        InUse: it does not run.
        """
        engine = self._engine(name)
        if self.get(name).state != "running":
            raise InUse(f"Instance '{name}' is not running.", hint="Start it first.")
        return engine.shell(container_name(self._paths, name))

    # -- inner ------------------------------------------------------------------------------

    def _line(self) -> Sequence[Request]:
        """Those that wait for GPUs, or are about to take them.

        One whose last step failed keeps its place for when that is mended, but must not keep GPUs
        from the others until then: that may be never.
        """
        line = self._instances.line()
        return [each for each in line if self._converger.trouble(each.engine, each.name) is None]

    def _stored(self, name: str) -> InstanceInfo:
        """The row as it is; NotFound names a similar one."""
        return self._store.find(name) or self.get(name)

    def _engine(self, name: str) -> Engine:
        return self._engines.of(self._stored(name).engine)

    def _with_live_fields(self, instance: InstanceInfo, kernels: Mapping[str, int]) -> InstanceInfo:
        """The instance with what no row says: kernels, progress, trouble."""
        instance.kernelspec = kernelspecs.spec_name(self._paths, instance.name)
        instance.kernels = kernels.get(instance.kernelspec, 0)
        instance.progress = self._instances.progress(instance.name)
        trouble = self._converger.trouble(instance.engine, instance.name)
        if self._converger.down(instance.engine) is not None and instance.state != "deleting":
            instance.state = "unreachable"
        if trouble is not None and (instance.error is None or instance.state == "unreachable"):
            instance.error = ErrorInfo(**trouble.body())
        return instance

    def _changed(self, name: str) -> None:
        instance = self._store.find(name)
        if instance is not None:  # else `gone` has told it
            kernels = self.live_kernels()
            self._events.updated("compute", name, self._with_live_fields(instance, kernels))

    def _gone(self, name: str) -> None:
        self._events.deleted("compute", name)
        self._changed(name)  # there may be another of that name by now

    def _watch_kernels(self) -> None:
        live = self.live_kernels()
        if live == self._seen_kernels:
            return
        before, self._seen_kernels = self._seen_kernels, live
        for instance in self._store.all():
            spec = kernelspecs.spec_name(self._paths, instance.name)
            if before.get(spec, 0) != live.get(spec, 0):
                self._changed(instance.name)

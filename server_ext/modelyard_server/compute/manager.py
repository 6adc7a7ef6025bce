"""The rules of compute instances: what may be asked of them, and what a list shows."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from traitlets.config import LoggingConfigurable

from modelyard.errors import (
    AlreadyExists,
    EngineUnavailable,
    InUse,
    InvalidInput,
    ModelyardError,
    NotEnoughDevices,
    NotFound,
    NotPermitted,
)
from modelyard.schema.common import NAME_RULE, ErrorInfo, Size, valid_name
from modelyard.schema.compute import (
    InstanceCreate,
    InstanceInfo,
    InstanceMove,
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
from modelyard_server.core.converge import Converger, unknown_engine
from modelyard_server.core.events import Events
from modelyard_server.core.loop import Loop
from modelyard_server.core.paths import Paths
from modelyard_server.core.tokens import Tokens
from modelyard_server.db.session import Database
from modelyard_server.engines.base import Ability, Engine
from modelyard_server.engines.devices import Devices
from modelyard_server.engines.devices_choose import Gpus
from modelyard_server.engines.engines import Engines, isolates
from modelyard_server.engines.reach import SameHost
from modelyard_server.environments.manager import EnvironmentManager

_IMAGE = re.compile(r"[a-z0-9][a-zA-Z0-9._/:@-]{0,254}")
_SETTLE = 10.0
_KERNELS_INTERVAL = 2.0


class ComputeManager(LoggingConfigurable):
    """Compute instances of the workspace. All methods block; call them in a thread.

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

    # -- wishes -----------------------------------------------------------------------------

    def create(self, wanted: InstanceCreate, *, confined: bool = False) -> InstanceInfo:
        """Record a new instance; it starts in the background.

        Parameters
        ----------
        confined: whoever asks is in a container, and gets nothing outside of one.

        Raises
        ------
        InvalidInput: a malformed name or image, an unknown size or engine, GPUs where there are
            none.
        NotEnoughDevices: others hold the GPUs, and it does not queue.
        AlreadyExists: the name is taken.
        EngineUnavailable: the engine does not answer.
        NotPermitted: `confined`, and the engine isolates nothing.
        """
        engine = self._engines.chosen(wanted.engine)
        size = self._checked(engine, wanted)
        self._engines.check_confinement(engine, confined)
        self._require(engine)
        with self._creating:
            taken = [i.name for i in self._store.all() if i.name.lower() == wanted.name.lower()]
            if taken:
                raise AlreadyExists(
                    f"There is already a compute instance '{taken[0]}'.",
                    hint="Choose another name, or delete that one.",
                    field="name",
                )
            instance = InstanceInfo(
                name=wanted.name,
                size=size.name,
                cpus=size.cpus,
                memory=size.memory,
                gpus=wanted.gpus,
                shared=wanted.shared,
                queue=wanted.queue,
                image=wanted.image,
                engine=engine.name,
                state="creating",
                desired="running",
                created=time.time(),
            )
            self._store.add(instance)
        self._changed(wanted.name)
        self._converger.lane(engine.name).begin(wanted.name)
        return self.get(wanted.name)

    def start_instance(self, name: str) -> InstanceInfo:
        """Wish it to run."""

        def decide(instance: InstanceInfo) -> dict[str, Any]:
            fields: dict[str, Any] = {"desired": "running", "error": None}
            if instance.state in ("stopped", "failed"):
                # Otherwise it may just have died, and a kernel wants it back: keep why it died.
                fields |= {"exit": None, "started": None}
            if instance.state != "creating":
                fields["state"] = "starting"
            return fields

        return self._set_desired(name, decide)

    def stop_instance(self, name: str, *, force: bool = False) -> InstanceInfo:
        """Wish it stopped. InUse: kernels are alive on it, unless `force`."""
        self._guard_kernels(self._not_leaving(name), "stop", force)

        def decide(instance: InstanceInfo) -> dict[str, Any]:
            state = "stopped" if instance.state == "stopped" else "stopping"
            return {"desired": "stopped", "state": state, "error": None, "restart": False}

        return self._set_desired(name, decide)

    def restart_instance(self, name: str, *, force: bool = False) -> InstanceInfo:
        """Wish it stopped and started again. InUse: kernels are alive on it, unless `force`."""
        self._guard_kernels(self._not_leaving(name), "restart", force)
        return self._set_desired(
            name,
            lambda _instance: {
                "desired": "running",
                "state": "starting",
                "error": None,
                "exit": None,
                "restart": True,
            },
        )

    def move(self, name: str, wanted: InstanceMove, *, confined: bool = False) -> InstanceInfo:
        """Put a stopped instance on another engine; it keeps its name and installed packages.

        Raises
        ------
        NotPermitted: `wanted.force` is not set (its programs will see other files, and perhaps
            the whole machine), or `confined` and the engine isolates nothing.
        InUse: it is not stopped.
        EngineUnavailable: the new engine does not answer.
        """
        engine = self._engines.chosen(wanted.engine)
        instance = self._not_leaving(name)
        self._engines.check_confinement(engine, confined)
        if engine.name == instance.engine:
            return self.get(name)
        if instance.state != "stopped":
            raise InUse(f"Instance '{name}' is not stopped.", hint="Stop it first.")
        if not wanted.force:
            without = "" if isolates(engine) else ", without isolation from this machine"
            raise NotPermitted(
                f"An instance stays on its engine: '{name}' is on '{instance.engine}'.",
                hint=f"With force it is moved to '{engine.name}'{without}.",
                field="force",
            )
        self._require(engine)
        # What still runs there with it must not speak for an instance that is less confined.
        self._tokens.revoke("instance", name)
        # What is left on the old one belongs to nothing from now on, and is swept.
        moved = self._set_desired(name, lambda now: _moved(now, engine.name), moves=True)
        if self._converger.knows(instance.engine):
            self._converger.lane(instance.engine).wake(name)
        return moved

    def delete(self, name: str, *, force: bool = False) -> InstanceInfo:
        """Wish it gone.

        Raises
        ------
        InUse: kernels are alive on it, unless `force`.
        EngineUnavailable: the server does not have its engine, unless `force`: then what is left
            of it there is not removed.
        """
        instance = self._stored(name)
        self._guard_kernels(instance, "delete", force)
        if not self._converger.knows(instance.engine):
            return self._delete_unknown(instance, force)
        leaving = {"desired": "deleted", "state": "deleting", "restart": False}
        return self._set_desired(name, lambda _instance: leaving, leaving=True)

    def _delete_unknown(self, instance: InstanceInfo, force: bool) -> InstanceInfo:
        if not force:
            raise unknown_engine(instance.engine)
        self._instances.forget(instance)
        instance.state, instance.desired = "deleting", "deleted"
        return instance

    def stop_all(self) -> None:
        """Stop every instance now, keeping the wish, so that the next server starts them again."""
        self._converger.settle(_SETTLE)  # one that is being started would start after all
        for instance in self._store.all():
            try:
                engine = self._engines.of(instance.engine)
                engine.stop(container_name(self._paths, instance.name))
            except ModelyardError as error:
                self.log.warning("modelyard: could not stop %s: %s", instance.name, error)

    # -- inner ------------------------------------------------------------------------------

    def _checked(self, engine: Engine, wanted: InstanceCreate) -> Size:
        if not valid_name(wanted.name):
            shown = wanted.name if len(wanted.name) <= 40 else f"{wanted.name[:40]}…"
            raise InvalidInput(
                f"'{shown}' cannot name an instance.", hint=f"Use {NAME_RULE}.", field="name"
            )
        size = self.size(engine, wanted.size)
        # Looked at here for an answer at once; they are taken when the container is started.
        try:
            self._devices.check(engine, Gpus(count=wanted.gpus, shared=wanted.shared))
        except NotEnoughDevices:
            if not wanted.queue:
                raise
        if wanted.image and not _IMAGE.fullmatch(wanted.image):
            raise InvalidInput(
                f"'{wanted.image[:80]}' is not an image reference.",
                hint="Use NAME:TAG, like python:3.12-slim.",
                field="image",
            )
        if wanted.image and Ability.IMAGES not in engine.abilities:
            raise InvalidInput(
                f"An image needs Docker; the engine '{engine.name}' runs local processes.",
                hint=self._engines.default_info().hint,
                field="image",
            )
        return size

    def _guard_kernels(self, instance: InstanceInfo, verb: str, force: bool) -> None:
        live = self.live_kernels().get(kernelspecs.spec_name(self._paths, instance.name), 0)
        if live and not force:
            some = "a kernel is" if live == 1 else f"{live} kernels are"
            raise InUse(
                f"{some} alive on '{instance.name}'.".capitalize(),
                hint=f"Shut them down, or {verb} with force: their variables are lost.",
            )

    def _require(self, engine: Engine) -> None:
        """Raise EngineUnavailable when the engine did not answer at the last look."""
        down = self._converger.down(engine.name)
        if down is not None:
            self._converger.lane(engine.name).wake()  # who asks again hears how it is then
            raise EngineUnavailable(down.message, hint=down.hint)

    def _stored(self, name: str) -> InstanceInfo:
        """The row as it is; NotFound names a similar one."""
        return self._store.find(name) or self.get(name)

    def _engine(self, name: str) -> Engine:
        return self._engines.of(self._stored(name).engine)

    def _not_leaving(self, name: str) -> InstanceInfo:
        instance = self._stored(name)
        if instance.desired == "deleted":
            raise _is_leaving(name)
        return instance

    def _set_desired(
        self,
        name: str,
        decide: Callable[[InstanceInfo], dict[str, Any]],
        *,
        leaving: bool = False,
        moves: bool = False,
    ) -> InstanceInfo:
        """Note what is wanted, decided by the row as it is at that moment.

        Raises
        ------
        InUse: it is being deleted, and that is not what is asked for.
        EngineUnavailable: the server does not have its engine, and it does not leave that.
        """

        def checked(instance: InstanceInfo) -> dict[str, Any]:
            if instance.desired == "deleted" and not leaving:
                raise _is_leaving(name)
            if not moves:
                self._converger.lane(instance.engine)
            return decide(instance)

        instance = self._store.decide(name, checked)
        self._changed(name)
        self._converger.lane(instance.engine).wake(name)
        return self._with_live_fields(instance, self.live_kernels())

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


def _is_leaving(name: str) -> InUse:
    return InUse(f"'{name}' is being deleted.", hint="Wait, then create it anew.")


def _moved(instance: InstanceInfo, engine: str) -> dict[str, Any]:
    if instance.state != "stopped" or instance.desired != "stopped":
        raise InUse(f"Instance '{instance.name}' is not stopped.", hint="Stop it first.")
    return {"engine": engine, "exit": None, "error": None}

"""The rules of compute instances: what may be asked of them, and what a list shows."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

from traitlets.config import LoggingConfigurable

from modelyard.errors import AlreadyExists, InUse, InvalidInput, ModelyardError, NotFound
from modelyard.schema.common import NAME_RULE, Progress, Size, valid_name
from modelyard.schema.compute import (
    Instance,
    InstanceCreate,
    InstanceUsage,
    LogText,
)
from modelyard.suggest import did_you_mean
from modelyard_server.compute import kernelspecs
from modelyard_server.compute.reconcile import Reconciler
from modelyard_server.compute.sizes import pick, sizes_for, this_machine
from modelyard_server.compute.spec import container_name
from modelyard_server.compute.store import ComputeStore
from modelyard_server.compute.workdir import WorkDir
from modelyard_server.core.events import Events
from modelyard_server.core.paths import Paths
from modelyard_server.core.tokens import Tokens
from modelyard_server.db.session import Database
from modelyard_server.engines.base import Engine
from modelyard_server.environments.manager import EnvironmentManager

_IMAGE = re.compile(r"[a-z0-9][a-zA-Z0-9._/:@-]{0,254}")
_LOG_LIMIT = 1_000_000
_SETTLE = 10.0


class ComputeManager(LoggingConfigurable):
    """Compute instances of the workspace. All methods block; call them in a thread.

    Attributes
    ----------
    kernels_on: counts the live kernels of a kernelspec; the application sets it.
    """

    def __init__(
        self,
        *,
        db: Database,
        paths: Paths,
        engine: Engine,
        environments: EnvironmentManager,
        tokens: Tokens,
        events: Events,
        base_url: str = "/",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._paths = paths
        self._engine = engine
        self._events = events
        self._tokens = tokens
        self._store = ComputeStore(db)
        self._sizes: list[Size] = []
        self._seen_kernels: dict[str, int] = {}
        self._creating = threading.Lock()
        self.kernels_on: Callable[[str], int] = lambda _spec: 0
        self._reconciler = Reconciler(
            store=self._store,
            paths=paths,
            engine=engine,
            environments=environments,
            tokens=tokens,
            base_url=base_url,
            changed=self._changed,
            gone=lambda name: events.deleted("compute", name),
            tick=self._watch_kernels,
            log=self.log,
        )

    # -- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to reconcile what is wanted with what runs."""
        self._reconciler.start()

    def stop(self) -> None:
        """End the loop; instances stay as they are."""
        self._reconciler.stop()

    # -- reading ----------------------------------------------------------------------------

    @property
    def sizes(self) -> list[Size]:
        """The sizes this machine offers; the first is the default."""
        if self._sizes:
            return self._sizes
        about = self._engine.info()
        if not about.available:
            return sizes_for(this_machine())  # not kept: the engine knows better once it answers
        self._sizes = sizes_for(about)
        return self._sizes

    def size(self, name: str) -> Size:
        """The size of that name, the default for an empty one. InvalidInput: there is none."""
        return pick(self.sizes, name)

    def require_engine(self) -> None:
        """Raise EngineUnavailable when the engine did not answer at the last look."""
        self._reconciler.require_engine()

    def list(self) -> list[Instance]:
        """All instances, by name."""
        return [self._dressed(instance) for instance in self._store.all()]

    def get(self, name: str) -> Instance:
        """One instance. NotFound names a similar one."""
        try:
            return self._dressed(self._store.get(name))
        except NotFound as error:
            names = [instance.name for instance in self._store.all()]
            hint = did_you_mean(name, names) or "Create one: ws.compute.create('cpu-1')."
            raise NotFound(error.message, hint=hint, field="name") from None

    def log_text(self, name: str, tail: int) -> LogText:
        """The end of the container's log."""
        self.get(name)
        try:
            text = self._engine.logs(container_name(self._paths, name), tail)
        except NotFound:
            text = ""  # not created yet, or removed behind our back
        return LogText(text=text[-_LOG_LIMIT:], truncated=len(text) > _LOG_LIMIT)

    def usage(self, name: str) -> InstanceUsage:
        """Disk, memory and CPU in use now."""
        self.get(name)
        disk = self._work(name).disk()
        try:
            used = self._engine.usage(container_name(self._paths, name))
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
        if self.get(name).state != "running":
            raise InUse(f"Instance '{name}' is not running.", hint="Start it first.")
        return self._engine.shell(container_name(self._paths, name))

    # -- wishes -----------------------------------------------------------------------------

    def create(self, wanted: InstanceCreate) -> Instance:
        """Record a new instance; it starts in the background.

        Raises
        ------
        InvalidInput: a malformed name or image, an unknown size, GPUs where there are none.
        AlreadyExists: the name is taken.
        EngineUnavailable: the engine does not answer.
        """
        size = self._checked(wanted)
        self.require_engine()
        with self._creating:
            taken = [i.name for i in self._store.all() if i.name.lower() == wanted.name.lower()]
            if taken:
                raise AlreadyExists(
                    f"There is already a compute instance '{taken[0]}'.",
                    hint="Choose another name, or delete that one.",
                    field="name",
                )
            instance = Instance(
                name=wanted.name,
                size=size.name,
                cpus=size.cpus,
                memory=size.memory,
                gpus=wanted.gpus,
                image=wanted.image,
                engine=self._engine.name,
                state="creating",
                desired="running",
                created=time.time(),
            )
            self._store.add(instance)
        self._reconciler.bring_up(wanted.name)
        return self.get(wanted.name)

    def start_instance(self, name: str) -> Instance:
        """Wish it to run."""
        wish: dict[str, Any] = {"desired": "running", "state": "starting", "error": None}
        if self._not_leaving(name).state in ("stopped", "failed"):
            # Otherwise it may just have died, and a kernel wants it back: keep why it died.
            wish |= {"exit": None, "started": None}
        return self._wish(name, **wish)

    def stop_instance(self, name: str, *, force: bool = False) -> Instance:
        """Wish it stopped. InUse: kernels are alive on it, unless `force`."""
        instance = self._not_leaving(name)
        self._guard_kernels(instance, "stop", force)
        if instance.state == "stopped":
            return instance
        return self._wish(name, desired="stopped", state="stopping", error=None, restart=False)

    def restart_instance(self, name: str, *, force: bool = False) -> Instance:
        """Wish it stopped and started again. InUse: kernels are alive on it, unless `force`."""
        self._guard_kernels(self._not_leaving(name), "restart", force)
        return self._wish(
            name, desired="running", state="starting", error=None, exit=None, restart=True
        )

    def delete(self, name: str, *, force: bool = False) -> Instance:
        """Wish it gone. InUse: kernels are alive on it, unless `force`."""
        self._guard_kernels(self.get(name), "delete", force)
        return self._wish(name, desired="deleted", state="deleting", restart=False)

    def stop_all(self) -> None:
        """Stop every instance now, keeping the wish, so that the next server starts them again."""
        self._reconciler.settle(_SETTLE)  # one that is being started would start after all
        for instance in self._store.all():
            try:
                self._engine.stop(container_name(self._paths, instance.name))
            except ModelyardError as error:
                self.log.warning("modelyard: could not stop %s: %s", instance.name, error)

    # -- inner ------------------------------------------------------------------------------

    def _checked(self, wanted: InstanceCreate) -> Size:
        if not valid_name(wanted.name):
            shown = wanted.name if len(wanted.name) <= 40 else f"{wanted.name[:40]}…"
            raise InvalidInput(
                f"'{shown}' cannot name an instance.", hint=f"Use {NAME_RULE}.", field="name"
            )
        size = self.size(wanted.size)
        there = self._engine.info().gpus if wanted.gpus else 0  # asking costs 13 ms
        if wanted.gpus < 0 or wanted.gpus > there:
            have = "no GPU" if there == 0 else f"{there} GPU{'s' if there > 1 else ''}"
            raise InvalidInput(
                f"{wanted.gpus} GPUs were asked for, and this machine has {have}.",
                hint=f"Use gpus=0 to {there}." if there else "Use gpus=0.",
                field="gpus",
            )
        if wanted.image and not _IMAGE.fullmatch(wanted.image):
            raise InvalidInput(
                f"'{wanted.image[:80]}' is not an image reference.",
                hint="Use NAME:TAG, like python:3.12-slim.",
                field="image",
            )
        if wanted.image and self._engine.name == "process":
            raise InvalidInput(
                "An image needs Docker, and this server runs local processes.",
                hint=self._engine.info().hint,
                field="image",
            )
        return size

    def _guard_kernels(self, instance: Instance, verb: str, force: bool) -> None:
        live = self.kernels_on(kernelspecs.spec_name(self._paths, instance.name))
        if live and not force:
            some = "a kernel is" if live == 1 else f"{live} kernels are"
            raise InUse(
                f"{some} alive on '{instance.name}'.".capitalize(),
                hint=f"Shut them down, or {verb} with force: their variables are lost.",
            )

    def _not_leaving(self, name: str) -> Instance:
        instance = self.get(name)
        if instance.desired == "deleted":
            raise InUse(f"'{name}' is being deleted.", hint="Wait, then create it anew.")
        return instance

    def _wish(self, name: str, **fields: Any) -> Instance:
        instance = self._store.update(name, **fields) if fields else self._store.get(name)
        self._changed(name)
        self._reconciler.wake()
        return self._dressed(instance)

    def _dressed(self, instance: Instance) -> Instance:
        instance.kernelspec = kernelspecs.spec_name(self._paths, instance.name)
        instance.kernels = self.kernels_on(instance.kernelspec)
        progress: Progress | None = self._reconciler.progress(instance.name)
        instance.progress = progress
        return instance

    def _changed(self, name: str) -> None:
        try:
            instance = self._dressed(self._store.get(name))
        except NotFound:
            return  # deleted between the change and now; `gone` has told it
        self._events.updated("compute", name, instance)

    def _watch_kernels(self) -> None:
        for instance in self._store.all():
            live = self.kernels_on(kernelspecs.spec_name(self._paths, instance.name))
            if self._seen_kernels.get(instance.name, 0) != live:
                self._seen_kernels[instance.name] = live
                self._changed(instance.name)

    def _work(self, name: str) -> WorkDir:
        return WorkDir(self._paths, name, self._engine.user())

"""The rules of compute instances: what may be wished of them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from modelyard.errors import (
    AlreadyExists,
    EngineUnavailable,
    InUse,
    InvalidInput,
    ModelyardError,
    NotEnoughDevices,
    NotPermitted,
)
from modelyard.schema.common import NAME_RULE, Size, valid_name
from modelyard.schema.compute import (
    InstanceCreate,
    InstanceInfo,
    InstanceMove,
)
from modelyard_server.compute import kernelspecs
from modelyard_server.compute.reading import InstanceReading
from modelyard_server.compute.spec import container_name
from modelyard_server.core.converge import unknown_engine
from modelyard_server.engines.base import Ability, Engine
from modelyard_server.engines.devices_choose import Gpus
from modelyard_server.engines.engines import isolates

_IMAGE = re.compile(r"[a-z0-9][a-zA-Z0-9._/:@-]{0,254}")
_SETTLE = 10.0


class ComputeManager(InstanceReading):
    """Compute instances of the workspace. All methods block; call them in a thread."""

    # -- wishes -----------------------------------------------------------------------------

    def create(self, wanted: InstanceCreate, *, confined: bool = False) -> InstanceInfo:
        """Record a new instance; it starts in the background.

        Parameters
        ----------
        confined: whoever asks is in a container, and gets nothing outside of one.

        Raises
        ------
        InvalidInput: a malformed name or image, an unknown size or engine, an engine that takes
            no instances, GPUs where there are none.
        NotEnoughDevices: others hold the GPUs, and it does not queue.
        AlreadyExists: the name is taken.
        EngineUnavailable: the engine does not answer.
        NotPermitted: `confined`, and the engine isolates nothing.
        """
        engine = self._engines.chosen(wanted.engine)
        self._engines.check_instances(engine)
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
            now = time.time()
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
                created=now,
                requested=now,
            )
            self._store.add(instance)
        self._changed(wanted.name)
        self._converger.lane(engine.name).begin(wanted.name)
        return self.get(wanted.name)

    def start_instance(self, name: str) -> InstanceInfo:
        """Wish it to run.

        Raises
        ------
        InvalidInput: the machine has not so many GPUs.
        NotEnoughDevices: others hold them, and it does not queue.
        """
        self._check_gpus(self._not_leaving(name))

        def decide(instance: InstanceInfo) -> dict[str, Any]:
            fields: dict[str, Any] = {"desired": "running", "error": None, **_asked(instance)}
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
            lambda instance: {
                **_asked(instance),
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
        InvalidInput: there is no such engine, or it takes no instances.
        NotPermitted: `wanted.force` is not set (its programs will see other files, and perhaps
            the whole machine), or `confined` and the engine isolates nothing.
        InUse: it is not stopped.
        EngineUnavailable: the new engine does not answer.
        """
        engine = self._engines.chosen(wanted.engine)
        self._engines.check_instances(engine)
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

    def _check_gpus(self, instance: InstanceInfo) -> None:
        """Whether one that does not run could; an engine that is silent is asked later."""
        if not instance.gpus or instance.state not in ("stopped", "failed"):
            return
        wanted = Gpus(count=instance.gpus, shared=instance.shared)
        try:
            self._devices.check(self._engines.of(instance.engine), wanted)
        except EngineUnavailable:
            return  # the wish stands until it is back
        except NotEnoughDevices:
            if not instance.queue:
                raise

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


def _asked(instance: InstanceInfo) -> dict[str, Any]:
    """Its place in the line for GPUs: anew where it was not to run; else it has one already."""
    idle = instance.desired != "running" or instance.state == "failed"
    return {"requested": time.time()} if idle else {}


def _is_leaving(name: str) -> InUse:
    return InUse(f"'{name}' is being deleted.", hint="Wait, then create it anew.")


def _moved(instance: InstanceInfo, engine: str) -> dict[str, Any]:
    if instance.state != "stopped" or instance.desired != "stopped":
        raise InUse(f"Instance '{instance.name}' is not stopped.", hint="Stop it first.")
    return {"engine": engine, "exit": None, "error": None}

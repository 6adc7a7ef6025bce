"""What an instance needs to become what is wanted, in idempotent steps; being killed at any loses
nothing. When that happens, and what about failures, is the matter of `core.converge`.

The table's `state` says what was last seen, `desired` what is wanted.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Collection, Mapping, Sequence

from modelyard.errors import ModelyardError, NotEnoughDevices, ServerError
from modelyard.schema.common import ErrorInfo, Progress
from modelyard.schema.compute import Exit, InstanceInfo
from modelyard_server.compute import kernelspecs
from modelyard_server.compute.shown import Shown
from modelyard_server.compute.spec import KIND, container_name, instance_spec, kernel_folder
from modelyard_server.compute.store import ComputeStore, Wanted, is_readable
from modelyard_server.compute.workdir import WorkDir
from modelyard_server.core.converged import Again
from modelyard_server.core.crashes import CrashWindow
from modelyard_server.core.holder import holder_id
from modelyard_server.core.paths import Paths
from modelyard_server.core.tokens import Tokens
from modelyard_server.engines.base import Engine, EngineLost
from modelyard_server.engines.devices import Devices, Lease
from modelyard_server.engines.devices_choose import Gpus, Request
from modelyard_server.engines.devices_verify import verify
from modelyard_server.engines.engines import Engines, bring_up, isolates
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import ContainerState, Phase, Place, Volume
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.environments.network import pip_conf

CRASHES = 3
"""This many exits within CRASH_WINDOW seconds, and an instance is left stopped as failed."""
CRASH_WINDOW = 120.0
FIRST_LOOK, LAST_LOOK = 2.0, 15.0
"""Seconds until one that waits looks again: the first in the line, and at most."""
STOPPED = (0, 128 + signal.SIGTERM, 128 + signal.SIGKILL)
"""Exit codes of a program that was asked to end, listening or not."""


class Instances:
    """The compute domain, for `core.converge`.

    Parameters
    ----------
    changed, gone: told the name of an instance that changed or is deleted.
    """

    kinds: Collection[str] = (KIND,)

    def __init__(
        self,
        *,
        store: ComputeStore,
        paths: Paths,
        engines: Engines,
        environments: EnvironmentManager,
        tokens: Tokens,
        devices: Devices,
        base_url: str,
        changed: Callable[[str], None],
        gone: Callable[[str], None],
        log: logging.Logger,
    ) -> None:
        self._store = store
        self._paths = paths
        self._engines = engines
        self._environments = environments
        self._tokens = tokens
        self._devices = devices
        self._base_url = base_url
        self.changed = changed
        self._gone = gone
        self._log = log
        self._shown = Shown(changed)
        self._watched: set[str] = set()
        self._crashes = CrashWindow(CRASHES, CRASH_WINDOW)

    def line(self) -> Sequence[Request]:
        """Instances that should run with GPUs; see `Devices.add_line`."""
        return [
            self._request(each)
            for each in self._store.all()
            if each.gpus and each.desired == "running" and each.state != "failed"
        ]

    def _request(self, instance: InstanceInfo) -> Request:
        return Request(
            container=self._container(instance.name),
            kind=KIND,
            name=instance.name,
            workspace=self._paths.workspace_id,
            engine=instance.engine,
            gpus=Gpus(count=instance.gpus, shared=instance.shared),
            since=instance.requested,
        )

    def progress(self, name: str) -> Progress | None:
        """What is being done for an instance at this moment."""
        return self._shown.get(name)

    # -- what needs work --------------------------------------------------------------------

    def rows(self, engine: str) -> Sequence[Wanted]:
        """What is wanted of the instances on an engine."""
        return self._store.wanted(engine)

    def containers(self, row: Wanted) -> Collection[str]:
        """The one container of an instance."""
        return (self._container(row.name),)

    def owner(self, container: ContainerState) -> str:
        """Name of the instance."""
        return container.name

    def due(self, row: Wanted, seen: Mapping[str, ContainerState]) -> bool:
        """Whether what runs is not what is wanted."""
        there = seen.get(self._container(row.name))
        running = there is not None and there.phase is Phase.RUNNING
        if row.desired == "deleted":
            return True
        if row.desired == "stopped":
            return running or row.state != "stopped"
        if row.restart:
            return True
        return row.state != "failed" and not (running and row.state == "running")

    def lost(self, engine: str) -> None:
        """What ends while the engine does not answer ends unseen, and did not crash."""
        for row in self._store.wanted(engine):
            self._watched.discard(row.name)

    # -- actions (on workers) ---------------------------------------------------------------

    def converge(self, key: str) -> Again | None:
        """Bring an instance to what is wanted of it now; where it waits for GPUs, look again.

        Raises
        ------
        ModelyardError: not possible now.
        """
        instance = self._store.find(key)
        if instance is None:
            return None
        engine = self._engines.of(instance.engine)
        if instance.desired == "deleted":
            self._remove(engine, key)
        elif instance.desired == "stopped":
            seen = engine.inspect(self._container(key))
            if instance.state != "stopped" or (seen and seen.phase is Phase.RUNNING):
                self._halt(engine, key)
        elif not is_readable(instance):
            raise ServerError("What is wanted of it cannot be read.")  # it stays as it is
        elif key in self._store.restarts():
            with self._shown.doing(key, "Restarting"):
                engine.stop(self._container(key))
                # Asked to end, it did not crash: should the start fail, its end says nothing.
                self._store.update(key, restart=False, started=None)
            return self._bring_up(engine, key)
        elif instance.state != "failed" and not self._crashed(engine, instance):
            return self._bring_up(engine, key)
        return None

    def _crashed(self, engine: Engine, instance: InstanceInfo) -> bool:
        """Note why it stopped by itself; True when it should not be started again."""
        name = instance.name
        # `started` is forgotten when the user stops it, so this one ended by itself.
        if instance.started is None:
            return False
        seen = engine.inspect(self._container(name))
        if seen is None or seen.phase is not Phase.EXITED:
            return False
        watched = name in self._watched
        exit = Exit(
            code=seen.exit_code or 0,
            oom=seen.oom,
            message=_why(seen, watched=watched),
            at=seen.finished,
        )
        self._set(name, exit=exit)
        # What stopped while no server looked, as on a reboot, did not crash.
        if not watched or not self._crashes.count(name, (seen.started, seen.finished)):
            return False
        self._fail(
            name,
            ErrorInfo(
                code="crashed",
                message=f"It stopped {CRASHES} times within {CRASH_WINDOW:.0f} s "
                f"(exit code {exit.code}{', out of memory' if exit.oom else ''}).",
                hint="Look at its log; a larger size helps against running out of memory.",
            ),
        )
        return True

    def _bring_up(self, engine: Engine, name: str) -> Again | None:
        try:
            if self._shown.waits(name) and (again := self._wait(engine, name)):
                return again  # its packages are there since its first try
            with self._shown.doing(name, "Preparing the environment"):
                self._start(engine, name)
        except EngineLost:
            raise  # the wish stands until the engine is back
        except NotEnoughDevices as error:
            return self._refused(engine, name, error)
        except ModelyardError as error:
            self._not_brought_up(engine, name, error)
        except OSError as error:
            self._log.exception("modelyard: instance %s could not be prepared", name)
            own = self._paths.compute / name
            fault = ServerError(
                f"Its files could not be written: {error}.",
                hint=f"Mend that, then start it again. Its own files lie in {own}.",
            )
            self._not_brought_up(engine, name, fault)
        return None

    def _not_brought_up(self, engine: Engine, name: str, error: ModelyardError) -> None:
        """It failed, unless it runs all the same: then it is tried again."""
        # As after the server's start: what is wrong for a moment must not fail what runs.
        seen = engine.inspect(self._container(name))
        if seen is not None and seen.phase is Phase.RUNNING:
            raise error
        self._fail(name, ErrorInfo(**error.body()))

    # -- waiting for GPUs -------------------------------------------------------------------

    def _wait(self, engine: Engine, name: str) -> Again | None:
        """Show what it waits for, the same line for as long as that is the same; None: no more."""
        instance = self._store.find(name)
        if instance is None or instance.desired != "running" or not instance.queue:
            return None
        waits = self._devices.waiting(engine, self._request(instance))
        if waits is None:
            return None
        message, ahead = waits
        self._shown.wait(name, message)
        # Engines that report changes wake it; those before it look more often than it does.
        return Again(min(FIRST_LOOK + ahead, LAST_LOOK), for_others=True)

    def _refused(self, engine: Engine, name: str, error: NotEnoughDevices) -> Again | None:
        """Others hold its GPUs: it waits, where it was asked to; or it failed."""
        instance = self._store.find(name)
        if instance is None or not instance.queue:
            self._not_brought_up(engine, name, error)
            return None
        # None: they came free this moment.
        return self._wait(engine, name) or Again(0.0, for_others=True)

    # -- starting ---------------------------------------------------------------------------

    def _start(self, engine: Engine, name: str) -> None:
        instance = self._store.get(name)
        runtime = self._environments.kernel(
            engine, instance.image, lambda progress: self._shown.report(name, progress)
        )
        work = self._prepare(engine, name)
        work.make(runtime, pip_conf())
        # Packages may have taken minutes: is it still wanted, and here?
        wanted = self._store.find(name)
        if wanted is None or wanted.desired != "running" or wanted.engine != engine.name:
            return
        container = self._container(name)
        with self._devices.acquire(engine, self._request(instance)) as lease:
            spec = instance_spec(
                self._paths,
                engine.reach,
                instance,
                runtime,
                self._base_url,
                isolated=isolates(engine),
                devices=lease,
            )
            before = engine.inspect(container)
            self._shown.report(name, Progress(phase="creating", message="Creating the container"))
            bring_up(engine, spec)
        ran = before is not None and before.phase is Phase.RUNNING
        if not ran or instance.state != "running":
            self._verify(engine, container, lease)
        kernelspecs.write(self._paths, name, engine)
        seen = engine.inspect(container)
        if seen is None or seen.phase is Phase.CREATED:
            raise ServerError("Its main program did not start.", hint="Is the disk full?")
        started = seen.started
        self._watched.add(name)
        self._store.now_running(name, started)
        self.changed(name)

    def _verify(self, engine: Engine, container: str, lease: Lease) -> None:
        """Running means that its devices answered inside; one without them holds them no longer."""
        try:
            verify(engine, container, lease)
        except ModelyardError:
            engine.stop(container)
            raise

    def _prepare(self, engine: Engine, name: str) -> WorkDir:
        owner = engine.user()
        work = WorkDir(engine.reach, name, owner)
        work.root.mkdir(parents=True, exist_ok=True)
        spool = Place(Volume.SPOOL, holder_id(KIND, name))
        for place in (Place(Volume.FILES), spool, kernel_folder(name)):
            engine.reach.prepare(place, owner)
        engine.reach.here(Place(Volume.API)).mkdir(parents=True, exist_ok=True)
        if self._tokens.find(work.read_token()) is None:
            work.write_token(self._tokens.issue("instance", name))
        return work

    def _halt(self, engine: Engine, name: str) -> None:
        with self._shown.doing(name, "Stopping"):
            engine.stop(self._container(name))
            self._store.now_stopped(name)

    def _remove(self, engine: Engine, name: str) -> None:
        with self._shown.doing(name, "Deleting"):
            engine.remove(self._container(name))
            kernelspecs.remove(self._paths, name)
            self._tokens.revoke("instance", name)
            WorkDir(engine.reach, name, engine.user()).remove()
            # The row last, and only while it is to go: with it the name is free for another.
            if not self._store.remove_deleted(name):
                return
            self._watched.discard(name)
            self._crashes.forget(name)
            self._gone(name)

    def forget(self, instance: InstanceInfo) -> None:
        """Remove what is here of an instance on an engine that this server does not have.

        Its container, should there be one yet, is swept when a server has that engine again.
        """
        name = instance.name
        kernelspecs.remove(self._paths, name)
        self._tokens.revoke("instance", name)
        WorkDir(SameHost(self._paths), name, (os.getuid(), os.getgid())).remove()
        self._shown.forget(name)
        self._store.remove(name, instance.engine)
        self._gone(name)

    # -- telling ----------------------------------------------------------------------------

    def _container(self, name: str) -> str:
        return container_name(self._paths, name)

    def _set(self, name: str, **fields: object) -> None:
        self._store.update(name, **fields)
        self.changed(name)

    def _fail(self, name: str, error: ErrorInfo) -> None:
        self._log.warning("modelyard: instance %s failed: %s", name, error.message)
        self._shown.forget(name)
        self._store.now_failed(name, error)
        self.changed(name)


def _why(seen: ContainerState, *, watched: bool) -> str:
    """Why a container ended, as a sentence; `watched`: this server saw it running before."""
    if seen.oom:
        return "It ran out of memory."
    if seen.error:
        return seen.error
    code = seen.exit_code or 0
    if code in STOPPED and not watched:
        return (
            "It was stopped while nobody looked: by 'modelyard down', by Docker, or by a restart "
            "of the machine."
        )
    if code > 128:
        return f"It was ended from outside (signal {code - 128})."
    return "Its main program ended."

"""Brings what runs to what is wanted, in idempotent steps; being killed at any loses nothing.

Every step compares the table with the engine, in both directions. Slow actions run on workers, one
at a time for an instance; the table's `state` says what was last seen, `desired` what is wanted.
"""

from __future__ import annotations

import logging
import signal
import time
from collections import defaultdict, deque
from collections.abc import Callable

from modelyard.errors import EngineUnavailable, ModelyardError, NotFound
from modelyard.schema.common import ErrorInfo, Progress
from modelyard.schema.compute import Exit, Instance
from modelyard_server.compute import kernelspecs
from modelyard_server.compute.spec import KIND, container_name, instance_spec, kernel_dir
from modelyard_server.compute.store import ComputeStore
from modelyard_server.compute.workdir import WorkDir
from modelyard_server.core.keyed import KeyedWorkers
from modelyard_server.core.loop import Loop
from modelyard_server.core.ownership import share
from modelyard_server.core.paths import Paths
from modelyard_server.core.tokens import Tokens
from modelyard_server.engines.base import Engine, EngineLost
from modelyard_server.engines.spec import ContainerState, Phase
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.environments.network import pip_conf

INTERVAL = 2.0
WORKERS = 4
CRASHES = 3
"""This many exits within CRASH_WINDOW seconds, and an instance is left stopped as failed."""
CRASH_WINDOW = 120.0
STOPPED = (0, 128 + signal.SIGTERM, 128 + signal.SIGKILL)
"""Exit codes of a program that was asked to end, listening or not."""


class Reconciler:
    """The loop of the compute domain.

    Parameters
    ----------
    changed, gone: told the name of an instance that changed or is deleted.
    tick: called once a step, for what has to be watched besides.
    """

    def __init__(
        self,
        *,
        store: ComputeStore,
        paths: Paths,
        engine: Engine,
        environments: EnvironmentManager,
        tokens: Tokens,
        base_url: str,
        changed: Callable[[str], None],
        gone: Callable[[str], None],
        tick: Callable[[], None],
        log: logging.Logger,
    ) -> None:
        self._store = store
        self._paths = paths
        self._engine = engine
        self._environments = environments
        self._tokens = tokens
        self._base_url = base_url
        self._changed = changed
        self._gone = gone
        self._tick = tick
        self._log = log
        self._workers = KeyedWorkers("compute", WORKERS, log)
        self._loop = Loop("compute", self.step, INTERVAL, log)
        self._progress: dict[str, Progress] = {}
        self._adopted: set[str] = set()
        self._crashes: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=CRASHES))
        self._counted: dict[str, tuple[float | None, float | None]] = {}
        self._not_before: dict[str, float] = {}
        self._engine_down: EngineUnavailable | None = None

    def start(self) -> None:
        """Begin."""
        kernelspecs.sweep(self._paths, {instance.name for instance in self._store.all()})
        self._loop.start()

    def stop(self) -> None:
        """End; what is under way is repaired by the next start."""
        self._loop.stop()
        self._workers.stop()

    def settle(self, timeout: float) -> None:
        """After `stop`: wait for the actions that are under way, at most `timeout` seconds."""
        self._workers.settle(timeout)

    def wake(self) -> None:
        """Something is wanted: look now."""
        self._loop.wake()

    def bring_up(self, name: str) -> None:
        """Begin to start a new instance now, without looking first at all that runs."""
        self._changed(name)
        self._workers.submit(name, lambda: self._bring_up(name))

    def require_engine(self) -> None:
        """Raise EngineUnavailable when the last look found that the engine does not answer."""
        if self._engine_down is not None:
            raise EngineUnavailable(self._engine_down.message, hint=self._engine_down.hint)

    def progress(self, name: str) -> Progress | None:
        """What is being done for an instance at this moment."""
        return self._progress.get(name)

    # -- one step ---------------------------------------------------------------------------

    def step(self) -> None:
        """Compare table and engine once and begin what is needed."""
        self._tick()
        instances = self._store.all()
        try:
            found = {
                state.name: state
                for state in self._engine.list(self._paths.workspace_id)
                if state.kind == KIND
            }
        except EngineUnavailable as error:
            self._report_engine(instances, error)
            return
        self._engine_answers(instances)
        restarts = self._store.restarts()
        for instance in instances:
            waits = self._not_before.get(instance.name, 0.0) > time.monotonic()
            if not waits and not self._workers.busy(instance.name):
                self._compare(instance, found.get(instance.name), instance.name in restarts)
        for name in found.keys() - {instance.name for instance in instances}:
            self._workers.submit(name, lambda name=name: self._remove(name))

    def _compare(self, instance: Instance, seen: ContainerState | None, restart: bool) -> None:
        name = instance.name
        running = seen is not None and seen.phase == Phase.RUNNING
        if instance.desired == "deleted":
            self._workers.submit(name, lambda: self._remove(name))
        elif instance.desired == "stopped":
            if running:
                self._workers.submit(name, lambda: self._halt(name))
            elif instance.state != "stopped":
                self._set(name, state="stopped", started=None)
        elif restart:
            self._workers.submit(name, lambda: self._restart(name))
        elif instance.state == "failed":
            return  # until the user starts it again
        elif not running or name not in self._adopted or instance.state != "running":
            # `started` is forgotten when the user stops it, so this one ended by itself.
            by_itself = seen and seen.phase == Phase.EXITED and instance.started is not None
            if seen and by_itself and self._crashed(name, seen):
                return
            self._workers.submit(name, lambda: self._bring_up(name))

    def _crashed(self, name: str, seen: ContainerState) -> bool:
        """Note why it stopped by itself; True when it should not be started again."""
        exit = Exit(
            code=seen.exit_code or 0,
            oom=seen.oom,
            message=_why(seen, watched=name in self._adopted),
            at=seen.finished,
        )
        self._set(name, exit=exit)
        life = (seen.started, seen.finished)
        if name not in self._adopted or self._counted.get(name) == life:
            return False  # it stopped while no server looked, as on a reboot, or this is known
        self._counted[name] = life
        times = self._crashes[name]
        times.append(time.monotonic())
        if len(times) < CRASHES or times[-1] - times[0] > CRASH_WINDOW:
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
        times.clear()
        return True

    # -- actions (on workers) ---------------------------------------------------------------

    def _bring_up(self, name: str) -> None:
        try:
            instance = self._store.get(name)
            self._report(name, Progress(phase="preparing", message="Preparing the environment"))
            runtime = self._environments.kernel(
                instance.image, lambda progress: self._report(name, progress)
            )
            work = self._prepare(name)
            work.make(runtime, pip_conf())
            spec = instance_spec(self._paths, work, instance, runtime, self._base_url)
            self._report(name, Progress(phase="creating", message="Creating the container"))
            self._engine.create(spec)
            self._report(name, Progress(phase="starting", message="Starting"))
            self._engine.start(spec.container)
            kernelspecs.write(self._paths, name, work, self._engine.name)
            self._adopted.add(name)
            self._running(name, spec.container)
        except EngineLost as error:
            self._lost(name, error)
        except ModelyardError as error:
            self._fail(name, ErrorInfo(**error.body()))
        except OSError as error:
            self._log.exception("modelyard: instance %s could not be prepared", name)
            self._fail(
                name,
                ErrorInfo(
                    code="storage",
                    message=f"Its files could not be written: {error}.",
                    hint="Mend that, then start it again. Its own files lie in "
                    f"{self._paths.compute / name}.",
                ),
            )
        finally:
            self._clear(name)

    def _running(self, name: str, container: str) -> None:
        seen = self._engine.inspect(container)
        started = seen.started if seen else time.time()
        instance = self._store.get(name)
        if instance.desired == "running":
            self._set(name, state="running", started=started, error=None, engine=self._engine.name)

    def _prepare(self, name: str) -> WorkDir:
        owner = self._engine.user()
        work = WorkDir(self._paths, name, owner)
        work.root.mkdir(parents=True, exist_ok=True)
        for folder in (self._paths.files, self._paths.spool, kernel_dir(self._paths, name)):
            folder.mkdir(parents=True, exist_ok=True)
            share(folder, owner)
        self._paths.api_socket.parent.mkdir(parents=True, exist_ok=True)
        if not work.has_token():
            work.write_token(self._tokens.issue("instance", name))
        return work

    def _halt(self, name: str) -> None:
        self._guarded(name, "Stopping", lambda: self._engine.stop(self._container(name)))

    def _restart(self, name: str) -> None:
        def stop() -> None:
            self._engine.stop(self._container(name))
            self._store.update(name, restart=False)

        self._guarded(name, "Restarting", stop)
        self._bring_up(name)

    def _remove(self, name: str) -> None:
        def remove() -> None:
            self._engine.remove(self._container(name))
            kernelspecs.remove(self._paths, name)
            self._tokens.revoke("instance", name)
            WorkDir(self._paths, name, self._engine.user()).remove()
            self._store.remove(name)
            self._adopted.discard(name)
            for known in (self._crashes, self._counted, self._not_before):
                known.pop(name, None)
            self._gone(name)

        self._guarded(name, "Deleting", remove)

    def _guarded(self, name: str, message: str, action: Callable[[], None]) -> None:
        self._report(name, Progress(phase=message.lower(), message=message))
        try:
            action()
        except ModelyardError as error:
            self._lost(name, error)
        finally:
            self._clear(name)

    # -- telling ----------------------------------------------------------------------------

    def _container(self, name: str) -> str:
        return container_name(self._paths, name)

    def _exists(self, name: str) -> bool:
        try:
            self._store.get(name)
        except NotFound:
            return False
        return True

    def _set(self, name: str, **fields: object) -> None:
        self._store.update(name, **fields)
        self._changed(name)

    def _fail(self, name: str, error: ErrorInfo) -> None:
        self._log.warning("modelyard: instance %s failed: %s", name, error.message)
        if self._exists(name):
            self._set(name, state="failed", error=error)

    def _lost(self, name: str, error: ModelyardError) -> None:
        """The wish stands: a later step tries again, and meanwhile the user sees why it waits."""
        self._not_before[name] = time.monotonic() + INTERVAL
        if self._exists(name):
            self._set(name, error=ErrorInfo(**error.body()))

    def _report(self, name: str, progress: Progress) -> None:
        progress.since = progress.since or time.time()
        self._progress[name] = progress
        self._changed(name)

    def _clear(self, name: str) -> None:
        self._progress.pop(name, None)
        self._changed(name)
        self._loop.wake()

    def _engine_answers(self, instances: list[Instance]) -> None:
        self._engine_down = None
        for instance in instances:
            waits = instance.error and instance.error.code == EngineUnavailable.code
            # What failed keeps its reason: then it was packages or an image that could not be had.
            if waits and instance.state != "failed" and not self._workers.busy(instance.name):
                self._set(instance.name, error=None)

    def _report_engine(self, instances: list[Instance], error: EngineUnavailable) -> None:
        if not self._engine_down:
            self._log.warning("modelyard: %s", error)
        self._engine_down = error
        for instance in instances:
            if instance.error is None:
                self._set(instance.name, error=ErrorInfo(**error.body()))


def _why(seen: ContainerState, *, watched: bool) -> str:
    """Why a container ended, as a sentence; `watched`: this server saw it running before."""
    if seen.oom:
        return "It ran out of memory."
    if seen.error:
        return seen.error
    code = seen.exit_code or 0
    if code in STOPPED and not watched:
        return (
            "It was stopped while JupyterLab was not running: by 'modelyard down', by Docker, "
            "or by a restart of the machine."
        )
    if code > 128:
        return f"It was ended from outside (signal {code - 128})."
    return "Its main program ended."

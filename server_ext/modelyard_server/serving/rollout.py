"""One endpoint, brought to what is wanted, in idempotent steps that a crash may interrupt.

`converge` looks at the rows and the engine and does whatever is missing. It is called on a worker,
once at a time for an endpoint (see `core.converge`), and gives the worker back while a runtime is
made, a scoring server loads its model or answers its last requests. What serves comes first: it is
brought up again also while its successor is on the way.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from modelyard.errors import ModelyardError, ServerError
from modelyard.schema.common import Progress
from modelyard_server.core.converged import Again
from modelyard_server.core.paths import Paths
from modelyard_server.core.secrets import SecretBox
from modelyard_server.engines.base import Engine, EngineLost
from modelyard_server.engines.engines import Engines
from modelyard_server.engines.spec import Phase
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.registry.manager import RegistryManager
from modelyard_server.serving.files import EndpointFolder
from modelyard_server.serving.journal import Journal, Superseded
from modelyard_server.serving.launch import ENGINE_POLL, Launcher
from modelyard_server.serving.outcome import disk_error, exit_of, explained
from modelyard_server.serving.records import ADVANCING, DeploymentRecord, EndpointRecord
from modelyard_server.serving.removal import Removal
from modelyard_server.serving.store import ServingStore

_KEPT_LINES = 1000
_POLL = Again(0.05)
_NOW = Again(0.0)
_LONGEST_POLL = 0.5
_PAUSE = 5.0
"""Seconds between two tries to bring up what serves while its successor is on the way."""


class Rollout:
    """Builds, starts, switches and removes.

    Parameters
    ----------
    changed: told the name of an endpoint that looks different now.
    gone: told the name of an endpoint that was removed.
    start_timeout: seconds that a scoring server may take to load its model.
    """

    def __init__(
        self,
        *,
        store: ServingStore,
        paths: Paths,
        engines: Engines,
        environments: EnvironmentManager,
        registry: RegistryManager,
        box: SecretBox,
        changed: Callable[[str], None],
        gone: Callable[[str], None],
        start_timeout: float,
        log: logging.Logger,
    ) -> None:
        self._store = store
        self._engines = engines
        self._environments = environments
        self._registry = registry
        self._box = box
        self._log = log
        self._keys = threading.Lock()
        self._journal = Journal(store, changed)
        self._launcher = Launcher(
            paths=paths,
            environments=environments,
            registry=registry,
            box=box,
            journal=self._journal,
            start_timeout=start_timeout,
            log=log,
        )
        self._removal = Removal(
            store=store,
            paths=paths,
            environments=environments,
            registry=registry,
            launcher=self._launcher,
            journal=self._journal,
            keys=self._keys,
            gone=gone,
            log=log,
        )
        self._looked_after: dict[str, float] = {}  # when to look at what serves, beside its heir
        self._rejoining: dict[str, bool] = {}  # True: it ends; False: it was started again

    def progress(self, deployment: str) -> Progress | None:
        """What is being done for a deployment at this moment."""
        return self._journal.progress(deployment)

    def image(self, engine: Engine, deployment: DeploymentRecord) -> str:
        """Reference of its image; empty on an engine without images."""
        return self._launcher.image(engine, deployment)

    def forget(self, endpoint: EndpointRecord) -> None:
        """Remove what is here of an endpoint on an engine that this server does not have."""
        self._removal.forget(endpoint)

    @property
    def repository(self) -> str:
        """What names of images begin with."""
        return self._environments.repository

    def folder(self, engine: Engine, endpoint: str) -> EndpointFolder:
        """The endpoint's folder."""
        return self._launcher.folder(engine, endpoint)

    def stop(self, settle: float) -> None:
        """Make nothing more; wait for what is being made, at most `settle` seconds."""
        self._launcher.preparations.stop(settle)

    def publish_keys(self, name: str) -> None:
        """Let the scoring servers know the endpoint's keys as they are now.

        Under a lock, with the keys read inside of it: whoever publishes last has read last.
        """
        with self._keys:
            endpoint = self._store.find(name)
            if endpoint is not None and endpoint.desired != "deleted" and endpoint.error is None:
                engine = self._engines.of(endpoint.engine)
                self.folder(engine, name).write_keys(self._box.open(endpoint.keys))

    # -- the whole --------------------------------------------------------------------------

    def converge(self, name: str) -> Again | None:
        """Do what is missing for the endpoint; says when to go on, if it has to wait.

        Raises
        ------
        ModelyardError: it could not be done now; trying again later may help.
        """
        endpoint = self._store.find(name)
        if endpoint is None:
            return None
        engine = self._engines.of(endpoint.engine)
        if endpoint.desired == "deleted":
            for deployment in endpoint.deployments:
                self._looked_after.pop(deployment.id, None)
                self._rejoining.pop(deployment.id, None)
            gone = self._removal.tear_down(engine, endpoint)
            return None if gone else self._pause(*endpoint.deployments)
        if endpoint.error is not None:
            return None
        self.publish_keys(name)
        leaving = [each for each in endpoint.retired if not self._retired(engine, endpoint, each)]
        if any(not self._launcher.preparations.busy(each.id) for each in leaving):
            # Nothing starts before they are gone: the hand-over of a port knows an old and a new
            # one only. One that is being made yet was never started.
            return _POLL
        coming, current = endpoint.next, endpoint.current
        serves = current if current is not None and current.state != "failed" else None
        if coming is not None and coming.state in ADVANCING:
            if serves is not None:
                self._look_after(engine, endpoint, serves, coming)
            waits = self._roll_out(engine, endpoint, coming, serves)
            if waits and serves is not None and self._launcher.is_starting(serves):
                return _POLL  # whoever calls it waits for that
            return self._pause(coming) if waits else _NOW
        if serves is not None and not self._keep_up(engine, endpoint, serves):
            return _POLL
        return self._pause(*leaving) if leaving else None

    def _pause(self, *waited_for: DeploymentRecord) -> Again:
        """Until the next step: a tenth of what making its runtime has taken, which may be hours."""
        taken = max(self._launcher.preparations.taken(each.id) for each in waited_for)
        return Again(min(max(_POLL.seconds, taken / 10), _LONGEST_POLL))

    # -- a new deployment -------------------------------------------------------------------

    def _roll_out(
        self,
        engine: Engine,
        endpoint: EndpointRecord,
        coming: DeploymentRecord,
        serves: DeploymentRecord | None,
    ) -> bool:
        """A step of a new deployment; True while it has to be waited for."""
        try:
            if self._rejoining.get(coming.id):
                return not self._ended_to_rejoin(engine, coming)
            if coming.state == "queued":
                self._journal.set(coming, state="building")
                progress = Progress(phase="preparing", message="Preparing the model")
                self._journal.report(coming, progress)
            if not self._launcher.bring_up(engine, endpoint, coming):
                return True
            self._launcher.check_alive(engine, coming)
            if not self._launcher.lives(engine, endpoint, coming):
                self._launcher.over(coming)  # the port's holder was replaced meanwhile: once more
                return False
            if serves is not None and self._stands_before(engine, endpoint, coming, serves):
                self._rejoin(engine, coming)
                return True
        except Superseded:
            self._give_over(coming)
            return False
        except EngineLost:
            self._give_over(coming)
            raise  # the wish stands until the engine is back
        except Exception as error:  # noqa: BLE001  a fault of ours must not be tried for ever
            if not isinstance(error, ModelyardError | OSError):
                self._log.exception("modelyard: deployment %s failed", coming.id)
            self._give_over(coming)
            self._fail(engine, coming, error)
            return False
        self._give_over(coming)
        if self._store.switch(endpoint.name, coming.id):
            self._journal.changed(endpoint.name)
            self._registry.usage_changed(coming.model)
        if serves is not None:
            self._forget_care(serves)
        return False

    def _give_over(self, coming: DeploymentRecord) -> None:
        self._launcher.over(coming)
        self._rejoining.pop(coming.id, None)

    def _fail(self, engine: Engine, deployment: DeploymentRecord, error: Exception) -> None:
        """Keep what explains it, remove the rest; what serves goes on serving."""
        container = self._launcher.container(deployment)
        tail = engine.logs(container, _KEPT_LINES)
        self.folder(engine, deployment.endpoint).keep_log(deployment.id, tail)
        self._log.warning("modelyard: deployment %s failed: %s", container, error)
        self._removal.remove_parts(engine, deployment)
        self._store.update(deployment.id, state="failed", error=explained(error, tail))
        self._journal.changed(deployment.endpoint)
        self._registry.usage_changed(deployment.model)

    # -- the order at the port --------------------------------------------------------------

    def _stands_before(
        self,
        engine: Engine,
        endpoint: EndpointRecord,
        coming: DeploymentRecord,
        serves: DeploymentRecord,
    ) -> bool:
        """Whether what serves was started anew and has opened the port behind its successor.

        The kernel gives new connections to the one that joined second (`take_over` in
        modelyard/score/server.py), and one that gets them must not close the port: those that
        wait in its queue would be lost.
        """
        if coming.id in self._rejoining:  # once: one that crashes on and on may not hold it up
            return False
        old = self.folder(engine, endpoint.name).status(serves.id)
        new = self.folder(engine, endpoint.name).status(coming.id)
        if old is None or new is None or old.state != "ready" or not new.opened:
            return False
        # Ready is later than opened. What is not surely before is taken to be behind.
        return old.time >= new.opened and self._launcher.lives(engine, endpoint, serves)

    def _rejoin(self, engine: Engine, coming: DeploymentRecord) -> None:
        """Begin to start it again, behind what serves, which gets all requests meanwhile."""
        progress = Progress(phase="starting", message="Starting behind the one that serves")
        self._journal.report(coming, progress)
        self._log.info("modelyard: deployment %s joins its port again", coming.id)
        self._rejoining[coming.id] = True
        self._removal.drained(engine, coming)
        # What it said is true no longer: also for a server that is started in this moment.
        self.folder(engine, coming.endpoint).clear_status(coming.id)

    def _ended_to_rejoin(self, engine: Engine, coming: DeploymentRecord) -> bool:
        if not self._removal.drained(engine, coming):
            return False
        self._rejoining[coming.id] = False
        self._launcher.over(coming)
        return True

    # -- what serves ------------------------------------------------------------------------

    def _keep_up(self, engine: Engine, endpoint: EndpointRecord, current: DeploymentRecord) -> bool:
        """A step towards the current deployment's running, as after a crash; True when it does."""
        waits = False
        try:
            waits = not self._launcher.bring_up(engine, endpoint, current)
        except Superseded:
            return True
        except OSError as error:
            raise disk_error(error) from error
        finally:
            if not waits:
                self._launcher.over(current)
        if waits:
            return False
        self._store.update(current.id, state="running", error=None)
        self._journal.changed(endpoint.name)
        return True

    def _look_after(
        self,
        engine: Engine,
        endpoint: EndpointRecord,
        current: DeploymentRecord,
        coming: DeploymentRecord,
    ) -> None:
        """Bring up what serves while its successor is on the way.

        That it cannot be brought up is no fault of its successor, which may be the mend.
        """
        now = time.monotonic()
        if now < self._looked_after.get(current.id, 0.0):
            return
        pause = ENGINE_POLL
        try:
            well = current.state == "running" and not self._launcher.is_starting(current)
            if not well or not self._launcher.lives(engine, endpoint, current):
                pause = ENGINE_POLL if self._keep_up(engine, endpoint, current) else 0.0
        except EngineLost:
            self._launcher.over(coming)  # it gets its time anew when the engine is back
            raise
        except ModelyardError as error:
            self._log.warning("modelyard: %s does not serve: %s", endpoint.name, error)
            pause = _PAUSE
        self._looked_after[current.id] = now + pause

    def _forget_care(self, former: DeploymentRecord) -> None:
        self._launcher.over(former)
        self._looked_after.pop(former.id, None)

    def give_up(self, name: str, reason: str) -> None:
        """Stop the current deployment, which crashes again and again."""
        endpoint = self._store.find(name)
        if endpoint is None or endpoint.current is None:
            return
        current, engine = endpoint.current, self._engines.of(endpoint.engine)
        container = self._launcher.container(current)
        seen = engine.inspect(container)
        tail = engine.logs(container, _KEPT_LINES)
        engine.stop(container, 1.0)
        self._forget_care(current)
        ended = exit_of(seen) if seen is not None and seen.phase is Phase.EXITED else None
        said = self.folder(engine, name).status(current.id)
        why = f" {said.message}." if said is not None and said.state == "failed" else ""
        why = f" {ended.message}" if ended is not None and not why else why
        error = ServerError(f"{reason}{why}", hint="Deploy again when the cause is mended.")
        self.folder(engine, name).keep_log(current.id, tail)
        self._store.update(current.id, state="failed", exit=ended, error=explained(error, tail))
        self._journal.changed(name)

    # -- what goes --------------------------------------------------------------------------

    def _retired(
        self, engine: Engine, endpoint: EndpointRecord, deployment: DeploymentRecord
    ) -> bool:
        self._looked_after.pop(deployment.id, None)
        self._rejoining.pop(deployment.id, None)
        return self._removal.retire(engine, endpoint, deployment)

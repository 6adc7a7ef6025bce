"""One endpoint, brought to what is wanted, in idempotent steps that a crash may interrupt.

`converge` looks at the rows and the engine and does whatever is missing. It is called on a worker,
once at a time for an endpoint (see `core.converge`), and gives the worker back while a scoring
server loads its model or answers its last requests.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modelyard.errors import (
    EngineUnavailable,
    InUse,
    ModelyardError,
    ServerError,
    WaitTimeout,
)
from modelyard.schema.common import Progress
from modelyard_server.core.converged import Again
from modelyard_server.core.paths import Paths
from modelyard_server.core.secrets import SecretBox
from modelyard_server.engines.base import Ability, Engine
from modelyard_server.engines.engines import Engines, bring_up
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import (
    LABEL_KIND,
    LABEL_NAME,
    LABEL_WORKSPACE,
    Phase,
    Runtime,
)
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.registry.manager import RegistryManager
from modelyard_server.serving import spec as specs
from modelyard_server.serving.files import EndpointFolder
from modelyard_server.serving.outcome import advice, disk_error, exit_of, explained
from modelyard_server.serving.records import ADVANCING, DeploymentRecord, EndpointRecord
from modelyard_server.serving.store import ServingStore

STOP_SECONDS = 40.0
"""A scoring server gets this long to answer what it has (see modelyard/score/server.py)."""

_KEPT_LINES = 1000
_POLL = Again(0.05)
_NOW = Again(0.0)
_ENGINE_POLL = 0.25
_STARTS = 4
"""A deployment that crashed this often before it was ready has failed, exit code seen or not."""


class Superseded(Exception):
    """A newer deployment, or the endpoint's deletion, made this one pointless."""


@dataclass
class _Starting:
    """A scoring server that was started and is not ready yet."""

    deadline: float
    look: float = 0.0
    """When to ask the engine again whether it lives."""


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
        self._paths = paths
        self._engines = engines
        self._environments = environments
        self._registry = registry
        self._box = box
        self._changed = changed
        self._gone = gone
        self._start_timeout = start_timeout
        self._log = log
        self._progress: dict[str, Progress] = {}
        self._starting: dict[str, _Starting] = {}
        self._draining: dict[str, float] = {}
        self._keys = threading.Lock()

    @property
    def repository(self) -> str:
        """What names of images begin with."""
        return self._environments.repository

    def progress(self, deployment: str) -> Progress | None:
        """What is being done for a deployment at this moment."""
        return self._progress.get(deployment)

    def folder(self, engine: Engine, endpoint: str) -> EndpointFolder:
        """The endpoint's folder."""
        return EndpointFolder(self._paths.endpoints / endpoint, engine.reach)

    def image(self, engine: Engine, deployment: DeploymentRecord) -> str:
        """Reference of its image; empty on an engine without images."""
        if Ability.IMAGES not in engine.abilities:
            return ""
        return specs.app_tag(self._environments.repository, self._paths, deployment)

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
            self._tear_down(engine, endpoint)
            return None
        if endpoint.error is not None:
            return None
        self.publish_keys(name)
        # Before anything starts: the hand-over of a port knows an old and a new one only.
        for retired in endpoint.retired:
            if not self._retire(engine, endpoint, retired):
                return _POLL
        coming, current = endpoint.next, endpoint.current
        if coming is not None and coming.state in ADVANCING:
            return _POLL if self._roll_out(engine, endpoint, coming) else _NOW
        if current is not None and current.state != "failed":
            return None if self._keep_up(engine, endpoint, current) else _POLL
        return None

    # -- a new deployment -------------------------------------------------------------------

    def _roll_out(self, engine: Engine, endpoint: EndpointRecord, coming: DeploymentRecord) -> bool:
        """A step of a new deployment; True while it has to be waited for."""
        try:
            if coming.id not in self._starting:
                self._set(coming, state="building")
                self._report(coming, Progress(phase="preparing", message="Preparing the model"))
                self._launch(engine, endpoint, coming, self._runtime(engine, coming))
            if not self._is_ready(engine, coming):
                return True
        except Superseded:
            self._no_longer_starting(coming)
            return False
        except EngineUnavailable:
            self._no_longer_starting(coming)
            raise  # the wish stands until the engine is back
        except Exception as error:  # noqa: BLE001  a fault of ours must not be tried for ever
            if not isinstance(error, ModelyardError | OSError):
                self._log.exception("modelyard: deployment %s failed", coming.id)
            self._no_longer_starting(coming)
            self._fail(engine, coming, error)
            return False
        self._no_longer_starting(coming)
        if self._store.switch(endpoint.name, coming.id):
            self._changed(endpoint.name)
            self._registry.usage_changed(coming.model)
        return False

    def _no_longer_starting(self, deployment: DeploymentRecord) -> None:
        self._starting.pop(deployment.id, None)
        self._progress.pop(deployment.id, None)

    def _runtime(self, engine: Engine, deployment: DeploymentRecord) -> Runtime:
        """Environment, model and script made ready; quick when they were before."""
        app = self.folder(engine, deployment.endpoint).make_app(
            deployment.id,
            self._registry.files(deployment.model, deployment.version),
            deployment.script,
        )
        return self._environments.scoring(
            engine,
            deployment.requirements,
            app,
            self.image(engine, deployment),
            {
                LABEL_WORKSPACE: self._paths.workspace_id,
                LABEL_KIND: specs.SCORING,
                LABEL_NAME: deployment.id,
            },
            lambda progress: self._report(deployment, progress),
        )

    def _launch(
        self,
        engine: Engine,
        endpoint: EndpointRecord,
        deployment: DeploymentRecord,
        runtime: Runtime,
    ) -> None:
        """Container created and started; its network's holder first."""
        held_since = self._hold_port(engine, endpoint, deployment)
        spec = specs.scoring_spec(
            self._paths,
            engine.reach,
            endpoint,
            deployment,
            runtime,
            self._box.open(deployment.env),
        )
        seen = engine.inspect(spec.container)
        if seen is not None and held_since is not None and (seen.started or 0.0) < held_since:
            # It lives in the network of an earlier holder, where nobody can reach it.
            engine.remove(spec.container)
            seen = None
        if seen is None or seen.phase is not Phase.RUNNING:
            self._report(deployment, Progress(phase="creating", message="Creating the container"))
            self.folder(engine, endpoint.name).clear_status(deployment.id)
            self._set(deployment, state="starting")
        bring_up(engine, spec)
        self._starting[deployment.id] = _Starting(time.monotonic() + self._start_timeout)

    def _hold_port(
        self, engine: Engine, endpoint: EndpointRecord, deployment: DeploymentRecord
    ) -> float | None:
        """See that the port is held; since when, None where no container does that."""
        if Ability.HOLDS_PORTS not in engine.abilities:
            return None
        name = specs.holder_name(self._paths, endpoint.name)
        seen = engine.inspect(name)
        if seen is None or seen.phase is not Phase.RUNNING:
            image = self._environments.ensure_base(engine, lambda p: self._report(deployment, p))
            spec = specs.holder_spec(self._paths, endpoint, image)
            bring_up(engine, spec)
            seen = engine.inspect(name)
        return seen.started if seen is not None else None

    def _is_ready(self, engine: Engine, deployment: DeploymentRecord) -> bool:
        """Whether the scoring server says that it listens.

        Raises
        ------
        ServerError: it said why it cannot, or ended.
        WaitTimeout: it has said nothing for too long.
        """
        said = self.folder(engine, deployment.endpoint).status(deployment.id)
        if said is not None and said.state == "ready":
            return True
        if said is not None and said.state == "failed":
            what = "init() failed" if deployment.script else "The model cannot be loaded"
            raise ServerError(f"{what}: {said.message}.", hint=said.detail)
        if said is not None:
            self._report(deployment, Progress(phase="starting", message=said.message))
        starting, now = self._starting[deployment.id], time.monotonic()
        if now >= starting.look:
            starting.look = now + _ENGINE_POLL
            self._check_alive(engine, deployment)
        if now >= starting.deadline:
            raise WaitTimeout(
                f"The scoring server was not ready after {self._start_timeout:.0f} s.",
                hint="Look at its log. The configuration's ServingManager.start_timeout sets the "
                "time.",
            )
        return False

    def _check_alive(self, engine: Engine, deployment: DeploymentRecord) -> None:
        seen = engine.inspect(specs.scoring_name(self._paths, deployment))
        if seen is None:
            raise ServerError("The container was removed while it started.", hint="Deploy again.")
        if seen.phase is Phase.EXITED or seen.restarts >= _STARTS:
            ended = exit_of(seen)
            self._set(deployment, exit=ended)
            raise ServerError(
                f"The scoring server ended while it started: {ended.message}", hint=advice(ended)
            )

    def _fail(self, engine: Engine, deployment: DeploymentRecord, error: Exception) -> None:
        """Keep what explains it, remove the rest; what serves goes on serving."""
        container = specs.scoring_name(self._paths, deployment)
        tail = engine.logs(container, _KEPT_LINES)
        self.folder(engine, deployment.endpoint).keep_log(deployment.id, tail)
        self._log.warning("modelyard: deployment %s failed: %s", container, error)
        self._remove_parts(engine, deployment)
        self._store.update(deployment.id, state="failed", error=explained(error, tail))
        self._changed(deployment.endpoint)
        self._registry.usage_changed(deployment.model)

    # -- what serves ------------------------------------------------------------------------

    def _keep_up(self, engine: Engine, endpoint: EndpointRecord, current: DeploymentRecord) -> bool:
        """A step towards the current deployment's running, as after a crash; True when it does."""
        waits = False
        try:
            if current.id not in self._starting:
                self._launch(engine, endpoint, current, self._runtime(engine, current))
            waits = not self._is_ready(engine, current)
        except Superseded:
            return True
        except OSError as error:
            raise disk_error(error) from error
        finally:
            if not waits:
                self._no_longer_starting(current)
        if waits:
            return False
        self._store.update(current.id, state="running", error=None)
        self._changed(endpoint.name)
        return True

    def give_up(self, name: str, reason: str) -> None:
        """Stop the current deployment, which crashes again and again."""
        endpoint = self._store.find(name)
        if endpoint is None or endpoint.current is None:
            return
        current, engine = endpoint.current, self._engines.of(endpoint.engine)
        container = specs.scoring_name(self._paths, current)
        seen = engine.inspect(container)
        tail = engine.logs(container, _KEPT_LINES)
        engine.stop(container, 1.0)
        ended = exit_of(seen) if seen is not None and seen.phase is Phase.EXITED else None
        said = self.folder(engine, name).status(current.id)
        why = f" {said.message}." if said is not None and said.state == "failed" else ""
        why = f" {ended.message}" if ended is not None and not why else why
        error = ServerError(f"{reason}{why}", hint="Deploy again when the cause is mended.")
        self.folder(engine, name).keep_log(current.id, tail)
        self._store.update(current.id, state="failed", exit=ended, error=explained(error, tail))
        self._changed(name)

    # -- what goes --------------------------------------------------------------------------

    def _retire(
        self, engine: Engine, endpoint: EndpointRecord, deployment: DeploymentRecord
    ) -> bool:
        """Let it answer what it has, then remove all of it; says whether it is gone."""
        container = specs.scoring_name(self._paths, deployment)
        heir = endpoint.current or deployment
        if deployment.id not in self._draining:
            message = "The previous deployment answers its last requests"
            self._report(heir, Progress(phase="draining", message=message))
            engine.terminate(container)  # first: what fails here is tried again
            self._draining[deployment.id] = time.monotonic() + STOP_SECONDS
        seen = engine.inspect(container)
        alive = seen is not None and seen.phase in (Phase.RUNNING, Phase.PAUSED)
        if alive and time.monotonic() < self._draining[deployment.id]:
            return False
        self._remove_parts(engine, deployment)
        self.folder(engine, endpoint.name).drop_log(deployment.id)
        self._store.remove_deployment(deployment.id)
        del self._draining[deployment.id]
        self._progress.pop(heir.id, None)
        self._changed(endpoint.name)
        self._registry.usage_changed(deployment.model)
        return True

    def _remove_parts(self, engine: Engine, deployment: DeploymentRecord) -> None:
        self._starting.pop(deployment.id, None)
        engine.remove(specs.scoring_name(self._paths, deployment))
        try:
            self._environments.remove_app_image(engine, self.image(engine, deployment))
        except InUse as error:  # by a container that somebody else started from it
            self._log.warning("modelyard: %s", error)
        self.folder(engine, deployment.endpoint).drop(deployment.id)

    def _tear_down(self, engine: Engine, endpoint: EndpointRecord) -> None:
        """Remove everything of the endpoint; its rows last, so that a crash is repaired."""
        for deployment in endpoint.deployments:
            self._remove_parts(engine, deployment)
            self._draining.pop(deployment.id, None)
            self._progress.pop(deployment.id, None)
        if Ability.HOLDS_PORTS in engine.abilities:
            engine.remove(specs.holder_name(self._paths, endpoint.name))
        with self._keys:
            self.folder(engine, endpoint.name).remove()
            if not self._store.remove_deleted(endpoint.name):
                return
        self._gone(endpoint.name)
        for model in {deployment.model for deployment in endpoint.deployments}:
            self._registry.usage_changed(model)

    def forget(self, endpoint: EndpointRecord) -> None:
        """Remove what is here of an endpoint on an engine that this server does not have.

        Its containers, should there be any yet, are swept when a server has that engine again.
        """
        with self._keys:
            root = self._paths.endpoints / endpoint.name
            EndpointFolder(root, SameHost(self._paths)).remove()
            self._store.mark_deleted(endpoint.name)
            self._store.remove_deleted(endpoint.name)
        self._gone(endpoint.name)
        for model in {deployment.model for deployment in endpoint.deployments}:
            self._registry.usage_changed(model)

    # -- telling ----------------------------------------------------------------------------

    def _set(self, deployment: DeploymentRecord, **fields: Any) -> None:
        """Note a change; Superseded when the deployment is not wanted any more."""
        if not self._store.update(deployment.id, **fields):
            raise Superseded
        self._changed(deployment.endpoint)

    def _report(self, deployment: DeploymentRecord, progress: Progress) -> None:
        progress.since = progress.since or time.time()
        before = self._progress.get(deployment.id)
        self._progress[deployment.id] = progress
        if before is None or (before.message, before.fraction) != (
            progress.message,
            progress.fraction,
        ):
            self._changed(deployment.endpoint)

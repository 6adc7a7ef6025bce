"""One endpoint, brought to what is wanted, in idempotent steps that a crash may interrupt.

`converge` looks at the rows and the engine and does whatever is missing. It is called on a worker,
once at a time for an endpoint, by the loop in reconcile.py.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from modelyard.errors import (
    EngineUnavailable,
    InUse,
    ModelyardError,
    ServerError,
    WaitTimeout,
)
from modelyard.schema.common import Progress
from modelyard_server.core.paths import Paths
from modelyard_server.core.secrets import SecretBox
from modelyard_server.engines.base import Engine, ImageEngine
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
from modelyard_server.serving.records import ADVANCING, RETIRED, DeploymentRecord, EndpointRecord
from modelyard_server.serving.store import ServingStore

STOP_SECONDS = 40.0
"""A scoring server gets this long to answer what it has (see modelyard/score/server.py)."""

_KEPT_LINES = 1000
_FILE_POLL = 0.05
_ENGINE_POLL = 0.25
_STARTS = 4
"""A deployment that crashed this often before it was ready has failed, exit code seen or not."""


class Superseded(Exception):
    """A newer deployment, or the endpoint's deletion, made this one pointless."""


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
        engine: Engine,
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
        self._engine = engine
        self._environments = environments
        self._registry = registry
        self._box = box
        self._changed = changed
        self._gone = gone
        self._start_timeout = start_timeout
        self._log = log
        self._progress: dict[str, Progress] = {}
        self.stopping = threading.Event()
        # Only containers have networks that one of them can hold for others.
        self.holds_ports = isinstance(engine, ImageEngine)

    def progress(self, deployment: str) -> Progress | None:
        """What is being done for a deployment at this moment."""
        return self._progress.get(deployment)

    def folder(self, endpoint: str) -> EndpointFolder:
        """The endpoint's folder."""
        return EndpointFolder(self._paths.endpoints / endpoint)

    def image(self, deployment: DeploymentRecord) -> str:
        """Reference of its image; empty on an engine without images."""
        if not self.holds_ports:
            return ""
        return specs.app_tag(self._environments.repository, self._paths, deployment)

    def tell(self, name: str) -> None:
        """Let others know that an endpoint may look different."""
        self._changed(name)

    # -- the whole --------------------------------------------------------------------------

    def converge(self, name: str) -> None:
        """Do what is missing for the endpoint.

        Raises
        ------
        ModelyardError: it could not be done now; trying again later may help.
        """
        brought_up = ""
        while (endpoint := self._store.find(name)) is not None and not self.stopping.is_set():
            if endpoint.desired == "deleted":
                self._tear_down(endpoint)
                return
            self.folder(name).write_keys(self._box.open(endpoint.keys))
            # Before anything starts: the hand-over of a port knows an old and a new one only.
            for retired in endpoint.retired:
                self._retire(endpoint, retired)
            coming, current = endpoint.next, endpoint.current
            if coming is not None and coming.state in ADVANCING:
                self._roll_out(endpoint, coming)
                brought_up = coming.id
                continue
            if current is not None and current.state != "failed" and current.id != brought_up:
                self._keep_up(endpoint, current)
            return

    # -- a new deployment -------------------------------------------------------------------

    def _roll_out(self, endpoint: EndpointRecord, coming: DeploymentRecord) -> None:
        try:
            self._set(coming, state="building")
            self._report(coming, Progress(phase="preparing", message="Preparing the model"))
            runtime = self._runtime(coming)
            self._bring_up(endpoint, coming, runtime)
        except Superseded:
            return
        except EngineUnavailable:
            raise  # the wish stands until the engine is back
        except Exception as error:  # noqa: BLE001  a fault of ours must not be tried for ever
            if not isinstance(error, ModelyardError | OSError):
                self._log.exception("modelyard: deployment %s failed", coming.id)
            self._fail(coming, error)
            return
        finally:
            self._progress.pop(coming.id, None)
        if self._store.switch(endpoint.name, coming.id):
            self._changed(endpoint.name)
            self._registry.usage_changed(coming.model)

    def _runtime(self, deployment: DeploymentRecord) -> Runtime:
        """Environment, model and script made ready; quick when they were before."""
        app = self.folder(deployment.endpoint).make_app(
            deployment.id,
            self._registry.files(deployment.model, deployment.version),
            deployment.script,
        )
        return self._environments.scoring(
            deployment.requirements,
            app,
            self.image(deployment),
            {
                LABEL_WORKSPACE: self._paths.workspace_id,
                LABEL_KIND: specs.SCORING,
                LABEL_NAME: deployment.id,
            },
            lambda progress: self._report(deployment, progress),
        )

    def _bring_up(
        self, endpoint: EndpointRecord, deployment: DeploymentRecord, runtime: Runtime
    ) -> None:
        """Container created, started and ready; its network's holder first."""
        held_since = self._hold_port(endpoint, deployment)
        spec = specs.scoring_spec(
            self._paths, endpoint, deployment, runtime, self._box.open(deployment.env)
        )
        seen = self._engine.inspect(spec.container)
        if seen is not None and held_since is not None and (seen.started or 0.0) < held_since:
            # It lives in the network of an earlier holder, where nobody can reach it.
            self._engine.remove(spec.container)
            seen = None
        running = seen is not None and seen.phase is Phase.RUNNING
        if seen is None or not running or seen.spec_hash != spec.digest:
            self._report(deployment, Progress(phase="creating", message="Creating the container"))
            self.folder(endpoint.name).clear_status(deployment.id)
            self._set(deployment, state="starting")
        self._engine.create(spec)
        self._engine.start(spec.container)
        self._wait_ready(deployment, spec.container)

    def _hold_port(self, endpoint: EndpointRecord, deployment: DeploymentRecord) -> float | None:
        """See that the port is held; since when, None where no container does that."""
        if not self.holds_ports:
            return None
        name = specs.holder_name(self._paths, endpoint.name)
        seen = self._engine.inspect(name)
        if seen is None or seen.phase is not Phase.RUNNING:
            image = self._environments.ensure_base(lambda p: self._report(deployment, p))
            spec = specs.holder_spec(self._paths, endpoint, image)
            self._engine.create(spec)
            self._engine.start(spec.container)
            seen = self._engine.inspect(name)
        return seen.started if seen is not None else None

    def _wait_ready(self, deployment: DeploymentRecord, container: str) -> None:
        """Until the scoring server says that it listens.

        Raises
        ------
        Superseded: it need not start any more.
        ServerError: it said why it cannot, or ended.
        WaitTimeout: it says nothing.
        """
        folder = self.folder(deployment.endpoint)
        deadline = time.monotonic() + self._start_timeout
        look = 0.0
        while time.monotonic() < deadline:
            said = folder.status(deployment.id)
            if said is not None and said.state == "ready":
                return
            if said is not None and said.state == "failed":
                what = "init() failed" if deployment.script else "The model cannot be loaded"
                raise ServerError(f"{what}: {said.message}.", hint=said.detail)
            if said is not None:
                self._report(deployment, Progress(phase="starting", message=said.message))
            if time.monotonic() >= look:
                look = time.monotonic() + _ENGINE_POLL
                self._check_alive(deployment, container)
            if self.stopping.wait(_FILE_POLL):
                raise Superseded
        raise WaitTimeout(
            f"The scoring server was not ready after {self._start_timeout:.0f} s.",
            hint="Look at its log. The configuration's ServingManager.start_timeout sets the time.",
        )

    def _check_alive(self, deployment: DeploymentRecord, container: str) -> None:
        found = self._store.find(deployment.endpoint)
        if found is None or found.desired == "deleted":
            raise Superseded
        if all(d.id != deployment.id or d.state in RETIRED for d in found.deployments):
            raise Superseded
        seen = self._engine.inspect(container)
        if seen is None:
            raise ServerError("The container was removed while it started.", hint="Deploy again.")
        if seen.phase is Phase.EXITED or seen.restarts >= _STARTS:
            ended = exit_of(seen)
            self._set(deployment, exit=ended)
            raise ServerError(
                f"The scoring server ended while it started: {ended.message}", hint=advice(ended)
            )

    def _fail(self, deployment: DeploymentRecord, error: Exception) -> None:
        """Keep what explains it, remove the rest; what serves goes on serving."""
        container = specs.scoring_name(self._paths, deployment)
        tail = self._engine.logs(container, _KEPT_LINES)
        self.folder(deployment.endpoint).keep_log(deployment.id, tail)
        self._log.warning("modelyard: deployment %s failed: %s", container, error)
        self._remove_parts(deployment)
        self._store.update(deployment.id, state="failed", error=explained(error, tail))
        self._changed(deployment.endpoint)
        self._registry.usage_changed(deployment.model)

    # -- what serves ------------------------------------------------------------------------

    def _keep_up(self, endpoint: EndpointRecord, current: DeploymentRecord) -> None:
        """See that the current deployment runs, as after a crash or a restart of the server."""
        try:
            runtime = self._runtime(current)
            self._bring_up(endpoint, current, runtime)
        except Superseded:
            return
        except EngineUnavailable:
            raise
        except OSError as error:
            raise disk_error(error) from error
        finally:
            self._progress.pop(current.id, None)
        self._store.update(current.id, state="running", error=None)
        self._changed(endpoint.name)

    def give_up(self, name: str, reason: str) -> None:
        """Stop the current deployment, which crashes again and again."""
        endpoint = self._store.find(name)
        if endpoint is None or endpoint.current is None:
            return
        current = endpoint.current
        container = specs.scoring_name(self._paths, current)
        seen = self._engine.inspect(container)
        tail = self._engine.logs(container, _KEPT_LINES)
        self._engine.stop(container, 1.0)
        ended = exit_of(seen) if seen is not None and seen.phase is Phase.EXITED else None
        said = self.folder(name).status(current.id)
        why = f" {said.message}." if said is not None and said.state == "failed" else ""
        why = f" {ended.message}" if ended is not None and not why else why
        error = ServerError(f"{reason}{why}", hint="Deploy again when the cause is mended.")
        self.folder(name).keep_log(current.id, tail)
        self._store.update(current.id, state="failed", exit=ended, error=explained(error, tail))
        self._changed(name)

    # -- what goes --------------------------------------------------------------------------

    def _retire(self, endpoint: EndpointRecord, deployment: DeploymentRecord) -> None:
        """Let it answer what it has, then remove all of it."""
        heir = endpoint.current or deployment
        message = "The previous deployment answers its last requests"
        self._report(heir, Progress(phase="draining", message=message))
        try:
            self._engine.stop(specs.scoring_name(self._paths, deployment), STOP_SECONDS)
            self._remove_parts(deployment)
            self.folder(endpoint.name).drop_log(deployment.id)
            self._store.remove_deployment(deployment.id)
        finally:
            self._progress.pop(heir.id, None)
        self._changed(endpoint.name)
        self._registry.usage_changed(deployment.model)

    def _remove_parts(self, deployment: DeploymentRecord) -> None:
        self._engine.remove(specs.scoring_name(self._paths, deployment))
        try:
            self._environments.remove_app_image(self.image(deployment))
        except InUse as error:  # by a container that somebody else started from it
            self._log.warning("modelyard: %s", error)
        self.folder(deployment.endpoint).drop(deployment.id)

    def _tear_down(self, endpoint: EndpointRecord) -> None:
        """Remove everything of the endpoint; its rows last, so that a crash is repaired."""
        for deployment in endpoint.deployments:
            self._remove_parts(deployment)
        if self.holds_ports:
            self._engine.remove(specs.holder_name(self._paths, endpoint.name))
        self.folder(endpoint.name).remove()
        self._store.remove(endpoint.name)
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

"""A deployment's scoring container, from nothing to ready."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from modelyard.errors import ServerError, WaitTimeout
from modelyard.schema.common import Progress
from modelyard_server.core.paths import Paths
from modelyard_server.core.secrets import SecretBox
from modelyard_server.engines.base import Ability, Engine
from modelyard_server.engines.engines import bring_up
from modelyard_server.engines.spec import (
    LABEL_KIND,
    LABEL_NAME,
    LABEL_WORKSPACE,
    ContainerState,
    Phase,
    Runtime,
)
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.registry.manager import RegistryManager
from modelyard_server.serving import spec as specs
from modelyard_server.serving.files import EndpointFolder
from modelyard_server.serving.journal import Journal
from modelyard_server.serving.outcome import advice, exit_of
from modelyard_server.serving.preparation import Preparations
from modelyard_server.serving.records import DeploymentRecord, EndpointRecord

ENGINE_POLL = 0.25
"""Seconds between two questions to the engine about a container that is waited for."""
_STARTS = 4
"""A deployment that crashed this often before it was ready has failed, exit code seen or not."""


@dataclass
class _Starting:
    """A scoring server that was started and is not ready yet."""

    deadline: float
    restarts: int = 0
    """How often the engine had started it again before: an engine counts all of its life."""
    look: float = 0.0
    """When to ask the engine again whether it lives."""


class Launcher:
    """Makes what a deployment runs in, starts it and waits for it, a step at a time.

    Parameters
    ----------
    start_timeout: seconds that a scoring server may take to load its model.
    """

    def __init__(
        self,
        *,
        paths: Paths,
        environments: EnvironmentManager,
        registry: RegistryManager,
        box: SecretBox,
        journal: Journal,
        start_timeout: float,
        log: logging.Logger,
    ) -> None:
        self._paths = paths
        self._environments = environments
        self._registry = registry
        self._box = box
        self._journal = journal
        self._start_timeout = start_timeout
        self.preparations = Preparations(self._make_runtime, log)
        self._starting: dict[str, _Starting] = {}

    def folder(self, engine: Engine, endpoint: str) -> EndpointFolder:
        """The endpoint's folder."""
        return EndpointFolder(self._paths.endpoints / endpoint, engine.reach)

    def image(self, engine: Engine, deployment: DeploymentRecord) -> str:
        """Reference of its image; empty on an engine without images."""
        if Ability.IMAGES not in engine.abilities:
            return ""
        return specs.app_tag(self._environments.repository, self._paths, deployment)

    def container(self, deployment: DeploymentRecord) -> str:
        """Name of its container."""
        return specs.scoring_name(self._paths, deployment)

    # -- a step towards being ready ---------------------------------------------------------

    def bring_up(
        self, engine: Engine, endpoint: EndpointRecord, deployment: DeploymentRecord
    ) -> bool:
        """Do what is missing; True when it is ready.

        Raises
        ------
        Superseded: it is not wanted any more.
        ModelyardError, OSError: it cannot be started, or ended, or took too long.
        """
        if deployment.id not in self._starting:
            runtime = self.preparations.runtime(engine, deployment)
            if runtime is None:
                return False
            self._launch(engine, endpoint, deployment, runtime)
        return self._is_ready(engine, deployment)

    def is_starting(self, deployment: DeploymentRecord) -> bool:
        """Whether it was started and is waited for, or is being prepared."""
        return deployment.id in self._starting or self.preparations.busy(deployment.id)

    def over(self, deployment: DeploymentRecord) -> None:
        """It is ready, or not waited for any more: `bring_up` begins anew."""
        self._starting.pop(deployment.id, None)
        self._journal.done(deployment.id)

    def lives(self, engine: Engine, endpoint: EndpointRecord, deployment: DeploymentRecord) -> bool:
        """Whether its container runs, in the network that holds the port now."""
        seen = engine.inspect(self.container(deployment))
        if seen is None or seen.phase is not Phase.RUNNING:
            return False
        if Ability.HOLDS_PORTS not in engine.abilities:
            return True
        holder = engine.inspect(specs.holder_name(self._paths, endpoint.name))
        return holder is not None and holder.phase is Phase.RUNNING and joined(seen, holder)

    def _make_runtime(self, engine: Engine, deployment: DeploymentRecord) -> Runtime:
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
            lambda progress: self._journal.report(deployment, progress),
        )

    def _launch(
        self,
        engine: Engine,
        endpoint: EndpointRecord,
        deployment: DeploymentRecord,
        runtime: Runtime,
    ) -> None:
        """Container created and started; its network's holder first."""
        holder = self._hold_port(engine, endpoint, deployment)
        spec = specs.scoring_spec(
            self._paths,
            engine.reach,
            endpoint,
            deployment,
            runtime,
            self._box.open(deployment.env),
        )
        seen = engine.inspect(spec.container)
        if seen is not None and holder is not None and not joined(seen, holder):
            # It lives in the network of an earlier holder, where nobody can reach it.
            engine.remove(spec.container)
            seen = None
        alive = seen is not None and seen.phase in (Phase.RUNNING, Phase.PAUSED)
        if seen is None or not alive:
            progress = Progress(phase="creating", message="Creating the container")
            self._journal.report(deployment, progress)
            self.folder(engine, endpoint.name).clear_status(deployment.id)
            self._journal.set(deployment, state="starting")
        bring_up(engine, spec)  # one that somebody has paused goes on
        deadline = time.monotonic() + self._start_timeout
        before = seen.restarts if seen is not None and alive else 0  # else it was started by us
        self._starting[deployment.id] = _Starting(deadline, before)

    def _hold_port(
        self, engine: Engine, endpoint: EndpointRecord, deployment: DeploymentRecord
    ) -> ContainerState | None:
        """See that the port is held, and by what; None where no container does that."""
        if Ability.HOLDS_PORTS not in engine.abilities:
            return None
        name = specs.holder_name(self._paths, endpoint.name)
        seen = engine.inspect(name)
        if seen is None or seen.phase is not Phase.RUNNING:
            image = self._environments.ensure_base(
                engine, lambda progress: self._journal.report(deployment, progress)
            )
            spec = specs.holder_spec(self._paths, endpoint, image)
            bring_up(engine, spec)
            seen = engine.inspect(name)
        return seen

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
            progress = Progress(phase="starting", message=said.message)
            self._journal.report(deployment, progress)
        starting, now = self._starting[deployment.id], time.monotonic()
        if now >= starting.look:
            starting.look = now + ENGINE_POLL
            self.check_alive(engine, deployment)
        if now >= starting.deadline:
            raise WaitTimeout(
                f"The scoring server was not ready after {self._start_timeout:.0f} s.",
                hint="Look at its log. The configuration's ServingManager.start_timeout sets the "
                "time.",
            )
        return False

    def check_alive(self, engine: Engine, deployment: DeploymentRecord) -> None:
        """See that its container runs; one that is paused goes on.

        Raises
        ------
        ServerError: it ended, or ends again and again, or is gone.
        """
        seen = engine.inspect(self.container(deployment))
        if seen is None:
            raise ServerError("The container was removed while it started.", hint="Deploy again.")
        if seen.phase is Phase.PAUSED:
            engine.start(seen.container)
        starting = self._starting.get(deployment.id)
        before = starting.restarts if starting is not None else 0
        if seen.phase is Phase.EXITED or seen.restarts - before >= _STARTS:
            ended = exit_of(seen)
            self._journal.set(deployment, exit=ended)
            raise ServerError(
                f"The scoring server ended while it started: {ended.message}", hint=advice(ended)
            )


def joined(scoring: ContainerState, holder: ContainerState) -> bool:
    """Whether a scoring container is in the network of the holder as it lives now."""
    return (scoring.started or 0.0) >= (holder.started or 0.0)

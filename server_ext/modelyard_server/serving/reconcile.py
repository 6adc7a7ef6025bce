"""Which endpoints need work; what is done is in rollout.py, and when in `core.converge`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from modelyard_server.core.converged import Again
from modelyard_server.core.crashes import Attempts, CrashWindow
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Ability
from modelyard_server.engines.engines import Engines
from modelyard_server.engines.spec import ContainerState, Phase
from modelyard_server.serving.records import ADVANCING, DeploymentRecord, EndpointRecord
from modelyard_server.serving.rollout import Rollout
from modelyard_server.serving.spec import HOLDER, SCORING, endpoint_of, holder_name, scoring_name
from modelyard_server.serving.store import ServingStore

CRASHES = 4
CRASH_WINDOW = 180.0
"""This many starts within that many seconds, or in succession without being ready once, and a
deployment is not started again."""


class Endpoints:
    """The serving domain, for `core.converge`."""

    kinds: Collection[str] = (HOLDER, SCORING)

    def __init__(
        self,
        *,
        store: ServingStore,
        paths: Paths,
        engines: Engines,
        rollout: Rollout,
        changed: Callable[[str], None],
    ) -> None:
        self._store = store
        self._paths = paths
        self._engines = engines
        self._rollout = rollout
        self.changed = changed
        self._starts = CrashWindow(CRASHES, CRASH_WINDOW)
        self._attempts = Attempts(CRASHES)
        self._crash_loops: set[str] = set()

    def rows(self, engine: str) -> Sequence[EndpointRecord]:
        """The endpoints on an engine."""
        return self._store.on(engine)

    def containers(self, row: EndpointRecord) -> Collection[str]:
        """The holder of its port, and one for each deployment."""
        scoring = {scoring_name(self._paths, deployment) for deployment in row.deployments}
        return scoring | {holder_name(self._paths, row.name)}

    def owner(self, container: ContainerState) -> str:
        """Name of the endpoint."""
        return endpoint_of(container)

    def due(self, row: EndpointRecord, seen: Mapping[str, ContainerState]) -> bool:
        """Whether what runs is not what is wanted."""
        coming, current = row.next, row.current
        if row.desired == "deleted":
            return True
        if row.error is not None:
            return False  # what there is of it is left alone
        serves = current if current is not None and current.state != "failed" else None
        scoring = seen.get(scoring_name(self._paths, serves)) if serves is not None else None
        if serves is not None and scoring is not None and self._crashes(row, serves, scoring):
            self._crash_loops.add(row.name)
            return True
        if row.retired or (coming is not None and coming.state in ADVANCING):
            return True
        if current is None or serves is None:
            return False
        return current.state != "running" or not self._is_healthy(row, scoring, seen)

    def _crashes(
        self, row: EndpointRecord, serves: DeploymentRecord, scoring: ContainerState
    ) -> bool:
        """Whether what serves was started too often, going by its lives on the list."""
        if scoring.started is None:
            return False
        within = self._starts.count(serves.id, scoring.started)
        in_vain = self._attempts.count(serves.id, scoring.started)
        folder = self._rollout.folder(self._engines.of(row.engine), row.name)
        said = folder.status(serves.id)
        if said is not None and said.state == "ready" and said.time >= scoring.started:
            self._attempts.succeeded(serves.id)
            in_vain = False
        return within or in_vain

    def lost(self, engine: str) -> None:
        """What is started when the engine answers again did not crash."""
        for row in self._store.on(engine):
            for deployment in row.deployments:
                self._starts.forget(deployment.id)
                self._attempts.forget(deployment.id)

    def _is_healthy(
        self,
        row: EndpointRecord,
        scoring: ContainerState | None,
        seen: Mapping[str, ContainerState],
    ) -> bool:
        if scoring is None or scoring.phase is not Phase.RUNNING:
            return False
        if Ability.HOLDS_PORTS not in self._engines.of(row.engine).abilities:
            return True
        holder = seen.get(holder_name(self._paths, row.name))
        if holder is None or holder.phase is not Phase.RUNNING:
            return False
        return (scoring.started or 0.0) >= (holder.started or 0.0)

    def converge(self, key: str) -> Again | None:
        """Bring an endpoint to what is wanted of it now.

        Raises
        ------
        ModelyardError: not possible now.
        """
        if key in self._crash_loops:
            self._crash_loops.discard(key)
            self._rollout.give_up(
                key,
                f"The scoring server was started {CRASHES} times within minutes, or without "
                "becoming ready once, and is left off.",
            )
        return self._rollout.converge(key)

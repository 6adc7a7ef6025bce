"""The loop of the serving domain: finds endpoints that need work and hands them to workers.

It compares rows and containers in both directions; what is to be done is in rollout.py.
"""

from __future__ import annotations

import logging
import time
from collections import deque

from modelyard.errors import EngineUnavailable, ModelyardError
from modelyard_server.core.keyed import KeyedWorkers
from modelyard_server.core.loop import Loop
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Engine
from modelyard_server.engines.spec import ContainerState, Phase
from modelyard_server.serving.records import ADVANCING, EndpointRecord
from modelyard_server.serving.rollout import Rollout
from modelyard_server.serving.spec import HOLDER, SCORING, holder_name, scoring_name
from modelyard_server.serving.store import ServingStore

INTERVAL = 2.0
WORKERS = 4
RETRY = 5.0
"""Seconds before work that failed for want of something (Docker, a port) is tried again."""
CRASHES = 4
CRASH_WINDOW = 180.0
"""This many starts within that many seconds, and a deployment is not started again."""


class Reconciler:
    """Watches all endpoints of the workspace."""

    def __init__(
        self,
        *,
        store: ServingStore,
        paths: Paths,
        engine: Engine,
        rollout: Rollout,
        log: logging.Logger,
    ) -> None:
        self._store = store
        self._paths = paths
        self._engine = engine
        self._rollout = rollout
        self._log = log
        self._workers = KeyedWorkers("serving", WORKERS, log)
        self._loop = Loop("serving", self.step, INTERVAL, log)
        self._swept = False
        self._adopted: set[str] = set()
        self._not_before: dict[str, float] = {}
        self._starts: dict[str, deque[tuple[float, float]]] = {}
        self._trouble: dict[str, ModelyardError] = {}
        self._engine_error: EngineUnavailable | None = None

    def start(self) -> None:
        """Begin."""
        self._loop.start()

    def stop(self) -> None:
        """End; what is under way is repaired by the next server."""
        self._rollout.stopping.set()
        self._loop.stop()
        self._workers.stop()

    def wake(self, name: str = "") -> None:
        """Something is wanted (of that endpoint): look now."""
        self._not_before.pop(name, None)
        self._loop.wake()

    def trouble(self, name: str) -> ModelyardError | None:
        """What keeps an endpoint from being what it should be, while it is being tried again."""
        return self._engine_error or self._trouble.get(name)

    # -- one step ---------------------------------------------------------------------------

    def step(self) -> None:
        """Compare rows and containers once and begin what is needed."""
        if self._swept and not self._store.all():
            return
        try:
            # Before the rows: a container on this list has its row by now, or lost it since.
            found = {
                state.container: state
                for state in self._engine.list(self._paths.workspace_id)
                if state.kind in (HOLDER, SCORING)
            }
        except EngineUnavailable as error:
            self._engine_down(error)
            return
        self._swept = True
        endpoints = self._store.all()
        self._engine_up(endpoints)
        self._forget(endpoints)
        for endpoint in endpoints:
            if not self._workers.busy(endpoint.name):
                self._compare(endpoint, found)
        for container in found.keys() - self._known(endpoints):
            self._log.info("modelyard: removing %s, which belongs to no endpoint", container)
            self._workers.submit(container, lambda name=container: self._engine.remove(name))

    def _compare(self, endpoint: EndpointRecord, found: dict[str, ContainerState]) -> None:
        name, coming, current = endpoint.name, endpoint.next, endpoint.current
        ailing = False
        if current is not None and current.state != "failed":
            seen = found.get(scoring_name(self._paths, current))
            if seen is not None and self._crash_loops(name, current.id, seen):
                return
            ailing = current.state != "running" or not self._healthy(endpoint, seen, found)
        advancing = coming is not None and coming.state in ADVANCING
        if endpoint.desired == "deleted" or endpoint.retired or advancing or ailing:
            self._work(name)

    def _healthy(
        self,
        endpoint: EndpointRecord,
        seen: ContainerState | None,
        found: dict[str, ContainerState],
    ) -> bool:
        if endpoint.name not in self._adopted:
            return False
        if seen is None or seen.phase is not Phase.RUNNING:
            return False
        if not self._rollout.holds_ports:
            return True
        holder = found.get(holder_name(self._paths, endpoint.name))
        if holder is None or holder.phase is not Phase.RUNNING:
            return False
        return (seen.started or 0.0) >= (holder.started or 0.0)

    def _crash_loops(self, name: str, deployment: str, seen: ContainerState) -> bool:
        """Count starts; True when there were too many, and giving up has begun."""
        if seen.started is None:
            return False
        starts = self._starts.setdefault(deployment, deque(maxlen=CRASHES))
        if not starts or starts[-1][0] != seen.started:
            starts.append((seen.started, time.monotonic()))
        if len(starts) < CRASHES or starts[-1][1] - starts[0][1] > CRASH_WINDOW:
            return False
        starts.clear()
        self._workers.submit(name, lambda: self._give_up(name))
        return True

    # -- workers ----------------------------------------------------------------------------

    def _work(self, name: str) -> None:
        if self._not_before.get(name, 0.0) > time.monotonic():
            return
        self._workers.submit(name, lambda: self._converge(name))

    def _converge(self, name: str) -> None:
        try:
            self._rollout.converge(name)
        except ModelyardError as error:
            self._log.warning("modelyard: endpoint %s: %s", name, error)
            self._trouble[name] = error
            self._not_before[name] = time.monotonic() + RETRY
        except BaseException:
            self._not_before[name] = time.monotonic() + RETRY
            raise
        else:
            self._trouble.pop(name, None)
            self._adopted.add(name)
        finally:
            self._rollout.tell(name)
            self._loop.wake()

    def _give_up(self, name: str) -> None:
        self._trouble.pop(name, None)
        self._rollout.give_up(
            name, f"The scoring server was started {CRASHES} times within minutes and is left off."
        )

    def _known(self, endpoints: list[EndpointRecord]) -> set[str]:
        names = {holder_name(self._paths, endpoint.name) for endpoint in endpoints}
        for endpoint in endpoints:
            names |= {scoring_name(self._paths, d) for d in endpoint.deployments}
        return names

    def _forget(self, endpoints: list[EndpointRecord]) -> None:
        """Drop what is remembered of endpoints and deployments that are gone."""
        names = {endpoint.name for endpoint in endpoints}
        self._adopted &= names
        for gone in self._trouble.keys() - names:
            self._trouble.pop(gone, None)
        for gone in self._starts.keys() - {endpoint.current_id for endpoint in endpoints}:
            self._starts.pop(gone, None)

    def _engine_up(self, endpoints: list[EndpointRecord]) -> None:
        if self._engine_error is not None:
            self._engine_error = None
            for endpoint in endpoints:
                self._rollout.tell(endpoint.name)

    def _engine_down(self, error: EngineUnavailable) -> None:
        known = self._engine_error is not None
        self._engine_error = error
        if not known:
            self._log.warning("modelyard: %s", error)
            for endpoint in self._store.all():
                self._rollout.tell(endpoint.name)

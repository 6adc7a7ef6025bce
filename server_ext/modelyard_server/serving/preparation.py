"""Environments and images, made beside the endpoints' turns: what serves is kept up meanwhile."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from modelyard_server.core.keyed import KeyedWorkers
from modelyard_server.engines.base import Engine
from modelyard_server.engines.spec import Runtime
from modelyard_server.serving.records import DeploymentRecord

_AT_ONCE = 4
"""For each engine: one that hangs holds up no other's."""


class Preparations:
    """Makes runtimes on workers of its own.

    Parameters
    ----------
    make: makes what a deployment runs in; may take minutes, quick when it is there.
    """

    def __init__(
        self, make: Callable[[Engine, DeploymentRecord], Runtime], log: logging.Logger
    ) -> None:
        self._make = make
        self._log = log
        self._lock = threading.Lock()
        self._workers: dict[str, KeyedWorkers] = {}
        self._made: dict[str, Runtime | Exception] = {}
        self._begun: dict[str, float] = {}
        self._stopped = False

    def runtime(self, engine: Engine, deployment: DeploymentRecord) -> Runtime | None:
        """What a deployment runs in, None while it is being made.

        Raises
        ------
        Exception: whatever kept it from being made; the next call begins anew.
        """
        with self._lock:
            made = self._made.pop(deployment.id, None)
            if made is None:
                self._begin(engine, deployment)
                return None
        if isinstance(made, Exception):
            raise made
        return made

    def busy(self, deployment: str) -> bool:
        """Whether something is being made for a deployment."""
        with self._lock:
            return any(workers.busy(deployment) for workers in self._workers.values())

    def taken(self, deployment: str) -> float:
        """Seconds that something is being made for a deployment by now; 0 where nothing is."""
        begun = self._begun.get(deployment)
        return time.monotonic() - begun if begun is not None else 0.0

    def forget(self, deployment: str) -> None:
        """Drop what was made and not asked for any more."""
        with self._lock:
            self._made.pop(deployment, None)

    def stop(self, settle: float) -> None:
        """Begin nothing more, and wait for what is being made, at most `settle` seconds each."""
        with self._lock:
            self._stopped = True
            every = list(self._workers.values())
        for workers in every:
            workers.stop()
        for workers in every:
            workers.settle(settle)

    def _begin(self, engine: Engine, deployment: DeploymentRecord) -> None:
        if self._stopped:
            return
        if engine.name not in self._workers:
            name = f"preparing-{engine.name}"
            self._workers[engine.name] = KeyedWorkers(name, _AT_ONCE, self._log)

        def prepare() -> None:
            made: Runtime | Exception
            try:
                made = self._make(engine, deployment)
            except Exception as error:  # noqa: BLE001 - told to whoever asks for the runtime
                made = error
            with self._lock:
                self._made[deployment.id] = made
                self._begun.pop(deployment.id, None)

        self._begun.setdefault(deployment.id, time.monotonic())
        self._workers[engine.name].submit(deployment.id, prepare)

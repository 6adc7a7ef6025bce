"""What the browser hears of runs: at once when they begin or end, else twice a second at most."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from modelyard.errors import NotFound
from modelyard.schema.tracking import ExperimentInfo, RunInfo
from modelyard_server.core.events import Events

_APART = 0.5
"""Seconds between two events of one run."""


class LiveRuns:
    """Gathers what changed. Never an event a metric point: they would fill the event loop."""

    def __init__(
        self,
        events: Events,
        run: Callable[[str], RunInfo],
        experiment: Callable[[int], ExperimentInfo],
    ) -> None:
        self._events = events
        self._run = run
        self._experiment = experiment
        self._dirty: set[str] = set()
        self._sent: dict[str, float] = {}
        self._lock = threading.Lock()

    def mark(self, id: str) -> None:
        """A run has logged something."""
        with self._lock:
            self._dirty.add(id)

    def flush(self) -> None:
        """Tell of the runs that are due."""
        now = time.monotonic()
        with self._lock:
            due = [id for id in self._dirty if now - self._sent.get(id, 0.0) >= _APART]
            self._sent = {id: at for id, at in self._sent.items() if now - at < _APART}
        for id in due:
            try:
                self.run_now(id)
            except NotFound:
                with self._lock:
                    self._dirty.discard(id)

    def run_now(self, id: str) -> RunInfo:
        """Tell of a run, and give it."""
        with self._lock:
            self._dirty.discard(id)
            self._sent[id] = time.monotonic()
        run = self._run(id)
        self._events.updated("run", id, run)
        return run

    def experiment_now(self, id: int) -> ExperimentInfo:
        """Tell of an experiment, and give it."""
        found = self._experiment(id)
        self._events.updated("experiment", str(id), found)
        return found

"""What is left to do after a run has ended; what fails is tried again, and holds nobody up."""

from __future__ import annotations

import logging
import threading
import time

from modelyard_server.tracking.layout import log_key
from modelyard_server.tracking.output import OutputLogs
from modelyard_server.tracking.spools import Spools
from modelyard_server.tracking.store.runs import RunStore

_AGAIN = 5.0
"""Seconds until what failed is tried again."""


class Closing:
    """Keeps the logs of ended runs as artifacts and removes their spools."""

    def __init__(
        self, logs: OutputLogs, spools: Spools, runs: RunStore, log: logging.Logger
    ) -> None:
        self._logs = logs
        self._spools = spools
        self._runs = runs
        self._log = log
        self._failed: dict[str, str] = {}
        self._not_before = 0.0
        self._lock = threading.Lock()

    def close(self, uid: str) -> None:
        """Tidy up after one run; never raises, see `problems`."""
        try:
            self._logs.seal(uid, log_key(uid))
            if self._runs.exists(uid):
                self._spools.of(self._runs.position(uid).holder, uid).remove()
        except Exception as error:  # noqa: BLE001 - the run has ended, whatever its files do
            with self._lock:
                known = self._failed.get(uid) == str(error)
                self._failed[uid] = str(error)
            if not known:
                self._log.error("run %s: its output is not stored yet: %s", uid, error)
        else:
            with self._lock:
                self._failed.pop(uid, None)

    def look_back(self) -> None:
        """Tidy up after the runs that ended when no server was there to do it."""
        for uid in self._logs.growing():
            if not self._runs.exists(uid) or self._runs.position(uid).ended:
                self.close(uid)

    def retry(self) -> None:
        """Try again what failed, every few seconds."""
        if not self._failed or time.monotonic() < self._not_before:
            return
        self._not_before = time.monotonic() + _AGAIN
        with self._lock:
            waiting = list(self._failed)
        for uid in waiting:
            self.close(uid)

    def problems(self) -> list[str]:
        """Sentences about what waits; empty when nothing does."""
        with self._lock:
            waiting = dict(self._failed)
        if not waiting:
            return []
        runs = "a run that has" if len(waiting) == 1 else f"{len(waiting)} runs that have"
        return [f"The output of {runs} ended is not stored yet: {next(iter(waiting.values()))}"]

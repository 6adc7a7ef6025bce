"""Background actions, at most one at a time for a key."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


class KeyedWorkers:
    """Reconcile loops hand over slow steps (build, start) here, keyed by object name."""

    def __init__(self, name: str, workers: int, log: logging.Logger) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"modelyard-{name}")
        self._busy: set[str] = set()
        self._running: set[str] = set()
        self._lock = threading.Condition()
        self._log = log

    def busy(self, key: str) -> bool:
        """Whether an action for the key is under way."""
        with self._lock:
            return key in self._busy

    def submit(self, key: str, action: Callable[[], None]) -> bool:
        """Run `action` unless one for the key is under way; says whether it was taken."""
        with self._lock:
            if key in self._busy:
                return False
            self._busy.add(key)
        self._pool.submit(self._run, key, action)
        return True

    def stop(self) -> None:
        """Take no more; actions under way are repaired by the next server's reconcile."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._busy &= self._running

    def settle(self, timeout: float) -> None:
        """Wait for the actions that run now, at most `timeout` seconds."""
        with self._lock:
            self._lock.wait_for(lambda: not self._busy, timeout)

    def _run(self, key: str, action: Callable[[], None]) -> None:
        with self._lock:
            self._running.add(key)
        try:
            action()
        except Exception:  # noqa: BLE001 - a worker outlives its actions
            self._log.exception("modelyard: an action for %s failed", key)
        finally:
            with self._lock:
                self._running.discard(key)
                self._busy.discard(key)
                self._lock.notify_all()

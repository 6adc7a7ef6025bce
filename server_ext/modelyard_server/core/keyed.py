"""Background actions, at most one at a time for a key."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

Action = Callable[[], None]


class KeyedWorkers:
    """Reconcile loops hand over slow steps (build, start) here, keyed by object name.

    The threads are daemons: a process that ends waits for none of them (fetching packages may
    take an hour), and what they leave half done is repaired by the next server.

    Parameters
    ----------
    finished: told a key when it is free again: an action for it is taken from then on.
    """

    def __init__(
        self,
        name: str,
        workers: int,
        log: logging.Logger,
        finished: Callable[[str], None] = lambda _key: None,
    ) -> None:
        self._name = name
        self._finished = finished
        self._most = workers
        self._log = log
        self._waiting: deque[tuple[str, Action]] = deque()
        self._busy: set[str] = set()
        self._threads = 0
        self._idle = 0
        self._stopped = False
        self._lock = threading.Condition()

    def busy(self, key: str) -> bool:
        """Whether an action for the key is under way."""
        with self._lock:
            return key in self._busy

    def submit(self, key: str, action: Action) -> bool:
        """Run `action` unless one for the key is under way; says whether it was taken."""
        with self._lock:
            if key in self._busy or self._stopped:
                return False
            self._busy.add(key)
            self._waiting.append((key, action))
            if self._idle < len(self._waiting) and self._threads < self._most:
                self._threads += 1
                threading.Thread(
                    target=self._work, name=f"modelyard-{self._name}", daemon=True
                ).start()
            self._lock.notify()
        return True

    def stop(self) -> None:
        """Take no more, and begin nothing that waits."""
        with self._lock:
            self._stopped = True
            self._busy -= {key for key, _ in self._waiting}
            self._waiting.clear()
            self._lock.notify_all()

    def settle(self, timeout: float) -> None:
        """Wait for the actions that run now, at most `timeout` seconds."""
        with self._lock:
            self._lock.wait_for(lambda: not self._busy, timeout)

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
                self._lock.wait_for(lambda: self._waiting or self._stopped)
                self._idle -= 1
                if not self._waiting:
                    return
                key, action = self._waiting.popleft()
            try:
                action()
            except Exception:  # noqa: BLE001 - a worker outlives its actions
                self._log.exception("modelyard: an action for %s failed", key)
            finally:
                with self._lock:
                    self._busy.discard(key)
                    self._lock.notify_all()
                self._finished(key)

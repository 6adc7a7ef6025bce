"""A periodic task in a thread of its own, woken early when there is something to do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable


class Loop:
    """Calls `step` every `interval` seconds, and at once after `wake()`, until `stop()`.

    An exception of a step is logged and the next step follows: a loop never dies.
    """

    def __init__(
        self, name: str, step: Callable[[], None], interval: float, log: logging.Logger
    ) -> None:
        self._name = name
        self._step = step
        self._interval = interval
        self._log = log
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; the first step runs at once."""
        self._thread = threading.Thread(
            target=self._run, name=f"modelyard-{self._name}", daemon=True
        )
        self._thread.start()

    def wake(self) -> None:
        """Run a step now."""
        self._wake.set()

    def finish(self) -> None:
        """End after the step that runs, without waiting for it: for a step that ends its loop."""
        self._stopped.set()
        self._wake.set()

    def stop(self, timeout: float = 10.0) -> None:
        """Let the step that runs finish, then end."""
        self.finish()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.clear()
            try:
                self._step()
            except Exception:  # noqa: BLE001 - a loop outlives its steps
                self._log.exception("modelyard: the %s loop failed; it goes on", self._name)
            self._wake.wait(self._interval)

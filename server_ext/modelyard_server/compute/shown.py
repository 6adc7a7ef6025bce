"""What is shown of an instance while something is done with it, or while it waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from modelyard.schema.common import Progress

_WAITING = "waiting"


class Shown:
    """The progress of instances, by name; it is kept in memory only.

    Parameters
    ----------
    changed: told the name of an instance whose progress changed.
    """

    def __init__(self, changed: Callable[[str], None]) -> None:
        self._changed = changed
        self._progress: dict[str, Progress] = {}

    def get(self, name: str) -> Progress | None:
        """What is being done at this moment."""
        return self._progress.get(name)

    def report(self, name: str, progress: Progress) -> None:
        """Show this from now on."""
        progress.since = progress.since or time.time()
        self._progress[name] = progress
        self._changed(name)

    def forget(self, name: str) -> None:
        """Show nothing, and tell nobody: whoever calls has more to tell."""
        self._progress.pop(name, None)

    @contextmanager
    def doing(self, name: str, message: str) -> Iterator[None]:
        """Show what is being done for as long as it takes."""
        self.report(name, Progress(phase=message.partition(" ")[0].lower(), message=message))
        try:
            yield
        finally:
            self.forget(name)
            self._changed(name)

    def waits(self, name: str) -> bool:
        """Whether it is shown as waiting."""
        shown = self.get(name)
        return shown is not None and shown.phase == _WAITING

    def wait(self, name: str, message: str) -> None:
        """Show what it waits for, until something else is shown; silent while that is the same."""
        shown = self.get(name)
        since = shown.since if shown is not None and shown.phase == _WAITING else 0.0
        if not since or shown is None or shown.message != message:
            self.report(name, Progress(phase=_WAITING, message=message, since=since))

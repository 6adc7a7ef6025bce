"""Beginning what belongs to a server, part by part: one that cannot begin holds up no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from modelyard_server.core.loop import Loop

RETRY = 5.0
"""Seconds between two tries to begin what could not."""


class Starting:
    """Begins parts in their order; what fails (on a full disk, say) is tried again until it works.

    Parameters
    ----------
    parts: what each is called, for people, and what begins it.
    changed: called when `problems` says something else.
    """

    def __init__(
        self,
        parts: Mapping[str, Callable[[], None]],
        changed: Callable[[], None],
        log: logging.Logger,
    ) -> None:
        self._parts = dict(parts)
        self._failing: dict[str, str] = {}
        self._changed = changed
        self._log = log
        self._loop = Loop("starting", self._try, RETRY, log)

    def begin(self) -> None:
        """Try all once; go on in the background with those that failed."""
        self._try()
        if self._parts:
            self._loop.start()

    def stop(self) -> None:
        """Begin no more."""
        self._parts.clear()
        self._loop.stop()

    def problems(self) -> list[str]:
        """A sentence for each part that has not begun."""
        return [f"{name} could not begin: {why}" for name, why in self._failing.items()]

    def _try(self) -> None:
        before = self._failing
        for name, begin in list(self._parts.items()):
            try:
                begin()
            except Exception as error:  # noqa: BLE001 - whatever it is, the others begin
                if name not in self._failing:
                    self._log.error("modelyard: %s cannot begin yet", name, exc_info=error)
                self._failing = {**self._failing, name: str(error)}
            else:
                self._parts.pop(name, None)
                self._failing = {key: why for key, why in self._failing.items() if key != name}
        if self._failing != before:
            self._changed()
        if not self._parts:
            self._loop.finish()

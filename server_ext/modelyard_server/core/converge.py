"""The one way in which what runs is brought to what is wanted.

A domain says what it has (rows), which of it needs work (`due`) and how to do that (`converge`).
Everything else is here, once: an engine is listed before the rows are read, so that a container on
the list has its row by now, or lost it since; work is done on workers, never two at once for a key;
what has no row is looked up again before it is removed; failures are tried again with growing
pauses; an engine that does not answer holds up its own objects and no others; and whoever waits
(for a program to be ready, for requests to be answered) gives the worker back meanwhile.

Each engine has a lane of its own (a thread that looks, and workers that act): one that hangs for
its whole time limit delays nobody else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from modelyard.errors import EngineUnavailable, ModelyardError
from modelyard_server.core.converged import Domain, Listed
from modelyard_server.core.lane import Lane


class Converger:
    """Keeps one domain converging on all engines.

    Parameters
    ----------
    name: of the domain, for logs.
    workspace: the workspace's id.
    engines: those that the server has; each object stays on its own.
    health_changed: called when an engine begins or ceases to answer.
    """

    def __init__(
        self,
        name: str,
        domain: Domain,
        engines: Sequence[Listed],
        workspace: str,
        health_changed: Callable[[], None],
        log: logging.Logger,
    ) -> None:
        self._lanes = {
            engine.name: Lane(
                f"{name}-{engine.name}", domain, engine, workspace, health_changed, log
            )
            for engine in engines
        }

    def start(self) -> None:
        """Begin to look and to act."""
        for lane in self._lanes.values():
            lane.start()

    def stop(self) -> None:
        """End; what is under way is repaired by the next server."""
        for lane in self._lanes.values():
            lane.ask_to_stop()
        for lane in self._lanes.values():
            lane.stop()

    def settle(self, timeout: float) -> None:
        """After `stop`: wait for the actions that are under way, at most `timeout` seconds each."""
        for lane in self._lanes.values():
            lane.workers.settle(timeout)

    def lane(self, engine: str) -> Lane:
        """The lane of an engine.

        Raises
        ------
        EngineUnavailable: the server has no such engine.
        """
        if engine not in self._lanes:
            raise unknown_engine(engine)
        return self._lanes[engine]

    def knows(self, engine: str) -> bool:
        """Whether the server has an engine of that name; else nobody acts on what is on it."""
        return engine in self._lanes

    def trouble(self, engine: str, key: str) -> ModelyardError | None:
        """What keeps an object from being what it should be, while it is being tried again."""
        try:
            return self.lane(engine).trouble(key)
        except EngineUnavailable as error:
            return error

    def down(self, engine: str) -> EngineUnavailable | None:
        """Why the engine cannot be asked; None when it answered at the last look, or none was."""
        try:
            return self.lane(engine).down
        except EngineUnavailable as error:
            return error


def unknown_engine(name: str) -> EngineUnavailable:
    """What is to be said of an object on an engine that the server does not have."""
    return EngineUnavailable(
        f"This server has no engine '{name}'.",
        hint="Was it made by a newer version? Deleting takes force: what is left there stays.",
    )

"""What Docker's containers do, without asking about each of them again and again.

Docker's list says little of a container; what matters (when it started, how it ended) takes a
question each. So answers are kept, and asked for anew only of containers that Docker's event stream
(https://docs.docker.com/reference/api/engine/ `GET /events`) or the list says have changed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from modelyard_server.engines.docker_client import DockerClient
from modelyard_server.engines.spec import LABEL_DEVICES, LABEL_WORKSPACE, ContainerState

_RETRY = 2.0
"""Seconds between two tries to hear Docker."""
_SILENCE = 300
"""Seconds without an event after which the stream is opened anew: the other end of a connection
to another machine may be gone without a word."""

Changed = Callable[[], None]


class DockerWatch:
    """Hears of changes while anybody wants to know, and keeps what was seen meanwhile."""

    def __init__(self, client: DockerClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._listeners: list[tuple[str, Changed]] = []
        self._states: dict[str, tuple[str, ContainerState]] = {}
        self._hears = False
        self._count = 0
        self._stream: Any = None
        self._over = threading.Event()

    def subscribe(self, workspace: str, changed: Changed) -> Callable[[], None]:
        """Call `changed` after each change in the workspace; gives what ends that.

        What others on the machine do, as tests without end, is nothing to look at, unless they
        have devices.
        """
        listener = (workspace, changed)
        with self._lock:
            self._listeners.append(listener)
            if len(self._listeners) == 1:
                self._over = threading.Event()
                threading.Thread(
                    target=self._run, args=(self._over,), name="modelyard-docker", daemon=True
                ).start()
        return lambda: self._unsubscribe(listener)

    def known(self, id: str, status: str) -> ContainerState | None:
        """What was seen of a container, if the list says the same and nothing was heard since."""
        with self._lock:
            kept = self._states.get(id)
            return kept[1] if kept is not None and kept[0] == status else None

    def keep(self, id: str, status: str, state: ContainerState, heard: int) -> None:
        """Remember an answer, unless something was heard since `heard`."""
        with self._lock:
            if self._hears and heard == self._count:
                self._states[id] = (status, state)

    def mark(self) -> int:
        """A moment: what was heard until now."""
        return self._count

    # -- listening --------------------------------------------------------------------------

    def _unsubscribe(self, listener: tuple[str, Changed]) -> None:
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)
            if self._listeners:
                return
            self._over.set()
            stream = self._stream
        if stream is not None:
            stream.close()

    def _run(self, over: threading.Event) -> None:
        while not over.is_set():
            # Whatever ends it (the engine's list says why, or `close` has taken the socket away):
            # nothing that was kept may be believed any more, and it is tried again.
            with suppress(Exception):
                self._listen(over)
            with self._lock:
                self._hears = False
                self._states.clear()
            self._tell()
            over.wait(_RETRY)

    def _listen(self, over: threading.Event) -> None:
        wanted = {"type": "container", "label": LABEL_WORKSPACE}
        with self._client.calling(_SILENCE) as api:
            stream = api.events(decode=True, filters=wanted)
            with self._lock:
                self._stream = stream
                self._states.clear()
                self._hears = not over.is_set()
            if over.is_set():
                stream.close()
                return
            for event in stream:
                # Every kernel is an exec, and changes nothing of its container.
                if not str(event.get("Action", "")).startswith("exec_"):
                    labels = (event.get("Actor") or {}).get("Attributes") or {}
                    # Devices are the machine's: whoever waits for one may get it now.
                    whose = None if LABEL_DEVICES in labels else labels.get(LABEL_WORKSPACE, "")
                    self._heard(str(event.get("id", "")), whose)

    def _heard(self, id: str, workspace: str | None) -> None:
        with self._lock:
            self._count += 1
            self._states.pop(id, None)  # of a removed one nothing is kept
        self._tell(workspace)

    def _tell(self, workspace: str | None = None) -> None:
        """Call those who listen to a workspace; None: all of them."""
        with self._lock:
            told = [each for of, each in self._listeners if workspace in (None, of)]
        for changed in told:
            changed()

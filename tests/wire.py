"""The way to the machine's Docker, which a test can cut.

Connections break and new ones are refused, as after `kill -9` of dockerd; containers live on.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from pathlib import Path

from tests.server_support import wait_for


def docker_address() -> str:
    """Path of the socket of the machine's Docker."""
    return os.environ.get("DOCKER_HOST", "").removeprefix("unix://") or "/var/run/docker.sock"


class Wire:
    """A Unix socket that leads to Docker's until it is cut."""

    def __init__(self, path: Path, target: str) -> None:
        self.path = path
        self._target = target
        self._ends: list[socket.socket] = []
        self._listening: socket.socket | None = None
        self._lock = threading.Lock()
        self._holds = False
        self.waiting = False
        """Whether somebody knocks at a wire that is cut and listens."""

    def mend(self) -> None:
        """Lead to Docker; silent when it does."""
        with self._lock:
            self._holds = True
        if self._listening is None:
            listening = socket.socket(socket.AF_UNIX)
            listening.bind(str(self.path))
            listening.listen(64)
            self._listening = listening
            threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def cut(self, *, listens: bool = False) -> None:
        """Break all connections, and refuse new ones.

        Parameters
        ----------
        listens: new ones wait, as with systemd's docker.socket, which listens for a dead dockerd.
        """
        with self._lock:
            self._holds = False
            for end in self._ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            self._ends.clear()
        if not listens and self._listening is not None:
            self.path.unlink()
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._listening = None

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = listening.accept()[0]
                self.waiting = not self._holds
                wait_for(lambda: self._holds, 600, "the wire is mended")
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                with self._lock:
                    self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)

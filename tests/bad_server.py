"""A server that does not speak as it should."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable


class BadServer:
    """Reads a request, lets `respond` do what it wants with the connection, then hangs up."""

    def __init__(self, respond: Callable[[socket.socket], None]) -> None:
        self._respond = respond
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection = self._listening.accept()[0]
            except OSError:
                return
            with connection:
                connection.recv(65536)
                self._respond(connection)

    def close(self) -> None:
        """Stop listening."""
        self._listening.close()

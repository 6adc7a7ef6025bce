"""The client against servers that misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from modelyard.client import Client
from modelyard.errors import NotConnected


class Rude:
    """Hangs up on the first request of all, and answers those after it."""

    def __init__(self) -> None:
        self.requests = 0
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
                self.requests += 1
                if self.requests > 1:
                    connection.sendall(
                        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
                    )

    def close(self) -> None:
        """Stop listening."""
        self._listening.close()


@pytest.fixture
def rude() -> Iterator[Rude]:
    """One such server."""
    server = Rude()
    yield server
    server.close()


def test_a_question_is_asked_again(rude: Rude) -> None:
    assert Client(rude.url).get("/x", dict) == {}
    assert rude.requests == 2


def test_an_order_is_given_once(rude: Rude) -> None:
    with pytest.raises(NotConnected, match="does not answer"):
        Client(rude.url).post("/x", {})
    assert rude.requests == 1

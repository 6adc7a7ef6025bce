"""The client against servers that misbehave."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from modelyard.client import Client
from modelyard.errors import NotConnected
from tests.bad_server import BadServer


class Rude(BadServer):
    """Hangs up on the first request of all, and answers those after it."""

    def __init__(self) -> None:
        self.requests = 0
        super().__init__(self._answer_all_but_one)

    def _answer_all_but_one(self, connection: socket.socket) -> None:
        self.requests += 1
        if self.requests > 1:
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
            )


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

"""What a client without a key, or one that never finishes, can hold of a scoring server."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path

import pytest

from tests.score.conftest import KEY, Scorer

WAITS = """
import pathlib, time
def run(raw):
    deadline = time.monotonic() + 60
    while not pathlib.Path(raw).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return "done"
"""

QUICK = """
from modelyard.score import connection
connection.REQUEST_SECONDS = 1.0
from modelyard.score.__main__ import main
main()
"""
"""The scoring server as it is, but for its patience."""

HEAD = f"POST /score HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n".encode()
BODY = b'{"data": 1}'
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


@pytest.fixture
def server(scorer: Scorer, tmp_path: Path) -> Scorer:
    """One with the patience of a second, whose script waits for the file that it is named."""
    scorer.command = ["-c", QUICK]
    return scorer.start(tmp_path, WAITS).ready()


def _open(server: Scorer, *sent: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    for piece in sent:
        client.sendall(piece)
    return client


def _rest(client: socket.socket) -> bytes:
    """All that still comes, to the end; empty too when it ends by a reset."""
    got = b""
    try:
        while piece := client.recv(1 << 16):
            got += piece
    except ConnectionResetError:
        pass
    client.close()
    return got


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\r\n",
        b"PO",
        HEAD,
        HEAD + b"Content-Length: 100\r\n\r\nhalf",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
    ],
)
def test_what_never_becomes_a_whole_request_is_closed(server: Scorer, sent: bytes) -> None:
    assert _rest(_open(server, sent)) == b""


def test_half_a_second_request_is_closed_too(server: Scorer, tmp_path: Path) -> None:
    client = _open(server, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /hea")
    assert _rest(client).count(b"200 OK") == 1
    client = _open(server, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"200 OK" in client.recv(1 << 16)
    client.sendall(b"\r\n")
    assert b"HTTP" not in _rest(client)


def test_idle_clients_and_long_requests_are_left_alone(server: Scorer, tmp_path: Path) -> None:
    idle = server.connect()
    idle.request("GET", "/health")
    assert idle.getresponse().read()
    longer = server.connect()
    file = tmp_path / "go"
    longer.request("POST", "/score", str(file), {"Authorization": f"Bearer {KEY}"})
    for _ in range(3):  # three times as long as half a request may take
        assert _rest(_open(server, HEAD)) == b""
    file.touch()
    assert json.loads(longer.getresponse().read()) == "done"
    connection = idle.sock
    idle.request("GET", "/health")
    assert idle.getresponse().status == 200 and idle.sock is connection
    for client in (idle, longer):
        client.close()


def _flood(server: Scorer, begin: bytes, piece: bytes, most: int) -> tuple[int, bytes]:
    """Send pieces until the server has enough, at most `most` bytes; how many, and its answer."""
    client, sent = _open(server, begin), 0
    try:
        while sent < most:
            client.sendall(piece)
            sent += len(piece)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return sent, _rest(client)


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET /health HTTP/1.1\r\n", b"X-A: 1\r\n" * 8_000),
        (b"GET /health HTTP/1.1\r\nX-A: ", b"x" * 60_000),
        (b"GET /", b"x" * 60_000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-A: ", b"x" * 60_000),
    ],
    ids=["headers", "header", "url", "trailer"],
)
def test_heads_without_end_are_refused_early(server: Scorer, begin: bytes, piece: bytes) -> None:
    sent, _answer = _flood(server, begin, piece, 64 << 20)
    assert sent < 32 << 20  # what lies in the buffers of the sockets is sent too


def test_a_large_head_gets_an_answer(server: Scorer) -> None:
    client = _open(server, b"GET /health HTTP/1.1\r\nX-A: ")
    client.sendall(b"x" * 1000)
    for _ in range(50):
        client.sendall(b"x" * 1000)
    assert _rest(client).startswith(b"HTTP/1.1 431 ")
    many = b"".join(b"X-%d: 1\r\n" % n for n in range(1000))
    client = _open(
        server, b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + many + b"\r\n"
    )
    assert _rest(client).startswith(b"HTTP/1.1 200 ")


def test_a_body_is_not_read_for_a_wrong_key(server: Scorer) -> None:
    head = b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n"
    sent, answer = _flood(server, head, b"x" * 60_000, 100 << 20)
    assert sent < 50 << 20 and answer.startswith(b"HTTP/1.1 401 ")
    # A body of ordinary size costs its sender neither the answer nor the connection.
    client = server.connect()
    for _ in range(2):
        client.request("POST", "/score", BODY, {"Authorization": "Bearer wrong"})
        assert client.getresponse().read()
        connection = client.sock
        assert connection is not None
    client.request("GET", "/health")
    assert client.getresponse().status == 200 and client.sock is connection
    client.close()
    for size in (100_000, 900_000):
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        client.request("POST", "/score", b"x" * size, {"Authorization": "Bearer wrong"})
        assert client.getresponse().status == 401
        client.close()


def test_half_a_body_is_not_scored(scorer: Scorer, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    scorer.env["SEEN"] = str(seen)
    notes = 'import os\ndef run(raw): open(os.environ["SEEN"], "a").write(raw)'
    scorer.start(tmp_path, notes).ready()
    _open(scorer, HEAD + b"Content-Length: 10000\r\n\r\nhalf").close()
    for _ in range(2):
        assert scorer.ask("POST", "/score", b"whole")[0] == 200
    assert seen.read_text() == "wholewhole"

"""What the server makes of an endpoint's answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from modelyard.errors import WrongState
from modelyard_server.serving.call import score


class _Odd(BaseHTTPRequestHandler):
    """Repeats what it is sent; sends blanks without end when it is sent nothing."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.end_headers()
        size = int(self.headers["Content-Length"])
        if size:
            self.wfile.write(self.rfile.read(size))
            return
        try:
            while True:
                self.wfile.write(b" " * (1 << 20))
        except OSError:
            return  # the reader had enough

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Odd)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


async def test_an_answer_without_end_is_cut_off(port: int) -> None:
    with pytest.raises(WrongState, match="64 MiB"):
        await score(port, "key", b"")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b'{"result": [1]}', {"result": [1]}),
        (b'"\xff"', '"\ufffd"'),
        (b"[" * 10_000, "[" * 10_000),
    ],
)
async def test_an_answer_that_is_no_json_is_shown_as_text(
    port: int, raw: bytes, shown: object
) -> None:
    assert (await score(port, "key", raw)).body == shown

"""Two listeners on one port, and which of them the kernel gives a connection to."""

from __future__ import annotations

import contextlib
import socket

from modelyard.score.server import listen, take_over


def _accepted(listener: socket.socket) -> int:
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            count += 1
    return count


def _connect(port: int, times: int) -> None:
    for _ in range(times):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_every_new_connection_goes_to_the_newcomer() -> None:
    with listen("127.0.0.1", 0) as old:
        port = old.getsockname()[1]
        _connect(port, 3)
        with listen("127.0.0.1", port) as new:
            take_over(new)
            _connect(port, 50)
            assert (_accepted(old), _accepted(new)) == (3, 50)
            old.close()
            _connect(port, 5)
            assert _accepted(new) == 5
            # The next hand-over works the same way.
            with listen("127.0.0.1", port) as newest:
                take_over(newest)
                _connect(port, 50)
                assert (_accepted(new), _accepted(newest)) == (0, 50)


def test_with_nobody_else_listening_nothing_changes() -> None:
    with listen("127.0.0.1", 0) as only:
        take_over(only)
        _connect(only.getsockname()[1], 5)
        assert _accepted(only) == 5

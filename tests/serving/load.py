"""Callers of an endpoint that never pause: what a change behind it loses, they notice."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def load(port: int, key: str, clients: int = 4) -> Iterator[tuple[list[str], list[int]]]:
    """Callers that never pause, half of them on kept connections: what failed, how many did not."""
    failures: list[str] = []
    answered = [0] * clients
    stop = threading.Event()

    def call(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while not stop.is_set():
            try:
                headers = {"Authorization": f"Bearer {key}"}
                connection.request("POST", "/score", b'{"data": [[1, 1]]}', headers)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200:
                    failures.append(f"{answer.status} {body!r}")
                answered[number] += 1
            except (OSError, http.client.HTTPException) as error:
                failures.append(repr(error))
                connection.close()
            if number % 2:
                connection.close()
        connection.close()

    threads = [threading.Thread(target=call, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield failures, answered
    finally:
        stop.set()
        for thread in threads:
            thread.join()

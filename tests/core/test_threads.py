"""What serves requests: who asks is found at once, and what nobody awaits is given up."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from sqlalchemy import text

from modelyard_server.core.holder import LOCAL_SUBJECT
from modelyard_server.db.session import Database, Interrupted, abandoned
from modelyard_server.services import Services

ENDLESS = text(
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
)


class Busy:
    """A pool whose threads wait until they are let go."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.gate = threading.Event()
        for _ in range(pool._max_workers):
            pool.submit(self.gate.wait)


@pytest.fixture
def services(jp_serverapp: ServerApp, http_server: Any, http_server_port: Any) -> Services:
    jp_serverapp.test_port = http_server_port[-1]  # where pytest-jupyter listens
    return jp_serverapp.web_app.settings["modelyard"]


@pytest.fixture
def busy(jp_serverapp: ServerApp) -> Iterator[Busy]:
    """All threads for work are taken, until the test's end at the latest."""
    made = Busy(jp_serverapp.web_app.settings["modelyard_executor"])
    yield made
    made.gate.set()


async def _until(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def _request(
    app: ServerApp, method: str, path: str, token: str, body: bytes = b""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A request whose connection the test can close."""
    reader, writer = await asyncio.open_connection("127.0.0.1", app.test_port)
    head = (
        f"{method} {app.base_url}modelyard/api/v1/{path} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    return reader, writer


async def test_a_token_is_looked_up_while_all_threads_work(
    jp_serverapp: ServerApp, services: Services, busy: Busy
) -> None:
    reader, writer = await _request(jp_serverapp, "GET", "models", "myd_unknown")
    async with asyncio.timeout(30):
        assert b" 401 " in await reader.readline()
    writer.close()


async def test_queued_work_of_a_client_that_left_is_not_begun(
    jp_serverapp: ServerApp,
    services: Services,
    busy: Busy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = services.tokens.issue("instance", "x")
    pool = jp_serverapp.web_app.settings["modelyard_executor"]
    queued: list[Future[Any]] = []

    def submit(*args: Any) -> Future[Any]:
        queued.append(ThreadPoolExecutor.submit(pool, *args))
        return queued[-1]

    monkeypatch.setattr(pool, "submit", submit)
    body = json.dumps({"name": "left", "note": ""}).encode()
    _reader, writer = await _request(jp_serverapp, "POST", "experiments", token, body)
    await _until(lambda: queued)
    writer.close()
    await _until(lambda: queued[0].cancelled())
    busy.gate.set()
    reader, writer = await _request(jp_serverapp, "GET", "experiments", token)
    async with asyncio.timeout(30):
        await reader.readuntil(b"\r\n\r\n")
        answer = await reader.readexactly(2)
    assert answer == b"[]"
    writer.close()


async def test_a_read_that_nobody_awaits_ends(
    jp_serverapp: ServerApp, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = services.tokens.issue("instance", "x")
    ended = threading.Event()
    begun = threading.Event()

    def search() -> list[Any]:
        try:
            with services.db.session(reading=True) as session:
                begun.set()
                session.execute(ENDLESS)
        except Interrupted:
            ended.set()
            raise
        return []

    monkeypatch.setattr(services.registry, "list", search)
    _reader, writer = await _request(jp_serverapp, "GET", "models", token)
    await _until(begun.is_set)
    writer.close()
    await _until(ended.is_set)
    monkeypatch.undo()
    reader, writer = await _request(jp_serverapp, "GET", "models", token)
    async with asyncio.timeout(30):
        assert b" 200 " in await reader.readline()
    writer.close()


def test_only_reads_are_interrupted(tmp_path: Any) -> None:
    db = Database(tmp_path / "db")
    token = abandoned.set(lambda: True)
    try:
        with pytest.raises(Interrupted), db.session(reading=True) as session:
            session.execute(ENDLESS)
        with db.session() as session:
            session.execute(
                text(
                    "CREATE TABLE t AS WITH RECURSIVE n(x) AS "
                    "(SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 100000) SELECT x FROM n"
                )
            )
    finally:
        abandoned.reset(token)
    with db.session(reading=True) as session:
        assert session.scalar(text("SELECT count(*) FROM t")) == 100_000
    db.close()


async def test_trying_an_endpoint_holds_no_thread_and_ends_with_its_client(
    jp_serverapp: ServerApp, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = services.tokens.issue("instance", "x")
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        port = silent.getsockname()[1]
        monkeypatch.setattr(services.serving, "address", lambda _name: (port, "key"))
        writers = []
        for _ in range(20):  # more than there are threads
            writers.append((await _request(jp_serverapp, "POST", "endpoints/e/score", token))[1])
        asked = []
        async with asyncio.timeout(30):
            for _ in writers:
                asked.append((await loop.sock_accept(silent))[0])
        reader, writer = await _request(jp_serverapp, "GET", "models", token)
        async with asyncio.timeout(30):
            assert b" 200 " in await reader.readline()
        for each in (*writers, writer):
            each.close()
        async with asyncio.timeout(30):
            for each in asked:
                each.setblocking(False)
                while await loop.sock_recv(each, 1 << 16):
                    pass
                each.close()


async def test_cleanings_that_wait_for_each_other_keep_nobody_else_waiting(
    jp_serverapp: ServerApp, services: Services
) -> None:
    token = services.tokens.issue("instance", LOCAL_SUBJECT)
    waiting = jp_serverapp.web_app.settings["modelyard_waiting"]
    body = b'{"kinds": ["logs"]}'
    with services.storage._cleaning:  # a collection goes on, and takes long
        clean = [
            await _request(jp_serverapp, "POST", "storage/clean", token, body)
            for _ in range(waiting._max_workers + 4)
        ]
        async with asyncio.timeout(30):
            dry = b'{"kinds": ["logs"], "dry_run": true}'
            reader, writer = await _request(jp_serverapp, "POST", "storage/clean", token, dry)
            assert b" 200 " in await reader.readline()
            writer.close()
    async with asyncio.timeout(30):
        for reader, writer in clean:
            assert b" 200 " in await reader.readline()
            writer.close()

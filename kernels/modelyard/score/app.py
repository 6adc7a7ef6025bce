"""The routes, as a bare ASGI application: a framework would cost more than the prediction."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import orjson

from modelyard.score.data import Expected
from modelyard.score.errors import (
    BodyTooLarge,
    ModelFailed,
    NoSuchRoute,
    ScoreError,
    Unauthenticated,
    WrongMethod,
)
from modelyard.score.keys import Keys
from modelyard.score.openapi import describe
from modelyard.score.status import one_line

MAX_BODY = 16 << 20
"""Bytes of a request body."""

INLINE_BODY = 16 << 10
"""Bytes up to which a request may be answered on the event loop itself."""

INLINE_SECONDS = 0.002
"""A model whose small requests take longer than this gets a thread for every one."""

_IDS = (b"x-request-id", b"x-ms-client-request-id")
_HEALTH = ("/", "/health", "/ready", "/healthz")

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class ClientLeft(Exception):
    """The client closed the connection before its request was whole: nobody awaits an answer."""


class Scorer(Protocol):
    """Turns a request body into an answer body; blocks."""

    expected: Expected

    def score(self, raw: bytes) -> bytes:
        """Raises ScoreError."""
        ...


class App:
    """POST /score with a key; GET /, /health, /ready and /swagger.json without.

    Parameters
    ----------
    inline: answer small requests on the event loop while they take under `INLINE_SECONDS`:
        a hop to a thread and back costs more than a short prediction. Only for models, whose
        time depends on the rows; a user's script may wait for anything at any time.
    """

    def __init__(self, scorer: Scorer, keys: Keys, *, inline: bool) -> None:
        self._scorer = scorer
        self._keys = keys
        self._inline = inline
        self._slowest = 0.0
        self._pending = 0
        # One prediction at a time: models and scripts need not be thread-safe.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="score")
        self.draining = False

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        close = False
        try:
            status, body = 200, await self._route(scope, headers, receive)
        except ClientLeft:
            return
        except ScoreError as error:
            status, body = error.status, orjson.dumps(error.body())
            # What is refused for its sender or its size is not read to its end.
            close = error.status in (401, 413) and not _is_small(headers)
        except Exception as error:  # noqa: BLE001  the last line of defence answers everything
            traceback.print_exc()
            fault = ModelFailed(f"The scoring server failed: {one_line(error)}.")
            status, body = fault.status, orjson.dumps(fault.body())
        head = self._head(headers, body, close=close or self.draining)
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})

    def _head(
        self, request: list[tuple[bytes, bytes]], body: bytes, *, close: bool
    ) -> list[tuple[bytes, bytes]]:
        head = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        head += [(name, value[:200]) for name, value in request if name in _IDS]
        if close:
            # When draining: the client's next request goes to whoever listens now.
            head.append((b"connection", b"close"))
        return head

    async def _route(
        self, scope: dict[str, Any], headers: list[tuple[bytes, bytes]], receive: Receive
    ) -> bytes:
        path, method = scope["path"], scope["method"]
        if path == "/score":
            if method != "POST":
                raise WrongMethod(f"/score takes POST, not {method}.")
            self._authenticate(headers)
            return await self._score(await _read(headers, receive))
        if path not in _HEALTH and path != "/swagger.json":
            raise NoSuchRoute(f"There is nothing at {path}.", hint="Send POST /score.")
        if method not in ("GET", "HEAD"):
            raise WrongMethod(f"{path} takes GET, not {method}.", hint="Send POST /score.")
        if path == "/swagger.json":
            return orjson.dumps(describe(self._scorer.expected))
        return b'{"status":"ready"}'

    def _authenticate(self, headers: list[tuple[bytes, bytes]]) -> None:
        given = next((value for name, value in headers if name == b"authorization"), b"")
        if self._keys.valid(given):
            return
        raise Unauthenticated(
            "The key is wrong." if given else "No key was sent.",
            hint="Send the header 'Authorization: Bearer KEY' with one of the endpoint's keys.",
        )

    async def _score(self, raw: bytes) -> bytes:
        # A prediction under way in the thread must not be joined by a second one here.
        small = self._inline and len(raw) <= INLINE_BODY and not self._pending
        if small and self._slowest < INLINE_SECONDS:
            return self._timed(raw)
        loop = asyncio.get_running_loop()
        self._pending += 1
        try:
            work = self._timed if small else self._scorer.score
            return await loop.run_in_executor(self._pool, work, raw)
        finally:
            self._pending -= 1

    def _timed(self, raw: bytes) -> bytes:
        begun = time.perf_counter()
        try:
            return self._scorer.score(raw)
        finally:
            # Decays, so that one slow first call (caches, imports) does not count for ever.
            self._slowest = max(time.perf_counter() - begun, self._slowest * 0.9)


def _is_small(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the body is announced as one that came with the head, or nearly so."""
    length = next((value for name, value in headers if name == b"content-length"), b"")
    if not length:
        return all(name != b"transfer-encoding" for name, _value in headers)
    return len(length) < 10 and length.isdigit() and int(length) <= INLINE_BODY


async def _read(headers: list[tuple[bytes, bytes]], receive: Receive) -> bytes:
    """The whole body.

    Raises
    ------
    BodyTooLarge: it is, or says that it will be. ClientLeft: the rest of it will not come.
    """
    length = next((value for name, value in headers if name == b"content-length"), b"0")
    if len(length) > 19 or (length.isdigit() and int(length) > MAX_BODY):
        raise _too_large()
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientLeft
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise _too_large()
    return b"".join(parts)


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(
        f"The body is larger than {MAX_BODY >> 20} MB.", hint="Send the rows in several requests."
    )

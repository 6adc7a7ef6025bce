"""Trying an endpoint out: one request to an endpoint, sent by the server on the user's behalf."""

from __future__ import annotations

import asyncio
import time

import httpx
import msgspec

from modelyard.errors import NotConnected, WrongState
from modelyard.schema.serving import ScoreReply

TIMEOUT = 60.0
"""Seconds for one answer."""

LARGEST = 64 << 20
"""Bytes of an answer: a script may send without end."""


_SMALL = 64 << 10
"""Bytes of an answer that are decoded at once, where they came in."""


async def score(port: int, key: str, body: bytes) -> ScoreReply:
    """POST a body to the scoring server on this machine, and time it. Holds no thread.

    Raises
    ------
    WrongState: nothing answers at the port, or more than `LARGEST` bytes.
    NotConnected: the answer took too long.
    """
    begun = time.perf_counter()
    try:
        async with asyncio.timeout(TIMEOUT):
            status, raw = await _ask(f"http://127.0.0.1:{port}/score", key, body)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise NotConnected(
            f"The endpoint did not answer within {TIMEOUT:.0f} s.", hint="Look at its log."
        ) from error
    except (OSError, httpx.HTTPError) as error:
        raise WrongState(
            "The endpoint does not answer.", hint="Wait until it runs, or look at its log."
        ) from error
    taken = (time.perf_counter() - begun) * 1000
    shown = _readable(raw) if len(raw) <= _SMALL else await asyncio.to_thread(_readable, raw)
    return ScoreReply(status=status, body=shown, milliseconds=round(taken, 2))


async def _ask(url: str, key: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer."""
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
    }
    # No proxy of the environment is asked for what is on this machine.
    async with (
        httpx.AsyncClient(trust_env=False, timeout=TIMEOUT) as client,
        client.stream("POST", url, content=body, headers=headers) as answer,
    ):
        raw = bytearray()
        async for piece in answer.aiter_raw():
            raw += piece
            if len(raw) > LARGEST:
                raise WrongState(
                    f"The endpoint's answer is larger than {LARGEST >> 20} MiB.",
                    hint="Send fewer rows at once, or call the endpoint's URL yourself.",
                )
        return answer.status_code, bytes(raw)


def _readable(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return raw.decode(errors="replace")

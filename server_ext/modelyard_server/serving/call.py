"""Trying an endpoint out: one request to an endpoint, sent by the server on the user's behalf."""

from __future__ import annotations

import http.client
import time

import msgspec

from modelyard.errors import NotConnected, WrongState
from modelyard.schema.serving import ScoreReply

TIMEOUT = 60.0
"""Seconds for one answer."""

LARGEST = 64 << 20
"""Bytes of an answer: a script may send without end."""


def score(port: int, key: str, body: bytes) -> ScoreReply:
    """POST a body to the scoring server on this machine, and time it.

    Raises
    ------
    WrongState: nothing answers at the port, or more than `LARGEST` bytes.
    NotConnected: the answer took too long.
    """
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    begun = time.perf_counter()
    try:
        connection.request("POST", "/score", body, headers)
        answer = connection.getresponse()
        raw = answer.read(LARGEST + 1)
    except TimeoutError as error:
        raise NotConnected(
            f"The endpoint did not answer within {TIMEOUT:.0f} s.", hint="Look at its log."
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise WrongState(
            "The endpoint does not answer.", hint="Wait until it runs, or look at its log."
        ) from error
    finally:
        connection.close()
    if len(raw) > LARGEST:
        raise WrongState(
            f"The endpoint's answer is larger than {LARGEST >> 20} MiB.",
            hint="Send fewer rows at once, or call the endpoint's URL yourself.",
        )
    taken = (time.perf_counter() - begun) * 1000
    return ScoreReply(status=answer.status, body=_readable(raw), milliseconds=round(taken, 2))


def _readable(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return raw.decode(errors="replace")

"""Waiting for something long with its progress on one line."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from modelyard.errors import NotConnected, WaitTimeout

T = TypeVar("T")

_QUICK = 0.02
_INTERVAL = 0.1
_QUICK_FOR = 2.0
"""Seconds in which to ask often: most waits for what is cached end in them."""
_AWAY = 120.0
"""Seconds without an answer, after a first one, that a restart of the server may take."""


def wait_until(
    fetch: Callable[[], T],
    done: Callable[[T], bool],
    *,
    what: str,
    timeout: float,
    line: Callable[[T], str] | None = None,
) -> T:
    """Poll `fetch` until `done` and return what it gave last.

    Parameters
    ----------
    line: what to show meanwhile; nothing is printed while it gives the same text.
    timeout: seconds.

    Raises
    ------
    WaitTimeout: it took longer.
    NotConnected: the server did not answer at the first time of asking, or ceased to for minutes.
    KeyboardInterrupt: the user did not want to wait; what is waited for goes on.
    """
    began = time.monotonic()
    deadline = began + timeout
    shown = ""
    answered: float | None = None
    try:
        while True:
            try:
                value, answered = fetch(), time.monotonic()
            except NotConnected:
                # What is waited for goes on without the server, or after its restart.
                now = time.monotonic()
                if answered is None or now - answered > _AWAY or now > deadline:
                    raise
                time.sleep(_INTERVAL)
                continue
            text = line(value) if line else ""
            if text and text != shown:
                # Erase what is left of a longer earlier line.
                sys.stdout.write(f"\r{text}{' ' * max(0, len(shown) - len(text))}")
                sys.stdout.flush()
                shown = text
            if done(value):
                return value
            if time.monotonic() > deadline:
                raise WaitTimeout(
                    f"{what} is not ready after {timeout:.0f} s (last seen: {text or 'nothing'}).",
                    hint="It goes on in the background; give a larger timeout= to wait longer.",
                )
            quick = time.monotonic() - began < _QUICK_FOR
            time.sleep(_QUICK if quick else _INTERVAL)
    except KeyboardInterrupt:
        # Raised anew: where in a socket or a sleep it came tells the user nothing.
        raise KeyboardInterrupt(
            f"Stopped waiting. {what} goes on in the background (last seen: {shown or 'nothing'})."
        ) from None
    finally:
        if shown:
            sys.stdout.write("\n")

"""Waiting for something long with its progress on one line."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from modelyard.errors import WaitTimeout

T = TypeVar("T")

_INTERVAL = 0.05


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
    """
    deadline = time.monotonic() + timeout
    shown = ""
    try:
        while True:
            value = fetch()
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
            time.sleep(_INTERVAL)
    finally:
        if shown:
            sys.stdout.write("\n")

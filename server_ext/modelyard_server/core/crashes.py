"""How often is too often, for a program that ends by itself."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Hashable


class CrashWindow:
    """Counts the ends of programs that should run: too many within a window are too many.

    Parameters
    ----------
    most: this many ends …
    within: … in this many seconds, and the program is left off.
    """

    def __init__(self, most: int, within: float) -> None:
        self._within = within
        self._lives: dict[str, deque[tuple[Hashable, float]]] = defaultdict(
            lambda: deque(maxlen=most)
        )

    def count(self, key: str, life: Hashable) -> bool:
        """Note a life (whatever tells one from the next); True when there were too many.

        A life that is known already is not counted again. After True the count begins anew.
        """
        lives = self._lives[key]
        if lives and lives[-1][0] == life:
            return False
        lives.append((life, time.monotonic()))
        if len(lives) < (lives.maxlen or 0) or lives[-1][1] - lives[0][1] > self._within:
            return False
        lives.clear()
        return True

    def forget(self, key: str) -> None:
        """Drop what is known of a key."""
        self._lives.pop(key, None)


class Attempts:
    """Counts starts in succession that came to nothing, however long each took.

    Parameters
    ----------
    most: this many, and the program is left off.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lives: dict[str, tuple[Hashable, int]] = {}

    def count(self, key: str, life: Hashable) -> bool:
        """Note a life (whatever tells one from the next); True when there were too many.

        A life that is known already is not counted again. After True the count begins anew.
        """
        before, count = self._lives.get(key, (None, 0))
        if before == life:
            return False
        self._lives[key] = (life, count + 1)
        if count + 1 < self._most:
            return False
        self._lives[key] = (life, 0)
        return True

    def succeeded(self, key: str) -> None:
        """The present life came to what it was started for."""
        if key in self._lives:
            self._lives[key] = (self._lives[key][0], 0)

    def forget(self, key: str) -> None:
        """Drop what is known of a key."""
        self._lives.pop(key, None)

"""Directories that are mounted into containers."""

from __future__ import annotations

from collections.abc import Iterable

from modelyard_server.engines.reach import Reach
from modelyard_server.engines.spec import Mount


def make_mounts(reach: Reach, mounts: Iterable[Mount], owner: tuple[int, int]) -> None:
    """Make those that are missing, writable by the container's user.

    Docker would refuse a missing one, or make it for root.
    """
    for mount in mounts:
        if not reach.here(mount.place).exists():
            reach.prepare(mount.place, owner)

"""Directories that containers and the server both write to."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from modelyard_server.engines.spec import Mount

SHARED = 0o2775
"""setgid: what either side makes in it belongs to the common group."""


def make_mounts(mounts: Iterable[Mount], owner: tuple[int, int]) -> None:
    """Make the directories that are to be mounted and are missing, owned by the container's user.

    Docker would refuse a missing one, or make it for root.
    """
    for mount in mounts:
        make_shared(mount.path, owner)


def make_shared(path: Path, owner: tuple[int, int]) -> None:
    """Make a directory (and its parents) that the container's user can write to."""
    if path.exists():
        return
    path.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        os.chown(path, *owner)
    path.chmod(SHARED)

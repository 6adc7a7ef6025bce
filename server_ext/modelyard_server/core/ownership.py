"""Files that both the server and the programs in containers write.

A server that is not root runs containers as its own user, and nothing is to be done. A server
that is root runs them as another user: folders then belong to that user's group, with the setgid
bit, and everybody writes with umask 002 (the application sets the server's).
"""

from __future__ import annotations

import os
from pathlib import Path

SHARED_MODE = 0o2775


def share(folder: Path, owner: tuple[int, int]) -> None:
    """Let `owner` (uid, gid) write to a folder of ours."""
    if os.getuid() != 0 or owner[0] == 0:
        return
    found = folder.stat()
    if found.st_gid != owner[1] or found.st_mode & 0o7777 != SHARED_MODE:
        os.chown(folder, -1, owner[1])
        folder.chmod(SHARED_MODE)

"""One server a workspace."""

from __future__ import annotations

import fcntl
from typing import IO

from modelyard.errors import Conflict
from modelyard_server.core.paths import Paths


def lock(paths: Paths) -> IO[str]:
    """Hold the workspace for this process, until the file is closed or the process ends.

    Raises
    ------
    Conflict: another server holds it.
    """
    file = paths.lock.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise Conflict(
            f"Another Modelyard server already serves {paths.root}.",
            hint="Use that one ('modelyard status' shows its URL), stop it with 'modelyard down', "
            "or give another --workspace.",
        ) from error
    return file

"""Which workspace a command is about, and the server that serves it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from modelyard.errors import Conflict, NotConnected, NotFound
from modelyard.workspace import Workspace
from modelyard_server.core.lock import lock
from modelyard_server.core.paths import Paths, ServerInfo, read_server


def workspace_dir(arguments: argparse.Namespace) -> Path:
    """The directory that was given, or the one a user means without saying."""
    if arguments.workspace:
        return arguments.workspace.expanduser().resolve()
    if os.environ.get("MODELYARD_WORKSPACE"):
        return Path(os.environ["MODELYARD_WORKSPACE"]).expanduser().resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".modelyard" / "workspace.json").exists():
            return folder
    return Path.home() / "modelyard"


def existing(arguments: argparse.Namespace) -> Paths:
    """The workspace, which must be there.

    Raises
    ------
    NotFound: the directory is no workspace.
    """
    folder = workspace_dir(arguments)
    if not (folder / ".modelyard" / "workspace.json").exists():
        raise NotFound(
            f"{folder} is not a Modelyard workspace.",
            hint="Make it one with 'modelyard up --workspace DIR', or give --workspace.",
        )
    return Paths(folder).make()


def serving(paths: Paths) -> ServerInfo | None:
    """The server that serves the workspace now; None when none does."""
    info = read_server(paths)
    if info is None:
        return None
    try:
        os.kill(info.pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # it lives, and belongs to somebody else
    return info if _locked(paths) else None


def _locked(paths: Paths) -> bool:
    try:
        lock(paths).close()
    except Conflict:
        return True
    return False


def connect(paths: Paths) -> Workspace:
    """The SDK on the running server.

    Raises
    ------
    NotConnected: no server serves the workspace.
    """
    info = serving(paths)
    if info is None:
        raise NotConnected(
            f"No server serves {paths.root}.",
            hint=f"Start it with: modelyard up --workspace {paths.root}",
        )
    return Workspace(info.url, info.token)

"""Where everything of a workspace lies. No other module joins these paths by hand.

    DIR/files/               User files; JupyterLab's root
    DIR/.modelyard/
        workspace.json       id of the workspace
        lock                 held by the server that serves it
        modelyard.db         the database
        artifacts/           runs/<id>/…  models/<name>/<version>/…  uploads/<id>/…
        spool/               what runs log before the server has read it
        compute/<name>/      venv, token and log of an instance
        environments/<hash>/ packages made ready once, used by every engine
        endpoints/<name>/    key hashes and deployments of an endpoint
        engine/              state of the process engine
        logs/

Sockets lie in a short runtime directory of their own: a Unix socket's path has 107 characters.
"""

from __future__ import annotations

import os
import stat
import uuid
from pathlib import Path

import msgspec
from modelyard.errors import NotPermitted, ServerError


class _Identity(msgspec.Struct):
    id: str


class Paths:
    """The directories of one workspace; made on first use."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.files = self.root / "files"
        self.state = self.root / ".modelyard"
        self.database = self.state / "modelyard.db"
        self.artifacts = self.state / "artifacts"
        self.spool = self.state / "spool"
        self.compute = self.state / "compute"
        self.environments = self.state / "environments"
        self.endpoints = self.state / "endpoints"
        self.engine = self.state / "engine"
        self.logs = self.state / "logs"
        self.lock = self.state / "lock"
        self.server = self.state / "server.json"
        self.workspace_id = ""
        self.runtime = Path()

    def make(self) -> Paths:
        """Create what is missing and read (or choose) the workspace's id."""
        for folder in (
            self.files, self.state, self.artifacts, self.spool, self.compute,
            self.environments, self.endpoints, self.engine, self.logs,
        ):  # fmt: skip
            folder.mkdir(parents=True, exist_ok=True)
        identity = self.state / "workspace.json"
        if not identity.exists():
            draft = identity.with_suffix(".tmp")
            draft.write_bytes(msgspec.json.encode(_Identity(id=uuid.uuid4().hex)))
            os.replace(draft, identity)
        try:
            self.workspace_id = msgspec.json.decode(identity.read_bytes(), type=_Identity).id
        except msgspec.MsgspecError as error:
            raise ServerError(
                f"{identity} is damaged.", hint="Restore it from a backup, or delete it."
            ) from error
        self.runtime = _runtime_root() / self.workspace_id[:12]
        self.runtime.mkdir(mode=0o755, exist_ok=True)
        return self

    @property
    def api_socket(self) -> Path:
        """The Unix socket on which containers reach the server."""
        return self.runtime / "api" / "api.sock"


def _runtime_root() -> Path:
    """A short directory that only we can write to."""
    uid = os.getuid()
    root = Path("/run/modelyard") if uid == 0 else Path(f"/tmp/modelyard-{uid}")  # noqa: S108
    root.mkdir(mode=0o755, exist_ok=True)
    found = root.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o022:
        raise NotPermitted(
            f"{root} belongs to somebody else, or others can write to it.",
            hint=f"Remove it, or run: chmod 755 {root}",
        )
    return root

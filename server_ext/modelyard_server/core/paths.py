"""Where everything of a workspace lies. No other module joins these paths by hand.

    DIR/files/               User files; JupyterLab's root
    DIR/.modelyard/
        workspace.json       id of the workspace
        lock                 held by the server that serves it
        modelyard.db         the database
        artifacts/           runs/<id>/…  models/<name>/<version>/…  uploads/<id>/…
        spool/<holder>/      what the runs of a token's holder log before the server has read it
        compute/<name>/      venv, token and log of an instance
        environments/<hash>/ packages made ready once, used by every engine
        endpoints/<name>/    key hashes and deployments of an endpoint
        engine/              state of the process engine
        logs/                output of runs that have not ended
        layouts/             JupyterLab's open tabs

Sockets lie in a short runtime directory of their own: a Unix socket's path has 107 characters.
"""

from __future__ import annotations

import os
import stat
import uuid
from pathlib import Path

import msgspec

from modelyard.errors import NotPermitted, ServerError


class _Identity(msgspec.Struct, omit_defaults=True):
    id: str
    files: str = ""
    """Where User files lie when it is not DIR/files (a plain `jupyter lab` in a project)."""


class ServerInfo(msgspec.Struct, kw_only=True):
    """How to reach the server that serves (or last served) the workspace."""

    pid: int
    url: str
    base_url: str
    token: str
    engine: str


class Paths:
    """The directories of one workspace; made on first use.

    Parameters
    ----------
    files: where User files lie, when it is not DIR/files.
    """

    def __init__(self, root: Path, files: Path | None = None) -> None:
        self.root = root.resolve()
        self.files = files.resolve() if files else self.root / "files"
        self.state = self.root / ".modelyard"
        self.database = self.state / "modelyard.db"
        self.artifacts = self.state / "artifacts"
        self.spool = self.state / "spool"
        self.compute = self.state / "compute"
        self.environments = self.state / "environments"
        self.endpoints = self.state / "endpoints"
        self.engine = self.state / "engine"
        self.logs = self.state / "logs"
        self.layouts = self.state / "layouts"
        self.lock = self.state / "lock"
        self.server = self.state / "server.json"  # see ServerInfo
        self.workspace_id = ""
        self.runtime = Path()

    def spool_of(self, holder: str) -> Path:
        """Where a holder's runs log (`core.holder`); '': where all did, before each had its own."""
        return self.spool / holder

    def make(self) -> Paths:
        """Create what is missing and read (or choose) the workspace's id."""
        # Nobody else on this machine may read keys or data; containers mount what they need.
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        identity = self._identity()
        self.workspace_id = identity.id
        if identity.files:
            self.files = Path(identity.files)
        for folder in (
            self.files, self.artifacts, self.spool, self.compute,
            self.environments, self.endpoints, self.engine, self.logs, self.layouts,
        ):  # fmt: skip
            folder.mkdir(parents=True, exist_ok=True)
        self.runtime = _runtime_root() / self.workspace_id[:12]
        self.runtime.mkdir(mode=0o755, exist_ok=True)
        return self

    def _identity(self) -> _Identity:
        file = self.state / "workspace.json"
        if not file.exists():
            elsewhere = "" if self.files == self.root / "files" else str(self.files)
            draft = file.with_suffix(f".{uuid.uuid4().hex}.tmp")
            draft.write_bytes(msgspec.json.encode(_Identity(id=uuid.uuid4().hex, files=elsewhere)))
            try:
                os.link(draft, file)  # of two that start at once, one wins
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        try:
            return msgspec.json.decode(file.read_bytes(), type=_Identity)
        except msgspec.MsgspecError as error:
            raise ServerError(
                f"{file} is damaged.", hint="Restore it from a backup, or delete it."
            ) from error

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


def read_server(paths: Paths) -> ServerInfo | None:
    """What the last server wrote about itself; None when none ever ran."""
    try:
        return msgspec.json.decode(paths.server.read_bytes(), type=ServerInfo)
    except (OSError, msgspec.MsgspecError):
        return None


def write_server(paths: Paths, info: ServerInfo) -> None:
    """Tell others about this server. The file holds Jupyter's token: it is ours alone."""
    draft = paths.server.with_suffix(".tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(info))
    draft.replace(paths.server)


def read_base_url(paths: Paths) -> str:
    """Jupyter's base URL in this workspace."""
    info = read_server(paths)
    return info.base_url if info else "/"

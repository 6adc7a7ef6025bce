"""The folder of an endpoint: what its containers read and write.

endpoints/<name>/keys/keys.json             hashes of the keys; mounted read-only
endpoints/<name>/run/<deployment>/…         status.json and log.txt, by the scoring server
endpoints/<name>/app/<deployment>/model/…   a copy of the registered files
endpoints/<name>/app/<deployment>/score.py  the user's scoring script, if there is one
endpoints/<name>/log/<deployment>.txt       the log of a failed deployment
"""

from __future__ import annotations

import hashlib
import shutil
import uuid
from contextlib import suppress
from pathlib import Path

import msgspec

from modelyard.errors import ServerError
from modelyard.schema.tracking import ArtifactInfo
from modelyard_server.artifacts.copies import copy_file
from modelyard_server.core.beneath import read_plain, remove_tree
from modelyard_server.engines.reach import Reach
from modelyard_server.engines.spec import Place, Volume
from modelyard_server.registry.contents import RegisteredFiles

_STATUS_BYTES = 1 << 20

SCRIPT = "score.py"
KEYS = "keys.json"
STATUS = "status.json"
LOG = "log.txt"


def keys_place(endpoint: str) -> Place:
    """What every deployment of an endpoint reads."""
    return Place(Volume.KEYS, endpoint)


def run_place(endpoint: str, deployment: str) -> Place:
    """What a deployment's scoring server writes."""
    return Place(Volume.RUN, f"{endpoint}/{deployment}")


class Status(msgspec.Struct, kw_only=True):
    """What a scoring server says of itself, see modelyard/score/status.py."""

    state: str
    message: str = ""
    detail: str = ""
    time: float = 0.0
    """When it said so."""
    opened: float = 0.0
    """When it is ready: a moment before it opened the port."""


class EndpointFolder:
    """Paths and files of one endpoint.

    Parameters
    ----------
    root: `Paths.endpoints / name`.
    reach: how the endpoint's containers reach the workspace.
    """

    def __init__(self, root: Path, reach: Reach) -> None:
        self.root = root
        self._name = root.name
        self._reach = reach
        self.keys = reach.here(keys_place(root.name) / KEYS)

    def run(self, deployment: str) -> Path:
        """Where a deployment's scoring server may write."""
        return self._reach.here(run_place(self._name, deployment))

    def status_file(self, deployment: str) -> Path:
        """Where it says how it is."""
        return self.run(deployment) / STATUS

    def app(self, deployment: str) -> Path:
        """The layer that is added to the environment: model and script."""
        return self.root / "app" / deployment

    # -- keys -------------------------------------------------------------------------------

    def write_keys(self, keys: list[str]) -> None:
        """Replace the file that the scoring servers watch, unless it says so already.

        Of callers at the same time one is last, and its keys are in the file, whole.
        """
        hashes = [hashlib.sha256(key.encode()).hexdigest() for key in keys]
        content = msgspec.json.encode({"sha256": hashes})
        with suppress(FileNotFoundError):
            if self.keys.read_bytes() == content:
                return
        folder = self.keys.parent
        folder.mkdir(parents=True, exist_ok=True)
        # Readable by the container's user; hashes of 256 random bits tell nothing.
        folder.chmod(0o755)
        draft = self.keys.with_name(f".{uuid.uuid4().hex}.part")
        try:
            draft.write_bytes(content)
            draft.chmod(0o644)
            draft.replace(self.keys)
        finally:
            draft.unlink(missing_ok=True)

    # -- a deployment -----------------------------------------------------------------------

    def make_app(self, deployment: str, model: RegisteredFiles, script: str) -> Path:
        """Bring copies of the model's files and the script together; silent when done before.

        Every file is compared with its registered SHA-256 while it is copied: once a deployment.

        Raises
        ------
        ServerError: a registered file is missing, or is not what was registered.
        OSError: it cannot be written.
        """
        target = self.app(deployment)
        if target.is_dir():
            return target
        draft = target.with_name(f".{deployment}.part")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            (draft / "model").mkdir()
            for file in model.files:
                _copy_registered(model, file, draft / "model" / file.path)
            if script:
                (draft / SCRIPT).write_text(script, encoding="utf-8")
            draft.rename(target)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        return target

    def clear_status(self, deployment: str) -> None:
        """Forget what an earlier start said."""
        self.status_file(deployment).unlink(missing_ok=True)

    def status(self, deployment: str) -> Status | None:
        """What the scoring server says now; None before its first word."""
        try:
            return msgspec.json.decode(
                read_plain(self.status_file(deployment), _STATUS_BYTES), type=Status
            )
        except (OSError, msgspec.MsgspecError):
            return None

    def keep_log(self, deployment: str, text: str) -> None:
        """Keep a log beyond its container: all of it, else `text`."""
        file, log = self.kept_log(deployment), self.run(deployment) / LOG
        file.parent.mkdir(parents=True, exist_ok=True)
        if log.is_file() and not log.is_symlink():
            log.replace(file)
        else:
            file.write_text(text, encoding="utf-8")

    def kept_log(self, deployment: str) -> Path:
        """Where that is, if any was kept."""
        return self.root / "log" / f"{deployment}.txt"

    def drop(self, deployment: str) -> None:
        """Remove everything of a deployment but its kept log."""
        for folder in (self.app(deployment), self.run(deployment)):
            remove_tree(folder)  # the scoring server may have made it as deep as it liked

    def drop_log(self, deployment: str) -> None:
        """Remove the kept log."""
        self.kept_log(deployment).unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the endpoint's folder."""
        remove_tree(self.root)


def _copy_registered(model: RegisteredFiles, file: ArtifactInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        differs = copy_file(model.folder / file.path, target) != file.sha256
    except FileNotFoundError:
        differs = True
    if differs:
        raise ServerError(
            f"The file '{file.path}' of {model.reference} is missing or was changed since it was "
            "registered.",
            hint=f"Restore {model.folder / file.path} from a backup, or register the model again "
            "and deploy the new version.",
        )

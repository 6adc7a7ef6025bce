"""What lies in a version's directory: its files, their digest, and the model's description."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from modelyard.errors import InvalidInput
from modelyard.flavors import ModelDescription, describe
from modelyard.flavors.description import check_flavor
from modelyard.schema.tracking import ArtifactInfo


class RegisteredFiles(msgspec.Struct, kw_only=True):
    """Where a version's files lie, and what they were when they were registered."""

    reference: str
    """`name:version`."""
    folder: Path
    files: list[ArtifactInfo]


class Contents(msgspec.Struct, kw_only=True):
    """The complete files of a version."""

    files: list[ArtifactInfo]
    description: ModelDescription

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(file.size for file in self.files)

    @property
    def digest(self) -> str:
        """SHA-256 over the sorted (path, SHA-256) list."""
        lines = "".join(f"{file.sha256}  {file.path}\n" for file in self.files)
        return hashlib.sha256(lines.encode()).hexdigest()


def read_contents(folder: Path, files: list[ArtifactInfo], flavor: str) -> Contents:
    """Read the model's description; nothing is unpickled.

    Parameters
    ----------
    files: all that lie in the folder, sorted by path, with their SHA-256.
    flavor: what the user says it is; empty: what the description says.

    Raises
    ------
    InvalidInput: there are no files, or they are not a model of that flavor.
    """
    if flavor:
        check_flavor(flavor)
    if not files:
        raise InvalidInput("There are no files to register.", field="path")
    found = describe(folder)
    _check(found, {file.path for file in files}, flavor)
    if flavor:
        found.flavor = flavor
    return Contents(files=files, description=found)


def _check(found: ModelDescription, paths: set[str], flavor: str) -> None:
    if found.file and found.file not in paths:
        raise InvalidInput(
            f"The model's MLmodel file names '{found.file}', which is not among its files.",
            hint="Log the model again with run.log_model(model, 'model').",
            field="path",
        )
    # Any files may be served by a script of the user's own.
    if flavor in ("", "custom"):
        if "MLmodel" not in paths and not flavor:
            raise InvalidInput(
                "This is not a model: there is no MLmodel file in it.",
                hint="Log it with run.log_model(model, 'model'), or say flavor='custom' for files "
                "that a scoring script of your own reads.",
                field="flavor",
            )
        return
    if flavor != found.flavor:
        raise InvalidInput(
            f"The files describe a model of flavor '{found.flavor}', not '{flavor}'.",
            hint="Leave flavor= out, or register the model object or its file with the SDK: "
            "ws.models.register(name, path='model.joblib').",
            field="flavor",
        )

"""Registered models, as the SDK shows them."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelyard import flavors
from modelyard.collection import Api
from modelyard.display import Column, Listing, ago, size
from modelyard.errors import InvalidInput, NotFound
from modelyard.flavors.description import MLMODEL, check_flavor
from modelyard.handle import Handle, Place
from modelyard.schema.lineage import Thing, version_thing
from modelyard.schema.registry import (
    Model,
    ModelRegister,
    ModelSignature,
    ModelUpdate,
    ModelVersionInfo,
    UploadOpened,
)
from modelyard.schema.tracking import ArtifactInfo
from modelyard.transfers import download_files, files_below, upload_files

_PLACE = Place("/models", "a model")


def _strings(tags: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (tags or {}).items()}


class ModelVersion(Handle[ModelVersionInfo]):
    """One version of a model. Its fields are as of `refresh()`; its files never change."""

    _wire = ModelVersionInfo

    @property
    def name(self) -> str:
        """The model's name."""
        return self.info.name

    @property
    def version(self) -> int:
        """The number."""
        return self.info.version

    @property
    def tags(self) -> dict[str, str]:
        """What it is marked with; change them with `set_tags`."""
        return dict(self.info.tags)

    @property
    def note(self) -> str:
        """What people wrote about it."""
        return self.info.note

    @property
    def flavor(self) -> str:
        """sklearn, python or custom."""
        return self.info.flavor

    @property
    def requirements(self) -> list[str]:
        """Packages of its scoring container."""
        return list(self.info.requirements)

    @property
    def signature(self) -> ModelSignature | None:
        """The columns it takes, where they are known."""
        return self.info.signature

    @property
    def run_id(self) -> str:
        """The run it was registered from; empty when it came from outside."""
        return self.info.run_id

    @property
    def endpoints(self) -> list[str]:
        """Names of the endpoints that serve it now (asks the server)."""
        return list(self.refresh().info.endpoints)

    def files(self) -> list[ArtifactInfo]:
        """Its files, with size and SHA-256."""
        return self._client.get(self._path("/artifacts"), list[ArtifactInfo])

    def download(self, directory: Path | str) -> Path:
        """Put its files into a directory, byte for byte as they were registered.

        Raises
        ------
        ServerError: a file arrived damaged.
        """
        folder = Path(directory)
        url = self._path("/files")
        download_files(self._client, url, self.files(), folder, f"Downloading {self}")
        return folder

    def load(self) -> Any:
        """Download it and load the live model: the object with `predict`.

        Loading runs code that is in the model.

        Raises
        ------
        InvalidInput: a package it needs is missing here; says what to install.
        """
        folder = tempfile.mkdtemp(prefix="modelyard-model-")
        # Not earlier: a model may import its own code when it first predicts.
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return flavors.load(self.download(folder))

    def set_tags(self, tags: Mapping[str, Any]) -> ModelVersion:
        """Add or change tags; None removes one."""
        changes = {str(k): None if v is None else str(v) for k, v in tags.items()}
        return self._update(ModelUpdate(tags=changes))

    def set_note(self, note: str) -> ModelVersion:
        """Replace the note."""
        return self._update(ModelUpdate(note=note))

    def delete(self) -> None:
        """Delete it with its files.

        Raises
        ------
        InUse: an endpoint serves it; the error names the endpoint.
        """
        self._client.delete(self._path())

    def _update(self, change: ModelUpdate) -> ModelVersion:
        self._info = self._client.patch(self._path(), change, ModelVersionInfo)
        return self

    @property
    def _thing(self) -> Thing:
        return version_thing(self.name, self.version)

    def _path(self, verb: str = "") -> str:
        return _PLACE.path(self.name, f"/versions/{self.version}{verb}")

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"

    def _line(self) -> str:
        run = f", from run {self.info.run_name or self.run_id}" if self.run_id else ""
        return f"{self} ({self.flavor}{run})"

    def _facts(self) -> list[tuple[str, str]]:
        info = self._info
        return [
            ("Size", size(info.size)),
            ("Run", info.run_name or info.run_id),
            ("Tags", ", ".join(f"{key}={tag}" for key, tag in sorted(info.tags.items()))),
            ("Note", info.note),
            ("Python", info.python),
            ("Endpoints", ", ".join(info.endpoints)),
            ("Made", ago(info.created)),
        ]


_VERSION_COLUMNS: list[Column[ModelVersion]] = [
    Column("Version", lambda v: str(v.version)),
    Column("Flavor", lambda v: v.flavor),
    Column("Size", lambda v: size(v.info.size)),
    Column("Run", lambda v: v.info.run_name),
    Column("Tags", lambda v: ", ".join(f"{k}={t}" for k, t in sorted(v.info.tags.items()))),
    Column("Endpoints", lambda v: ", ".join(v.info.endpoints)),
    Column("Made", lambda v: ago(v.info.created)),
]

_COLUMNS: list[Column[Model]] = [
    Column("Name", lambda m: m.name),
    Column("Newest", lambda m: str(m.versions[0].version) if m.versions else ""),
    Column("Versions", lambda m: str(len(m.versions))),
    Column("Flavor", lambda m: m.versions[0].flavor if m.versions else ""),
    Column("Endpoints", lambda m: ", ".join(sorted({e for v in m.versions for e in v.endpoints}))),
    Column("Updated", lambda m: ago(m.updated)),
]


class ModelsApi(Api):
    """`ws.models`: registered models by name."""

    def register(
        self,
        name: str,
        path: Path | str | None = None,
        *,
        model: Any = None,
        flavor: str = "",
        tags: Mapping[str, Any] | None = None,
        note: str = "",
        requirements: Sequence[str] | None = None,
        input_example: Any = None,
        code: Path | str | None = None,
    ) -> ModelVersion:
        """Register a model that is here: a file, a directory, or a live object.

        Parameters
        ----------
        name: of the model; versions count up under it.
        path: a file written by joblib, pickle or cloudpickle; a model directory; or (with
            flavor='custom') any files for a scoring script of your own.
        model: the live object instead of a path.
        flavor: sklearn, python or custom; by default found out.
        requirements: packages of its scoring container, by default those it was trained with.
        input_example: rows that it takes, for its signature and for trying it out.
        code: with `model`, a file or folder of modules that it imports, saved beside it.

        Raises
        ------
        InvalidInput: a malformed name or tag, an unknown flavor, or no model.
        """
        if (path is None) == (model is None):
            raise InvalidInput(
                "Give the model's path or the model itself.",
                hint="ws.models.register(name, path='model.joblib') or (name, model=model).",
                field="path",
            )
        _PLACE.path(name)
        if flavor:
            check_flavor(flavor)
        body = ModelRegister(
            flavor=flavor if flavor == "custom" else "",
            tags=_strings(tags),
            note=note,
            requirements=_checked(requirements),
        )
        with tempfile.TemporaryDirectory(prefix="modelyard-") as scratch:
            made = Path(scratch) / "model"
            if path is None:
                flavors.save(
                    model,
                    made,
                    input_example=input_example,
                    requirements=requirements,
                    code=code,
                )
                files = files_below(made)
            else:
                files = _files_of(Path(path), made, flavor, requirements, input_example)
            return self._send(name, files, body)

    def register_from_run(
        self,
        run_id: str,
        name: str,
        path: str = "model",
        *,
        flavor: str = "",
        tags: Mapping[str, Any] | None = None,
        note: str = "",
        requirements: Sequence[str] | None = None,
    ) -> ModelVersion:
        """Register what a run logged; nothing is transferred.

        Parameters
        ----------
        path: where the model lies in the run's artifacts.

        Raises
        ------
        NotFound: there is no such run, or nothing at that path.
        InvalidInput: what lies there is not a model.
        """
        body = ModelRegister(
            run_id=run_id,
            path=path,
            flavor=flavor,
            tags=_strings(tags),
            note=note,
            requirements=_checked(requirements),
        )
        return self._post(name, body)

    def get(self, name: str, version: int | None = None) -> ModelVersion:
        """One version: `get('churn', 3)`, or the newest: `get('churn')`.

        Raises
        ------
        NotFound: there is none; names a similar one.
        """
        if version is not None:
            path = _PLACE.path(name, f"/versions/{version}")
            return ModelVersion(self._client, self._client.get(path, ModelVersionInfo))
        found = self.versions(name)
        if not found:
            raise NotFound(f"Model '{name}' has no versions left.", field="name")
        return found[0]

    def versions(self, name: str) -> Listing[ModelVersion]:
        """All versions of a model, newest first.

        Raises
        ------
        NotFound: there is no such model.
        """
        found: Model = self._client.get(_PLACE.path(name), Model)
        versions = [ModelVersion(self._client, info) for info in found.versions]
        return Listing(versions, _VERSION_COLUMNS, empty=f"Model '{name}' has no versions left.")

    def list(self) -> Listing[Model]:
        """All registered models, by name, with their versions."""
        empty = "No models yet. Register one: run.register(name) or ws.models.register(name, path)"
        return Listing(self._client.get("/models", list[Model]), _COLUMNS, empty=empty)

    def delete(self, name: str) -> None:
        """Delete a model with all its versions.

        Raises
        ------
        InUse: an endpoint serves one of them.
        """
        self._client.delete(_PLACE.path(name))

    def _send(self, name: str, files: Mapping[str, Path], body: ModelRegister) -> ModelVersion:
        upload = self._client.post("/uploads", kind=UploadOpened)
        upload_files(self._client, f"/uploads/{upload.id}", files, f"Uploading {name}")
        body.upload = upload.id
        return self._post(name, body)

    def _post(self, name: str, body: ModelRegister) -> ModelVersion:
        # Hashing a large model takes the server a while.
        info = self._client.request(
            "POST",
            _PLACE.path(name, "/versions"),
            body=body,
            kind=ModelVersionInfo,
            timeout=600.0,
        )
        return ModelVersion(self._client, info)


def _checked(requirements: Sequence[str] | None) -> list[str] | None:
    return None if requirements is None else flavors.checked_requirements(requirements)


def _files_of(
    path: Path,
    scratch: Path,
    flavor: str,
    requirements: Sequence[str] | None,
    input_example: Any,
) -> dict[str, Path]:
    """What is uploaded for a path: its files, and for a bare pickle what describes it."""
    if path.is_dir():
        if flavor != "custom" and not (path / MLMODEL).is_file():
            raise InvalidInput(
                f"'{path}' is not a model directory: there is no MLmodel file in it.",
                hint="Give the model's file, or flavor='custom' for files that a scoring script "
                "of your own reads.",
                field="path",
            )
        return files_below(path)
    if not path.is_file():
        raise InvalidInput(f"There is no file '{path}'.", field="path")
    if flavor == "custom":
        return {path.name: path}
    flavors.wrap(
        path, scratch, flavor=flavor, input_example=input_example, requirements=requirements
    )
    return {path.name: path, **files_below(scratch)}

"""Registered models and their versions."""

from __future__ import annotations

from typing import Any

import msgspec

from modelyard.schema.common import Timestamp


class ModelSignature(msgspec.Struct, kw_only=True):
    """What a model takes: columns in order, with names where the training data had them."""

    features: int | None = None
    names: list[str] = []
    dtypes: list[str] = []


class ModelVersionInfo(msgspec.Struct, kw_only=True):
    """One registration under a name."""

    name: str
    version: int
    created: Timestamp
    flavor: str
    """sklearn, python or custom."""
    tags: dict[str, str] = {}
    note: str = ""
    run_id: str = ""
    run_name: str = ""
    experiment: str = ""
    path: str = ""
    """Where in the run's artifacts it came from."""
    size: int = 0
    """Bytes."""
    digest: str = ""
    """SHA-256 over the sorted (path, SHA-256) list of its files."""
    python: str = ""
    requirements: list[str] = []
    signature: ModelSignature | None = None
    input_example: Any = None
    endpoints: list[str] = []
    """Names of the endpoints whose deployment uses it."""


class Model(msgspec.Struct, kw_only=True):
    """A registered model: a name and its versions, newest first."""

    name: str
    created: Timestamp
    updated: Timestamp
    note: str = ""
    tags: dict[str, str] = {}
    versions: list[ModelVersionInfo] = []


class UploadOpened(msgspec.Struct, kw_only=True):
    """A staging area for files: PUT them, then name it in a registration."""

    id: str


class ModelRegister(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /models/{name}/versions`: from a run's artifacts or from an upload."""

    run_id: str = ""
    path: str = ""
    upload: str = ""
    flavor: str = ""
    """Empty: read from the model's own description."""
    tags: dict[str, str] = {}
    note: str = ""
    requirements: list[str] | None = None
    """None: those recorded with the model."""


class ModelUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of `PATCH /models/{name}` and of a version; absent stays, a null tag is removed."""

    note: str | None = None
    tags: dict[str, str | None] | None = None

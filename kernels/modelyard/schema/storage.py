"""What takes how much of the disk, and what of it can go."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from modelyard.schema.common import Progress, Timestamp

StorageKind = Literal[
    "files",
    "runs",
    "deleted_runs",
    "models",
    "endpoints",
    "instances",
    "environments",
    "images",
    "database",
    "spool",
    "logs",
    "uploads",
    "orphans",
]


class StoragePart(msgspec.Struct, kw_only=True):
    """One kind of content of the workspace."""

    kind: StorageKind
    title: str
    """For people: 'User files'."""
    unit: str
    """What is counted, singular and plural: 'run/runs'."""
    bytes: int = 0
    """On the disk; what is stored once is counted once."""
    count: int = 0
    can_go: int = 0
    """Bytes that `POST /storage/clean` would free now."""
    can_go_count: int = 0
    why: str = ""
    """What of it can go, or why nothing can; what goes by itself."""
    cleans: bool = False
    """Whether `POST /storage/clean` takes this kind at all."""
    partial: bool = False
    """It is larger than was counted: it has too many files, or an engine did not answer."""
    problem: str = ""
    """Why it could not be measured."""
    measured: Timestamp | None = None


class StorageDisk(msgspec.Struct, kw_only=True):
    """A file system that the workspace lies on."""

    holds: list[str]
    """What lies on it: 'User files', 'Workspace'."""
    total: int
    """Bytes."""
    free: int
    """Bytes that we can still write."""


class StorageItem(msgspec.Struct, kw_only=True):
    """One thing that goes, or went."""

    name: str
    """For people: 'run sunny-otter', 'modelyard/env:4f1d…'."""
    bytes: int = 0
    used: Timestamp | None = None
    """When it was used or written last."""
    why: str = ""
    """Why it can go; of what stayed, why it did."""


class StorageFreed(msgspec.Struct, kw_only=True):
    """What a cleaning does, or did, to one kind."""

    kind: StorageKind
    title: str
    bytes: int = 0
    count: int = 0
    items: list[StorageItem] = []
    """The largest of what goes; `count` says how many there are."""
    kept: list[StorageItem] = []
    """What was to go and stayed: it is in use again, or could not be removed."""
    problem: str = ""
    """Why nothing of it could be removed."""


class StorageCleaned(msgspec.Struct, kw_only=True):
    """The answer to `POST /storage/clean`."""

    dry_run: bool
    bytes: int
    freed: list[StorageFreed]
    finished: Timestamp


class StorageUsage(msgspec.Struct, kw_only=True):
    """The whole picture, as of the last measurement of each part."""

    parts: list[StoragePart] = []
    disks: list[StorageDisk] = []
    measured: Timestamp | None = None
    """When the oldest part was measured; null before the first measurement has ended."""
    measuring: Progress | None = None
    """What is being measured at this moment."""
    cleaning: Progress | None = None
    """What is being removed at this moment."""
    budget: int = 0
    """Bytes that environments and images may take before the least recently used go."""


class StorageClean(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to remove."""

    kinds: Annotated[list[StorageKind], msgspec.Meta(max_length=20)]
    dry_run: bool = False
    """Only say what would go."""

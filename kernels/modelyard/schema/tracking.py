"""Experiments and runs."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from modelyard.schema.common import Timestamp

_Short = Annotated[str, msgspec.Meta(max_length=250)]

RunStatus = Literal["queued", "preparing", "running", "finished", "failed", "cancelled"]


class ExperimentInfo(msgspec.Struct, kw_only=True):
    """A named context that holds runs."""

    id: int
    name: str
    note: str = ""
    created: Timestamp
    updated: Timestamp
    runs: int = 0
    """Runs that are not deleted."""
    active: int = 0
    """Runs that have not ended."""
    deleted: bool = False


class ExperimentCreate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /experiments`; an existing experiment of that name is returned."""

    name: str
    note: str = ""


class ExperimentUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of `PATCH /experiments/{id}`; absent fields stay."""

    name: str | None = None
    note: str | None = None


class MetricSummary(msgspec.Struct, kw_only=True):
    """What a list shows of a metric. NaN and infinities travel as the strings of `json_float`."""

    last: float | str
    min: float | str
    max: float | str
    step: int
    """Step of the last point."""
    count: int


class RunSource(msgspec.Struct, kw_only=True):
    """Where the code of a run came from."""

    kind: Literal["cell", "notebook", "script", "interactive"]
    name: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    """Path of the notebook or script, for people."""


class RunCreate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /runs`. The client chooses the id, so that a retry cannot make a second run."""

    id: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$", max_length=32)]
    experiment: str
    name: str = ""
    tags: dict[str, str] = {}
    params: dict[str, str] = {}
    parent: _Short = ""
    source: RunSource = msgspec.field(default_factory=lambda: RunSource(kind="interactive"))
    compute: _Short = ""
    """Name of the compute target; empty: the machine of the server."""
    python: _Short = ""
    started: Annotated[Timestamp, msgspec.Meta(ge=0, le=1e11)] = 0.0
    spool: bool = False
    """The client writes its spool where the server reads it."""


class RunUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of `PATCH /runs/{id}`; absent fields stay, a tag set to null is removed."""

    name: str | None = None
    note: str | None = None
    tags: dict[str, str | None] | None = None


class RunFinish(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /runs/{id}/finish`; `offset` is how much of the spool must be read first."""

    status: Literal["finished", "failed", "cancelled"] = "finished"
    error: str = ""
    offset: Annotated[int, msgspec.Meta(ge=0, le=1 << 62)] = 0


class ModelRef(msgspec.Struct, kw_only=True):
    """A registered version made from a run."""

    name: str
    version: int


class RunInfo(msgspec.Struct, kw_only=True):
    """One execution, as lists show it."""

    id: str
    experiment_id: int
    experiment: str
    name: str
    status: RunStatus
    created: Timestamp
    started: Timestamp | None = None
    ended: Timestamp | None = None
    compute: str = ""
    tags: dict[str, str] = {}
    params: dict[str, str] = {}
    metrics: dict[str, MetricSummary] = {}
    note: str = ""
    error: str = ""
    parent: str = ""
    source: RunSource | None = None
    python: str = ""
    deleted: bool = False
    models: list[ModelRef] = []


class RunPage(msgspec.Struct, kw_only=True):
    """A page of runs; `next` is the token of the next page, empty on the last."""

    runs: list[RunInfo]
    next: str = ""
    total: int = 0


class HistoryInfo(msgspec.Struct, kw_only=True):
    """A metric's points in the order they were logged; three arrays of one length.

    When `max_points` asked for fewer points than there are, each bucket contributes its first,
    lowest, highest and last point, so that extremes are exact.
    """

    key: str
    steps: list[int]
    values: list[float | str]
    times: list[float]
    count: int
    """Points logged in all."""


class ArtifactInfo(msgspec.Struct, kw_only=True):
    """A file or directory below a run's artifacts or a model version's files."""

    path: str
    """Relative, with '/'."""
    is_dir: bool
    size: int = 0
    """Bytes; of a directory, of all that is in it."""
    modified: Timestamp | None = None
    sha256: str = ""


class LogAck(msgspec.Struct, kw_only=True):
    """How much of the spool the server holds, in bytes."""

    offset: int


class RunLog(msgspec.Struct, kw_only=True):
    """A piece of a run's stdout/stderr."""

    text: str
    offset: int
    """Where the next piece begins, in bytes."""
    ended: bool = False

"""Endpoints and their deployments."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from modelyard.schema.common import ErrorInfo, Progress, Timestamp
from modelyard.schema.compute import Exit

EndpointState = Literal["creating", "updating", "running", "failed", "deleting", "unreachable"]
"""`unreachable`: its engine does not answer now. What serves may go on serving meanwhile."""
DeploymentState = Literal[
    "queued", "building", "starting", "running", "draining", "stopped", "failed"
]


class DeployRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /endpoints`: makes the endpoint, or replaces what it serves."""

    name: str
    model: str
    """`name:version`; `name` alone means the newest version."""
    script: str = ""
    """Source of a scoring script with `init()` and `run(data)`; empty: the built-in one."""
    requirements: list[str] | None = None
    """Packages of the image; None: those of the model."""
    env: dict[str, str] = {}
    size: str = ""
    port: int = 0
    """0: a free one, kept for the life of the endpoint."""
    engine: str = ""
    """docker or process; empty: the endpoint's own, or the workspace's default for a new one."""


class Deployment(msgspec.Struct, kw_only=True):
    """A model version being served, or on its way to be."""

    id: str
    model: str
    version: int
    state: DeploymentState
    created: Timestamp
    ready: Timestamp | None = None
    image: str = ""
    size: str = ""
    custom_script: bool = False
    progress: Progress | None = None
    error: ErrorInfo | None = None
    exit: Exit | None = None


class EndpointInfo(msgspec.Struct, kw_only=True):
    """A stable URL with two keys, and what answers there."""

    name: str
    url: str
    """Base URL; POST to `url + '/score'`."""
    port: int
    state: EndpointState
    engine: str
    created: Timestamp
    updated: Timestamp
    current: Deployment | None = None
    """What answers now."""
    next: Deployment | None = None
    """What is being prepared, or failed to be."""
    error: ErrorInfo | None = None
    input_example: Any = None


class EndpointKeys(msgspec.Struct, kw_only=True):
    """Primary and secondary key; either opens the endpoint."""

    keys: list[str]


class RotateKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /endpoints/{name}/keys`."""

    key: Literal["primary", "secondary"]


class ScoreReply(msgspec.Struct, kw_only=True):
    """What the endpoint answered to a request sent through the server ("Try it")."""

    status: int
    body: Any
    milliseconds: float

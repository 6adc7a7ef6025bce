"""Compute instances."""

from __future__ import annotations

from typing import Literal

import msgspec

from modelyard.schema.common import ErrorInfo, Progress, Timestamp

InstanceState = Literal[
    "creating",
    "starting",
    "running",
    "stopping",
    "stopped",
    "failed",
    "deleting",
    "unreachable",
]
"""`unreachable`: its engine does not answer now; `error` says what mends that."""


class InstanceCreate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /compute`."""

    name: str
    size: str = ""
    """A size's name; empty: the default."""
    gpus: int = 0
    shared: bool = False
    """Others that share may be on its GPUs, too."""
    queue: bool = False
    """Where others hold the GPUs: wait for them, instead of an error."""
    image: str = ""
    """An image reference; empty: the workspace's base image with the default packages."""
    engine: str = ""
    """docker or process; empty: the workspace's default. It is kept for the instance's life."""


class InstanceMove(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /compute/{name}/move`."""

    engine: str
    force: bool = False
    """Nothing is moved without it."""


class Exit(msgspec.Struct, kw_only=True):
    """Why a container stopped."""

    code: int
    oom: bool = False
    message: str = ""
    at: Timestamp | None = None


class InstanceInfo(msgspec.Struct, kw_only=True):
    """A compute instance: one container (or process group) with notebook kernels."""

    name: str
    size: str
    cpus: float
    memory: int
    """Bytes."""
    gpus: int
    shared: bool = False
    """Others that share may be on its GPUs, too."""
    queue: bool = False
    """It waits while others hold the GPUs."""
    image: str
    engine: str
    state: InstanceState
    desired: Literal["running", "stopped", "deleted"]
    created: Timestamp
    requested: Timestamp = 0.0
    """When it was last asked to run, not having been: its place among those that wait for GPUs."""
    started: Timestamp | None = None
    kernelspec: str = ""
    """Name of its Python kernelspec."""
    kernels: int = 0
    """Live kernels on it."""
    progress: Progress | None = None
    error: ErrorInfo | None = None
    exit: Exit | None = None


class InstanceUsage(msgspec.Struct, kw_only=True):
    """What an instance occupies; measured when asked for."""

    disk: int
    """Bytes of its own: installed packages and the container's writable layer."""
    memory: int | None = None
    """Bytes in use now, when it runs."""
    cpu_percent: float | None = None


class LogText(msgspec.Struct, kw_only=True):
    """A piece of a log: from the byte that was asked for on, else its end."""

    text: str
    truncated: bool = False
    """Something comes before it that was not asked for, or is kept no longer."""
    offset: int = 0
    """Where it begins, in bytes."""
    next: int = 0
    """Where the next piece begins; 0: nobody counts, and every answer is the log's end."""
    source: str = ""
    """The deployment whose log it is: of another one, bytes are counted anew."""


class TerminalOpened(msgspec.Struct, kw_only=True):
    """A Jupyter terminal whose shell runs on the instance."""

    name: str

"""GPUs and other devices of the machine, and who holds them."""

from __future__ import annotations

from typing import Literal

import msgspec

from modelyard.schema.common import Timestamp


class DeviceHolder(msgspec.Struct, kw_only=True, frozen=True):
    """A container that has the device."""

    kind: str
    """instance, scoring or job."""
    name: str
    workspace: str
    """Id of its workspace, which may be another one of the same machine."""
    shared: bool = False
    since: Timestamp | None = None


class DeviceProcess(msgspec.Struct, kw_only=True, frozen=True):
    """A program that computes on the device, whoever started it."""

    pid: int
    name: str = ""
    memory: int | None = None
    """Bytes of the device's memory; null where the driver does not tell."""


class Device(msgspec.Struct, kw_only=True):
    """A GPU, a MIG slice of one, or another device."""

    id: str
    name: str
    kind: Literal["nvidia", "path"]
    index: str = ""
    """NVIDIA's number: 0, or 0:1 for a slice of GPU 0."""
    memory: int | None = None
    """Bytes; null where it is not known, like the next two."""
    memory_used: int | None = None
    utilisation: float | None = None
    """Percent."""
    holders: list[DeviceHolder] = []
    processes: list[DeviceProcess] = []

"""Which GPUs and other devices this machine has: asked of the driver, or configured."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pynvml
from traitlets import Dict, List
from traitlets.config import LoggingConfigurable

from modelyard.schema.devices import DeviceProcess

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,100}")


class Found(msgspec.Struct, kw_only=True, frozen=True):
    """A device of this machine. What the driver does not tell is None, never 0."""

    id: str
    """NVIDIA's uuid, of a GPU or a MIG slice; otherwise what the configuration calls it."""
    name: str
    kind: str
    """nvidia or path."""
    index: str = ""
    """NVIDIA's number: `0`, of a slice `0:1`."""
    paths: tuple[str, ...] = ()
    """Device files, of kind path."""
    memory: int | None = None
    memory_used: int | None = None
    utilisation: float | None = None
    processes: tuple[DeviceProcess, ...] = ()


class Source(Protocol):
    """Where devices are read from."""

    def read(self) -> list[Found]:
        """The devices there now, in the order of their numbers. Never raises."""
        ...


class NvidiaSource:
    """The GPUs and MIG slices that NVIDIA's driver knows.

    Parameters
    ----------
    nvml: the binding of the driver's library (`pynvml`).
    """

    def __init__(self, nvml: Any = pynvml) -> None:
        self._nvml = nvml
        self._lock = threading.Lock()
        self._open = False

    def read(self) -> list[Found]:
        """The GPUs; a GPU in MIG mode is its slices. Empty without a driver that answers."""
        with self._lock:
            try:
                if not self._open:
                    self._nvml.nvmlInit()
                    self._open = True
                return [*self._gpus()]
            except (self._nvml.NVMLError, OSError):
                self._open = False  # no driver, or it was reloaded: begin anew next time
                return []

    def _gpus(self) -> Iterator[Found]:
        for index in range(self._nvml.nvmlDeviceGetCount()):
            handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
            slices = [*self._slices(handle, index)]
            yield from slices or [self._found(handle, str(index))]

    def _slices(self, handle: Any, gpu: int) -> Iterator[Found]:
        mode = self._known(self._nvml.nvmlDeviceGetMigMode, handle)
        if mode is None or mode[0] != self._nvml.NVML_DEVICE_MIG_ENABLE:
            return
        for index in range(self._known(self._nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
            part = self._known(self._nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)
            if part is not None:  # slices may be numbered with gaps
                yield self._found(part, f"{gpu}:{index}")

    def _found(self, handle: Any, index: str) -> Found:
        memory = self._known(self._nvml.nvmlDeviceGetMemoryInfo, handle)
        rates = self._known(self._nvml.nvmlDeviceGetUtilizationRates, handle)
        running = self._known(self._nvml.nvmlDeviceGetComputeRunningProcesses, handle) or []
        return Found(
            id=_text(self._nvml.nvmlDeviceGetUUID(handle)),
            name=_text(self._known(self._nvml.nvmlDeviceGetName, handle) or "NVIDIA GPU"),
            kind="nvidia",
            index=index,
            memory=None if memory is None else int(memory.total),
            memory_used=None if memory is None else int(memory.used),
            utilisation=None if rates is None else float(rates.gpu),
            processes=tuple(
                DeviceProcess(pid=each.pid, name=_program(each.pid), memory=each.usedGpuMemory)
                for each in running
            ),
        )

    def _known(self, ask: Any, *about: Any) -> Any:
        """What the driver says; None for what this GPU does not support."""
        try:
            return ask(*about)
        except (
            self._nvml.NVMLError_NotSupported,
            self._nvml.NVMLError_NotFound,
            self._nvml.NVMLError_NoPermission,
            self._nvml.NVMLError_InvalidArgument,
            self._nvml.NVMLError_FunctionNotFound,
        ):
            return None


class DeviceInventory(LoggingConfigurable):
    """The devices of this machine that containers can be given."""

    devices = List(
        Dict(),
        config=True,
        help="Devices that no driver library tells of, such as AMD's GPUs: "
        '[{"id": "amd0", "name": "MI210", "paths": ["/dev/kfd", "/dev/dri/renderD128"]}].',
    )

    def __init__(self, source: Source | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._source = source or NvidiaSource()

    def list(self) -> list[Found]:
        """All devices now: NVIDIA's, then the configured ones whose files exist."""
        return [*self._source.read(), *self._configured()]

    def _configured(self) -> Iterator[Found]:
        for each in self.devices:
            id, paths = str(each.get("id", "")), tuple(map(str, each.get("paths") or ()))
            if not _ID.fullmatch(id) or not paths:
                self.log.warning("modelyard: a configured device needs an id and paths: %s", each)
            elif all(Path(path).exists() for path in paths):
                yield Found(id=id, name=str(each.get("name") or id), kind="path", paths=paths)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""

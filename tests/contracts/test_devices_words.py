"""Devices in the words of NVIDIA's driver and of Docker."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pynvml

from modelyard_server.core.paths import Paths
from modelyard_server.engines.devices_inventory import DeviceInventory, NvidiaSource
from modelyard_server.engines.docker_spec import host_config
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import ContainerSpec, LeasedDevice, labelled_devices

_REACH = SameHost(Paths(Path()))


class Driver:
    """Two GPUs: one cut in slices 0 and 2, one that does not tell its memory."""

    def __getattr__(self, name: str) -> object:
        return getattr(pynvml, name)  # errors and constants

    def nvmlInit(self) -> None: ...

    def nvmlDeviceGetCount(self) -> int:
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:
        return f"{index}"

    def nvmlDeviceGetMigMode(self, handle: str) -> list[int]:
        if handle == "1":
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return [1, 1]

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: str) -> int:
        return 3

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: str, index: int) -> str:
        if index == 1:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return f"{handle}:{index}"

    def nvmlDeviceGetUUID(self, handle: str) -> str:
        return f"{'MIG' if ':' in handle else 'GPU'}-{handle}"

    def nvmlDeviceGetName(self, handle: str) -> bytes:
        return b"H"

    def nvmlDeviceGetMemoryInfo(self, handle: str) -> SimpleNamespace:
        if handle == "1":
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return SimpleNamespace(total=10, used=1)

    def nvmlDeviceGetUtilizationRates(self, handle: str) -> SimpleNamespace:
        if ":" in handle:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return SimpleNamespace(gpu=7)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(pid=1, usedGpuMemory=None)]


def test_slices_stand_for_their_gpu_and_unknown_is_not_zero() -> None:
    found = DeviceInventory(NvidiaSource(Driver())).list()
    assert [(each.id, each.index) for each in found] == [
        ("MIG-0:0", "0:0"),
        ("MIG-0:2", "0:2"),
        ("GPU-1", "1"),
    ]
    assert [(each.memory, each.utilisation) for each in found] == [
        (10, None),
        (10, None),
        (None, 7.0),
    ]
    assert found[2].processes[0].memory is None


def test_a_configured_device_is_there_when_its_files_are() -> None:
    inventory = DeviceInventory(NvidiaSource(Driver()))
    inventory.devices = [
        {"id": "amd0", "name": "MI210", "paths": ["/dev/null"]},
        {"id": "amd1", "paths": ["/dev/null", "/dev/none-such"]},
        {"id": "a,b", "paths": ["/dev/null"]},
    ]
    assert [each.id for each in inventory.list()][3:] == ["amd0"]


def _spec() -> ContainerSpec:
    devices = [
        LeasedDevice(id="GPU-1", index="0", shared=True),
        LeasedDevice(id="MIG-2", index="1:0", shared=True),
    ]
    return ContainerSpec(workspace="w", kind="instance", name="a", command=[], devices=devices)


def test_docker_is_asked_by_cdi_where_it_knows_every_one() -> None:
    known = {"nvidia.com/gpu=GPU-1", "nvidia.com/gpu=0", "nvidia.com/gpu=1:0"}
    (request,) = host_config(_spec(), _REACH, known)["device_requests"]
    assert request["Driver"] == "cdi"
    assert request["DeviceIDs"] == ["nvidia.com/gpu=GPU-1", "nvidia.com/gpu=1:0"]


def test_docker_is_asked_by_uuid_otherwise() -> None:
    (request,) = host_config(_spec(), _REACH, {"nvidia.com/gpu=0"})["device_requests"]
    assert (request["Driver"], request["DeviceIDs"]) == ("nvidia", ["GPU-1", "MIG-2"])
    assert request["Capabilities"] == [["gpu"]] and not request["Count"]


def test_the_label_says_what_is_held() -> None:
    label = _spec().all_labels["modelyard.devices"]
    assert label == "GPU-1:shared,MIG-2:shared"
    assert [(each.id, each.shared) for each in labelled_devices(label)] == [
        ("GPU-1", True),
        ("MIG-2", True),
    ]

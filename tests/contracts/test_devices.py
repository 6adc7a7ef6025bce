"""Devices that are held, on real containers and processes of either engine.

The GPUs are made up (no test machine has one), and what Docker can give is Docker's device files.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from pathlib import Path

import pytest

from modelyard.errors import EngineUnavailable, InvalidInput, NotEnoughDevices
from modelyard_server.engines.base import Engine
from modelyard_server.engines.devices import Devices
from modelyard_server.engines.devices_choose import Gpus
from modelyard_server.engines.devices_inventory import DeviceInventory, Found
from modelyard_server.engines.devices_verify import verify
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import LeasedDevice
from tests.contracts.engines import SLEEP, MakeSpec, ended, request, run, says
from tests.server_support import wait_for

# Holders are looked for on the whole machine, where other tests run at the same time.
GPU_0, GPU_1 = (f"GPU-{secrets.token_hex(4)}-{number}" for number in range(2))


class MadeUp:
    """A machine with two GPUs."""

    def read(self) -> list[Found]:
        """Both of them; device files that every machine has stand for them."""
        return [
            Found(id=id, name="Made up", kind="path", paths=(path,))
            for id, path in ((GPU_0, "/dev/null"), (GPU_1, "/dev/zero"))
        ]


@pytest.fixture
def devices(engine: Engine, tmp_path: Path) -> Devices:
    """Of that machine."""
    return Devices(DeviceInventory(MadeUp()), lambda: [engine], tmp_path / "devices.lock")


def begin(devices: Devices, engine: Engine, spec: MakeSpec, name: str, **wanted: object) -> list:
    """Start a container with devices, as an instance is."""
    one = spec(name=name)
    with devices.acquire(engine, request(engine, one, **wanted)) as lease:
        engine.create(spec(name=name, devices=lease))
        engine.start(one.container)
    return [each.id for each in lease]


def test_running_holds_and_stopped_does_not(
    devices: Devices, engine: Engine, spec: MakeSpec
) -> None:
    assert begin(devices, engine, spec, "a") == [GPU_0]
    assert begin(devices, engine, spec, "b") == [GPU_1]
    with pytest.raises(NotEnoughDevices, match=rf"{GPU_0} is held by instance 'a' .*since 20"):
        begin(devices, engine, spec, "c")
    assert begin(devices, engine, spec, "b") == [GPU_1]  # again: it keeps its own
    engine.stop(spec(name="a").container, timeout=0)
    assert begin(devices, engine, spec, "c") == [GPU_0]
    with pytest.raises(NotEnoughDevices, match="'c'"):
        begin(devices, engine, spec, "a")
    held = {each.id: [holder.name for holder in each.holders] for each in devices.list()}
    assert held == {GPU_0: ["c"], GPU_1: ["b"]}


def test_taken_ids_are_replaced_at_the_next_start(
    devices: Devices, engine: Engine, spec: MakeSpec
) -> None:
    begin(devices, engine, spec, "a")
    engine.stop(spec(name="a").container, timeout=0)
    begin(devices, engine, spec, "b")
    assert begin(devices, engine, spec, "a") == [GPU_1]


def test_what_fails_to_start_holds_nothing(
    devices: Devices, engine: Engine, spec: MakeSpec
) -> None:
    one = spec(name="a")
    with (
        pytest.raises(RuntimeError),
        devices.acquire(engine, request(engine, one, count=2)) as lease,
    ):
        engine.create(spec(name="a", devices=lease))
        raise RuntimeError("killed between create and start")
    assert all(not each.holders for each in devices.list())
    begin(devices, engine, spec, "b", count=2)


def test_one_that_ends_by_itself_lets_go(devices: Devices, engine: Engine, spec: MakeSpec) -> None:
    one = spec(name="a")
    with devices.acquire(engine, request(engine, one, count=2)) as lease:
        engine.create(spec("pass", name="a", devices=lease))
        engine.start(one.container)
    ended(engine, one.container)
    wait_for(lambda: not any(each.holders for each in devices.list()), 10, "nobody holds any")


def test_sharing_is_asked_for(devices: Devices, engine: Engine, spec: MakeSpec) -> None:
    assert begin(devices, engine, spec, "a", shared=True) == [GPU_0]
    assert begin(devices, engine, spec, "b", shared=True) == [GPU_1]
    assert begin(devices, engine, spec, "c", shared=True) == [GPU_0]
    with pytest.raises(NotEnoughDevices):
        begin(devices, engine, spec, "d")


def test_more_than_there_are(devices: Devices, engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="this machine has 2 GPUs") as caught:
        devices.check(engine, Gpus(count=64))
    assert caught.value.field == "gpus"


def test_the_devices_are_there_inside(devices: Devices, engine: Engine, spec: MakeSpec) -> None:
    one = spec(name="a")
    with devices.acquire(engine, request(engine, one)) as lease:
        engine.create(spec(name="a", devices=lease))
        engine.start(one.container)
    verify(engine, one.container, lease)
    code, _ = engine.check(one.container, "sleep 60", timeout=0.5)
    assert code is None


def test_a_gpu_that_does_not_answer_is_an_error(engine: Engine, spec: MakeSpec) -> None:
    one = spec(name="a")
    engine.create(one)
    engine.start(one.container)
    with pytest.raises(EngineUnavailable, match="does not answer") as caught:
        verify(engine, one.container, [LeasedDevice(id=GPU_0, index="0")])
    assert "nvidia-smi" in caught.value.hint


@pytest.mark.parametrize("engine", ["process"], indirect=True)
def test_programs_of_local_processes_see_their_gpus_only(
    engine: Engine, spec: MakeSpec, shared: Path
) -> None:
    """What CUDA goes by, in the main program and in one beside it, as a kernel is."""
    tell = "import os; print('sees', repr(os.environ['CUDA_VISIBLE_DEVICES']), flush=True)"
    lease = [LeasedDevice(id=id, index=str(n)) for n, id in enumerate((GPU_0, GPU_1))]
    for name, devices, seen in (("two", lease, f"'{GPU_0},{GPU_1}'"), ("none", [], "''")):
        one = spec(f"{tell}; {SLEEP}", name=name, devices=devices)
        engine.create(one)
        engine.start(one.container)
        wait_for(lambda: engine.log(one.container, None, 9).text == f"sees {seen}\n", 10, seen)  # noqa: B023
        run(engine, one.container, shared, tell, name)
        says(shared / f"{name}.log", f"sees {seen}")


@pytest.mark.parametrize("engine", ["process"], indirect=True)
def test_fifty_at_once(tmp_path: Path, spec: MakeSpec, workspace_id: str, reach: SameHost) -> None:
    """Five servers (an engine and a `Devices` each) on one machine, ten requests each."""
    servers = []
    for n in range(5):
        engine = ProcessEngine(reach, tmp_path / f"engine-{n}")
        inventory = DeviceInventory(MadeUp())
        servers.append((engine, Devices(inventory, lambda e=engine: [e], tmp_path / "lock")))
    got: list[str] = []
    refused: list[str] = []

    def ask(n: int) -> None:
        engine, devices = servers[n % 5]
        try:
            got.extend(begin(devices, engine, spec, f"n{n}"))
        except NotEnoughDevices:
            refused.append(str(n))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(50)]
    try:
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert Counter(got) == {GPU_0: 1, GPU_1: 1}
        assert len(refused) == 48
    finally:
        for engine, _ in servers:
            for state in engine.list(workspace_id):
                engine.remove(state.container)

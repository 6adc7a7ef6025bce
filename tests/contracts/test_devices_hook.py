"""Docker asked for GPUs by uuid, for real: one daemon finds NVIDIA's hook, the other does not.

The hook is made up (`nvidia_hook.py`), and so are the GPUs; Docker and containers are real.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.errors import APIError
from docker.types import DeviceRequest

from modelyard.errors import EngineUnavailable, InvalidInput, ModelyardError, NotEnoughDevices
from modelyard_server.engines import docker_devices
from modelyard_server.engines.base import EngineLost
from modelyard_server.engines.devices import Devices
from modelyard_server.engines.devices_choose import Gpus
from modelyard_server.engines.devices_inventory import DeviceInventory, Found
from modelyard_server.engines.devices_verify import verify
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.docker_client import QUICK
from modelyard_server.engines.spec import LeasedDevice, Phase
from tests.contracts import nvidia_hook
from tests.contracts.engines import request
from tests.own_docker import IMAGE, OwnDocker, own_docker, sleeper
from tests.server_support import wait_for

pytestmark = pytest.mark.docker

GPU_0 = LeasedDevice(id="GPU-5a1f0e2c", index="0")
GPU_1 = LeasedDevice(id="GPU-77c3b9d4", index="1")
SLICE = LeasedDevice(id="MIG-9e4d2b10", index="2:0")

# Of a newer daemon, too, this part is about the way without CDI.
SETTINGS = {"features": {"cdi": False}}


class MadeUp:
    """A machine with these GPUs."""

    def read(self) -> list[Found]:
        """All of them."""
        return [
            Found(id=each.id, name="Made up", kind="nvidia", index=each.index)
            for each in (GPU_0, GPU_1, SLICE)
        ]


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the hook."""
    folder = tmp_path_factory.mktemp("bin")
    nvidia_hook.install(folder)
    return folder


@pytest.fixture(scope="module")
def daemon(hook: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnDocker]:
    """A daemon with the hook on its PATH."""
    with own_docker(tmp_path_factory.mktemp("hook"), str(hook), SETTINGS) as made:
        yield made


@pytest.fixture
def hooked(
    daemon: OwnDocker, hook: Path, workspace_id: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DockerEngine]:
    """The engine on it; the server finds the hook, too."""
    monkeypatch.setenv("PATH", f"{hook}{os.pathsep}{os.environ['PATH']}")
    yield daemon.engine
    daemon.sweep(workspace_id)
    for name in ("silent", "gate", "begun"):
        (hook / name).unlink(missing_ok=True)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnDocker]:
    """A daemon without the hook."""
    with own_docker(tmp_path_factory.mktemp("plain"), settings=SETTINGS) as made:
        yield made


def devices_of(engine: DockerEngine, lock: Path) -> Devices:
    """What a server knows of the machine's devices."""
    return Devices(DeviceInventory(MadeUp()), lambda: [engine], lock)


@pytest.mark.parametrize("wanted", [[GPU_0], [GPU_1, GPU_0], [SLICE]], ids=["one", "two", "slice"])
def test_the_container_sees_what_it_was_given(
    hooked: DockerEngine, workspace_id: str, wanted: list[LeasedDevice]
) -> None:
    spec = sleeper(workspace_id, wanted, 'echo "sees $NVIDIA_VISIBLE_DEVICES;"')
    hooked.create(spec)
    hooked.start(spec.container)
    expected = f"sees {','.join(each.id for each in wanted)};"
    wait_for(lambda: expected in hooked.logs(spec.container), 10, expected)
    verify(hooked, spec.container, wanted)  # by the nvidia-smi that the hook brought
    code, output = hooked.check(spec.container, "nvidia-smi -L", timeout=10)
    assert code == 0 and output.count("UUID") == len(wanted)


def test_a_container_without_gpus_sees_none(hooked: DockerEngine, workspace_id: str) -> None:
    spec = sleeper(workspace_id, [], 'echo "sees $NVIDIA_VISIBLE_DEVICES;"')
    hooked.create(spec)
    hooked.start(spec.container)
    wait_for(lambda: "sees ;" in hooked.logs(spec.container), 10, "it sees none")
    code, _ = hooked.check(spec.container, "command -v nvidia-smi", timeout=10)
    assert code


def test_held_started_and_verified_as_an_instance_is(
    hooked: DockerEngine, workspace_id: str, tmp_path: Path
) -> None:
    assert hooked.can_give("nvidia") and not hooked.cdi_devices()
    devices = devices_of(hooked, tmp_path / "lock")
    wanted = request(hooked, sleeper(workspace_id, []), count=2)
    with devices.acquire(hooked, wanted) as lease:
        spec = sleeper(workspace_id, lease)
        hooked.create(spec)
        hooked.start(spec.container)
        verify(hooked, spec.container, lease)
    held = {each.id: [holder.name for holder in each.holders] for each in devices.list()}
    assert held == {GPU_0.id: ["one"], GPU_1.id: ["one"], SLICE.id: []}


def test_one_of_two_that_does_not_answer(
    hooked: DockerEngine, hook: Path, workspace_id: str
) -> None:
    (hook / "silent").write_text(GPU_1.id)
    spec = sleeper(workspace_id, [GPU_0, GPU_1])
    hooked.create(spec)
    hooked.start(spec.container)
    verify(hooked, spec.container, [GPU_0])
    with pytest.raises(EngineUnavailable, match="The GPU does not answer in modelyard-"):
        verify(hooked, spec.container, [GPU_0, GPU_1])


def test_without_the_hook_docker_refuses_and_nothing_is_held(
    plain: OwnDocker, workspace_id: str, tmp_path: Path
) -> None:
    spec = sleeper(workspace_id, [GPU_0])
    plain.engine.create(spec)
    with pytest.raises(InvalidInput, match="Docker cannot give GPUs to containers here") as caught:
        plain.engine.start(spec.container)
    assert caught.value.field == "gpus"
    assert "Install the NVIDIA Container Toolkit" in caught.value.hint
    assert all(not each.holders for each in devices_of(plain.engine, tmp_path / "lock").list())
    assert [each.ended for each in plain.engine.given()] == [False]
    plain.sweep(workspace_id)


def test_without_the_hook_the_engine_has_no_gpus(plain: OwnDocker, tmp_path: Path) -> None:
    assert not plain.engine.can_give("nvidia")
    devices = devices_of(plain.engine, tmp_path / "lock")
    with pytest.raises(InvalidInput, match="this machine has no GPU"):
        devices.check(plain.engine, Gpus(count=1))


def test_a_daemon_without_cdi_refuses_its_names(plain: OwnDocker) -> None:
    """Hence `cdi_devices` must be empty there, so that it is asked by uuid."""
    assert not plain.engine.cdi_devices()
    with plain.engine._client.calling(QUICK) as api:
        request = DeviceRequest(driver="cdi", device_ids=["nvidia.com/gpu=0"])
        settings = api.create_host_config(device_requests=[request])
        made = api.create_container(IMAGE, ["sleep", "1"], host_config=settings)["Id"]
        with pytest.raises(APIError, match='could not select device driver "cdi"') as caught:
            api.start(made)
        api.remove_container(made)
    said = plain.engine._client.translated(caught.value)
    assert isinstance(said, InvalidInput) and said.field == "gpus"


def test_a_gpu_whose_container_is_being_started_is_not_free(
    hooked: DockerEngine,
    daemon: OwnDocker,
    hook: Path,
    workspace_id: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Docker lists it as created until the hook is done; who asked for it may be dead by then."""
    os.mkfifo(hook / "gate")
    gate = os.open(hook / "gate", os.O_RDWR)  # so that neither side waits for the other to open it
    first = sleeper(workspace_id, [GPU_0, GPU_1, SLICE], name="first")
    hooked.create(first)
    starting = threading.Thread(target=hooked.start, args=(first.container,))
    starting.start()
    try:
        wait_for((hook / "begun").exists, 30, "the hook has begun")
        other = DockerEngine(hooked.reach, daemon.base_url)
        with other._client.calling(QUICK) as api:
            (listed,) = api.containers(all=True, filters={"name": first.container})
        assert listed["State"] == "created"
        with monkeypatch.context() as soon:
            soon.setattr(docker_devices, "QUICK", 1)
            with pytest.raises(EngineLost):  # silence, which is not "free"
                other.given()

        said: list[ModelyardError] = []
        looking = threading.Thread(
            target=_asks, args=(devices_of(other, tmp_path / "lock"), other, workspace_id, said)
        )
        looking.start()
    finally:
        os.write(gate, b"1")
        starting.join(30)
        os.close(gate)
    looking.join(30)
    (error,) = said
    assert isinstance(error, NotEnoughDevices) and "held by instance 'first'" in error.message
    state = hooked.inspect(first.container)
    assert state is not None and state.phase is Phase.RUNNING


def _asks(
    devices: Devices, engine: DockerEngine, workspace: str, said: list[ModelyardError]
) -> None:
    """Another server wants a GPU."""
    try:
        with devices.acquire(engine, request(engine, sleeper(workspace, [], name="second"))):
            pass
    except ModelyardError as error:
        said.append(error)

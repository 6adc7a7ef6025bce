"""Docker asked for GPUs by CDI name, for real: a daemon that resolves a made-up specification.

It is Docker 26.1, which `tests/docker_with_cdi.sh` fetches; it runs with the machine's containerd.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.errors import InvalidInput
from modelyard_server.engines.devices import Devices
from modelyard_server.engines.devices_inventory import DeviceInventory, Found
from modelyard_server.engines.devices_verify import verify
from modelyard_server.engines.spec import LeasedDevice
from tests.contracts.engines import request
from tests.own_docker import OwnDocker, own_docker, require_root, sleeper
from tests.server_support import wait_for

pytestmark = pytest.mark.docker

DOCKER = Path(__file__).parents[2] / ".make" / "docker-with-cdi"

BY_NUMBER = LeasedDevice(id="GPU-5a1f0e2c", index="0")
BY_UUID = LeasedDevice(id="GPU-77c3b9d4", index="1")
SLICE = LeasedDevice(id="MIG-9e4d2b10", index="0:1")
TOO_NEW = LeasedDevice(id="GPU-too-new", index="7")


def _device(name: str, variable: str, *files: str) -> dict[str, object]:
    """As nvidia-ctk describes one; files that every machine has stand for the device files."""
    nodes = [{"path": f"/dev/{file}", "hostPath": "/dev/null"} for file in files]
    return {"name": name, "containerEdits": {"deviceNodes": nodes, "env": [f"{variable}=yes"]}}


def _specification(version: str, *devices: dict[str, object]) -> str:
    common = {"deviceNodes": [{"path": "/dev/nvidiactl", "hostPath": "/dev/null"}]}
    said = {"cdiVersion": version, "kind": "nvidia.com/gpu"}
    return json.dumps({**said, "devices": devices, "containerEdits": common})


@pytest.fixture(scope="module")
def programs() -> str:
    """The folder of that Docker's programs."""
    require_root()
    if not (DOCKER / "usr/sbin/dockerd").exists():
        reason = DOCKER / "why-not.txt"
        said = reason.read_text().strip() if reason.exists() else "run: make system"
        pytest.skip(f"There is no Docker with CDI: {said[-500:]}")
    return f"{DOCKER}/usr/sbin:{DOCKER}/usr/bin"


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of CDI specifications; one of them is of a version that this Docker cannot read."""
    folder = tmp_path_factory.mktemp("cdi")
    (folder / "nvidia.yaml").write_text(
        _specification(
            "0.5.0",
            _device("0", "FIRST", "nvidia0"),
            _device(BY_UUID.id, "SECOND", "nvidia1"),
            _device("0:1", "SLICE", "nvidia0", "nvidia-caps/nvidia-cap12"),
        )
    )
    (folder / "newer.json").write_text(_specification("99.0.0", _device("7", "NEWER", "nvidia7")))
    return folder


@pytest.fixture(scope="module")
def daemon(
    programs: str, described: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnDocker]:
    """It, with CDI."""
    settings = {"features": {"cdi": True}, "cdi-spec-dirs": [str(described)]}
    with own_docker(tmp_path_factory.mktemp("cdi"), programs, settings) as made:
        yield made


@pytest.fixture
def docker(daemon: OwnDocker, workspace_id: str) -> Iterator[OwnDocker]:
    """It, without what a test leaves."""
    yield daemon
    daemon.sweep(workspace_id)


@pytest.mark.parametrize(
    ("wanted", "variables", "files"),
    [
        ([BY_NUMBER], "yes,,", {"nvidia0"}),
        ([BY_NUMBER, BY_UUID], "yes,yes,", {"nvidia0", "nvidia1"}),
        ([SLICE], ",,yes", {"nvidia0", "nvidia-caps"}),
    ],
    ids=["one", "two", "slice"],
)
def test_the_container_sees_what_it_was_given(
    docker: OwnDocker,
    workspace_id: str,
    wanted: list[LeasedDevice],
    variables: str,
    files: set[str],
) -> None:
    spec = sleeper(workspace_id, wanted, 'echo "sees $FIRST,$SECOND,$SLICE;"')
    docker.engine.create(spec)
    docker.engine.start(spec.container)
    expected = f"sees {variables};"
    wait_for(lambda: expected in docker.engine.logs(spec.container), 10, expected)
    _, output = docker.engine.check(spec.container, "ls -1 /dev", timeout=10)
    there = {each for each in output.split() if each.startswith("nvidia")}
    assert there == files | {"nvidiactl"}
    verify(docker.engine, spec.container, wanted)  # by device files: there is no nvidia-smi


def test_held_started_and_verified_as_an_instance_is(
    docker: OwnDocker, workspace_id: str, tmp_path: Path
) -> None:
    class MadeUp:
        def read(self) -> list[Found]:
            return [
                Found(id=each.id, name="Made up", kind="nvidia", index=each.index)
                for each in (SLICE, BY_UUID)
            ]

    engine = docker.engine
    assert engine.can_give("nvidia")
    devices = Devices(DeviceInventory(MadeUp()), lambda: [engine], tmp_path / "lock")
    wanted = request(engine, sleeper(workspace_id, []), count=2)
    with devices.acquire(engine, wanted) as lease:
        engine.create(sleeper(workspace_id, lease))
        engine.start(wanted.container)
        verify(engine, wanted.container, lease)
    assert [[holder.name for holder in each.holders] for each in devices.list()] == [["one"]] * 2


def test_what_docker_cannot_resolve_is_an_error_that_mends_it(
    docker: OwnDocker, workspace_id: str
) -> None:
    """Its name is in a file that we can read and this Docker cannot."""
    assert "nvidia.com/gpu=7" in docker.engine.cdi_devices()
    spec = sleeper(workspace_id, [TOO_NEW])
    docker.engine.create(spec)
    with pytest.raises(InvalidInput, match=r"unresolvable CDI devices nvidia\.com/gpu=7") as caught:
        docker.engine.start(spec.container)
    assert caught.value.field == "gpus" and "nvidia-ctk cdi generate" in caught.value.hint


def test_where_cdi_is_off_docker_is_not_asked_by_it(
    programs: str, described: Path, tmp_path: Path
) -> None:
    settings = {"features": {"cdi": False}, "cdi-spec-dirs": [str(described)]}
    with own_docker(tmp_path, programs, settings) as made:
        assert not made.engine.cdi_devices()
        assert not made.engine.can_give("nvidia")

"""A start that nobody knows the end of: Docker may begin it when the GPU is somebody else's."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.errors import NotEnoughDevices, NotFound
from modelyard_server.engines.base import EngineLost
from modelyard_server.engines.devices import Devices
from modelyard_server.engines.devices_inventory import DeviceInventory, Found
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import Phase
from tests.contracts.engines import MakeSpec, request

pytestmark = pytest.mark.docker

GPU = f"GPU-{secrets.token_hex(4)}"


class OneGpu:
    """A machine with one GPU; a device file that every machine has stands for it."""

    def read(self) -> list[Found]:
        """It."""
        return [Found(id=GPU, name="Made up", kind="path", paths=("/dev/null",))]


class Wire:
    """Leads to Docker; a request to start is cut off, and delivered or not when the test says."""

    def __init__(self, path: Path, target: str) -> None:
        self._target = target
        self.cuts = False
        self.forwards = False
        """Whether Docker gets the request at once, and only its answer is lost."""
        self._kept = b""
        self._broken = False
        self._ends: list[socket.socket] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def deliver(self) -> bytes:
        """Let the request that was kept arrive; gives Docker's answer."""
        with self._connected() as far:
            far.sendall(self._kept)
            return far.recv(1 << 12)

    def cut_all(self) -> None:
        """Let nobody through any more."""
        self._broken = True
        for each in self._ends:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let everybody through again."""
        self._broken = False

    def close(self) -> None:
        self._listening.close()

    def _connected(self) -> socket.socket:
        far = socket.socket(socket.AF_UNIX)
        far.connect(self._target)
        return far

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = self._listening.accept()[0]
                if self._broken:
                    near.close()
                    continue
                far = self._connected()
                self._ends += [near, far]
                threading.Thread(target=self._out, args=(near, far), daemon=True).start()
                threading.Thread(target=self._back, args=(far, near), daemon=True).start()

    def _out(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(1 << 16):
                if self.cuts and b"/start HTTP/" in data:
                    self._kept = data
                    self.cuts = False
                    if self.forwards:
                        far.sendall(data)
                    near.shutdown(socket.SHUT_RDWR)
                    break
                far.sendall(data)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(1 << 16):
                near.sendall(data)


@pytest.fixture
def engine(docker_engine: DockerEngine, base_image: str, workspace_id: str) -> Iterator:
    """The machine's Docker, past the wire: another server's."""
    yield docker_engine
    for state in docker_engine.list(workspace_id):
        docker_engine.remove(state.container)


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    """The wire, which tests cut."""
    target = os.environ.get("DOCKER_HOST", "").removeprefix("unix://") or "/var/run/docker.sock"
    made = Wire(tmp_path / "docker.sock", target)
    yield made
    made.close()


@pytest.fixture
def lossy(wire: Wire, tmp_path: Path, reach: SameHost) -> DockerEngine:
    """Docker at the end of the wire."""
    return DockerEngine(reach, f"unix://{tmp_path / 'docker.sock'}")


def server(tmp_path: Path, *engines: DockerEngine | ProcessEngine) -> Devices:
    """What a server knows of the machine's devices."""
    return Devices(DeviceInventory(OneGpu()), lambda: engines, tmp_path / "lock")


def begin(
    devices: Devices, engine: DockerEngine | ProcessEngine, spec: MakeSpec, name: str
) -> None:
    """Start a container with the GPU, as an instance is."""
    one = spec(name=name)
    with devices.acquire(engine, request(engine, one)) as lease:
        engine.create(spec(name=name, devices=lease))
        engine.start(one.container)


def running(engine: DockerEngine, spec: MakeSpec, name: str) -> bool:
    found = engine.inspect(spec(name=name).container)
    return found is not None and found.phase is Phase.RUNNING


def test_a_start_whose_answer_is_lost(
    engine: DockerEngine, lossy: DockerEngine, wire: Wire, spec: MakeSpec, tmp_path: Path
) -> None:
    """Docker may be starting it, and lists it as created meanwhile: one of them has the GPU."""
    wire.cuts = wire.forwards = True
    with pytest.raises(EngineLost):
        begin(server(tmp_path, lossy), lossy, spec, "a")
    with contextlib.suppress(NotEnoughDevices):
        begin(server(tmp_path, engine), engine, spec, "b")
    assert sum(running(engine, spec, name) for name in ("a", "b")) == 1
    (device,) = server(tmp_path, engine).list()
    assert len(device.holders) == 1


def test_a_start_that_arrives_late_finds_nothing_to_start(
    engine: DockerEngine, lossy: DockerEngine, wire: Wire, spec: MakeSpec, tmp_path: Path
) -> None:
    wire.cuts = True
    with pytest.raises(EngineLost):
        begin(server(tmp_path, lossy), lossy, spec, "a")
    begin(server(tmp_path, engine), engine, spec, "b")
    assert b" 404 " in wire.deliver()
    assert running(engine, spec, "b") and not running(engine, spec, "a")
    with pytest.raises(NotFound):
        engine.start(spec(name="a").container)


def test_a_late_start_of_an_earlier_life_starts_no_later_one(
    engine: DockerEngine, lossy: DockerEngine, wire: Wire, spec: MakeSpec, tmp_path: Path
) -> None:
    """It was tried again, ran and was stopped; then the first request comes through."""
    devices = server(tmp_path, lossy)
    wire.cuts = True
    with pytest.raises(EngineLost):
        begin(devices, lossy, spec, "a")
    begin(devices, lossy, spec, "a")
    engine.stop(spec(name="a").container, timeout=0)
    begin(server(tmp_path, engine), engine, spec, "b")
    wire.deliver()
    assert running(engine, spec, "b") and not running(engine, spec, "a")


def test_a_restart_is_a_container_of_its_own(
    engine: DockerEngine, lossy: DockerEngine, wire: Wire, spec: MakeSpec, tmp_path: Path
) -> None:
    """One that ran is not started again: that request may be late, too."""
    devices = server(tmp_path, lossy)
    begin(devices, lossy, spec, "a")
    engine.stop(spec(name="a").container, timeout=0)
    wire.cuts = True
    with pytest.raises(EngineLost):
        begin(devices, lossy, spec, "a")
    begin(server(tmp_path, engine), engine, spec, "b")
    assert b" 404 " in wire.deliver()
    assert running(engine, spec, "b") and not running(engine, spec, "a")


def test_while_docker_is_silent_processes_do_not_get_what_it_may_start(
    engine: DockerEngine,
    lossy: DockerEngine,
    wire: Wire,
    spec: MakeSpec,
    tmp_path: Path,
    reach: SameHost,
    workspace_id: str,
) -> None:
    local = ProcessEngine(reach, tmp_path / "engine")
    devices = server(tmp_path, lossy, local)
    wire.cuts = True
    with pytest.raises(EngineLost):
        begin(devices, lossy, spec, "a")
    wire.cut_all()
    with pytest.raises(NotEnoughDevices, match="held by instance 'a'"):
        begin(devices, local, spec, "b")
    (holder,) = devices.list()[0].holders
    assert (holder.kind, holder.name, holder.workspace) == ("instance", "a", workspace_id)
    wire.mend()
    try:
        begin(devices, local, spec, "b")  # Docker says that it has not, and will not
        assert b" 404 " in wire.deliver()
    finally:
        local.remove(spec(name="b").container)

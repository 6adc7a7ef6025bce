"""dockerd that dies in the middle of things, and comes back (see tests/wire.py)."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from modelyard.endpoints import Endpoint
from modelyard.errors import EngineUnavailable, InUse, ModelyardError, NotPermitted, WaitTimeout
from modelyard.workspace import Workspace
from modelyard_server.engines.choose import open_engines
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.spec import Phase
from tests.docker_support import sweep
from tests.server_support import RunningServer, wait_for
from tests.wire import Wire, docker_address

pytestmark = pytest.mark.docker


@pytest.fixture
def docker(docker_engine: DockerEngine, base_image: str) -> DockerEngine:
    """The machine's Docker, past the wire."""
    return DockerEngine(docker_engine.reach, f"unix://{docker_address()}")


@pytest.fixture
def wire(tmp_path: Path, docker: DockerEngine, monkeypatch: pytest.MonkeyPatch) -> Wire:
    """What servers that the test starts take for the machine's Docker."""
    wire = Wire(tmp_path / "docker.sock", docker_address())
    wire.mend()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{wire.path}")
    return wire


@pytest.fixture
def server(wire: Wire, docker: DockerEngine, tmp_path: Path) -> Iterator[RunningServer]:
    """A server at the end of the wire."""
    server = RunningServer(tmp_path / "ws", "docker")
    try:
        yield server.start()
    finally:
        wire.mend()
        server.stop()
        sweep(docker, server.paths.workspace_id)
        server.sweep()


def _phases(server: RunningServer, docker: DockerEngine) -> dict[str, Phase]:
    return {state.name: state.phase for state in docker.list(server.paths.workspace_id)}


def test_instances_come_back_with_docker(
    server: RunningServer, wire: Wire, docker: DockerEngine
) -> None:
    ws = server.workspace()
    instance = ws.compute.create("cpu-1", wait=True, timeout=300)
    wire.cut()
    error = wait_for(lambda: instance.refresh().info.error, 15, "the instance says what is wrong")
    assert error.code == EngineUnavailable.code and error.hint
    assert not server.workspace().status.engine.available
    with pytest.raises(EngineUnavailable):
        ws.compute.create("cpu-2")
    # As a dockerd that was killed finds its containers.
    for state in docker.list(server.paths.workspace_id):
        docker.stop(state.container, 0)
    wire.mend()
    wait_for(lambda: _phases(server, docker) == {"cpu-1": Phase.RUNNING}, 60, "it runs again")
    wait_for(lambda: instance.refresh().info.error is None, 15, "the error is gone")
    assert instance.wait("running", 60).info.state == "running"
    instance.delete()
    wait_for(lambda: _phases(server, docker) == {}, 30, "nothing is left")


@pytest.mark.parametrize("listens", [False, True])
@pytest.mark.parametrize("after", [0.0, 0.2])
def test_docker_dies_while_an_instance_is_made(
    server: RunningServer, wire: Wire, docker: DockerEngine, after: float, listens: bool
) -> None:
    instance = server.workspace().compute.create("cpu-1")
    threading.Event().wait(after)  # a moment in the middle, not a time to be ready in
    wire.cut(listens=listens)
    met = (lambda: wire.waiting) if listens else (lambda: instance.refresh().info.error)
    wait_for(met, 30, "the server meets it")
    wire.mend()
    wait_for(lambda: _phases(server, docker) == {"cpu-1": Phase.RUNNING}, 300, "it runs")
    instance.wait("running", 60)
    wait_for(lambda: instance.refresh().info.error is None, 15, "the error is gone")


def test_what_is_wished_while_docker_is_away(
    server: RunningServer, wire: Wire, docker: DockerEngine
) -> None:
    instance = server.workspace().compute.create("cpu-1", wait=True, timeout=300)
    wire.cut()
    wait_for(lambda: instance.refresh().info.error, 15, "the instance says what is wrong")
    with pytest.raises(WaitTimeout, match="does not answer"):
        instance.stop(timeout=5)
    wire.mend()
    wait_for(lambda: _phases(server, docker) == {"cpu-1": Phase.EXITED}, 60, "it stops")
    instance.wait("stopped", 60)
    wait_for(lambda: instance.refresh().info.error is None, 15, "the error is gone")


def test_a_docker_workspace_never_moves_to_processes(
    server: RunningServer, wire: Wire, docker: DockerEngine
) -> None:
    server.workspace().compute.create("cpu-1", wait=True, timeout=300)
    server.stop()
    wire.cut()
    server.engine = "auto"
    ws = server.start().workspace()
    instance = ws.compute.get("cpu-1")
    wait_for(lambda: instance.refresh().info.state == "unreachable", 30, "it says so")
    assert instance.info.engine == "docker"
    assert instance.info.error is not None and instance.info.error.hint
    local = open_engines(server.paths).of("process")
    assert local.list(server.paths.workspace_id) == []
    assert ws.status.engine.name == "docker"
    with pytest.raises(EngineUnavailable):
        ws.compute.create("cpu-2")

    # Who insists gets a local process, which Docker's silence does not hold up.
    here = ws.compute.create("here", engine="process", wait=True, timeout=300)
    assert here.info.engine == "process"
    here.delete()

    wire.mend()
    assert instance.wait("running", 60).info.engine == "docker"
    assert instance.info.error is None


def test_moving_to_another_engine_is_refused_unless_insisted_on(
    server: RunningServer, docker: DockerEngine
) -> None:
    instance = server.workspace().compute.create("cpu-1", wait=True, timeout=300)
    with pytest.raises(InUse, match="not stopped"):
        instance.move("process", force=True)
    instance.stop()
    with pytest.raises(NotPermitted, match="stays on its engine") as caught:
        instance.move("process")
    assert "without isolation" in caught.value.hint
    assert instance.refresh().info.engine == "docker"
    instance.move("process", force=True)
    assert instance.start(timeout=300).info.engine == "process"
    wait_for(lambda: _phases(server, docker) == {}, 30, "its container is gone")
    instance.delete()


def test_what_is_in_a_container_starts_nothing_outside(server: RunningServer) -> None:
    server.workspace().compute.create("cpu-1", wait=True, timeout=300)
    token = (server.paths.compute / "cpu-1" / "token").read_text()
    inside = Workspace(server.url, token)
    with pytest.raises(NotPermitted, match="outside of containers"):
        inside.compute.create("free", engine="process")
    assert [i.name for i in inside.compute.list()] == ["cpu-1"]


def test_an_endpoint_comes_back_with_docker(
    server: RunningServer, wire: Wire, docker: DockerEngine
) -> None:
    ws = server.workspace()
    rows = np.array([[0.0, 1.0], [1.0, 0.0]])
    version = ws.models.register("m", model=LinearRegression().fit(rows, [1.0, 2.0]))
    endpoint = ws.endpoints.deploy("e", version)
    wait_for(lambda: endpoint.refresh().info.next, 60, "it is being made")
    wire.cut()
    wait_for(lambda: endpoint.refresh().info.error, 30, "the endpoint says what is wrong")
    wire.mend()
    endpoint.wait(300)
    assert endpoint.score(rows) == pytest.approx([1.0, 2.0])

    wire.cut()
    # It does not need Docker to answer.
    key = endpoint.keys[0]
    answer = httpx.post(
        f"{endpoint.url}/score",
        json={"data": rows.tolist()},
        headers={"Authorization": f"Bearer {key}"},
        trust_env=False,
    )
    assert answer.status_code == 200
    for state in docker.list(server.paths.workspace_id):
        docker.stop(state.container, 0)
    wire.mend()
    wait_for(lambda: set(_phases(server, docker).values()) == {Phase.RUNNING}, 90, "it runs")
    endpoint.wait(60)
    wait_for(lambda: _scores(endpoint, rows), 30, "it answers")


def _scores(endpoint: Endpoint, rows: np.ndarray) -> bool:
    with contextlib.suppress(ModelyardError):
        return endpoint.score(rows) == pytest.approx([1.0, 2.0])
    return False

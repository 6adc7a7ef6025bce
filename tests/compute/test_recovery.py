"""The server killed in the middle of things, and containers removed behind its back."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.errors import InUse
from modelyard_server.engines.choose import open_engines
from modelyard_server.engines.spec import Phase
from tests.server_support import RunningServer, wait_for


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    if request.param == "docker":
        request.getfixturevalue("base_image")
    server = RunningServer(tmp_path / "ws", request.param)
    try:
        yield server
    finally:
        server.sweep()


def _containers(server: RunningServer) -> dict[str, str]:
    engine = open_engines(server.paths).of(server.engine)
    return {s.name: str(s.phase) for s in engine.list(server.paths.workspace_id)}


@pytest.mark.parametrize("after", ["", "creating"])
def test_server_killed_in_the_middle_of_create(server: RunningServer, after: str) -> None:
    compute = server.start().workspace().compute
    instance = compute.create("cpu-1")
    if after:
        wait_for(lambda: _containers(server) or instance.info.state == after, 300, after)
    server.kill()
    server.start()
    again = server.workspace().compute.get("cpu-1").wait("running", 300)
    assert again.state == "running"
    assert _containers(server) == {"cpu-1": "running"}
    again.delete()
    assert _containers(server) == {}


def test_container_removed_or_killed_behind_our_back(server: RunningServer) -> None:
    instance = server.start().workspace().compute.create("cpu-1", wait=True, timeout=300)
    engine = open_engines(server.paths).of(server.engine)
    state = engine.list(server.paths.workspace_id)[0]
    engine.remove(state.container)
    wait_for(lambda: _containers(server).get("cpu-1") == "running", what="it is made again")
    engine.stop(state.container)
    wait_for(lambda: _containers(server).get("cpu-1") == "running", what="it is started again")
    instance.wait("running")


def test_a_container_without_a_row_is_removed(server: RunningServer) -> None:
    server.start().workspace().compute.create("cpu-1", wait=True, timeout=300)
    server.kill()
    server.paths.database.unlink()
    for file in server.paths.state.glob("modelyard.db-*"):
        file.unlink()
    server.start()
    wait_for(lambda: _containers(server) == {}, what="the orphan is gone")


def test_down_stops_all_and_up_brings_it_back(server: RunningServer) -> None:
    server.start().workspace().compute.create("cpu-1", wait=True, timeout=300)
    assert server.cli("status")["containers"][0]["state"] == "running"
    assert server.cli("down")["stopped"] == ["instance cpu-1"]
    assert set(_containers(server).values()) == {str(Phase.EXITED)}
    assert server.cli("status")["server"] is None
    instance = server.start().workspace().compute.get("cpu-1")
    # Before its first look, the server believes what was true before.
    exit = wait_for(lambda: instance.refresh().info.exit, what="why it stopped")
    assert "'modelyard down'" in exit.message
    instance.wait("running")


def test_what_happens_on_exit_is_the_users_choice(own_server: RunningServer) -> None:
    own_server.start().workspace().compute.create("cpu-1", wait=True, timeout=300)
    own_server.stop()
    assert _containers(own_server) == {"cpu-1": str(Phase.RUNNING)}
    own_server.start("--on-exit", "stop")
    own_server.stop()
    assert _containers(own_server) == {"cpu-1": str(Phase.EXITED)}
    own_server.start().workspace().compute.get("cpu-1").wait("running")


def test_the_server_ends_while_packages_are_fetched(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as index:  # listens, and never answers
        address = f"http://127.0.0.1:{index.getsockname()[1]}/simple"
        monkeypatch.setenv("PIP_INDEX_URL", address)
        monkeypatch.setenv("UV_INDEX_URL", address)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        instance = own_server.start().workspace().compute.create("cpu-1")

        def resolves() -> bool:
            progress = instance.refresh().info.progress
            return progress is not None and progress.phase == "resolving"

        wait_for(resolves, 60, "packages are being resolved")
        own_server.cli("down")  # gives up after half a minute
        assert own_server.process is not None
        own_server.process.wait(1)
        marked = [
            entry.name
            for entry in Path("/proc").glob("[0-9]*")
            if address.encode() in _read(entry / "environ")
        ]
        assert set(marked) <= {str(os.getpid())}, "uv goes on"


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def test_a_second_server_is_refused(own_server: RunningServer) -> None:
    own_server.start()
    refused = own_server.cli("up", "--no-browser", check=False)
    assert "already serves" in refused


def test_moving_the_workspace(server: RunningServer, tmp_path: Path) -> None:
    server.start().workspace().compute.create("cpu-1", wait=True, timeout=300)
    (server.paths.files / "a.txt").write_text("here")
    server.cli("down")
    server.root = server.root.rename(tmp_path / "moved")
    server.start()
    instance = server.workspace().compute.get("cpu-1").wait("running", 300)
    assert (server.paths.files / "a.txt").read_text() == "here"
    assert str(tmp_path / "moved") in server.workspace().status.workspace
    instance.delete()


def test_stopping_with_live_kernels_is_refused(own_server: RunningServer) -> None:
    import httpx

    workspace = own_server.start().workspace()
    instance = workspace.compute.create("cpu-1", wait=True, timeout=300)
    http = httpx.Client(
        base_url=own_server.url, headers={"Authorization": f"token {own_server.token}"}
    )
    made = http.post("/api/kernels", json={"name": instance.kernelspec}, timeout=60)
    assert made.status_code == 201, made.text
    wait_for(lambda: instance.refresh().info.kernels == 1, what="the kernel is counted")
    for act in (instance.stop, instance.restart, instance.delete):
        with pytest.raises(InUse, match="kernel is alive"):
            act()
    # A kernel that wants its dead instance back does not hide why it died.
    engine = open_engines(own_server.paths).of("process")
    began = instance.info.started
    engine.stop(engine.list(own_server.paths.workspace_id)[0].container, 0)
    wait_for(lambda: instance.refresh().info.started not in (None, began), what="it is back")
    instance.wait("running")
    assert instance.info.exit is not None and instance.info.exit.code in (137, 143)
    instance.stop(force=True)
    assert http.get("/api/kernels").json() == []
    assert instance.state == "stopped"


def test_crash_loop_is_left_alone(own_server: RunningServer) -> None:
    instance = own_server.start().workspace().compute.create("cpu-1", wait=True, timeout=300)
    engine = open_engines(own_server.paths).of("process")

    def kill_again() -> bool:
        for state in engine.list(own_server.paths.workspace_id):
            if state.phase == Phase.RUNNING:
                engine.stop(state.container, 0)
        return instance.state == "failed"

    wait_for(kill_again, 60, "it gives up")
    assert "stopped 3 times" in instance.info.error.message
    instance.start()
    assert instance.state == "running"


def test_server_stops_in_order_on_sigterm(own_server: RunningServer) -> None:
    own_server.start()
    assert own_server.process is not None
    os.kill(own_server.process.pid, signal.SIGTERM)
    assert own_server.process.wait(20) == 0

"""What is the process engine's own, and which engine a machine gets."""

from __future__ import annotations

import json
import os
import resource
import signal
from pathlib import Path

import pytest

from modelyard.errors import InvalidInput
from modelyard_server.core.paths import Paths
from modelyard_server.engines import process_state
from modelyard_server.engines.base import image_engine
from modelyard_server.engines.choose import open_engines
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.engines import bring_up
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import ContainerSpec, Phase
from tests.contracts.engines import SLEEP, begin, ended, seen
from tests.server_support import wait_for


def test_it_has_no_networks_to_be_in(tmp_path: Path, reach: SameHost) -> None:
    """That is said, and nothing is started that would look for its peers in vain."""
    engine = ProcessEngine(reach, tmp_path / "engine")
    spec = ContainerSpec(
        workspace="w", kind="instance", name="n", command=["true"], networks=["bridge", "peers"]
    )
    with pytest.raises(InvalidInput, match="several networks") as caught:
        bring_up(engine, spec)
    assert caught.value.field == "networks"
    assert engine.list("w") == []


def test_a_killed_supervisor_takes_its_program_along(tmp_path: Path, reach: SameHost) -> None:
    engine = ProcessEngine(reach, tmp_path / "engine")
    spec = ContainerSpec(
        workspace="w",
        kind="instance",
        name="n",
        command=["python3", "-c", SLEEP],
        workdir=str(tmp_path),
    )
    container = begin(engine, spec)
    try:
        directory = tmp_path / "engine" / container
        state = json.loads((directory / "state.json").read_text())
        parent = Path(f"/proc/{state['pid']}/stat").read_text().rpartition(")")[2].split()[1]
        os.kill(int(parent), signal.SIGKILL)
        assert ended(engine, container).exit_code == 128 + signal.SIGKILL
        assert seen(engine, container).error
        engine.start(container)
        assert seen(engine, container).phase is Phase.RUNNING
        assert oct((directory / "container.json").stat().st_mode & 0o777) == "0o600"
    finally:
        engine.remove(container)
    wait_for(lambda: not Path(f"/proc/{state['pid']}").exists(), 30, "the program has ended")


@pytest.mark.parametrize("name", ["../escape", "/etc", "", "a/b"])
def test_a_container_name_is_no_path(tmp_path: Path, reach: SameHost, name: str) -> None:
    engine = ProcessEngine(reach, tmp_path / "engine")
    with pytest.raises(InvalidInput):
        engine.remove(name)


def test_a_server_with_many_open_files_can_wait() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    reading, writing = os.pipe()
    high = os.dup2(reading, 2000)
    try:
        assert not process_state.wait_readable(high, 0.01)
        os.close(writing)
        assert process_state.wait_readable(high, 10)
    finally:
        os.close(reading)
        os.close(high)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# -- which one -------------------------------------------------------------------------------


def test_without_docker_processes_serve_and_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    paths = Paths(tmp_path / "ws").make()
    engines = open_engines(paths)
    engines.decide("auto", in_use=())
    assert engines.default.name == "process"
    assert image_engine(engines.default) is None
    about = engines.default_info()
    assert "Docker" in about.message and about.hint

    engines.decide("docker", in_use=())
    assert engines.default.name == "docker"
    assert not engines.default.info().available

    with pytest.raises(InvalidInput, match="docker, process"):
        engines.chosen("podman")


def test_a_workspace_with_containers_never_falls_back_to_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    engines = open_engines(Paths(tmp_path / "ws").make())
    engines.decide("auto", in_use={"docker"})
    assert engines.default.name == "docker"
    assert not engines.default_info().available


@pytest.mark.docker
def test_docker_is_chosen_where_it_answers(tmp_path: Path, docker_engine: DockerEngine) -> None:
    engines = open_engines(Paths(tmp_path / "ws").make())
    engines.decide("auto", in_use=())
    assert engines.default.name == "docker"
    assert image_engine(engines.default) is engines.default


def test_what_is_not_ours_in_its_folder_hides_no_container(tmp_path: Path, reach: SameHost) -> None:
    state = tmp_path / "engine"
    engine = ProcessEngine(reach, state)
    spec = ContainerSpec(workspace="w", kind="instance", name="n", command=["true"])
    engine.create(spec)
    (state / ".snapshot").mkdir()  # of a file system, or a backup
    (state / "lost+found").mkdir()
    assert [each.container for each in engine.list("w")] == [spec.container]
    broken = ContainerSpec(workspace="w", kind="instance", name="broken", command=["true"])
    engine.create(broken)
    directory = state / broken.container
    (directory / "state.json").write_text('{"phase": "running"}')
    (directory / "lock").mkdir()
    assert spec.container in [each.container for each in engine.list("w")]

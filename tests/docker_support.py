"""Docker in tests: fixtures that need it, and the promise to leave nothing behind.

A test's containers carry the label of a workspace of its own, by which they are swept; images
are named after the run. Only the base image stays from run to run: it takes half a minute.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.errors import ModelyardError
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Engine
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.environments.manager import EnvironmentManager

ENGINES = [pytest.param("docker", marks=pytest.mark.docker), "process"]
"""Parameters of whatever runs on both engines."""


def require_docker(reach: SameHost) -> DockerEngine:
    """The Docker engine; where it does not answer, the test is skipped, or fails in CI."""
    engine = DockerEngine(reach)
    about = engine.info()
    if not about.available:
        reason = f"{about.message} {about.hint}"
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have Docker: {reason}", pytrace=False)
        pytest.skip(reason)
    return engine


def sweep(engine: Engine, workspace: str) -> None:
    """Remove every container of a workspace."""
    for state in engine.list(workspace):
        engine.remove(state.container)


def sweep_images(engine: DockerEngine, repository: str) -> None:
    """Remove every image whose name begins with `repository/`."""
    for tag in engine.images(f"{repository}/"):
        engine.remove_image(tag)


@pytest.fixture(scope="session")
def reach(tmp_path_factory: pytest.TempPathFactory) -> SameHost:
    """How containers of engines that belong to no server reach a workspace."""
    return SameHost(Paths(tmp_path_factory.mktemp("reach")))


@pytest.fixture(scope="session")
def docker_engine(reach: SameHost) -> DockerEngine:
    """The Docker engine of this machine."""
    return require_docker(reach)


@pytest.fixture(scope="session")
def base_image(docker_engine: DockerEngine) -> str:
    """The base image, made once on a machine: pulled where a registry answers, else built."""
    with (Path(tempfile.gettempdir()) / "modelyard-base-image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # workers of one run, and other runs, wait for it
        with tempfile.TemporaryDirectory() as folder:
            manager = EnvironmentManager(paths=Paths(Path(folder) / "ws").make())
            try:
                return manager.ensure_base(docker_engine, lambda _progress: None)
            except ModelyardError as unavailable:
                try:
                    return manager.build_base(docker_engine, lambda _progress: None)
                except ModelyardError as error:
                    if os.environ.get("CI") == "true":
                        raise
                    pytest.skip(f"{unavailable} {error}")


@pytest.fixture
def workspace_id() -> str:
    """A workspace id of a test's own."""
    return f"t{secrets.token_hex(8)}"


@pytest.fixture(params=ENGINES)
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, workspace_id: str, reach: SameHost
) -> Iterator[Engine]:
    """Each engine in turn; what a test leaves in its workspace is removed."""
    if request.param == "docker":
        request.getfixturevalue("base_image")
        found: Engine = request.getfixturevalue("docker_engine")
    else:
        found = ProcessEngine(reach, tmp_path / "engine")
    try:
        yield found
    finally:
        sweep(found, workspace_id)

"""Fixtures that several domains share."""

from __future__ import annotations

import os
import shutil
from asyncio import AbstractEventLoop
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from jupyter_server.serverapp import ServerApp

from tests.server_support import RunningServer

# pytest-jupyter gives every test a home of its own; packages are to be fetched once all the same.
os.environ.setdefault("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))

pytest_plugins = ["pytest_jupyter.jupyter_server", "tests.docker_support"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails against a server says what became of that server."""
    report = yield
    if report.failed:
        accounts = [server.account() for server in RunningServer.unswept]
        report.sections.extend(("server", account) for account in accounts)
    return report


@pytest.fixture(scope="session")
def process_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A running server on the process engine, shared by a worker's tests."""
    server = RunningServer(tmp_path_factory.mktemp("process") / "ws", "process")
    try:
        yield server.start()
    finally:
        server.sweep()


@pytest.fixture(scope="session")
def both_server(
    tmp_path_factory: pytest.TempPathFactory, base_image: str
) -> Iterator[RunningServer]:
    """A running server on both engines, Docker being its default, shared by a worker's tests."""
    server = RunningServer(tmp_path_factory.mktemp("both") / "ws", "auto")
    try:
        yield server.start()
    finally:
        server.sweep()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server on the process engine that a test may kill; the test starts it."""
    server = RunningServer(tmp_path / "ws", "process")
    try:
        yield server
    finally:
        server.sweep()


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, object]:
    """Configuration of pytest-jupyter's server: our extension on a workspace of its own."""
    return {
        "ServerApp": {"jpserver_extensions": {"modelyard_server": True}},
        "ModelyardApp": {"workspace": str(tmp_path / "workspace"), "engine": "process"},
        # Tests of the routes compute nothing; those that do use the servers above.
        "EnvironmentManager": {"default_packages": []},
    }


@pytest.fixture(autouse=True)
def _no_outer_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests must not find the server of whoever runs them."""
    for name in [key for key in os.environ if key.startswith("MODELYARD_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def jp_serverapp(
    jp_serverapp: ServerApp, jp_asyncio_loop: AbstractEventLoop
) -> Iterator[ServerApp]:
    """pytest-jupyter's server with its extensions started, as `jupyter lab` does; swept after."""
    jp_asyncio_loop.run_until_complete(jp_serverapp.extension_manager.start_all_extensions())
    services = jp_serverapp.web_app.settings["modelyard"]
    yield jp_serverapp
    for engine in services.engines:
        for state in engine.list(services.paths.workspace_id):
            engine.remove(state.container)
    shutil.rmtree(services.paths.runtime, ignore_errors=True)

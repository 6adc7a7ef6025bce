"""Docker that does not answer: a clear error, and nothing half-made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.errors import EngineUnavailable
from modelyard.schema.compute import InstanceCreate
from modelyard_server.compute.manager import ComputeManager
from modelyard_server.core.events import Events
from modelyard_server.core.paths import Paths
from modelyard_server.core.tokens import Tokens
from modelyard_server.db.session import Database
from modelyard_server.engines.devices import Devices
from modelyard_server.engines.devices_inventory import DeviceInventory
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.engines import Engines
from modelyard_server.engines.reach import SameHost
from modelyard_server.environments.manager import EnvironmentManager
from tests.server_support import wait_for


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[ComputeManager]:
    paths = Paths(tmp_path / "ws").make()
    engine = DockerEngine(SameHost(paths), f"unix://{tmp_path}/nobody.sock")
    db = Database(paths.database)
    db.migrate()
    manager = ComputeManager(
        db=db,
        paths=paths,
        engines=Engines([engine]),
        environments=EnvironmentManager(paths=paths),
        tokens=Tokens(db),
        devices=Devices(DeviceInventory(), lambda: [engine], tmp_path / "devices.lock"),
        events=Events(lambda _payload: None),
    )
    manager.start()
    yield manager
    manager.stop()
    db.close()
    paths.runtime.rmdir()


def test_creating_is_refused_and_leaves_nothing(manager: ComputeManager) -> None:
    error = wait_for(lambda: manager.trouble("docker"), 20, "the loop has looked")
    assert error.message and error.hint
    with pytest.raises(EngineUnavailable):
        manager.create(InstanceCreate(name="cpu-1"))
    assert manager.list() == []


def test_sizes_are_those_of_the_machine_meanwhile(manager: ComputeManager, reach: SameHost) -> None:
    sizes = manager.sizes(DockerEngine(reach, "unix:///nobody.sock"))
    assert all(size.cpus > 0 and size.memory > 0 for size in sizes)

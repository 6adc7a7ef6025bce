"""What an engine is not able to, is neither offered nor begun."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.errors import InvalidInput
from modelyard.schema.compute import InstanceCreate, InstanceMove
from modelyard_server.core.events import Events
from modelyard_server.core.paths import Paths
from modelyard_server.engines.engines import Engines
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.services import Services, build
from tests.storage.conftest import Server


class JobsOnly(ProcessEngine):
    """Starts no programs beside a main one, as a cluster's batch queue does not."""

    name = "batch"
    abilities = frozenset()


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """A workspace on both; new objects go to `batch`."""
    paths = Paths(tmp_path / "ws").make()
    reach = SameHost(paths)
    engines = Engines([ProcessEngine(reach, paths.engine), JobsOnly(reach, tmp_path / "batch")])
    made = build(paths, engines, "batch", Events(lambda _payload: None), dict, "/", Server())
    yield made
    made.db.close()


@pytest.mark.parametrize("engine", ["", "batch"])
def test_an_engine_without_exec_takes_no_instance(services: Services, engine: str) -> None:
    with pytest.raises(InvalidInput, match="'batch' takes no instances") as caught:
        services.compute.create(InstanceCreate(name="a", engine=engine))
    assert (caught.value.field, caught.value.hint) == ("engine", "Use: process.")
    assert services.compute.list() == []


def test_none_is_moved_there(services: Services) -> None:
    services.compute.create(InstanceCreate(name="a", engine="process"))
    with pytest.raises(InvalidInput, match="takes no instances"):
        services.compute.move("a", InstanceMove(engine="batch", force=True))
    assert services.compute.get("a").engine == "process"


def test_clients_are_told(services: Services) -> None:
    told = {about.name: about.instances for about in services.engines.infos()}
    assert told == {"process": True, "batch": False}
    assert not services.engines.default_info().instances

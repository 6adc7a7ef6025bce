"""What the tests of engines share."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelyard_server.engines.base import Engine, ExecHandle
from modelyard_server.engines.devices_choose import Gpus, Request
from modelyard_server.engines.spec import ContainerSpec, ContainerState, Phase, Place, Volume
from tests.server_support import wait_for

SLEEP = "import time; time.sleep(600)"

MakeSpec = Callable[..., ContainerSpec]


def at(shared: Path, name: str) -> Place:
    """A file in the directory that the containers of a test share."""
    return Place(Volume.FILES, f"{shared.name}/{name}")


def begin(engine: Engine, spec: ContainerSpec) -> str:
    engine.create(spec)
    engine.start(spec.container)
    return spec.container


def seen(engine: Engine, container: str) -> ContainerState:
    found = engine.inspect(container)
    assert found is not None
    return found


def request(engine: Engine, spec: ContainerSpec, **gpus: Any) -> Request:
    """Devices for a container, as an instance asks for them."""
    return Request(
        container=spec.container,
        kind=spec.kind,
        name=spec.name,
        workspace=spec.workspace,
        engine=engine.name,
        gpus=Gpus(**{"count": 1, **gpus}),
        since=time.time(),
    )


def ended(engine: Engine, container: str) -> ContainerState:
    wait_for(lambda: seen(engine, container).phase is Phase.EXITED, 30, "the container has ended")
    return seen(engine, container)


def run(engine: Engine, container: str, shared: Path, code: str, name: str = "k") -> ExecHandle:
    handle = engine.exec(
        container,
        ["python3", "-u", "-c", code],
        env={"ASKED": "for"},
        cwd=str(shared),
        pid_file=at(shared, f"{name}.pid"),
        log_file=at(shared, f"{name}.log"),
    )
    wait_for(lambda: handle.pid, 30, "the program has a pid")
    return handle


def says(path: Path, text: str) -> None:
    wait_for(lambda: path.exists() and text in path.read_text(), 30, f"{path} says {text}")

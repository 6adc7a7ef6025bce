"""The engines that this machine has."""

from __future__ import annotations

from collections.abc import Callable

from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Engine
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.engines import Engines
from modelyard_server.engines.names import ENGINES
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost


def open_engines(paths: Paths) -> Engines:
    """All of them, whether they answer or not; the preferred one first."""
    reach = SameHost(paths)
    made: dict[str, Callable[[], Engine]] = {
        DockerEngine.name: lambda: DockerEngine(reach),
        ProcessEngine.name: lambda: ProcessEngine(reach, paths.engine),
    }
    return Engines([made[name]() for name in ENGINES])

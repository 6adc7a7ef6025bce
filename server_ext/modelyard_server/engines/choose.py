"""The engines that this machine has."""

from __future__ import annotations

from modelyard_server.core.paths import Paths
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.engines import Engines
from modelyard_server.engines.process import ProcessEngine


def open_engines(paths: Paths) -> Engines:
    """All of them, whether they answer or not; the preferred one first."""
    return Engines([DockerEngine(), ProcessEngine(paths.engine)])

"""Packages and variables, made ready for engines."""

from __future__ import annotations

from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.parts import Domain

ENVIRONMENTS = Domain(
    title="Environments",
    manager=EnvironmentManager,
    build=lambda parts: EnvironmentManager(paths=parts.paths, parent=parts.parent),
    stop=EnvironmentManager.stop,
)

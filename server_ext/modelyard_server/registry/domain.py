"""Registered models and their versions."""

from __future__ import annotations

from modelyard_server.lineage.domain import LINEAGE
from modelyard_server.parts import Domain, Parts
from modelyard_server.registry.handlers import routes
from modelyard_server.registry.manager import RegistryManager
from modelyard_server.tracking.domain import TRACKING


def _build(parts: Parts) -> RegistryManager:
    return RegistryManager(
        db=parts.db,
        store=parts.artifacts,
        tracking=parts.of(TRACKING),
        events=parts.events,
        lineage=parts.of(LINEAGE),
        parent=parts.parent,
    )


REGISTRY = Domain(
    title="The registry",
    manager=RegistryManager,
    build=_build,
    routes=routes,
    start=RegistryManager.start,
    stop=RegistryManager.stop,
)

"""Endpoints and their deployments."""

from __future__ import annotations

from modelyard_server.compute.domain import COMPUTE
from modelyard_server.core.secrets import Reseal
from modelyard_server.db.session import Database
from modelyard_server.environments.domain import ENVIRONMENTS
from modelyard_server.parts import Domain, Parts
from modelyard_server.registry.domain import REGISTRY
from modelyard_server.serving.handlers import routes
from modelyard_server.serving.manager import ServingManager
from modelyard_server.serving.store import ServingStore


def _build(parts: Parts) -> ServingManager:
    return ServingManager(
        db=parts.db,
        paths=parts.paths,
        engines=parts.engines,
        environments=parts.of(ENVIRONMENTS),
        registry=parts.of(REGISTRY),
        events=parts.events,
        sizes=parts.of(COMPUTE).size,
        parent=parts.parent,
    )


def _reseal(db: Database, reseal: Reseal) -> None:
    """Keys of endpoints and variables of deployments."""
    ServingStore(db).reseal(reseal)


SERVING = Domain(
    title="Serving",
    manager=ServingManager,
    build=_build,
    routes=routes,
    start=ServingManager.start,
    stop=ServingManager.stop,
    engines_in_use=lambda manager: manager.engines_in_use,
    assign_engine=ServingManager.assign_engine,
    reseal=_reseal,
)

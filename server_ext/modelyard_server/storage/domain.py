"""What takes disk, and what of it can go."""

from __future__ import annotations

from modelyard_server.compute.domain import COMPUTE
from modelyard_server.environments.domain import ENVIRONMENTS
from modelyard_server.parts import Domain, Parts
from modelyard_server.registry.domain import REGISTRY
from modelyard_server.serving.domain import SERVING
from modelyard_server.storage.handlers import routes
from modelyard_server.storage.manager import StorageManager
from modelyard_server.tracking.domain import TRACKING


def _build(parts: Parts) -> StorageManager:
    return StorageManager(
        db=parts.db,
        paths=parts.paths,
        engines=parts.engines,
        events=parts.events,
        environments=parts.of(ENVIRONMENTS),
        compute=parts.of(COMPUTE),
        tracking=parts.of(TRACKING),
        registry=parts.of(REGISTRY),
        serving=parts.of(SERVING),
        parent=parts.parent,
    )


STORAGE = Domain(
    title="Storage",
    manager=StorageManager,
    build=_build,
    routes=routes,
    start=StorageManager.start,
    stop=StorageManager.stop,
)

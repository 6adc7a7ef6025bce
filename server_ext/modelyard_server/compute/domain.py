"""Compute instances."""

from __future__ import annotations

from modelyard_server.compute.handlers import routes
from modelyard_server.compute.manager import ComputeManager
from modelyard_server.environments.domain import ENVIRONMENTS
from modelyard_server.parts import Domain, Parts


def _build(parts: Parts) -> ComputeManager:
    manager = ComputeManager(
        db=parts.db,
        paths=parts.paths,
        engines=parts.engines,
        environments=parts.of(ENVIRONMENTS),
        tokens=parts.tokens,
        events=parts.events,
        devices=parts.devices,
        base_url=parts.base_url,
        parent=parts.parent,
    )
    manager.live_kernels = parts.live_kernels
    return manager


COMPUTE = Domain(
    title="Compute",
    manager=ComputeManager,
    build=_build,
    routes=routes,
    start=ComputeManager.start,
    stop=ComputeManager.stop,
    stop_all=ComputeManager.stop_all,
    engines_in_use=lambda manager: manager.engines_in_use,
)

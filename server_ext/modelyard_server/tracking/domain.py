"""Experiments and runs."""

from __future__ import annotations

from modelyard_server.lineage.domain import LINEAGE
from modelyard_server.parts import Domain, Parts
from modelyard_server.tracking.handlers import routes
from modelyard_server.tracking.manager import TrackingManager


def _build(parts: Parts) -> TrackingManager:
    return TrackingManager(
        db=parts.db,
        store=parts.artifacts,
        paths=parts.paths,
        events=parts.events,
        lineage=parts.of(LINEAGE),
        parent=parts.parent,
    )


TRACKING = Domain(
    title="Tracking",
    manager=TrackingManager,
    build=_build,
    routes=routes,
    start=TrackingManager.start,
    stop=TrackingManager.stop,
    problems=TrackingManager.problems,
)

"""What rests on what, of all domains."""

from __future__ import annotations

from modelyard_server.lineage.handlers import routes
from modelyard_server.lineage.manager import LineageManager
from modelyard_server.parts import Domain

LINEAGE = Domain(
    title="Lineage",
    manager=LineageManager,
    build=lambda parts: LineageManager(db=parts.db, parent=parts.parent),
    routes=routes,
)

"""A new key for what endpoints keep sealed."""

from __future__ import annotations

from modelyard_server.core.paths import Paths
from modelyard_server.core.secrets import workspace_box
from modelyard_server.db.session import Database
from modelyard_server.serving.store import ServingStore


def rotate_secrets(paths: Paths) -> None:
    """Seal the keys and variables of all endpoints anew, and drop the old key.

    The caller holds the workspace's lock: a server that runs would go on sealing with the old key.

    Raises
    ------
    ServerError: something cannot be opened; the old keys stay.
    """
    db = Database(paths.database)
    try:
        db.migrate()
        workspace_box(paths).rotate(ServingStore(db).reseal)
    finally:
        db.close()

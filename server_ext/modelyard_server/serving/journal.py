"""What is noted of deployments while they are worked on, and told to whoever watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from modelyard.schema.common import Progress
from modelyard_server.serving.records import DeploymentRecord
from modelyard_server.serving.store import ServingStore


class Superseded(Exception):
    """A newer deployment, or the endpoint's deletion, made this one pointless."""


class Journal:
    """States in the table, progress in memory.

    Parameters
    ----------
    changed: told the name of an endpoint that looks different now.
    """

    def __init__(self, store: ServingStore, changed: Callable[[str], None]) -> None:
        self._store = store
        self.changed = changed
        self._progress: dict[str, Progress] = {}

    def set(self, deployment: DeploymentRecord, **fields: Any) -> None:
        """Note a change; Superseded when the deployment is not wanted any more."""
        if not self._store.update(deployment.id, **fields):
            raise Superseded
        self.changed(deployment.endpoint)

    def report(self, deployment: DeploymentRecord, progress: Progress) -> None:
        """Note what is being done for a deployment."""
        progress.since = progress.since or time.time()
        before = self._progress.get(deployment.id)
        self._progress[deployment.id] = progress
        if before is None or (before.message, before.fraction) != (
            progress.message,
            progress.fraction,
        ):
            self.changed(deployment.endpoint)

    def progress(self, deployment: str) -> Progress | None:
        """What is being done for a deployment at this moment."""
        return self._progress.get(deployment)

    def done(self, deployment: str) -> None:
        """Nothing is being done for it any more."""
        self._progress.pop(deployment, None)

"""What the serving domain knows of an endpoint: more than the wire shows."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from modelyard.schema.common import ErrorInfo
from modelyard.schema.compute import Exit
from modelyard.schema.serving import DeploymentState, EndpointState
from modelyard_server.core.states import Transitions

ADVANCING = ("queued", "building", "starting")
"""States of a deployment on its way to be served."""
RETIRED = ("draining", "stopped")
"""States of one on its way out: everything of it is to be removed."""

TRANSITIONS: Transitions = {
    "queued": ("building", "stopped", "failed"),
    "building": ("starting", "running", "stopped", "failed"),
    "starting": ("building", "running", "draining", "stopped", "failed"),
    "running": ("starting", "draining", "failed"),
    "failed": ("draining", "stopped"),
    "draining": (),
    "stopped": (),
}
"""The states of a deployment. One that is draining or stopped is removed, and never comes back."""


class DeploymentRecord(msgspec.Struct, kw_only=True):
    """One deployment."""

    id: str
    endpoint: str
    model: str
    version: int
    state: DeploymentState
    created: float
    ready: float | None = None
    size: str
    cpus: float
    memory: int
    """Bytes."""
    script: str
    requirements: list[str]
    env: str
    """Sealed JSON object."""
    input_example: Any = None
    error: ErrorInfo | None = None
    exit: Exit | None = None


class EndpointRecord(msgspec.Struct, kw_only=True):
    """One endpoint with all its deployments, oldest first."""

    name: str
    port: int
    engine: str
    desired: Literal["running", "deleted"]
    keys: str
    """Sealed JSON list of two."""
    created: float
    updated: float
    error: ErrorInfo | None = None
    """Why the row cannot be read. Then name, engine, desired and the deployments' ids are true."""
    current_id: str | None = None
    deployments: list[DeploymentRecord] = []

    @property
    def current(self) -> DeploymentRecord | None:
        """What answers now."""
        return next((d for d in self.deployments if d.id == self.current_id), None)

    @property
    def next(self) -> DeploymentRecord | None:
        """What is being prepared, or failed to be."""
        others = [d for d in self.deployments if d.id != self.current_id and d.state not in RETIRED]
        return others[-1] if others else None

    @property
    def retired(self) -> list[DeploymentRecord]:
        """What is to be removed."""
        return [d for d in self.deployments if d.id != self.current_id and d.state in RETIRED]

    @property
    def state(self) -> EndpointState:
        """One word for all of it."""
        if self.desired == "deleted":
            return "deleting"
        if self.error is not None:
            return "failed"
        current, coming = self.current, self.next
        if coming is not None and coming.state in ADVANCING:
            return "creating" if current is None else "updating"
        if self.retired and current is not None:
            return "updating"  # kept connections are still answered by the previous one
        if current is None or current.state == "failed":
            return "failed"
        return "running" if current.state == "running" else "updating"

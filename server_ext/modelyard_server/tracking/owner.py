"""What those who read spools tell and ask: the manager."""

from __future__ import annotations

from typing import Protocol

from modelyard.schema.tracking import RunCreate


class Owner(Protocol):
    """Has the runs."""

    def adopt(self, body: RunCreate, holder: str) -> None:
        """A run that a holder began while no server answered."""

    def changed(self, uid: str) -> None:
        """Something was logged."""

    def closed(self, uid: str) -> None:
        """The run has ended."""

"""What is converged, and on what: the terms between a domain, its engines and `core.converge`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Seen(Protocol):
    """A container, as far as it matters here (`engines.spec.ContainerState`)."""

    container: str
    kind: str
    name: str


class Listed(Protocol):
    """An engine, as far as it matters here (`engines.base.Engine`)."""

    name: str

    def list(self, workspace: str) -> Sequence[Any]:
        """All containers of the workspace. Raises EngineUnavailable."""
        ...

    def remove(self, container: str) -> None:
        """Remove a container; silent when it is gone."""
        ...

    def watch(self, workspace: str, changed: Callable[[], None]) -> Callable[[], None] | None:
        """Call `changed` whenever a container of the workspace changes.

        Gives what ends that; None: it cannot.
        """
        ...


@dataclass(frozen=True)
class Again:
    """Answer of `converge`: nothing to do but to look again in that many seconds."""

    seconds: float
    for_others: bool = False
    """Nothing is wrong with it, it waits for what others have: what went wrong before is over, and
    it looks sooner where the engine reports that a container changed."""


class Domain(Protocol):
    """What a domain supplies. `converge` runs on a worker, all the rest on the lane's thread."""

    kinds: Collection[str]
    """Kinds of containers that are the domain's."""

    def rows(self, engine: str) -> Sequence[Any]:
        """What is wanted on that engine and has not ended; each has a `name`, which is its key."""
        ...

    def containers(self, row: Any) -> Collection[str]:
        """Names of the containers that belong to a row."""
        ...

    def due(self, row: Any, seen: Mapping[str, Any]) -> bool:
        """Whether it needs work, going by the list alone. Must neither ask the engine nor write."""
        ...

    def converge(self, key: str) -> Again | None:
        """Read the row again and do what is missing.

        Raises
        ------
        ModelyardError: not possible now; it is tried again.
        """
        ...

    def lost(self, engine: str) -> None:
        """The engine ceased to answer: what ends until it does again is not seen."""
        ...

    def owner(self, container: Any) -> str:
        """Key of the object that a container belongs, or belonged, to."""
        ...

    def changed(self, key: str, /) -> None:
        """Something that is shown of the object is different now; silent when it is gone."""
        ...

"""What the server is made of: the parts under all domains, and what a domain is to the server."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, overload

from modelyard_server.artifacts.store import ArtifactStore
from modelyard_server.core.events import Events
from modelyard_server.core.paths import Paths
from modelyard_server.core.secrets import Reseal
from modelyard_server.core.tokens import Tokens
from modelyard_server.db.session import Database
from modelyard_server.engines.devices import Devices
from modelyard_server.engines.engines import Engines

M = TypeVar("M")


@dataclass(kw_only=True)
class Parts:
    """What managers are built from."""

    paths: Paths
    db: Database
    events: Events
    tokens: Tokens
    engines: Engines
    devices: Devices
    artifacts: ArtifactStore
    live_kernels: Callable[[], Mapping[str, int]]
    """Counts Jupyter's live kernels by kernelspec; callable from any thread."""
    base_url: str
    parent: Any
    """The application: managers take their configuration and log from it."""
    _managers: dict[int, Any] = field(default_factory=dict)

    def of(self, domain: Domain[M]) -> M:
        """The manager of a domain that was added before: one further left in the list."""
        return self._managers[id(domain)]

    def add(self, domain: Domain[Any]) -> None:
        """Build a domain's manager."""
        self._managers[id(domain)] = domain.build(self)


def _nothing(*_: Any) -> None:
    """For a domain that has nothing to do then."""


def _empty(_: Any) -> Collection[Any]:
    return ()


@dataclass(kw_only=True, frozen=True, eq=False)
class Domain(Generic[M]):
    """One domain, as its `domain.py` describes it and `services.py` lists it.

    In the list it is also the way to the manager: `services.compute` is a `ComputeManager`.
    """

    title: str
    """For people, as the subject of a sentence: 'Compute could not begin'."""
    manager: type[M]
    build: Callable[[Parts], M]
    """Makes the manager; `parts.of(OTHER)` gives that of a domain further left."""
    routes: Sequence[tuple[str, type]] = ()
    start: Callable[[M], None] = _nothing
    """Begins its loops; when it raises, it is tried again, see `Starting`."""
    stop: Callable[[M], None] = _nothing
    """Ends its loops; what runs goes on. Called after a `start` that failed, too."""
    stop_all: Callable[[M], None] = _nothing
    """Ends what runs, where the server is told to leave nothing behind."""
    problems: Callable[[M], Collection[str]] = _empty
    """Sentences about what does not work at this moment."""
    engines_in_use: Callable[[M], Collection[str]] = _empty
    """Names of the engines that it has objects on."""
    assign_engine: Callable[[M, str], None] = _nothing
    """Notes the engine of objects that were made before each had its own."""
    reseal: Callable[[Database, Reseal], None] = _nothing
    """Passes every secret in its tables through a function: all of them, or on an error none."""

    @overload
    def __get__(self, parts: None, owner: type) -> Domain[M]: ...

    @overload
    def __get__(self, parts: Parts, owner: type) -> M: ...

    def __get__(self, parts: Parts | None, owner: type) -> Domain[M] | M:
        return self if parts is None else parts.of(self)

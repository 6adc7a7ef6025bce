"""The domains of the SDK. A new one is one line in `Domains`; see docs/contributing.md."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from modelyard.client import Client
    from modelyard.compute import ComputeApi
    from modelyard.endpoints import EndpointsApi
    from modelyard.lineage import LineageApi
    from modelyard.models import ModelsApi
    from modelyard.storage import StorageApi
    from modelyard.tracking.api import RunsApi

A = TypeVar("A")


class Domain(Generic[A]):
    """`ws.NAME`: a part of a workspace, imported and made when it is first used.

    Parameters
    ----------
    home: its class, 'modelyard.compute:ComputeApi'; it is called with the workspace's `Client`.
    commands: modules in `modelyard.magics.commands` with its commands of `%ml`, in the order in
        which help shows them.
    """

    def __init__(self, home: str, *commands: str) -> None:
        self.home = home
        self.commands = commands
        self.name = ""

    def __set_name__(self, _owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, workspace: None, owner: type) -> Domain[A]: ...
    @overload
    def __get__(self, workspace: Domains, owner: type) -> A: ...
    def __get__(self, workspace: Domains | None, owner: type) -> Domain[A] | A:
        if workspace is None:
            return self
        made: A = self.load()(workspace._client)
        workspace.__dict__[self.name] = made  # found first from now on
        return made

    def load(self) -> Any:
        """Its class, imported."""
        module, _, name = self.home.partition(":")
        return getattr(import_module(module), name)

    def __repr__(self) -> str:
        return f"<ws.{self.name}: {self.home}>"


class Domains:
    """All of them. A line gives `ws.NAME` its type, its class, and the commands of `%ml`."""

    _client: Client

    compute: Domain[ComputeApi] = Domain("modelyard.compute:ComputeApi", "compute")
    runs: Domain[RunsApi] = Domain("modelyard.tracking.api:RunsApi", "experiments", "runs")
    models: Domain[ModelsApi] = Domain("modelyard.models:ModelsApi", "models")
    endpoints: Domain[EndpointsApi] = Domain("modelyard.endpoints:EndpointsApi", "endpoints")
    storage: Domain[StorageApi] = Domain("modelyard.storage:StorageApi", "storage")
    lineage: Domain[LineageApi] = Domain("modelyard.lineage:LineageApi", "lineage")


def domains() -> Iterator[Domain[Any]]:
    """All of them, in their order."""
    yield from (each for each in vars(Domains).values() if isinstance(each, Domain))

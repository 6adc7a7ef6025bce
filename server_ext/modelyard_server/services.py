"""All parts of a running workspace, built once and handed to the handlers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modelyard_server.artifacts.store import ArtifactStore, LocalArtifactStore
from modelyard_server.compute.manager import ComputeManager
from modelyard_server.core.events import Events
from modelyard_server.core.paths import Paths, read_server
from modelyard_server.core.tokens import Tokens
from modelyard_server.db.session import Database
from modelyard_server.engines.devices import Devices
from modelyard_server.engines.devices_inventory import DeviceInventory
from modelyard_server.engines.engines import Engines
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.gallery.manager import GalleryManager
from modelyard_server.lineage.manager import LineageManager
from modelyard_server.registry.manager import RegistryManager
from modelyard_server.serving.manager import ServingManager
from modelyard_server.tracking.manager import TrackingManager


@dataclass(kw_only=True)
class Services:
    """The parts; domains see each other's managers, never a store or a table."""

    paths: Paths
    db: Database
    events: Events
    tokens: Tokens
    engines: Engines
    devices: Devices
    store: ArtifactStore
    lineage: LineageManager
    environments: EnvironmentManager
    compute: ComputeManager
    tracking: TrackingManager
    registry: RegistryManager
    serving: ServingManager
    gallery: GalleryManager
    log: logging.Logger

    def parts(self) -> dict[str, Callable[[], None]]:
        """What each domain that has loops is called, and what begins them; see `Starting`."""
        return {
            "Tracking": self.tracking.start,
            "The registry": self.registry.start,
            "Compute": self.compute.start,
            "Serving": self.serving.start,
        }

    def stop(self, *, instances: bool) -> None:
        """End the loops; with `instances`, stop what runs on compute instances too."""
        for part in (self.serving, self.compute, self.registry, self.tracking, self.environments):
            part.stop()
        if instances:
            self.compute.stop_all()
        self.db.close()


def build(
    paths: Paths, engines: Engines, wanted: str, events: Events, base_url: str, parent: Any
) -> Services:
    """Open the database and wire the managers.

    Parameters
    ----------
    wanted: the engine for new objects, see `Engines.decide`.
    parent: the application: managers take their configuration and log from it.
    """
    db = Database(paths.database)
    db.migrate()
    tokens = Tokens(db)
    store = LocalArtifactStore(paths.artifacts)
    lineage = LineageManager(db=db, parent=parent)
    environments = EnvironmentManager(paths=paths, parent=parent)
    devices = Devices(DeviceInventory(parent=parent), lambda: list(engines))
    compute = ComputeManager(
        db=db,
        paths=paths,
        engines=engines,
        environments=environments,
        tokens=tokens,
        events=events,
        devices=devices,
        base_url=base_url,
        parent=parent,
    )
    tracking = TrackingManager(
        db=db, store=store, paths=paths, events=events, lineage=lineage, parent=parent
    )
    registry = RegistryManager(
        db=db, store=store, tracking=tracking, events=events, lineage=lineage, parent=parent
    )
    serving = ServingManager(
        db=db,
        paths=paths,
        engines=engines,
        environments=environments,
        registry=registry,
        events=events,
        sizes=compute.size,
        parent=parent,
    )
    last = read_server(paths)
    if last is not None:
        serving.assign_engine(last.engine)
    engines.decide(wanted, compute.engines_in_use | serving.engines_in_use)
    return Services(
        paths=paths,
        db=db,
        events=events,
        tokens=tokens,
        engines=engines,
        devices=devices,
        store=store,
        lineage=lineage,
        environments=environments,
        compute=compute,
        tracking=tracking,
        registry=registry,
        serving=serving,
        gallery=GalleryManager(paths=paths, parent=parent),
        log=parent.log,
    )

"""The domains of the server, and all that a running workspace consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from modelyard_server.artifacts.store import LocalArtifactStore
from modelyard_server.compute.domain import COMPUTE
from modelyard_server.core.events import Events
from modelyard_server.core.loop import Loop
from modelyard_server.core.paths import Paths, read_server
from modelyard_server.core.secrets import Reseal, workspace_box
from modelyard_server.core.tokens import Tokens
from modelyard_server.db.session import Database
from modelyard_server.engines.devices import Devices
from modelyard_server.engines.devices_inventory import DeviceInventory
from modelyard_server.engines.engines import Engines
from modelyard_server.environments.domain import ENVIRONMENTS
from modelyard_server.gallery.domain import GALLERY
from modelyard_server.lineage.domain import LINEAGE
from modelyard_server.parts import Domain, Parts
from modelyard_server.registry.domain import REGISTRY
from modelyard_server.serving.domain import SERVING
from modelyard_server.storage.domain import STORAGE
from modelyard_server.tracking.domain import TRACKING

_TOKENS_INTERVAL = 3600.0


class Services(Parts):
    """The one list: a new domain is a line here, and its import.

    Left to right is top to bottom: managers are built and begin in this order, and end in the
    opposite one. A domain sees the managers of those above it, never a store or a table.
    """

    lineage = LINEAGE
    environments = ENVIRONMENTS
    compute = COMPUTE
    tracking = TRACKING
    registry = REGISTRY
    serving = SERVING
    gallery = GALLERY
    storage = STORAGE

    @cached_property
    def _token_loop(self) -> Loop:
        return Loop("tokens", self.tokens.drop_expired, _TOKENS_INTERVAL, self.parent.log)

    def starts(self) -> dict[str, Callable[[], None]]:
        """What each part is called, and what begins its loops; see `Starting`."""
        begins = {domain.title: _bound(domain.start, self.of(domain)) for domain in DOMAINS}
        return {**begins, "Expired tokens": self._token_loop.start}

    def stop(self, *, everything: bool) -> None:
        """End the loops; with `everything`, what runs on compute targets as well."""
        self._token_loop.stop()
        for domain in reversed(DOMAINS):
            self._end(domain, domain.stop)
        if everything:
            for domain in reversed(DOMAINS):
                self._end(domain, domain.stop_all)
        self.db.close()

    def _end(self, domain: Domain[Any], end: Callable[[Any], None]) -> None:
        try:
            end(self.of(domain))
        except Exception:
            self.parent.log.exception("modelyard: %s did not end in order", domain.title)

    def problems(self) -> list[str]:
        """Sentences about what does not work at this moment, domain by domain."""
        return [each for domain in DOMAINS for each in domain.problems(self.of(domain))]


DOMAINS: list[Domain[Any]] = [each for each in vars(Services).values() if isinstance(each, Domain)]

ROUTES = [route for domain in DOMAINS for route in domain.routes]


def _bound(start: Callable[[Any], None], manager: Any) -> Callable[[], None]:
    return lambda: start(manager)


def build(
    paths: Paths,
    engines: Engines,
    wanted: str,
    events: Events,
    live_kernels: Callable[[], Mapping[str, int]],
    base_url: str,
    parent: Any,
) -> Services:
    """Open the database and build the managers.

    Parameters
    ----------
    wanted: the engine for new objects, see `Engines.decide`.
    parent: the application, see `Parts`.
    """
    db = Database(paths.database)
    db.migrate()
    services = Services(
        paths=paths,
        db=db,
        events=events,
        tokens=Tokens(db),
        engines=engines,
        devices=Devices(DeviceInventory(parent=parent), lambda: list(engines)),
        artifacts=LocalArtifactStore(paths.artifacts),
        live_kernels=live_kernels,
        base_url=base_url,
        parent=parent,
    )
    last = read_server(paths)
    in_use: set[str] = set()
    for domain in DOMAINS:
        services.add(domain)
        if last is not None:
            domain.assign_engine(services.of(domain), last.engine)
        in_use.update(domain.engines_in_use(services.of(domain)))
    engines.decide(wanted, in_use)
    return services


def rotate_secrets(paths: Paths) -> None:
    """Seal the secrets of all domains anew, and drop the old key.

    The caller holds the workspace's lock: a server that runs would go on sealing with the old key.

    Raises
    ------
    ServerError: something cannot be opened; the old keys stay.
    """
    db = Database(paths.database)

    def apply(reseal: Reseal) -> None:
        for domain in DOMAINS:
            domain.reseal(db, reseal)

    try:
        db.migrate()
        workspace_box(paths).rotate(apply)
    finally:
        db.close()

"""What goes: deployments that were replaced, and whole endpoints."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from modelyard.errors import InUse
from modelyard.schema.common import Progress
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Ability, Engine
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import Phase
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.registry.manager import RegistryManager
from modelyard_server.serving import spec as specs
from modelyard_server.serving.files import EndpointFolder
from modelyard_server.serving.journal import Journal
from modelyard_server.serving.launch import Launcher
from modelyard_server.serving.records import DeploymentRecord, EndpointRecord
from modelyard_server.serving.store import ServingStore


class Removal:
    """Removes, a step at a time where requests are still answered.

    Parameters
    ----------
    keys: held while an endpoint's folder goes: nobody writes keys into it again.
    gone: told the name of an endpoint that was removed.
    """

    def __init__(
        self,
        *,
        store: ServingStore,
        paths: Paths,
        environments: EnvironmentManager,
        registry: RegistryManager,
        launcher: Launcher,
        journal: Journal,
        keys: threading.Lock,
        gone: Callable[[str], None],
        log: logging.Logger,
    ) -> None:
        self._store = store
        self._paths = paths
        self._environments = environments
        self._registry = registry
        self._launcher = launcher
        self._journal = journal
        self._keys = keys
        self._gone = gone
        self._log = log
        self._draining: dict[str, float] = {}

    def drained(self, engine: Engine, deployment: DeploymentRecord) -> bool:
        """Let it answer what it has; says whether it has ended, or had time enough."""
        container = self._launcher.container(deployment)
        if deployment.id not in self._draining:
            engine.terminate(container)  # first: what fails here is tried again
            self._draining[deployment.id] = time.monotonic() + specs.STOP_SECONDS
        seen = engine.inspect(container)
        alive = seen is not None and seen.phase in (Phase.RUNNING, Phase.PAUSED)
        if alive and time.monotonic() < self._draining[deployment.id]:
            return False
        del self._draining[deployment.id]
        return True

    def retire(
        self, engine: Engine, endpoint: EndpointRecord, deployment: DeploymentRecord
    ) -> bool:
        """Let it answer what it has, then remove all of it; says whether it is gone."""
        if self._launcher.preparations.busy(deployment.id):
            return False  # what is being made would outlive it
        heir = endpoint.current or deployment
        if deployment.id not in self._draining:
            message = "The previous deployment answers its last requests"
            self._journal.report(heir, Progress(phase="draining", message=message))
        if not self.drained(engine, deployment):
            return False
        self.remove_parts(engine, deployment)
        self._launcher.folder(engine, endpoint.name).drop_log(deployment.id)
        self._store.remove_deployment(deployment.id)
        self._journal.done(heir.id)
        self._journal.changed(endpoint.name)
        self._registry.usage_changed(deployment.model)
        return True

    def remove_parts(self, engine: Engine, deployment: DeploymentRecord) -> None:
        """Container, image and files of a deployment."""
        self._launcher.over(deployment)
        self._launcher.preparations.forget(deployment.id)
        engine.remove(self._launcher.container(deployment))
        try:
            self._environments.remove_app_image(engine, self._launcher.image(engine, deployment))
        except InUse as error:  # by a container that somebody else started from it
            self._log.warning("modelyard: %s", error)
        self._launcher.folder(engine, deployment.endpoint).drop(deployment.id)

    def tear_down(self, engine: Engine, endpoint: EndpointRecord) -> bool:
        """Remove everything of the endpoint, its rows last, so that a crash is repaired.

        Returns
        -------
        False when it has to be gone on with: something is being made for it yet.
        """
        if any(self._launcher.preparations.busy(each.id) for each in endpoint.deployments):
            return False
        for deployment in endpoint.deployments:
            self.remove_parts(engine, deployment)
            self._draining.pop(deployment.id, None)
        if Ability.HOLDS_PORTS in engine.abilities:
            engine.remove(specs.holder_name(self._paths, endpoint.name))
        with self._keys:
            self._launcher.folder(engine, endpoint.name).remove()
            if not self._store.remove_deleted(endpoint.name):
                return True
        self._told_gone(endpoint)
        return True

    def forget(self, endpoint: EndpointRecord) -> None:
        """Remove what is here of an endpoint on an engine that this server does not have.

        Its containers, should there be any yet, are swept when a server has that engine again.
        """
        with self._keys:
            root = self._paths.endpoints / endpoint.name
            EndpointFolder(root, SameHost(self._paths)).remove()
            self._store.mark_deleted(endpoint.name)
            self._store.remove_deleted(endpoint.name)
        self._told_gone(endpoint)

    def _told_gone(self, endpoint: EndpointRecord) -> None:
        self._gone(endpoint.name)
        for model in {deployment.model for deployment in endpoint.deployments}:
            self._registry.usage_changed(model)

"""The rules of experiments."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from modelyard.errors import AlreadyExists, InUse, WrongState
from modelyard.schema.tracking import ExperimentCreate, ExperimentInfo, ExperimentUpdate
from modelyard.tracking.names import NOTE_LENGTH, check_name, check_text
from modelyard_server.core.events import Events
from modelyard_server.tracking.live import LiveRuns
from modelyard_server.tracking.store.experiments import ExperimentStore


class Experiments:
    """What may be done with experiments; the browser is told.

    Parameters
    ----------
    purge: removes a deleted experiment and its runs for ever.
    """

    def __init__(
        self,
        store: ExperimentStore,
        live: LiveRuns,
        events: Events,
        purge: Callable[[int], None],
    ) -> None:
        self._store = store
        self._live = live
        self._events = events
        self._purge = purge

    def list(self, *, deleted: bool = False) -> list[ExperimentInfo]:
        """All experiments, or all deleted ones, the last active first."""
        return self._store.list(deleted=deleted)

    def get(self, id: int) -> ExperimentInfo:
        """One experiment. NotFound when there is none."""
        return self._store.get(id)

    def create(self, body: ExperimentCreate) -> ExperimentInfo:
        """Make an experiment; one that exists is returned as it is.

        Raises
        ------
        InvalidInput: the name. WrongState: it exists, deleted.
        """
        check_name(body.name)
        check_text(body.note, what="note", key="note", limit=NOTE_LENGTH)
        self.refuse_deleted(body.name)
        id = self._store.ensure(body.name, body.note, time.time())
        return self._live.experiment_now(id)

    def update(self, id: int, body: ExperimentUpdate) -> ExperimentInfo:
        """Rename it, or change its note. AlreadyExists when the name is taken."""
        values: dict[str, Any] = {}
        if body.name is not None:
            values["name"] = check_name(body.name)
            other = self._store.named(body.name)
            if other is not None and other.id != id:
                raise AlreadyExists(
                    f"There is an experiment '{body.name}' already"
                    f"{', a deleted one' if other.deleted else ''}.",
                    hint="Choose another name.",
                    field="name",
                )
        if body.note is not None:
            values["note"] = check_text(body.note, what="note", key="note", limit=NOTE_LENGTH)
        self._store.update(id, values)
        return self._live.experiment_now(id)

    def delete(self, id: int, *, forever: bool = False) -> None:
        """Hide it with its runs; `restore` brings them back, unless they go for ever.

        Raises
        ------
        InUse: runs of it are active, or a live deployment depends on one.
        """
        found = self.get(id)
        if found.active:
            raise InUse(
                f"{found.active} of the runs in '{found.name}' have not ended.",
                hint="Wait for them, or restart their kernels.",
            )
        self._store.hide(id, time.time())
        self._events.deleted("experiment", str(id))
        if forever:
            self._purge(id)

    def restore(self, id: int) -> ExperimentInfo:
        """Bring a deleted experiment back; silent when it was not deleted."""
        self._store.update(id, {"deleted": None})
        return self._live.experiment_now(id)

    def bring_back(self, name: str) -> None:
        """Restore the experiment of that name if it is deleted."""
        found = self._store.named(name)
        if found is not None and found.deleted:
            self.restore(found.id)

    def refuse_deleted(self, name: str) -> None:
        """WrongState where the experiment of that name is deleted."""
        found = self._store.named(name)
        if found is not None and found.deleted:
            raise WrongState(
                f"The experiment '{name}' was deleted.",
                hint=f"Restore it: ws.experiment('{name}').restore(), or choose another name.",
                field="experiment",
            )

"""One domain on one engine: a thread that looks, and workers that act. See `core.converge`."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from modelyard.errors import EngineUnavailable, ModelyardError, ServerError
from modelyard_server.core.converged import Again, Domain, Listed, Seen
from modelyard_server.core.keyed import KeyedWorkers

INTERVAL = 2.0
"""Seconds between two looks at an engine that tells nothing by itself."""
QUIET_INTERVAL = 15.0
"""… at one that reports its changes, and at one on which the domain has nothing."""
_BREATH = 0.05
"""Seconds between two looks at least: others on the machine may change containers without end."""
_SOON = 0.2
"""Seconds from a change to what waits for others: changes come in swarms."""
WORKERS = 4
"""Actions at once for each domain and engine."""
_FIRST_PAUSE, _LAST_PAUSE = 2.0, 15.0


class Lane:
    """One domain on one engine."""

    def __init__(
        self,
        name: str,
        domain: Domain,
        engine: Listed,
        workspace: str,
        health_changed: Callable[[], None],
        log: logging.Logger,
    ) -> None:
        self._name = name
        self._domain = domain
        self._engine = engine
        self._workspace = workspace
        self._health_changed = health_changed
        self._log = log
        self.workers = KeyedWorkers(name, WORKERS, log, self._finished)
        self.down: EngineUnavailable | None = None
        self._thread: threading.Thread | None = None
        self._unwatch: Callable[[], None] | None = None
        self._ticks = threading.Condition()
        self._woken = True
        self._stopped = False
        self._adopted: set[str] = set()
        self._again: dict[str, float] = {}  # when to act on a key without being asked to
        self._waits: dict[str, Again | None] = {}  # what an action that ends just now asks for
        self._for_others: set[str] = set()  # of those in `_again`: any change ends their pause
        self._wanted: set[str] = set()  # woken since their last action began
        self._changes = 0
        self._pauses: dict[str, float] = {}
        self._trouble: dict[str, ModelyardError] = {}

    # -- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; the first look follows at once."""
        self._thread = threading.Thread(
            target=self._run, name=f"modelyard-{self._name}", daemon=True
        )
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin to end, without waiting."""
        with self._ticks:
            self._stopped = True
            self._ticks.notify_all()
        self.workers.stop()

    def stop(self, timeout: float = 2.0) -> None:
        """End. A look that hangs in the engine is left to itself after `timeout` seconds."""
        self.ask_to_stop()
        if self._thread is not None:
            self._thread.join(timeout)
        if self._unwatch is not None:
            self._unwatch()

    def wake(self, key: str = "") -> None:
        """Something is wanted (of that object), or changed: look now, whatever went wrong."""
        with self._ticks:
            if not key:
                self._changes += 1
                soon = time.monotonic() + _SOON
                for each in self._for_others:
                    self._again[each] = min(soon, self._again[each])
            self._pauses.pop(key, None)
            self._again.pop(key, None)
            self._for_others.discard(key)
            self._wanted.add(key)
            self._woken = True
            self._ticks.notify_all()

    def begin(self, key: str) -> None:
        """Work on an object now, without a look at the others first."""
        self.workers.submit(key, lambda: self._act(key))

    def trouble(self, key: str) -> ModelyardError | None:
        """Why an object is not what it should be, while it is being tried again."""
        return self.down or self._trouble.get(key)

    # -- looking ----------------------------------------------------------------------------

    def look(self) -> bool:
        """Compare rows and engine once and begin what is needed; says whether anything is there."""
        try:
            # Before the rows, see the module's description.
            seen = {
                state.container: state
                for state in self._engine.list(self._workspace)
                if state.kind in self._domain.kinds
            }
        except EngineUnavailable as error:
            self._lost(error)
            return bool(self._domain.rows(self._engine.name))
        if self._unwatch is None and not self._stopped:
            self._unwatch = self._engine.watch(self._workspace, self.wake)
        remembered = self._remembered()
        rows = self._domain.rows(self._engine.name)
        self._found(rows)
        self._forget(remembered, {row.name for row in rows})
        known: set[str] = set()
        unclear: set[str] = set()
        for row in rows:
            try:
                known.update(self._domain.containers(row))
                self._look_at(row, seen)
            except Exception as error:  # noqa: BLE001 - one object's fault is not the others'
                unclear.add(row.name)
                self._puzzled(row.name, error)
        for container in seen.keys() - known:
            self._sweep(seen[container], unclear)
        return bool(rows or seen)

    def _look_at(self, row: Any, seen: Mapping[str, Any]) -> None:
        if self.workers.busy(row.name):
            return
        needed = self._domain.due(row, seen)  # also of one that waits: ends are counted there
        # Once for each object since the server started: what a killed one left half done.
        if (needed or row.name not in self._adopted) and row.name not in self._again:
            self.begin(row.name)

    def _puzzled(self, key: str, error: Exception) -> None:
        """Note a row that cannot even be looked at; it is acted on when that is mended."""
        self._adopted.discard(key)
        said = ServerError(f"It cannot be looked at: {error!r}.")
        known = self._trouble.get(key)
        if known is None or known.message != said.message:
            self._log.error("modelyard: %s cannot be looked at", key, exc_info=error)
            self._trouble[key] = said
            self._announce(key)

    def _sweep(self, orphan: Seen, unclear: Collection[str]) -> None:
        """Remove a container that has no row, unless it has one by the time that is done.

        Parameters
        ----------
        unclear: keys of rows that do not say which containers are theirs.
        """
        try:
            key = self._domain.owner(orphan)
        except Exception:  # noqa: BLE001 - nobody's, as far as can be told: let it be
            self._log.exception("modelyard: whose is %s?", orphan.container)
            return
        if key in unclear:
            return

        def remove() -> None:
            for row in self._domain.rows(self._engine.name):
                if row.name == key and orphan.container in self._domain.containers(row):
                    return
            self._log.info("modelyard: removing %s, which belongs to nothing", orphan.container)
            try:
                self._engine.remove(orphan.container)
            except ModelyardError as error:
                self._log.warning("modelyard: %s stays for now: %s", orphan.container, error)

        # Under the owner's key: nobody makes a container of that name meanwhile.
        self.workers.submit(key, remove)

    def _remembered(self) -> set[str]:
        """Keys of which anything is remembered."""
        with self._ticks:
            return {*self._pauses, *self._trouble, *self._again, *self._adopted, *self._wanted}

    def _forget(self, remembered: set[str], names: set[str]) -> None:
        """Drop what is remembered of objects that are gone.

        Parameters
        ----------
        remembered: keys from before the rows were read; a later one may be of a new object.
        names: of the objects there are.
        """
        with self._ticks:
            for key in remembered - names:
                if self.workers.busy(key):
                    continue
                for memory in (self._pauses, self._trouble, self._again):
                    memory.pop(key, None)
                for keys in (self._adopted, self._for_others, self._wanted):
                    keys.discard(key)

    def _lost(self, error: EngineUnavailable) -> None:
        known, self.down = self.down is not None, error
        if known:
            return
        self._health_changed()
        self._domain.lost(self._engine.name)
        rows = self._domain.rows(self._engine.name)
        if rows:  # where nothing is, nobody misses it
            self._log.warning("modelyard: %s", error)
        for row in rows:
            self._announce(row.name)

    def _found(self, rows: Sequence[Any]) -> None:
        if self.down is None:
            return
        self.down = None
        self._health_changed()
        with self._ticks:
            self._pauses.clear()
            self._again.clear()
            self._for_others.clear()
            self._trouble.clear()
        for row in rows:
            self._announce(row.name)

    # -- acting -----------------------------------------------------------------------------

    def _act(self, key: str) -> None:
        wait: Again | None = None
        with self._ticks:
            self._wanted.discard(key)
            changes = self._changes
        try:
            wait = self._domain.converge(key)
        except ModelyardError as error:
            wait = Again(self._failed(key, error))
        except Exception as error:  # noqa: BLE001 - one object's fault is not the others'
            self._log.exception("modelyard: %s could not be brought to what is wanted", key)
            said = ServerError(f"A step failed unexpectedly: {error!r}.")
            wait = Again(self._failed(key, said))
        else:
            if wait is None:
                self._adopted.add(key)
            if wait is None or wait.for_others:
                self._pauses.pop(key, None)
                if self._trouble.pop(key, None) is not None:
                    self._announce(key)
            if wait is not None and wait.for_others and changes != self._changes:
                wait = Again(_SOON, for_others=True)  # it may have looked before that change
        self._waits[key] = wait

    def _finished(self, key: str) -> None:
        """The key is free again: only now a look, or its next turn, finds it so."""
        wait = self._waits.pop(key, None)
        with self._ticks:
            if wait is not None:
                # What was wanted meanwhile, the action may have come too early to see.
                pause = 0.0 if key in self._wanted else wait.seconds
                self._again[key] = time.monotonic() + pause
                if wait.for_others:
                    self._for_others.add(key)
            else:
                self._woken = True
            self._ticks.notify_all()

    def _failed(self, key: str, error: ModelyardError) -> float:
        """Note what is wrong; gives the seconds until the next try."""
        pause = self._pauses.get(key, _FIRST_PAUSE)
        self._pauses[key] = min(2 * pause, _LAST_PAUSE)
        known = self._trouble.get(key)
        self._trouble[key] = error
        if known is None or known.message != error.message:
            self._log.warning("modelyard: %s: %s", key, error)
        self._announce(key)
        return pause

    def _announce(self, key: str) -> None:
        try:
            self._domain.changed(key)
        except Exception:  # noqa: BLE001 - whoever shows it asks again
            self._log.exception("modelyard: that %s has changed could not be told", key)

    # -- the lane's thread ------------------------------------------------------------------

    def _run(self) -> None:
        next_look = earliest = 0.0
        while not self._stopped:
            now = time.monotonic()
            with self._ticks:
                woken, self._woken = self._woken, False
                ripe = [key for key, at in self._again.items() if at <= now]
                for key in ripe:
                    del self._again[key]
                    self._for_others.discard(key)
            for key in ripe:
                self.begin(key)
            if woken:
                next_look = min(next_look, max(now, earliest))
            if now >= next_look:
                next_look = time.monotonic() + self._look_guarded()
                earliest = time.monotonic() + _BREATH
            self._sleep(next_look)

    def _look_guarded(self) -> float:
        """Look; gives the seconds until the next time."""
        try:
            anything = self.look()
        except Exception:  # noqa: BLE001 - a loop outlives its turns
            self._log.exception("modelyard: the %s loop failed; it goes on", self._name)
            return INTERVAL
        told = self._unwatch is not None and self.down is None
        return QUIET_INTERVAL if told or not anything else INTERVAL

    def _sleep(self, next_look: float) -> None:
        with self._ticks:
            if not self._woken and not self._stopped:
                until = min([next_look, *self._again.values()])
                self._ticks.wait(max(0.0, until - time.monotonic()))

"""What the browser is told: one coalesced stream of changes on Jupyter's event service."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from modelyard.schema.common import Change, ChangeEvent

SCHEMA_ID = "https://modelyard.dev/events/changed"
SCHEMA = f"""
"$id": {SCHEMA_ID}
version: "1"
title: Modelyard changed
description: Objects of the workspace that changed; see modelyard.schema.common.ChangeEvent.
personal-data: false
type: object
required: [session, revision, changes]
properties:
  session: {{type: string}}
  revision: {{type: integer}}
  changes:
    type: array
    items:
      type: object
      required: [domain, id, op]
"""

COALESCE = 0.1
"""Seconds that changes are gathered: an object that changes ten times in it is sent once."""

HEARTBEAT = 20.0
"""Seconds of silence after which an empty event lets the browser see that it is connected."""


class Events:
    """Gathers changes from any thread and emits them from the event loop.

    Parameters
    ----------
    emit: takes the payload; called on the event loop.
    """

    def __init__(self, emit: Callable[[dict[str, Any]], object]) -> None:
        self._emit = emit
        self._pending: dict[tuple[str, str], Change] = {}
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._listeners: list[Callable[[Change], None]] = []
        self.session = uuid.uuid4().hex[:12]
        self.revision = 0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to emit on `loop`."""
        self._loop = loop
        loop.call_soon_threadsafe(self._flush)

    def stop(self) -> None:
        """Emit nothing more."""
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Also call `listener` with each change, on the thread that reports it."""
        self._listeners.append(listener)

    def updated(self, domain: str, id: str, item: Any) -> None:
        """An object is new or has changed; `item` is its wire struct."""
        self._add(Change(domain=domain, id=id, op="updated", item=item))

    def system_changed(self) -> None:
        """What the status says is different now: an engine answers again, or does not any more."""
        self.updated("system", "status", None)

    def deleted(self, domain: str, id: str) -> None:
        """An object is gone."""
        self._add(Change(domain=domain, id=id, op="deleted"))

    def _add(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)
        with self._lock:
            first = not self._pending
            self._pending[change.domain, change.id] = change
        loop = self._loop
        if first and loop is not None:
            loop.call_soon_threadsafe(self._schedule, COALESCE)

    def _schedule(self, delay: float) -> None:
        if self._loop is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(delay, self._flush)

    def _flush(self) -> None:
        with self._lock:
            changes, self._pending = list(self._pending.values()), {}
        if changes:
            self.revision += 1
        event = ChangeEvent(session=self.session, revision=self.revision, changes=changes)
        self._emit(msgspec.to_builtins(event))
        self._schedule(HEARTBEAT)

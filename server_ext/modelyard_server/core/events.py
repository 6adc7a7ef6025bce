"""What the browser is told: one coalesced stream of changes on Jupyter's event service."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import NODEFAULT

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

MOST_ITEM = 24_000
"""Bytes of JSON of an object that travels whole; a larger one leaves its largest fields behind."""

MOST_EVENT = 128_000
"""Bytes of JSON after which an event is full: what it costs the event loop has an end, whatever
happens at once. The rest follows in the next."""

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
        self._pending: dict[tuple[str, str], tuple[Change, int]] = {}
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

    def updated(self, domain: str, id: str, item: msgspec.Struct) -> None:
        """An object is new or has changed; `item` is its wire struct.

        What makes it large is left out: whoever shows the object fetches it (`Change.omitted`).
        """
        item, omitted = _bounded(item)
        self._add(Change(domain=domain, id=id, op="updated", item=item, omitted=omitted))

    def system_changed(self) -> None:
        """What the status says is different now: an engine answers again, or does not any more."""
        self._add(Change(domain="system", id="status", op="updated"))

    def deleted(self, domain: str, id: str) -> None:
        """An object is gone."""
        self._add(Change(domain=domain, id=id, op="deleted"))

    def _add(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)
        size = len(msgspec.json.encode(change))
        with self._lock:
            first = not self._pending
            self._pending[change.domain, change.id] = change, size
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
        changes, more = self._take()
        if changes:
            self.revision += 1
        event = ChangeEvent(session=self.session, revision=self.revision, changes=changes)
        self._emit(msgspec.to_builtins(event))
        self._schedule(COALESCE if more else HEARTBEAT)

    def _take(self) -> tuple[list[Change], bool]:
        """The changes that fit in one event, oldest first, and whether there are more."""
        changes: list[Change] = []
        room = MOST_EVENT
        with self._lock:
            for key, (change, size) in list(self._pending.items()):
                if room <= 0:
                    break
                changes.append(change)
                room -= size
                del self._pending[key]
            return changes, bool(self._pending)


def _bounded(item: msgspec.Struct) -> tuple[msgspec.Struct, list[str]]:
    """The item, with its largest fields blank if it is too large, and their names."""
    size = len(msgspec.json.encode(item))
    if size <= MOST_ITEM:
        return item, []
    blank = {
        field.name: field.default if field.default_factory is NODEFAULT else field.default_factory()
        for field in msgspec.structs.fields(item)
        if not field.required
    }
    sizes = {name: len(msgspec.json.encode(getattr(item, name))) for name in blank}
    omitted: list[str] = []
    for name in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        if size <= MOST_ITEM:
            break
        omitted.append(name)
        size -= sizes[name]
    return msgspec.structs.replace(item, **{name: blank[name] for name in omitted}), omitted

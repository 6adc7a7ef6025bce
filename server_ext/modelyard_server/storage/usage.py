"""What was measured, and the thread that measures: a large tree takes seconds."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from modelyard.schema.common import Progress
from modelyard.schema.storage import StorageDisk, StorageKind, StoragePart
from modelyard_server.core.measure import Measuring, Stopped
from modelyard_server.storage.content import Content

_SAY = 0.5
"""Seconds between two words about how far it is."""


class Usage:
    """Keeps one part a kind and measures again when asked to; one measurement at a time.

    Parameters
    ----------
    changed: called when a part, or how far it is, says something else.
    """

    def __init__(
        self, contents: Sequence[Content], changed: Callable[[], None], log: logging.Logger
    ) -> None:
        self._contents = contents
        self._changed = changed
        self._log = log
        self._parts: dict[StorageKind, StoragePart] = {
            content.kind: content.part() for content in contents
        }
        self._wanted: set[StorageKind] = set()
        self._busy = False
        self._lock = threading.Lock()
        self._said = 0.0
        self.stopped = threading.Event()
        self.progress: Progress | None = None

    def parts(self) -> list[StoragePart]:
        """As they were measured last."""
        return [self._parts[content.kind] for content in self._contents]

    def measured(self) -> float | None:
        """When the oldest was; None before all were."""
        times = [part.measured for part in self._parts.values()]
        return None if None in times else min(time for time in times if time is not None)

    def ask(self, kinds: Sequence[StorageKind] = ()) -> None:
        """Measure some kinds, or all, soon; returns at once."""
        with self._lock:
            self._wanted.update(kinds or self._parts)
            if self._busy or self.stopped.is_set():
                return
            self._busy = True
            self.progress = Progress(phase="measuring", message="Measuring", since=time.time())
        # Not a pool's thread, which the end of the process waits for: an engine that hangs lets a
        # question about sizes wait for a quarter of an hour.
        threading.Thread(target=self._work, name="modelyard-storage", daemon=True).start()

    def stop(self) -> None:
        """End what is being measured; does not wait for it."""
        self.stopped.set()

    def _work(self) -> None:
        measuring: dict[str, int] = {}
        while True:
            with self._lock:
                waiting = [each for each in self._contents if each.kind in self._wanted]
                if not waiting or self.stopped.is_set():
                    self._busy, self.progress = False, None
                    break
                # The one that was measured longest ago: whoever asks for all again and again
                # keeps no kind from its turn.
                content = min(waiting, key=lambda each: self._parts[each.kind].measured or 0.0)
                self._wanted.discard(content.kind)
            done = len(measuring)
            measuring[content.kind] = done
            self._measure(content, done / (done + len(waiting)))
        self._changed()

    def _measure(self, content: Content, fraction: float) -> None:
        started = time.time()

        def say(files: int) -> None:
            if time.monotonic() - self._said < _SAY:
                return
            self._said = time.monotonic()
            counted = f": {files:,} files" if files else ""
            message = f"{content.title}{counted}"
            self.progress = Progress(
                phase="measuring", message=message, fraction=fraction, since=started
            )
            self._changed()

        say(0)
        measuring = Measuring(self.stopped, say)
        try:
            part = content.measure(measuring)
            if content.cleans:
                found = content.removable(Measuring(self.stopped, say))
                part.can_go = sum(one.item.bytes for one in found)
                part.can_go_count = len(found)
        except Stopped:
            return
        except Exception as error:  # noqa: BLE001 - the other kinds are measured
            self._log.error("modelyard: %s cannot be measured", content.kind, exc_info=error)
            part = msgspec.structs.replace(
                self._parts[content.kind], problem=f"It cannot be measured: {error}"
            )
        part.measured = started
        self._parts[content.kind] = part


def disks(folders: dict[str, Path]) -> list[StorageDisk]:
    """The file systems that folders lie on, each once.

    Parameters
    ----------
    folders: by what they hold, for people.
    """
    found: dict[int, StorageDisk] = {}
    for name, folder in folders.items():
        with suppress(OSError):
            device = folder.stat().st_dev
            if device in found:
                found[device].holds.append(name)
                continue
            space = shutil.disk_usage(folder)
            found[device] = StorageDisk(holds=[name], total=space.total, free=space.free)
    return list(found.values())

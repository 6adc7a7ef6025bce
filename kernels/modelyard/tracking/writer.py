"""The writing side of an open run: numbers its steps and puts lines into its sink."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from modelyard.errors import InvalidInput
from modelyard.tracking.names import check_key
from modelyard.tracking.sink import Sink
from modelyard.tracking.spool import STEP_LIMIT, End, Record, json_float
from modelyard.tracking.values import as_number, as_step

OUTPUT_PIECE = 1 << 16
"""Characters of the longest line of output."""
_encode = msgspec.json.Encoder().encode


class Writer:
    """Appends records. Safe to use from threads; a forked child may go on logging."""

    def __init__(self, sink: Sink, params: Mapping[str, str]) -> None:
        self.sink = sink
        self._next: dict[str, int] = {}
        self._params = dict(params)
        self._lock = threading.Lock()

    def metric(self, key: str, value: Any, step: Any) -> None:
        """One point. This is the hot path: a few µs, most of it the system call."""
        number = value if type(value) is float else as_number(key, value)
        with self._lock:
            following = self._next.get(key)
            if following is None:
                check_key(key, what="metric")
                following = 0
            if step is None:
                step = following
            elif type(step) is not int or not -STEP_LIMIT < step < STEP_LIMIT:
                step = as_step(key, step)
            self._next[key] = step + 1
        point = Record(t=time.time(), m={key: json_float(number)}, s=step)
        self.sink.write(_encode(point) + b"\n")

    def metrics(self, values: Mapping[str, Any], step: Any) -> None:
        """Several points of one step; nothing is logged if one of them is no number."""
        if not isinstance(values, Mapping):
            raise InvalidInput(
                f"Give the metrics as a dict, not a {type(values).__name__}.", field="metrics"
            )
        numbers = {k: v if type(v) is float else as_number(k, v) for k, v in values.items()}
        by_step: dict[int, dict[str, float | str]] = {}
        for key in numbers:
            if key not in self._next:
                check_key(key, what="metric")
        given = None if step is None else as_step("", step)
        with self._lock:
            for key, number in numbers.items():
                at = self._next.get(key, 0) if given is None else given
                self._next[key] = at + 1
                by_step.setdefault(at, {})[key] = json_float(number)
        now = time.time()
        for at, some in by_step.items():
            self.record(Record(t=now, m=some, s=at))

    def params(self, values: Mapping[str, str]) -> None:
        """Parameters; one that is there keeps its value.

        Raises
        ------
        InvalidInput: it was logged with another value before. Nothing is logged then.
        """
        with self._lock:
            for key, value in values.items():
                if self._params.get(key, value) != value:
                    raise InvalidInput(
                        f"The parameter '{key}' is '{self._params[key][:80]}' already; it cannot "
                        f"become '{value[:80]}'.",
                        hint="Log what changes as a metric, or start another run.",
                        field=key,
                    )
            fresh = {k: v for k, v in values.items() if k not in self._params}
            self._params.update(fresh)
        if fresh:
            self.record(Record(t=time.time(), p=fresh))

    def tags(self, values: Mapping[str, str | None]) -> None:
        """Tags; None removes one."""
        if values:
            self.record(Record(t=time.time(), g=dict(values)))

    def output(self, text: str, stream: int) -> None:
        """What was printed."""
        number = 2 if stream == 2 else 1
        for start in range(0, len(text), OUTPUT_PIECE):
            piece = text[start : start + OUTPUT_PIECE]
            self.record(Record(t=time.time(), o=_printable(piece), n=number))

    def file(self, path: str, text: str) -> None:
        """A small text file for the run's `.modelyard/` folder."""
        self.record(Record(t=time.time(), a=path, d=_printable(text)))

    def end(self, end: End) -> None:
        """The last line."""
        self.record(Record(t=time.time(), f=end))

    def record(self, record: Record) -> None:
        """Append any record."""
        self.sink.write(line(record))

    def forked(self) -> None:
        """In a forked child: another thread of the parent may have held the lock."""
        self._lock = threading.Lock()
        self.sink.forked()


def line(record: Record) -> bytes:
    """A record as it stands in the spool."""
    return _encode(record) + b"\n"


def _printable(text: str) -> str:
    # Lone surrogates (from undecodable file names) cannot be sent as JSON.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()

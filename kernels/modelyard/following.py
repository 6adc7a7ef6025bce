"""Reading a log as it grows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from modelyard.errors import WrongState
from modelyard.schema.compute import LogText

_INTERVAL = 1.0

Read = Callable[[int], LogText]
"""The piece of a log from a byte on."""


def follow(first: LogText, read: Read) -> Iterator[str]:
    """Text as it is written, beginning with `first`; ends when whoever iterates stops.

    Raises
    ------
    WrongState: the container is older than this way to read; it counts from its next start on.
    """
    piece, offset = first, 0
    while True:
        if piece.text and not piece.next:
            raise WrongState(
                "The log of what was started by an earlier version cannot be followed.",
                hint="Restart it, or read the log's end without follow.",
            )
        if piece.text:
            yield piece.text
        else:
            time.sleep(_INTERVAL)
        source, offset = piece.source, piece.next
        piece = read(offset)
        if piece.source != source:  # another deployment: its log has a beginning of its own
            piece = read(0)

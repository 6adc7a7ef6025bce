"""What a run's status means for us. Two questions, and two names for them."""

from __future__ import annotations

NOT_ENDED = ("queued", "preparing", "running")
"""It may still change: it counts as active, and cannot be deleted."""

WRITING = ("running",)
"""A process of it may log: its spool is read, and its silence means that it died."""

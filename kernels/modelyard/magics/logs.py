"""Logs that are followed: shown as they are written, until the user interrupts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from modelyard.magics.command import Option
from modelyard.magics.session import Session

FOLLOW = Option("--follow", "go on with what is written, until you interrupt", "flag")


def tell(session: Session, pieces: Iterator[str]) -> None:
    """Show pieces as they come; an interrupt ends it."""
    with suppress(KeyboardInterrupt):
        for text in pieces:
            session.say(text.removesuffix("\n"))

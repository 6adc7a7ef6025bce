"""Tables of states: which may follow which."""

from __future__ import annotations

from collections.abc import Mapping

Transitions = Mapping[str, tuple[str, ...]]
"""A state, and those that may follow it."""


def check(transitions: Transitions, before: str, after: str) -> None:
    """See that a change of state is in the table; staying is always allowed.

    A state that the table does not know (a damaged row, or a newer version's) may be left.

    Raises
    ------
    AssertionError: it is not: a fault of ours, which must not be written down.
    """
    if before != after and after not in transitions.get(before, transitions):
        raise AssertionError(f"'{before}' cannot become '{after}'")

"""The nearest valid name, for errors that teach."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(wrong: str, names: Iterable[str]) -> str:
    """`Did you mean 'x'?`, or nothing when no name is near."""
    near = difflib.get_close_matches(wrong, list(names), 1, 0.5)
    return f"Did you mean '{near[0]}'?" if near else ""

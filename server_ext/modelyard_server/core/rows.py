"""Rows that cannot be read, as after damage or from a newer version: shown, and in nobody's way."""

from __future__ import annotations

from modelyard.schema.common import ErrorInfo

UNREADABLE = "unreadable"
"""`ErrorInfo.code` of what stands in for such a row."""


def unreadable(what: str, fault: Exception, hint: str) -> ErrorInfo:
    """Why a row is not shown as what it is.

    Parameters
    ----------
    what: the object, as `Instance 'a'`.
    hint: what can be done with it all the same.
    """
    said = " ".join(str(fault).split())[:300]
    return ErrorInfo(
        code=UNREADABLE,
        message=f"{what} cannot be read from the workspace's database: {said}.",
        hint=hint,
    )

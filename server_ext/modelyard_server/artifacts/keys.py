"""Which paths may name an artifact."""

from __future__ import annotations

from modelyard.errors import InvalidInput

_PART_BYTES = 255
_KEY_BYTES = 2000

DRAFTS = ".drafts"
"""The store's own folder for what is not complete; no key begins with it."""


def check_key(key: str, *, field: str = "path") -> str:
    """Return `key` if it is a relative path of plain names, joined by '/'.

    Raises
    ------
    InvalidInput: it is empty, absolute, climbs ('..'), holds a backslash or control character,
        or is too long for a file system.
    """
    problem = _problem(key)
    if problem:
        shown = key if len(key) <= 80 else f"{key[:77]}..."
        raise InvalidInput(
            f"{shown!r} cannot be a path here: {problem}.",
            hint="Use a relative path such as 'plots/roc.png'.",
            field=field,
        )
    return key


def _problem(key: str) -> str:
    if not key:
        return "it is empty"
    if key.startswith("/"):
        return "it begins with '/'"
    if "\\" in key:
        return "it has a backslash"
    if any(ord(c) < 32 or ord(c) == 127 for c in key):
        return "it has a control character"
    try:
        raw = key.encode()
    except UnicodeEncodeError:
        return "it is not valid text"
    if len(raw) > _KEY_BYTES:
        return f"it is longer than {_KEY_BYTES} bytes"
    parts = key.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "a part of it is empty, '.' or '..'"
    if any(len(part.encode()) > _PART_BYTES for part in parts):
        return f"a part of it is longer than {_PART_BYTES} bytes"
    if parts[0] == DRAFTS:
        return f"'{DRAFTS}' is reserved"
    return ""

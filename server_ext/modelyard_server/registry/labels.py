"""Bounds of what people write on models: tags and notes."""

from __future__ import annotations

from collections.abc import Mapping

from modelyard.errors import InvalidInput

_TAGS = 100
_KEY = 200
_VALUE = 5_000
_NOTE = 50_000


def check_tags(tags: Mapping[str, str | None]) -> None:
    """Raise InvalidInput for too many tags, an empty or unprintable key, an over-long value."""
    if len(tags) > _TAGS:
        raise InvalidInput(
            f"{len(tags)} tags are more than {_TAGS}.", hint="Use a note.", field="tags"
        )
    for key, value in tags.items():
        if not key.strip() or len(key) > _KEY or not key.isprintable():
            raise InvalidInput(
                f"{key[:80]!r} cannot be a tag.",
                hint=f"A tag is 1 to {_KEY} printable characters.",
                field="tags",
            )
        if value is not None and len(value) > _VALUE:
            raise InvalidInput(
                f"The value of tag '{key}' is longer than {_VALUE} characters.",
                hint="Use a note.",
                field="tags",
            )


def check_note(note: str) -> None:
    """Raise InvalidInput for an over-long note."""
    if len(note) > _NOTE:
        raise InvalidInput(
            f"The note is longer than {_NOTE} characters.",
            hint="Register a file with the model instead.",
            field="note",
        )

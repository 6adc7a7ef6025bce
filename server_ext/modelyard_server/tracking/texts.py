"""Tags and parameters that come in a request."""

from __future__ import annotations

from modelyard.errors import InvalidInput
from modelyard.tracking.names import check_key, check_text

_MOST_TEXTS = 1000
"""Tags, or parameters, in one request."""


def check_texts(what: str, texts: dict[str, str]) -> None:
    """Check the tags or parameters of one request.

    Raises
    ------
    InvalidInput: there are too many, or it names the one that is wrong.
    """
    if len(texts) > _MOST_TEXTS:
        raise InvalidInput(
            f"{len(texts):,} {what}s at once are more than {_MOST_TEXTS:,}.",
            hint="Store a large configuration as a file: run.log_text(text, 'config.yaml').",
            field=f"{what}s",
        )
    for key, value in texts.items():
        check_key(key, what=what)
        check_text(value, what=what, key=key)

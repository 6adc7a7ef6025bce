"""What may name an experiment, a run, a metric, a parameter or a tag. Server and SDK agree here."""

from __future__ import annotations

import random

from modelyard.errors import InvalidInput

NAME_LENGTH = 200
KEY_LENGTH = 250
VALUE_LENGTH = 6000
NOTE_LENGTH = 100_000
ERROR_LENGTH = 10_000
"""What is kept of why a run failed: every list of runs carries it."""

_FIRST = (
    "amber bold brave bright calm clear clever cool crisp deep eager fair fast fresh gentle grand "
    "green happy keen kind light lively lucky merry mild neat noble proud quick quiet rapid sharp "
    "silent smart soft solid sunny swift warm wise"
)
_SECOND = (
    "badger beacon birch brook cedar cliff cloud comet coral crane dune eagle ember falcon fern "
    "field finch fjord forest glade harbor hawk heron island lake lark maple meadow moon otter "
    "owl peak pine raven reef river robin sparrow stone tide valley willow wren"
)


def random_name() -> str:
    """A name for a run that was given none: 'calm-otter-417'."""
    first, second = random.choice(_FIRST.split()), random.choice(_SECOND.split())  # noqa: S311
    return f"{first}-{second}-{random.randrange(1000)}"  # noqa: S311 - a name, not a secret


def check_name(name: str, *, what: str = "experiment", field: str = "name") -> str:
    """Return the name of an experiment or run if it is one.

    Raises
    ------
    InvalidInput: empty, longer than 200 characters, with control characters, or with spaces or
        '/' at an end.
    """
    problem = ""
    if not isinstance(name, str):
        problem = f"is a {type(name).__name__}, not text"
    elif not name.strip():
        problem = "is empty"
    elif len(name) > NAME_LENGTH:
        problem = f"has {len(name)} characters, more than {NAME_LENGTH}"
    elif not name.isprintable():
        problem = "has a line break or another character that cannot be shown"
    elif name != name.strip():
        problem = "begins or ends with a space"
    elif name[0] == "/" or name[-1] == "/":
        problem = "begins or ends with '/'"
    if problem:
        raise InvalidInput(
            f"The name of the {what} {problem}.",
            hint=f"Use 1 to {NAME_LENGTH} printable characters, such as 'breast-cancer'.",
            field=field,
        )
    return name


def check_key(key: str, *, what: str) -> str:
    """Return the key of a metric, parameter or tag if it is one.

    Raises
    ------
    InvalidInput: it names the key.
    """
    problem = ""
    if not isinstance(key, str):
        problem = f"is a {type(key).__name__}, not text"
    elif not key or key != key.strip():
        problem = "is empty, or begins or ends with a space"
    elif len(key) > KEY_LENGTH:
        problem = f"has {len(key)} characters, more than {KEY_LENGTH}"
    elif not key.isprintable():
        problem = "has a line break or another character that cannot be shown"
    if problem:
        shown = str(key)[:60]
        raise InvalidInput(
            f"The {what} name {shown!r} {problem}.",
            hint=f"Use 1 to {KEY_LENGTH} printable characters, such as 'val/loss'.",
            field="key",
        )
    return key


def check_text(value: str, *, what: str, key: str, limit: int = VALUE_LENGTH) -> str:
    """Return a tag's or parameter's value (or a note) if it is not too long.

    Raises
    ------
    InvalidInput: it names the key.
    """
    if len(value) > limit:
        raise InvalidInput(
            f"The {what} '{key}' has {len(value)} characters, more than {limit}.",
            hint="Store long text as a file: run.log_text(text, 'notes.txt').",
            field=key,
        )
    return value

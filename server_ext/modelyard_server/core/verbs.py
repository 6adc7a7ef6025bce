"""What a verb of a route takes and answers: the handler works by it, docs are made of it.

The body and the query are parameters of the verb, in its signature; `authorized` (handler.py) says
the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar, get_type_hints

import msgspec

from modelyard.errors import InvalidInput, ModelyardError

T = TypeVar("T")

JSON = "application/json"
BYTES = "application/octet-stream"
ANY = "*/*"
"""Of a file that is sent as what its name says; of a body that is handed on as it is."""


_LINES = 10_000


class Tail(msgspec.Struct, kw_only=True):
    """Query of a log: from a byte on, else its end."""

    offset: Annotated[int, msgspec.Meta(ge=0, le=1 << 62)] | None = None
    """Byte to begin at: `next` of the answer before."""

    tail: Annotated[int, msgspec.Meta(ge=1, le=1 << 31)] = 500
    """Lines; of more than 10,000 the last 10,000 are given."""

    @property
    def lines(self) -> int:
        """How many are read."""
        return min(self.tail, _LINES)


class Verb(msgspec.Struct, kw_only=True, frozen=True):
    """A verb of a route."""

    action: str
    """What its caller must be allowed to: read, write or execute."""
    within: str
    """What a token of limited scope must name, such as `run/{id}`; empty: closed to such tokens."""
    body: Any
    """Type of its JSON body; None: it takes none, or one that `takes` names."""
    query: Any
    """Struct of its query parameters; None: it has none."""
    takes: str
    """Media type of a body that the verb reads by itself; empty: it has none of that kind."""
    answer: Any
    """Type of its JSON answer; None: it has no body, or one that `gives` names."""
    gives: str
    """Media type of an answer that is a file; empty: it is no file."""
    status: int
    """Of the answer when all is well."""
    errors: tuple[type[ModelyardError], ...]
    """Those that are its own; what every verb may answer is not named."""


def describe(function: Callable[..., Any], **said: Any) -> Verb:
    """A verb from its signature, where `body` and `query` are structs, and from what is said."""
    hints = get_type_hints(function)
    return Verb(body=hints.get("body"), query=hints.get("query"), **said)


def verb_of(function: Any) -> Verb | None:
    """What `authorized` was told; None when nothing guards it."""
    return getattr(function, "verb", None)


def read_body(data: bytes, kind: type[T]) -> T:
    """A JSON body as a struct; an empty one counts as `{}`.

    Raises
    ------
    InvalidInput: with the name of the field that is wrong.
    """
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed("The request is malformed", error) from error


def read_query(arguments: Mapping[str, Sequence[bytes]], kind: type[T]) -> T:
    """Query parameters as a struct. Of several of one name the last counts; empty: not given.

    Raises
    ------
    InvalidInput: with the name of the parameter that is wrong or missing.
    """
    given: dict[str, str] = {}
    try:
        for name, values in arguments.items():
            if values and values[-1]:
                given[name] = values[-1].decode()
        return msgspec.convert(given, kind, strict=False)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise _malformed("The address is malformed", error) from error


def _malformed(what: str, error: Exception) -> InvalidInput:
    text = str(error)
    found = re.search(r"`\$\.([^`]*)`|missing required field `([^`]*)`", text)
    return InvalidInput(f"{what}: {text}.", field=(found[1] or found[2]) if found else "")

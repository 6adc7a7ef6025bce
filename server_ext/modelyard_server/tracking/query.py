"""What a list of runs is asked for: search text, order and page token, parsed and checked."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Literal

import msgspec

from modelyard.errors import InvalidInput

Kind = Literal["metric", "param", "tag", "status", "name"]
Operator = Literal["<=", ">=", "!=", "=", "<", ">"]

_COMPARISON = re.compile(
    r"""(?:(?P<kind>metrics?|params?|tags?)\.(?P<key>"[^"]+"|`[^`]+`|[^\s<>=!~]+)|(?P<own>status|name))
        \s*(?P<op><=|>=|!=|==|=|<|>)\s*(?P<value>"[^"]*"|'[^']*'|[^\s]+)""",
    re.VERBOSE,
)
_QUERY_LENGTH = 2000
_QUERY_TERMS = 50
"""Each is a condition of the statement: their number decides what a search costs."""
TOKEN_LENGTH = 1 << 16
"""Characters; a token holds the value at which the page before ended."""
_Id = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class Comparison(msgspec.Struct, frozen=True):
    """`metrics.acc > 0.9`"""

    kind: Kind
    key: str
    op: Operator
    text: str
    number: float | None


class Query(msgspec.Struct, frozen=True):
    """All of it must hold: every comparison, and every word found somewhere in the run."""

    comparisons: list[Comparison] = []
    words: list[str] = []


class Order(msgspec.Struct, frozen=True):
    """`created`, or `metric.accuracy`; runs without the metric or parameter come last."""

    kind: Literal["created", "name", "status", "metric", "param"]
    key: str = ""
    descending: bool = True


class Place(msgspec.Struct, array_like=True, frozen=True):
    """Where the next page begins: after this row of this part of the order."""

    part: Annotated[int, msgspec.Meta(ge=0, le=9)]
    value: float | str | None
    id: _Id


def parse_query(text: str) -> Query:
    """Parse the search text.

    Raises
    ------
    InvalidInput: a comparison with something that is no number, or the text is too long
        or has too many words.
    """
    if len(text) > _QUERY_LENGTH:
        raise InvalidInput(
            f"The search has {len(text)} characters, more than {_QUERY_LENGTH}.", field="q"
        )
    comparisons = [_comparison(match) for match in _COMPARISON.finditer(text)]
    rest = _COMPARISON.sub(" ", text).split()
    if comparisons:
        rest = [word for word in rest if word.lower() != "and"]
    terms = len(comparisons) + len(rest)
    if terms > _QUERY_TERMS:
        raise InvalidInput(
            f"The search has {terms} words and comparisons, more than {_QUERY_TERMS}.",
            hint="Search for fewer words; all of them must be found.",
            field="q",
        )
    return Query(comparisons=comparisons, words=rest)


def _comparison(match: re.Match[str]) -> Comparison:
    kind = msgspec.convert(match["own"] or match["kind"].removesuffix("s"), Kind)
    key = (match["key"] or "").strip('"`')
    text = match["value"].strip("\"'")
    op = msgspec.convert("=" if match["op"] == "==" else match["op"], Operator)
    number = as_number(text)
    ordering = op not in ("=", "!=")
    if (kind == "metric" or (kind == "param" and ordering)) and number is None:
        raise InvalidInput(
            f"'{match[0].strip()}' compares with '{text}', which is not a number.",
            hint="Search for example: metrics.accuracy > 0.9",
            field="q",
        )
    if ordering and kind in ("tag", "status", "name"):
        raise InvalidInput(
            f"'{match[0].strip()}': text can be compared with = and != only.", field="q"
        )
    return Comparison(kind, key, op, text, number)


def as_number(text: str) -> float | None:
    """The number a text is, if it is a finite one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value - value == 0 else None


def parse_order(text: str, *, descending: bool) -> Order:
    """Parse `order_by`.

    Raises
    ------
    InvalidInput: it names nothing that runs can be ordered by.
    """
    kind, _, key = text.partition(".")
    plain = kind in ("created", "name", "status") and not key
    if not plain and not (kind in ("metric", "param") and key):
        raise InvalidInput(
            f"Runs cannot be ordered by '{text[:80]}'.",
            hint="Use created, name, status, metric.KEY or param.KEY.",
            field="order_by",
        )
    return msgspec.convert({"kind": kind, "key": key, "descending": descending}, Order)


def page_token(place: Place) -> str:
    """A place as text for the next request."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode().rstrip("=")


def parse_page_token(text: str) -> Place | None:
    """The inverse of `page_token`; None for the first page.

    Raises
    ------
    InvalidInput: the server did not make it.
    """
    if not text:
        return None
    try:
        if len(text) > TOKEN_LENGTH:
            raise ValueError("longer than any of ours")
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.msgpack.decode(raw, type=Place)
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise InvalidInput(
            "The page token is not one of ours.", hint="Begin with the first page.", field="page"
        ) from error

"""What the parts of a workspace share: `ws.compute`, `ws.models`, …"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from modelyard.client import Client
from modelyard.display import Column, Listing
from modelyard.handle import LivingHandle

H = TypeVar("H", bound=LivingHandle[Any])


class Api:
    """A part of a workspace.

    Parameters
    ----------
    client: the connection that the whole workspace shares.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def __repr__(self) -> str:
        verbs = (name for name in dir(self) if not name.startswith("_"))
        return f"<{type(self).__name__}: {', '.join(f'{verb}()' for verb in verbs)}>"


class Collection(Api, Generic[H]):
    """Objects that have names and states: `get` and `list`."""

    _handle: type[H]
    _columns: Sequence[Column[H]]
    _empty: str
    """What is shown instead of an empty list: how to make the first one."""

    def get(self, name: str) -> H:
        """The one of that name.

        Raises
        ------
        NotFound: there is none; names a similar one.
        InvalidInput: nothing can have that name.
        """
        kind = self._handle
        return kind(self._client, self._client.get(kind._place.path(name), kind._wire))

    def list(self) -> Listing[H]:
        """All of them, by name; shows itself as a table."""
        kind = self._handle
        found = self._client.get(kind._place.root, builtins.list[kind._wire])
        handles = [kind(self._client, info) for info in found]
        return Listing(handles, self._columns, empty=self._empty)

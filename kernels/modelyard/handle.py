"""What all objects of the SDK share: where they are on the server, their fields, how they show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar
from urllib.parse import quote

from modelyard.client import Client
from modelyard.display import card
from modelyard.errors import InvalidInput, NotFound
from modelyard.following import follow
from modelyard.schema.common import NAME_RULE, valid_name
from modelyard.schema.compute import LogText
from modelyard.schema.lineage import Thing
from modelyard.waiting import wait_until

Info = TypeVar("Info")

DELETED = "deleted"
"""The state of what is not there any more."""


@dataclass(frozen=True)
class Place:
    """Where the objects of one kind are in the REST API.

    Parameters
    ----------
    root: '/compute'.
    noun: what one of them is, for errors: 'an instance'.
    """

    root: str
    noun: str

    def path(self, name: str, verb: str = "") -> str:
        """The address of one of them, or of something about it: '/compute/cpu-1/log'.

        Raises
        ------
        InvalidInput: nothing can have that name.
        """
        if not isinstance(name, str) or not valid_name(name):
            raise InvalidInput(
                f"'{str(name)[:80]}' cannot name {self.noun}.",
                hint=f"Use {NAME_RULE}.",
                field="name",
            )
        return f"{self.root}/{quote(name, safe='')}{verb}"


class Handle(Generic[Info]):
    """An object on the server. Its fields are `info`, as of the last `refresh()`.

    A domain says where it is (`_path`), what the server tells of it (`_wire`) and how it shows
    itself (`_line`, `_facts`).
    """

    _wire: ClassVar[Any]
    """The type of its `info` in `modelyard.schema`."""

    def __init__(self, client: Client, info: Info) -> None:
        self._client = client
        self._info = info

    @property
    def info(self) -> Info:
        """All its fields at once, as the server told them last."""
        return self._info

    @property
    def _thing(self) -> Thing | None:
        """What it is in lineage; None where nothing is recorded of its kind."""
        return None

    def refresh(self) -> Self:
        """Ask the server anew.

        Raises
        ------
        NotFound: it is not there any more.
        """
        self._info = self._client.get(self._path(), self._wire)
        return self

    def _path(self, verb: str = "") -> str:
        raise NotImplementedError

    def _line(self) -> str:
        raise NotImplementedError

    def _facts(self) -> list[tuple[str, str]]:
        """What is shown of it in a notebook; empty values are left out."""
        return []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._line()}>"

    def _repr_html_(self) -> str | None:
        return card(self._line(), self._facts())


class Alive(Protocol):
    """Fields of what has a name and a state that changes by itself."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def state(self) -> str:
        """What it does now."""
        ...


Living = TypeVar("Living", bound=Alive)


class LivingHandle(Handle[Living]):
    """A handle of something that runs: it has a state and a log, and is gone at some time."""

    _place: ClassVar[Place]

    def _path(self, verb: str = "") -> str:
        return self._place.path(self.name, verb)

    @property
    def name(self) -> str:
        """Its name, which it keeps."""
        return self._info.name

    @property
    def state(self) -> str:
        """What it does now (asks the server): running, failed, …; 'deleted' when it is gone."""
        try:
            return self.refresh()._info.state
        except NotFound:
            return DELETED

    def logs(self, tail: int = 500) -> str:
        """The end of its log."""
        return self._client.get(self._path("/log"), LogText, tail=tail).text

    def follow_log(self, tail: int = 500) -> Iterator[str]:
        """The end of its log, and then what is written, piece by piece, until you stop.

        Raises
        ------
        WrongState: it was started by a version that did not count bytes.
        """
        path = self._path("/log")
        first = self._client.get(path, LogText, tail=tail)
        return follow(first, lambda at: self._client.get(path, LogText, offset=at))

    def _until(self, done: Callable[[Living], bool], timeout: float) -> None:
        """Wait and show progress; `timeout` in seconds."""
        wait_until(
            lambda: self.refresh()._info,
            done,
            what=f"{type(self).__name__} '{self.name}'",
            timeout=timeout,
            line=lambda _info: self._line(),
        )

    def _remove(self, *, wait: bool, timeout: float, **params: Any) -> None:
        """Delete it; silent when it is gone."""
        try:
            self._client.delete(self._path(), **params)
        except NotFound:
            return
        if wait:
            wait_until(
                lambda: self.state,
                lambda state: state == DELETED,
                what=f"Deleting '{self.name}'",
                timeout=timeout,
                line=lambda state: f"{self.name}: {state}" if state == DELETED else self._line(),
            )

"""What a command is: its words, what it takes, what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from modelyard.magics.session import Session

OptionKind = Literal["text", "int", "flag", "pair"]
"""`pair` is KEY=VALUE and may be given more than once."""


@dataclass(frozen=True)
class Argument:
    """A positional argument.

    Parameters
    ----------
    names: what completion offers: instances, experiments, models, versions, endpoints; or nothing.
    many: takes all words that follow.
    verbatim: takes the rest of the line as typed, so that JSON needs no quotes.
    """

    name: str
    help: str
    required: bool = True
    many: bool = False
    verbatim: bool = False
    names: str = ""


@dataclass(frozen=True)
class Option:
    """A `--option`; `choices` are its only valid values when there are any."""

    name: str
    help: str
    kind: OptionKind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    names: str = ""

    @property
    def metavar(self) -> str:
        """What stands for its value in help."""
        if self.choices:
            return "|".join(self.choices)
        return {"int": "N", "pair": "KEY=VALUE", "flag": ""}.get(self.kind, "VALUE")


@dataclass(frozen=True)
class Parsed:
    """The values of one command line."""

    values: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """A text argument or option."""
        return self.values.get(name, default)

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        return self.values.get(name, default)

    def flag(self, name: str) -> bool:
        """Whether a flag was given."""
        return self.values.get(name, False)

    def pairs(self, name: str) -> dict[str, str]:
        """The KEY=VALUE pairs of an option."""
        return self.values.get(name, {})

    def many(self, name: str) -> list[str]:
        """The words of an argument that takes many."""
        return self.values.get(name, [])


@dataclass(frozen=True)
class Command:
    """One command: its words, what it takes, what it does, and examples to copy."""

    words: tuple[str, ...]
    summary: str
    run: Callable[[Session, Parsed], Any] | None
    """None: it acts on a cell, see `modelyard.magics.run`."""
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()
    """Without the prefix (`%ml`)."""

    @property
    def name(self) -> str:
        """`compute create`"""
        return " ".join(self.words)

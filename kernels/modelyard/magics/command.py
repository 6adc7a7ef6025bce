"""What a command is: its words, what it takes, what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from modelyard.magics.session import Session

OptionKind = Literal["text", "int", "float", "path", "list", "pair", "flag"]
"""`list` is A,B,C and `pair` is KEY=VALUE; both may be given more than once. `path` is a file or a
directory here; `~` is the user's home."""

_METAVARS = {
    "int": "N", "float": "X", "path": "PATH", "list": "A,B", "pair": "KEY=VALUE", "flag": "",
}  # fmt: skip


@dataclass(frozen=True)
class Argument:
    """A positional argument.

    Parameters
    ----------
    names: what completion offers, a key of `_SOURCES` in `complete.py`; or nothing.
    many: takes all words that follow.
    verbatim: takes the rest of the line as typed, so that JSON needs no quotes.
    path: it is a file or a directory here.
    """

    name: str
    help: str
    required: bool = True
    many: bool = False
    verbatim: bool = False
    names: str = ""
    path: bool = False


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
        return _METAVARS.get(self.kind, "VALUE")

    @property
    def repeats(self) -> bool:
        """Whether it may be given more than once."""
        return self.kind in ("list", "pair")


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

    def decimal(self, name: str, default: float) -> float:
        """A number."""
        return self.values.get(name, default)

    def path(self, name: str) -> Path | None:
        """A file or directory; None where none was given. It need not exist."""
        return self.values.get(name)

    def items(self, name: str) -> list[str] | None:
        """What a list option holds; None where it was not given."""
        return self.values.get(name)

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
    """One command: its words (as many as it likes), what it takes, what it does, and examples."""

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

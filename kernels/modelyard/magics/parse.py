"""Commands as a table, and words parsed by it.

The table is data: parsing, help and completion read it, so they cannot disagree. It knows nothing
of IPython; the magics and the `modelyard` program share it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelyard.errors import InvalidInput
from modelyard.magics.command import Command, Option, Parsed
from modelyard.magics.words import Word, nearest


class Table:
    """All commands.

    Parameters
    ----------
    prefix: how the user begins a command: `%ml`, or `modelyard`.
    """

    def __init__(self, commands: Sequence[Command], prefix: str = "%ml") -> None:
        self.commands = tuple(commands)
        self.prefix = prefix

    def groups(self) -> list[str]:
        """First words, in the order of the table."""
        return self.following(())

    def following(self, path: Sequence[str]) -> list[str]:
        """Words that can come next after these: 'create', 'list', … after 'compute'."""
        depth = len(path)
        return list(dict.fromkeys(c.words[depth] for c in self.below(path) if len(c.words) > depth))

    def below(self, path: Sequence[str]) -> list[Command]:
        """The commands that begin with these words."""
        return [c for c in self.commands if c.words[: len(path)] == tuple(path)]

    def walk(self, words: Sequence[str]) -> tuple[tuple[str, ...], Command | None]:
        """How far words lead into the table, and the command with most of them, if there is one."""
        path: tuple[str, ...] = ()
        command: Command | None = None
        while len(path) < len(words) and words[len(path)] in self.following(path):
            path = (*path, words[len(path)])
            command = next((c for c in self.commands if c.words == path), command)
        return path, command

    def find(self, words: Sequence[Word]) -> tuple[Command, list[Word]]:
        """The command that the words name, and the words that are left for it.

        Raises
        ------
        InvalidInput: there is no such command; names the nearest one.
        """
        path, command = self.walk([word.text for word in words])
        if command is not None:
            return command, list(words[len(command.words) :])
        if path and len(path) == len(words):
            raise InvalidInput(
                f"'{self.prefix} {' '.join(path)}' needs one more word: "
                f"{', '.join(self.following(path))}.",
                hint=f"Try: {self.prefix} {self.below(path)[0].examples[0]}",
            )
        raise self._unknown(words[len(path)].text if words else "", path)

    def parse(self, words: Sequence[Word]) -> tuple[Command, Parsed]:
        """The command and its values.

        Raises
        ------
        InvalidInput: an unknown command or option, a missing or malformed value; names the
            argument and the nearest valid one.
        """
        command, left = self.find(words)
        return command, _Reader(self, command, left).read()

    def _unknown(self, word: str, path: Sequence[str]) -> InvalidInput:
        before = " ".join([self.prefix, *path])
        choices = self.following(path)
        close = nearest(word, choices)
        hint = f"Did you mean: {before} {close}?" if close else f"Known: {', '.join(choices)}."
        return InvalidInput(f"'{before} {word[:60]}' is not a command.", hint=hint)


class _Reader:
    """Reads the words of one command."""

    def __init__(self, table: Table, command: Command, words: list[Word]) -> None:
        self._title = f"{table.prefix} {command.name}"
        self._example = (
            f"For example: {table.prefix} {command.examples[0]}" if command.examples else ""
        )
        self._command = command
        self._options = {option.name: option for option in command.options}
        self._words = words
        self._values: dict[str, Any] = {}
        self._open = list(command.arguments)

    def read(self) -> Parsed:
        while self._words:
            word = self._words.pop(0)
            # A quoted word is a value even where it begins with dashes; -1 is a number.
            if word.text.startswith("--") and not word.quoted:
                self._read_option(word)
            else:
                self._read_argument(word)
        self._check_missing()
        return Parsed(self._values)

    def _read_option(self, word: Word) -> None:
        name, glued, value = word.text.partition("=")
        option = self._options.get(name)
        if option is None:
            close = nearest(name, self._options)
            known = ", ".join(self._options) or "none"
            hint = f"Did you mean '{close}'?" if close else f"Its options: {known}."
            raise InvalidInput(
                f"'{name[:60]}' is not an option of '{self._title}'.", hint=hint, field=name
            )
        key = name.removeprefix("--")
        if option.kind == "flag":
            if glued:
                raise InvalidInput(f"'{name}' takes no value.", field=name)
            self._values[key] = True
            return
        if not glued:
            follower = self._words[0] if self._words else None
            if follower is None or (follower.text.startswith("--") and not follower.quoted):
                raise self._wrong(name, f"needs a value: {name} {option.metavar}")
            value = self._words.pop(0).text
        self._store(option, key, value)

    def _store(self, option: Option, key: str, value: str) -> None:
        if option.kind == "pair":
            left, equals, right = value.partition("=")
            if not equals or not left:
                raise self._wrong(option.name, f"takes KEY=VALUE, not '{value[:60]}'")
            self._values.setdefault(key, {})[left] = right
            return
        if option.kind == "list":
            items = [item.strip() for item in value.split(",") if item.strip()]
            for item in items:
                self._check_choice(option, item)
            self._values.setdefault(key, []).extend(items)
            return
        if key in self._values:
            raise self._wrong(option.name, "is given twice")
        if option.kind == "int":
            self._values[key] = self._integer(option.name, value)
        elif option.kind == "float":
            self._values[key] = self._decimal(option.name, value)
        elif option.kind == "path":
            self._values[key] = self._path(option.name, value)
        else:
            self._check_choice(option, value)
            self._values[key] = value

    def _integer(self, name: str, value: str) -> int:
        try:
            return int(value)
        except ValueError:
            raise self._wrong(name, f"takes a whole number, not '{value[:60]}'") from None

    def _decimal(self, name: str, value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self._wrong(name, f"takes a number, not '{value[:60]}'")
        return number

    def _path(self, name: str, value: str) -> Path:
        try:
            return Path(value).expanduser()
        except RuntimeError:
            raise self._wrong(name, f"begins with the home of nobody: '{value[:60]}'") from None

    def _check_choice(self, option: Option, value: str) -> None:
        if option.choices and value not in option.choices:
            close = nearest(value, option.choices)
            meant = f"Did you mean '{close}'?" if close else self._example
            raise InvalidInput(
                f"'{option.name}' takes {' or '.join(option.choices)}, not '{value[:60]}'.",
                hint=meant,
                field=option.name,
            )

    def _read_argument(self, word: Word) -> None:
        if not self._open:
            raise InvalidInput(
                f"'{self._title}' does not know what to do with '{word.text[:60]}'.",
                hint=self._example,
            )
        argument = self._open[0]
        if argument.many:
            self._values.setdefault(argument.name, []).append(word.text)
            return
        self._open.pop(0)
        if argument.path:
            self._values[argument.name] = self._path(argument.name.upper(), word.text)
        elif argument.verbatim and self._words:
            self._values[argument.name] = word.rest
            self._words.clear()
        else:
            self._values[argument.name] = word.text

    def _check_missing(self) -> None:
        for argument in self._command.arguments:
            if argument.required and not self._values.get(argument.name):
                raise self._missing(argument.name.upper(), argument.help)
        for option in self._command.options:
            if option.required and option.name.removeprefix("--") not in self._values:
                raise self._missing(f"{option.name} {option.metavar}", option.help)

    def _missing(self, name: str, help: str) -> InvalidInput:
        return InvalidInput(
            f"'{self._title}' needs {name} ({help}).", hint=self._example, field=name
        )

    def _wrong(self, name: str, what: str) -> InvalidInput:
        return InvalidInput(f"'{name}' {what}.", hint=self._example, field=name)

"""Commands as a table, and words parsed by it.

The table is data: parsing, help and completion read it, so they cannot disagree. It knows nothing
of IPython; the magics and the `modelyard` program share it.
"""

from __future__ import annotations

from collections.abc import Sequence
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
        return list(dict.fromkeys(command.words[0] for command in self.commands))

    def group(self, word: str) -> list[Command]:
        """The commands that begin with a word."""
        return [command for command in self.commands if command.words[0] == word]

    def find(self, words: Sequence[Word]) -> tuple[Command, list[Word]]:
        """The command that the words name, and the words that are left for it.

        Raises
        ------
        InvalidInput: there is no such command; names the nearest one.
        """
        first = words[0].text if words else ""
        members = self.group(first)
        if not members:
            raise self._unknown(first, self.groups())
        for command in members:
            if tuple(word.text for word in words[: len(command.words)]) == command.words:
                return command, list(words[len(command.words) :])
        verbs = [command.words[1] for command in members]
        if len(words) < 2:
            raise InvalidInput(
                f"'{self.prefix} {first}' needs one more word: {', '.join(verbs)}.",
                hint=f"Try: {self.prefix} {members[0].examples[0]}",
            )
        raise self._unknown(words[1].text, verbs, first)

    def parse(self, words: Sequence[Word]) -> tuple[Command, Parsed]:
        """The command and its values.

        Raises
        ------
        InvalidInput: an unknown command or option, a missing or malformed value; names the
            argument and the nearest valid one.
        """
        command, left = self.find(words)
        return command, _Reader(self, command, left).read()

    def _unknown(self, word: str, choices: list[str], group: str = "") -> InvalidInput:
        before = f"{self.prefix} {group}".rstrip()
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
        if key in self._values:
            raise self._wrong(option.name, "is given twice")
        if option.kind == "int":
            self._values[key] = self._integer(option.name, value)
        else:
            self._check_choice(option, value)
            self._values[key] = value

    def _integer(self, name: str, value: str) -> int:
        try:
            return int(value)
        except ValueError:
            raise self._wrong(name, f"takes a whole number, not '{value[:60]}'") from None

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
        if argument.verbatim and self._words:
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

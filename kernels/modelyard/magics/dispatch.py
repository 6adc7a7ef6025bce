"""From words to the command they name."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from modelyard.errors import InvalidInput, ModelyardError
from modelyard.magics import help as help_texts
from modelyard.magics.command import Parsed
from modelyard.magics.parse import Table
from modelyard.magics.session import Session
from modelyard.magics.words import Word

_HELP = ("--help", "-h")


def execute(table: Table, session: Session, words: Sequence[Word]) -> Any:
    """Run one command and give what it returns: an SDK object, a table, or nothing.

    Without words, with `help` or with `--help` anywhere it shows help.

    Raises
    ------
    ModelyardError: a user's mistake or a server's refusal; its text needs no traceback.
    """
    asked = help_words(words)
    if asked is not None:
        session.say(help_texts.text(table, asked))
        return None
    command, args = table.parse(words)
    if command.run is None:
        raise InvalidInput(
            f"'{command.name}' acts on a cell.",
            hint=f"Make it the first line of a cell: %{table.prefix} {command.examples[0]}",
        )
    try:
        return command.run(session, args)
    except ModelyardError as error:
        session.forget(error)
        raise


def cell_arguments(table: Table, words: Sequence[Word]) -> Parsed:
    """The values of a command that acts on a cell.

    Raises
    ------
    InvalidInput: it is another command, or malformed.
    """
    command, args = table.parse(words)
    if command.run is not None:
        cells = [c for c in table.commands if c.run is None]
        raise InvalidInput(
            f"'{command.name}' does not take a cell.",
            hint=f"Write it on a line of its own with one %: {table.prefix} {command.name}. "
            f"On a cell: %{table.prefix} {cells[0].examples[0]}",
        )
    return args


def help_words(words: Sequence[Word]) -> list[Word] | None:
    """What help is asked for, None when it is not. Words after a command's own are overlooked."""
    if not words or words[0].text in ("help", *_HELP):
        return [word for word in words[1:] if word.text not in _HELP]
    if not any(word.text in _HELP and not word.quoted for word in words):
        return None
    return list(takewhile(lambda word: not word.text.startswith("-"), words))

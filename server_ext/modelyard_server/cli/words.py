"""`modelyard compute …`, `runs …`, `models …`: the same commands as `%ml`, from one table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from modelyard.magics.catalog import terminal_table
from modelyard.magics.dispatch import execute
from modelyard.magics.session import Session
from modelyard.magics.words import Word
from modelyard_server.cli.locate import connect, existing


def words(arguments: argparse.Namespace) -> int:
    """Run one command of the table on the workspace's server."""
    # The table knows neither of these two, which all commands of the terminal share.
    ours = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    ours.add_argument("--workspace", type=Path, default=None)
    ours.add_argument("--json", action="store_true")
    shared, rest = ours.parse_known_args(arguments.words)
    as_json = shared.json
    line = [arguments.command, *rest]
    session = Session(
        connect=lambda: connect(existing(shared)),
        say=lambda text: print(text, file=sys.stderr if as_json else sys.stdout),
        ask=_ask,
        prefix="modelyard",
    )
    answer = execute(
        terminal_table("modelyard"),
        session,
        [Word(text=word, rest=" ".join(line[i:])) for i, word in enumerate(line)],
    )
    if as_json:
        print(msgspec.json.encode(answer, enc_hook=_plain).decode())
    elif answer is not None:
        print(answer)
    return 0


def _ask(question: str) -> str:
    if not sys.stdin.isatty():
        raise EOFError
    return input(question)


def _plain(value: Any) -> Any:
    """SDK objects carry what the server said of them as `info`."""
    return getattr(value, "info", None) or str(value)

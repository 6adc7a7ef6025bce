"""A command line as words, and the nearest word to a mistyped one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modelyard.errors import InvalidInput


@dataclass(frozen=True)
class Word:
    """One word, without its quotes, and all that follows from where it begins, as typed."""

    text: str
    rest: str
    quoted: bool = False


def split(line: str) -> list[Word]:
    """Split as a shell does: spaces separate, quotes group; a backslash is an ordinary character.

    Raises
    ------
    InvalidInput: a quote is not closed.
    """
    words: list[Word] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        start, text, quoted = at, [], False
        while at < len(line) and not line[at].isspace():
            if line[at] in "'\"":
                end = line.find(line[at], at + 1)
                if end < 0:
                    raise InvalidInput(
                        f"The quote that begins at {line[at:][:40]} is not closed.",
                        hint=f"Add a closing {line[at]}.",
                    )
                text.append(line[at + 1 : end])
                at, quoted = end + 1, True
            else:
                text.append(line[at])
                at += 1
        words.append(Word("".join(text), line[start:].rstrip(), quoted))
    return words


def from_argv(argv: Sequence[str]) -> list[Word]:
    """Words that a shell has split already."""
    return [Word(text, " ".join(argv[at:])) for at, text in enumerate(argv)]


_OTHER_WORDS = {
    "get": "show", "describe": "show", "info": "show", "ls": "list", "rm": "delete",
    "remove": "delete", "new": "create", "add": "create", "create": "deploy", "invoke": "score",
    "predict": "score", "log": "logs",
}  # fmt: skip
"""What other tools call it."""


def nearest(word: str, choices: Iterable[str]) -> str:
    """The choice most like `word`; empty when none is."""
    by_lower = {choice.lower(): choice for choice in choices}
    wanted = word.lower()
    if _OTHER_WORDS.get(wanted) in by_lower:
        return by_lower[_OTHER_WORDS[wanted]]
    found = difflib.get_close_matches(wanted, by_lower, n=1, cutoff=0.5)
    if found:
        return by_lower[found[0]]
    # 'comp' for 'compute' is less than half alike, and still plain.
    starts = [choice for choice in by_lower if len(wanted) > 1 and choice.startswith(wanted)]
    return by_lower[starts[0]] if len(starts) == 1 else ""

"""`%load_ext modelyard`: the only module here that hooks into IPython (with `run`)."""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING, Any

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

import modelyard
from modelyard.errors import ModelyardError
from modelyard.magics.catalog import notebook_table
from modelyard.magics.complete import candidates
from modelyard.magics.dispatch import cell_arguments, execute, help_words
from modelyard.magics.run import run_cell
from modelyard.magics.session import Session
from modelyard.magics.words import split

if TYPE_CHECKING:
    from modelyard.workspace import Workspace

_MAGIC = "ml"
_LINE = re.compile(r"%ml\s+(?P<line>.*)$")
"""Where completion is ours: after `%ml `, `%%ml ` or `x = %ml `."""

_PRIORITY = 1000.0
"""Above IPython's own matchers."""


class Magics:
    """`%ml` and `%%ml` of one shell.

    Parameters
    ----------
    shell: IPython's `InteractiveShell`.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._table = notebook_table()
        # The kernel replaces input(): look it up when it is called.
        self._session = Session(_connect, print, lambda question: builtins.input(question))

    def ml(self, line: str, cell: str | None = None) -> Any:
        """Modelyard's commands. `%ml` alone shows them; `%%ml run` makes the cell a tracked run.

        A semicolon at the end hides what a command gives back, as it does after an expression.
        """
        try:
            line, quiet = _without_semicolon(line)
            words = split(line)
            if cell is None or help_words(words) is not None:
                answer = execute(self._table, self._session, words)
                return None if quiet else answer
            args = cell_arguments(self._table, words)
            return run_cell(self._shell, self._session, args, cell)
        except ModelyardError as error:
            _without_traceback(error)
            raise

    def complete(self, context: CompletionContext) -> SimpleMatcherResult:
        """IPython's matcher: on our lines it hides the words of Python."""
        found = _LINE.search(context.text_until_cursor)
        if found is None:
            return {"completions": []}
        line = found.group("line")
        word = "" if not line or line[-1].isspace() else line.split()[-1]
        offered = candidates(self._table, self._session, line)
        return {
            "completions": [SimpleCompletion(text) for text in offered if text.startswith(word)],
            "matched_fragment": word,
            "ordered": True,
            "suppress": True,
        }


def _connect() -> Workspace:
    # A kernel loads the magics when it starts, and pays for HTTP when a command needs it.
    return modelyard.Workspace()


def _without_semicolon(line: str) -> tuple[str, bool]:
    stripped = line.rstrip()
    return stripped.removesuffix(";"), stripped.endswith(";")


def _without_traceback(error: ModelyardError) -> None:
    """Make IPython show the sentence and what to do; the class stays, so `except` works."""
    if "_render_traceback_" in error.__dict__:
        return  # it was raised by the user's own cell, which shows its frames
    lines = [f"\x1b[31m{type(error).__name__}\x1b[0m: {error.message}"]
    if error.hint:
        lines.append(error.hint)
    error.__dict__["_render_traceback_"] = lambda: lines


def load(ipython: Any) -> None:
    """Register the magics; loading again changes nothing."""
    if _MAGIC in ipython.magics_manager.magics["line"]:
        return
    magics = Magics(ipython)
    ipython.register_magic_function(magics.ml, magic_kind="line_cell", magic_name=_MAGIC)

    # A function, because IPython sets attributes on its matchers and a method takes none.
    @context_matcher(identifier="modelyard", priority=_PRIORITY)
    def matcher(context: CompletionContext) -> SimpleMatcherResult:
        return magics.complete(context)

    ipython.Completer.custom_matchers.append(matcher)

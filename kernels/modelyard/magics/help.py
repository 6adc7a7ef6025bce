"""Help that teaches by example."""

from __future__ import annotations

from collections.abc import Sequence

from modelyard.magics.command import Command
from modelyard.magics.parse import Table
from modelyard.magics.words import Word

_MAIN_JOB = (
    ("compute create cpu-1", "start a compute instance"),
    ("run --experiment my-experiment", "begin a cell with it: the cell becomes a tracked run"),
    ("runs list --order-by metric.accuracy", "the best runs"),
    ("models register my-model --run ID", "register what a run logged"),
    ("endpoints deploy my-endpoint --model my-model:1", "serve it"),
    ("endpoints score my-endpoint [[1.0, 2.0]]", "ask it"),
)


def text(table: Table, words: Sequence[Word]) -> str:
    """Help on all commands, on a group of them, or on one.

    Raises
    ------
    InvalidInput: there is no such command; names the nearest one.
    """
    if not words:
        return _overview(table)
    path, command = table.walk([word.text for word in words])
    members = table.below(path)
    if len(path) == len(words) and len(members) > 1:
        return _group(table, members)
    return _command(table, command or table.find(words)[0])


def _call(table: Table, command: Command, line: str) -> str:
    prefix = f"%{table.prefix}" if command.run is None else table.prefix
    return f"{prefix} {line}"


def _aligned(pairs: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(left) for left, _ in pairs)
    return [f"  {left.ljust(width)}  {right}" for left, right in pairs]


def _overview(table: Table) -> str:
    lines = ["Modelyard: compute, runs, models and endpoints of this workspace.", ""]
    lines.append("From start to finish:")
    steps = []
    for line, what in _MAIN_JOB:
        command = table.walk(line.split())[1]
        if command is not None:
            steps.append((_call(table, command, line), what))
    lines += _aligned(steps)
    lines += ["", "All commands:"]
    lines += _aligned(
        [(_call(table, command, command.name), command.summary) for command in table.commands]
    )
    prefix = table.prefix
    lines += ["", f"More: {prefix} help compute, {prefix} help compute create"]
    return "\n".join(lines)


def _group(table: Table, members: Sequence[Command]) -> str:
    lines = _aligned([(_call(table, c, c.name), c.summary) for c in members])
    lines += ["", "For example:"]
    lines += [f"  {_call(table, c, c.examples[0])}" for c in members if c.examples]
    return "\n".join(lines)


def _command(table: Table, command: Command) -> str:
    summary = command.summary
    lines = [f"{_call(table, command, command.name)}: {summary}", "", "For example:"]
    lines += [f"  {_call(table, command, example)}" for example in command.examples]
    details = [(a.name.upper(), a.help) for a in command.arguments]
    for option in command.options:
        needed = " (needed)" if option.required else ""
        details.append((f"{option.name} {option.metavar}".rstrip(), option.help + needed))
    if details:
        lines += ["", "It takes:", *_aligned(details)]
    if command.run is None:
        lines += ["", *_RUN_EXPLAINED]
    return "\n".join(lines)


_RUN_EXPLAINED = (
    "The cell runs as it would without the first line. Its code, its output and the installed",
    "packages are kept with the run; inside the cell the variable `run` logs more:",
    "",
    "  %%ml run --experiment breast-cancer --name logreg --param C=1.0",
    "  model.fit(X, y)",
    "  run.log('accuracy', model.score(X_test, y_test))",
    "  run.log_model(model, 'model', input_example=X[:5])",
    "",
    "If the cell raises, the run is failed; if you interrupt it, the run is cancelled.",
)

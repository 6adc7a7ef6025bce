"""`%%ml run`: a cell as a tracked run."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from types import CodeType, TracebackType
from typing import TYPE_CHECKING, Any

from modelyard.display import lasted, number
from modelyard.errors import InvalidInput
from modelyard.magics.command import Parsed
from modelyard.magics.session import Session

if TYPE_CHECKING:
    from modelyard.tracking.run import Run

_SHOWN_METRICS = 4


def run_cell(shell: Any, session: Session, args: Parsed, cell: str) -> None:
    """Execute a cell in the user's namespace inside a run.

    It behaves as the cell alone would: its last expression is displayed, its exception is raised
    (after the run was marked failed, or cancelled by an interrupt) and shows the user's frames
    only. A cell that does not compile makes no run.

    Parameters
    ----------
    shell: IPython's `InteractiveShell`.
    """
    file, program = _compiled(shell, cell)
    experiment = session.workspace.experiment(args.text("experiment"))
    run = experiment.start_run(
        name=args.text("name"), tags=args.pairs("tag"), params=args.pairs("param"), source=cell
    )
    try:
        with run:
            shell.user_ns["run"] = run
            for code in program:
                exec(code, shell.user_global_ns, shell.user_ns)  # noqa: S102 - the user's own cell
    except BaseException as error:
        _show_only(shell, error, file)
        raise
    finally:
        session.say(_summary(run))


def _compiled(shell: Any, cell: str) -> tuple[str, list[CodeType]]:
    # The line that is put before is the magic's: line numbers in tracebacks then fit the cell.
    source = "\n" + shell.transform_cell(cell)
    if shell.should_run_async(cell, transformed_cell=source):
        raise InvalidInput(
            "A cell under %%ml run cannot use 'await' at its top level.",
            hint="Use: with ws.experiment(NAME).start_run() as run: …",
        )
    file = shell.compile.cache(source, shell.execution_count, raw_code=cell)
    body = shell.transform_ast(shell.compile.ast_parse(source, filename=file)).body
    silent, shown = _split(body, shell.ast_node_interactivity)
    if shell.displayhook.semicolon_at_end_of_expression(source):
        silent, shown = body, []
    program = [shell.compile(ast.Module(silent, []), file, "exec")]
    program += [shell.compile(ast.Interactive([node]), file, "single") for node in shown]
    return file, program


def _split(body: Sequence[ast.stmt], interactivity: str) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """Statements that run silently, and those whose value is displayed."""
    if interactivity == "all":
        return [], list(body)
    if body and interactivity != "none" and isinstance(body[-1], ast.Expr):
        return list(body[:-1]), [body[-1]]
    return list(body), []


def _show_only(shell: Any, error: BaseException, file: str) -> None:
    """Make IPython show the frames of the cell, and not ours above them."""
    trace: TracebackType | None = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != file:
        trace = trace.tb_next
    if trace is None:
        return
    lines = shell.InteractiveTB.structured_traceback(type(error), error, trace)
    # IPython asks an exception that has this method to show itself.
    error.__dict__["_render_traceback_"] = lambda: lines


def _summary(run: Run) -> str:
    info = run.info
    metrics = [f"{key} {number(m.last)}" for key, m in sorted(info.metrics.items())]
    line = f"Run '{run.name}' ({run.id[:8]}) {info.status}"
    took = lasted(info.started, info.ended)
    shown = ", ".join(metrics[:_SHOWN_METRICS])
    return line + (f" after {took}" if took else "") + (f": {shown}" if shown else "")

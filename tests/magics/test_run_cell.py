"""`%%ml run` in a real shell against a real server."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

from modelyard.schema.tracking import RunLog
from modelyard.tracking.run import Run
from modelyard.workspace import Workspace
from modelyard_server.core.holder import LOCAL
from tests.server_support import RunningServer

EXPERIMENT = "cells"


@pytest.fixture
def ws(process_server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("MODELYARD_URL", process_server.url)
    monkeypatch.setenv("MODELYARD_TOKEN", process_server.token)
    monkeypatch.setenv("MODELYARD_SPOOL", str(process_server.paths.spool_of(LOCAL)))
    return process_server.workspace()


def run_cell(shell: InteractiveShell, body: str, options: str = "") -> ExecutionResult:
    return shell.run_cell(f"%%ml run --experiment {EXPERIMENT} {options}\n{body}")


def stored(ws: Workspace, shell: InteractiveShell) -> Run:
    return ws.runs.get(shell.user_ns["run"].id)


def log_of(ws: Workspace, run: Run) -> str:
    return ws._client.get(f"/runs/{run.id}/log", RunLog).text


def test_a_cell_becomes_a_run(
    ws: Workspace, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    body = "print('hello from the cell')\nx = 41\nrun.log('accuracy', 0.5)\nx + 1"
    assert run_cell(shell, body, "--name first --tag team=a --param C=1.0").success
    shown = capsys.readouterr().out
    assert "hello from the cell" in shown
    assert "42" in shown.splitlines()[1]
    assert "Run 'first'" in shown and "finished" in shown
    assert shell.user_ns["x"] == 41 and shell.user_ns["_"] == 42

    run = stored(ws, shell)
    assert (run.name, run.status) == ("first", "finished")
    assert run.info.experiment == EXPERIMENT
    assert run.params == {"C": "1.0"}
    assert run.tags["team"] == "a"
    assert run.info.metrics["accuracy"].last == 0.5
    assert run.info.source is not None and run.info.source.kind == "cell"
    assert "hello from the cell" in log_of(ws, run)


def test_code_that_the_cell_calls_finds_the_run(ws: Workspace, shell: InteractiveShell) -> None:
    shell.run_cell("import modelyard\ndef work():\n    modelyard.Run.current().log('deep', 7)")
    assert run_cell(shell, "work()").success
    assert stored(ws, shell).info.metrics["deep"].last == 7


def test_an_exception_fails_the_run_and_shows_the_users_frames_only(
    ws: Workspace, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run_cell(shell, "y = 1\ndef boom():\n    raise ValueError('no luck')\nboom()")
    assert isinstance(result.error_in_exec, ValueError)
    run = stored(ws, shell)
    assert run.status == "failed"
    assert "ValueError: no luck" in run.info.error
    assert shell.user_ns["y"] == 1
    shown = capsys.readouterr().out
    assert shown.count("ValueError: no luck") == 1
    assert "line 5" in shown, "line numbers count from the top of the cell"
    assert "modelyard" not in shown and "run_cell_magic" not in shown


def test_an_interrupt_cancels_the_run(ws: Workspace, shell: InteractiveShell) -> None:
    result = run_cell(shell, "raise KeyboardInterrupt")
    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert stored(ws, shell).status == "cancelled"


def test_a_cell_that_does_not_compile_makes_no_run(
    ws: Workspace, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(ws.runs.list(limit=1000))
    result = run_cell(shell, "this = = that")
    assert isinstance(result.error_in_exec, SyntaxError)
    assert "SyntaxError" in capsys.readouterr().out
    assert len(ws.runs.list(limit=1000)) == before


def test_magics_work_in_the_cell_and_a_semicolon_hides_its_value(
    ws: Workspace, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cell(shell, "here = %pwd\n'not shown';").success
    assert "/" in shell.user_ns["here"]
    assert "not shown" not in capsys.readouterr().out


def test_an_error_of_the_sdk_inside_the_cell_shows_where(
    ws: Workspace, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not run_cell(shell, "run.log('accuracy', 'high')").success
    assert "run.log('accuracy', 'high')" in capsys.readouterr().out


def test_a_run_in_a_run_is_its_child(ws: Workspace, shell: InteractiveShell) -> None:
    outer = f"%%ml run --experiment {EXPERIMENT} --name outer"
    inner = f"%%ml run --experiment {EXPERIMENT} --name inner"
    assert shell.run_cell(f"{outer}\n{inner}\nrun.log('m', 1)").success
    newest = ws.runs.list(experiment=EXPERIMENT, limit=2)
    by_name = {run.name: run for run in newest}
    assert by_name["inner"].info.parent == by_name["outer"].id
    assert {run.info.status for run in newest} == {"finished"}


def test_an_experiments_name_with_spaces(ws: Workspace, shell: InteractiveShell) -> None:
    assert shell.run_cell("%%ml run --experiment 'my first' --name n\npass").success
    assert stored(ws, shell).info.experiment == "my first"


def test_python_values_in_braces(ws: Workspace, shell: InteractiveShell) -> None:
    shell.user_ns["C"] = 0.25
    assert run_cell(shell, "pass", "--param C={C}").success
    assert stored(ws, shell).params == {"C": "0.25"}


def test_a_semicolon_hides_what_a_command_gives_back(
    ws: Workspace, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell.run_cell("%ml compute list;").result is None
    assert shell.run_cell("%ml compute list").result is not None
    assert shell.run_cell("found = %ml experiments list").success
    assert isinstance(shell.user_ns["found"], list)


def test_tab_completes_names_of_the_workspace(ws: Workspace, shell: InteractiveShell) -> None:
    assert run_cell(shell, "pass").success
    with provisionalcompleter():
        line = "%ml runs list --experiment ce"
        assert EXPERIMENT in [c.text for c in shell.Completer.completions(line, len(line))]

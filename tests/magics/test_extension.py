"""What `%ml` does in IPython where no server is needed: mistakes, help, completion."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from modelyard.errors import InvalidInput, NotConnected


def completions(shell: InteractiveShell, line: str) -> set[str]:
    with provisionalcompleter():
        return {found.text for found in shell.Completer.completions(line, len(line))}


def test_ml_alone_shows_help(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run_cell("%ml").success
    assert "%ml compute create" in capsys.readouterr().out


@pytest.mark.parametrize("cell", ["%ml compute crate x", "%%ml compute crate x\npass"])
def test_a_mistake_shows_a_sentence_and_advice_without_a_traceback(
    cell: str, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    result = shell.run_cell(cell)
    shown = capsys.readouterr().out
    assert isinstance(result.error_in_exec, InvalidInput)
    assert "'%ml compute crate' is not a command." in shown
    assert "Did you mean: %ml compute create?" in shown
    assert "Traceback" not in shown and ".py" not in shown


def test_the_error_keeps_its_class_for_except(shell: InteractiveShell) -> None:
    shell.user_ns["InvalidInput"] = InvalidInput
    cell = "try:\n    %ml qqq\nexcept InvalidInput as error:\n    seen = error.hint"
    assert shell.run_cell(cell).success
    assert "Known: status" in shell.user_ns["seen"]


def test_without_a_server_it_says_how_to_connect(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    result = shell.run_cell("%ml compute list")
    assert isinstance(result.error_in_exec, NotConnected)
    assert "MODELYARD_URL" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("%%ml compute list\nx = 1", "with one %: %ml compute list"),
        ("%ml run --experiment e", "first line of a cell: %%ml run"),
        ("%%ml run\nx = 1", "--experiment"),
        ("%%ml run --experiment e\nawait something()", "start_run"),
    ],
)
def test_cell_and_line_are_not_mixed_up(
    cell: str, advice: str, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(shell.run_cell(cell).error_in_exec, InvalidInput)
    assert advice in capsys.readouterr().out
    assert "x" not in shell.user_ns


def test_help_for_a_cell_does_not_run_it(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell.run_cell("%%ml run --help\nx = 1").success
    assert "For example" in capsys.readouterr().out
    assert "x" not in shell.user_ns


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("%ml comp", "compute"),
        ("%ml compute cr", "create"),
        ("made = %ml compute create x --si", "--size"),
        ("%%ml run --exp", "--experiment"),
    ],
)
def test_tab_completes(line: str, offered: str, shell: InteractiveShell) -> None:
    assert completions(shell, line) == {offered}


def test_tab_offers_no_python_where_a_command_stands(shell: InteractiveShell) -> None:
    assert completions(shell, "%ml endpoints keys bc --rotate ") == {"primary", "secondary"}
    assert "import" in completions(shell, "impor")


def test_loading_twice_changes_nothing(shell: InteractiveShell) -> None:
    before = shell.magics_manager.magics["line"]["ml"]
    shell.extension_manager.reload_extension("modelyard")
    assert shell.magics_manager.magics["line"]["ml"] is before

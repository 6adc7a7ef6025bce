"""Help teaches by example, and completion offers what the table holds."""

from __future__ import annotations

import pytest

from modelyard.errors import InvalidInput, NotConnected
from modelyard.magics.catalog import notebook_table, terminal_table
from modelyard.magics.complete import candidates
from modelyard.magics.dispatch import execute
from modelyard.magics.help import text
from modelyard.magics.session import Session
from modelyard.magics.words import split
from modelyard.workspace import Workspace

TABLE = notebook_table()


def nowhere() -> Workspace:
    raise NotConnected("No server.")


def answer(_question: str) -> str:
    raise EOFError


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def session(said: list[str]) -> Session:
    return Session(nowhere, said.append, answer)


def test_the_overview_shows_the_main_job_and_every_command() -> None:
    shown = text(TABLE, [])
    assert "%%ml run --experiment my-experiment" in shown
    for command in TABLE.commands:
        assert f"ml {command.name}" in shown
    assert max(len(line) for line in shown.splitlines()) <= 120


@pytest.mark.parametrize("line", ["", "help", "--help", "-h"])
def test_help_needs_no_server(line: str, session: Session, said: list[str]) -> None:
    assert execute(TABLE, session, split(line)) is None
    assert "From start to finish" in said[0]


@pytest.mark.parametrize("line", ["help run", "run --help", "run -h", "run --tag a=b --help"])
def test_help_on_one_command(line: str, session: Session, said: list[str]) -> None:
    execute(TABLE, session, split(line))
    assert "%%ml run --experiment breast-cancer" in said[0]
    assert "--experiment VALUE" in said[0] and "(needed)" in said[0]
    assert "run.log('accuracy'" in said[0]


@pytest.mark.parametrize("line", ["help compute", "compute --help"])
def test_help_on_a_group(line: str, session: Session, said: list[str]) -> None:
    execute(TABLE, session, split(line))
    assert "%ml compute create cpu-1" in said[0] and "%ml compute delete" in said[0]
    assert "endpoints" not in said[0]


def test_help_on_something_unknown_names_the_nearest() -> None:
    with pytest.raises(InvalidInput, match="Did you mean: %ml compute create"):
        text(TABLE, split("compute crate"))


def test_help_in_a_terminal_speaks_of_the_program() -> None:
    shown = text(terminal_table("modelyard"), [])
    assert "modelyard compute create cpu-1" in shown
    assert "%" not in shown


def test_run_on_a_line_says_that_it_wants_a_cell(session: Session) -> None:
    with pytest.raises(InvalidInput, match="first line of a cell: %%ml run --experiment"):
        execute(TABLE, session, split("run --experiment e"))


def test_destroying_needs_yes_where_nobody_can_answer(session: Session) -> None:
    with pytest.raises(InvalidInput, match="--yes"):
        session.confirm("Sure?", yes=False)
    assert session.confirm("Sure?", yes=True)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("", {"compute", "runs", "help", "status"}),
        ("comp", {"compute"}),
        ("compute ", {"create", "list", "delete"}),
        ("help compute ", {"create"}),
        ("compute create x ", {"--size", "--gpus"}),
        ("endpoints keys bc --rotate ", {"primary", "secondary"}),
        ("run --experiment e --tag a=b ", {"--tag", "--param"}),
        ("compute start ", {"--no-wait"}),
    ],
)
def test_completion_without_a_server(line: str, offered: set[str], session: Session) -> None:
    assert offered <= set(candidates(TABLE, session, line))


def test_an_option_that_was_given_is_not_offered_again(session: Session) -> None:
    assert "--size" not in candidates(TABLE, session, "compute create x --size small ")
    assert candidates(TABLE, session, "nonsense ") == []

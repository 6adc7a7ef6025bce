"""The table by itself: commands of one word, two and more, and every kind of option."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelyard.errors import InvalidInput, NotConnected
from modelyard.magics.command import Argument, Command, Option, Parsed
from modelyard.magics.complete import candidates
from modelyard.magics.dispatch import execute, help_words
from modelyard.magics.help import text
from modelyard.magics.parse import Table
from modelyard.magics.session import Session
from modelyard.magics.words import split
from modelyard.workspace import Workspace


def command(words: str, *options: Option, arguments: tuple[Argument, ...] = ()) -> Command:
    name = tuple(words.split())

    def run(_session: Session, args: Parsed) -> Any:
        return " ".join(name), args

    example = " ".join([words, *(f"<{argument.name}>" for argument in arguments)])
    return Command(name, f"do {words}", run, arguments, options, (example,))


NAME = Argument("name", "a name")
TABLE = Table(
    [
        command("devices"),
        command("storage", Option("--deep", "all of it", "flag")),
        command("storage clean", Option("--keep", "bytes to keep", "float")),
        command("models list"),
        command(
            "models versions add",
            Option("--weight", "share", "float"),
            Option("--columns", "which", "list"),
            Option("--aims", "which", "list", choices=("speed", "size")),
            Option("--file", "a file", "path"),
            arguments=(NAME, Argument("folder", "where", required=False, path=True)),
        ),
        command("models versions remove", arguments=(NAME,)),
    ]
)


def nowhere() -> Workspace:
    raise NotConnected("No server.")


@pytest.fixture
def session() -> Session:
    return Session(nowhere, print, input)


def run(session: Session, line: str) -> tuple[str, Parsed]:
    return execute(TABLE, session, split(line))


def refusal(line: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        TABLE.parse(split(line))
    return caught.value


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("devices", "devices"),
        ("storage", "storage"),
        ("storage --deep", "storage"),
        ("storage clean", "storage clean"),
        ("models list", "models list"),
        ("models versions add x", "models versions add"),
        ("models versions remove x", "models versions remove"),
    ],
)
def test_a_command_has_as_many_words_as_it_likes(line: str, name: str, session: Session) -> None:
    assert run(session, line)[0] == name


@pytest.mark.parametrize(
    ("line", "about", "advice"),
    [
        ("devises", "'%ml devises' is not", "Did you mean: %ml devices?"),
        ("devices x", "does not know what to do with 'x'", "%ml devices"),
        ("models versoins add", "'%ml models versoins' is not", "%ml models versions?"),
        ("models versions ad x", "'%ml models versions ad' is not", "%ml models versions add?"),
        ("models versions", "'%ml models versions' needs one more word: add, remove", "add <name>"),
        ("models", "'%ml models' needs one more word: list, versions", "%ml models list"),
    ],
)
def test_an_unknown_word_is_named_with_the_nearest(line: str, about: str, advice: str) -> None:
    error = refusal(line)
    assert about in error.message
    assert advice in error.hint


def test_every_kind_of_option(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    line = "models versions add x ~/out --weight -1.5e3 --columns a,b --columns=c --file ~/a.py"
    args = run(session, line)[1]
    assert args.decimal("weight", 0.0) == -1500.0
    assert args.items("columns") == ["a", "b", "c"] and args.items("aims") is None
    assert args.path("file") == Path("/home/somebody/a.py")
    assert args.path("folder") == Path("/home/somebody/out")
    args = run(session, "models versions add x")[1]
    assert (args.decimal("weight", 0.5), args.path("file"), args.path("folder")) == (
        0.5,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--weight much", "'--weight' takes a number, not 'much'"),
        ("--weight nan", "'--weight' takes a number, not 'nan'"),
        ("--weight 1e999", "'--weight' takes a number"),
        ("--aims speed,sice", "'--aims' takes speed or size, not 'sice'"),
        ("--file ~nobody-of-this-name/a", "home of nobody"),
        ("--weight 1 --weight 2", "is given twice"),
    ],
)
def test_a_wrong_value_is_named(option: str, says: str) -> None:
    assert says in refusal(f"models versions add x {option}").message


def test_help_follows_the_words() -> None:
    assert "%ml models versions add" in text(TABLE, split("models"))
    group = text(TABLE, split("models versions"))
    assert "%ml models versions remove" in group and "models list" not in group
    one = text(TABLE, help_words(split("models versions add x --help")) or [])
    assert one.startswith("%ml models versions add: ")
    for metavar in ("--weight X", "--columns A,B", "--file PATH", "--aims speed|size", "FOLDER"):
        assert metavar in one
    assert "do devices" in text(TABLE, split("devices"))
    with pytest.raises(InvalidInput, match="Did you mean: %ml models versions"):
        text(TABLE, split("models version"))


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("", ["devices", "storage", "models", "help"]),
        ("storage ", ["clean", "--deep"]),
        ("models ", ["list", "versions"]),
        ("models versions ", ["add", "remove"]),
        ("help models versions ", ["add", "remove"]),
        ("models versions remove x ", []),
        ("models nonsense ", []),
        ("models versions add x --aims ", ["speed", "size"]),
    ],
)
def test_completion_follows_the_words(line: str, offered: list[str], session: Session) -> None:
    assert candidates(TABLE, session, line) == offered


def test_completion_of_a_list_goes_on(session: Session) -> None:
    offered = candidates(TABLE, session, "models versions add x --columns a --weight 1 ")
    assert "--columns" in offered and "--weight" not in offered


def test_completion_offers_files(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "score.py").touch()
    (tmp_path / ".hidden").touch()
    monkeypatch.chdir(tmp_path)
    add = "models versions add x"
    assert candidates(TABLE, session, f"{add} --file ") == ["sub/"]
    assert candidates(TABLE, session, f"{add} --file sub/s") == ["sub/score.py"]
    assert candidates(TABLE, session, f"{add} --file .h") == [".hidden"]
    assert candidates(TABLE, session, f"{add} --file nowhere/") == []
    assert candidates(TABLE, session, f"{add} s")[0] == "sub/"

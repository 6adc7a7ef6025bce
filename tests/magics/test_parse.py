"""The command table: what it accepts, and how it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.errors import InvalidInput
from modelyard.magics.catalog import notebook_table, terminal_table
from modelyard.magics.command import Command, Parsed
from modelyard.magics.words import split

TABLE = notebook_table()


def parse(line: str) -> tuple[str, Parsed]:
    command, args = TABLE.parse(split(line))
    return command.name, args


def refusal(line: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        TABLE.parse(split(line))
    return caught.value


def test_arguments_options_and_flags_in_any_order() -> None:
    name, args = parse("compute create --gpus 2 cpu-1 --size=large --no-wait")
    assert name == "compute create"
    assert args.text("name") == "cpu-1"
    assert args.text("size") == "large"
    assert args.number("gpus", 0) == 2
    assert args.flag("no-wait")
    assert not args.flag("wait") and args.text("image") == ""


def test_pairs_repeat_and_may_hold_spaces_and_equals_signs() -> None:
    _, args = parse("run --experiment e --tag team=a --tag 'note=x = y' --param C=1.0")
    assert args.pairs("tag") == {"team": "a", "note": "x = y"}
    assert args.pairs("param") == {"C": "1.0"}


def test_json_needs_no_quotes_and_may_have_them() -> None:
    assert parse("endpoints score bc [[1, 2], [3, 4]]")[1].text("data") == "[[1, 2], [3, 4]]"
    assert parse("endpoints score bc '[[1, 2]]'")[1].text("data") == "[[1, 2]]"
    assert parse('endpoints score bc {"data": [[1]]}')[1].text("data") == '{"data": [[1]]}'


def test_an_argument_that_takes_many() -> None:
    assert parse("runs compare a b c")[1].many("id") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("line", "about", "advice"),
    [
        ("compute crate x", "'%ml compute crate' is not a command", "%ml compute create"),
        ("comput list", "'%ml comput' is not a command", "%ml compute"),
        ("qqqq", "is not a command", "Known: status"),
        ("compute", "needs one more word", "%ml compute list"),
        ("compute create", "needs NAME", "%ml compute create cpu-1"),
        ("compute create a --sise big", "'--sise' is not an option", "--size"),
        ("compute create a b", "'b'", "%ml compute create cpu-1"),
        ("compute create a --size", "'--size' needs a value", "%ml compute create"),
        ("compute create a --size --no-wait", "'--size' needs a value", "%ml compute create"),
        ("compute create a --gpus two", "takes a whole number, not 'two'", "%ml compute create"),
        ("compute create a --size s --size m", "given twice", "%ml compute create"),
        ("compute delete a --yes=1", "'--yes' takes no value", ""),
        ("run", "needs --experiment VALUE", "run --experiment"),
        ("run --experiment e --tag a", "takes KEY=VALUE, not 'a'", "run --experiment"),
        ("run --experiment e --tag =a", "takes KEY=VALUE", "run --experiment"),
        ("endpoints keys bc --rotate primry", "not 'primry'", "Did you mean 'primary'?"),
        ("models delete", "needs MODEL", "%ml models delete breast-cancer:1"),
    ],
)
def test_a_refusal_names_the_argument_and_what_to_write(line: str, about: str, advice: str) -> None:
    error = refusal(line)
    assert about in error.message
    assert advice in error.hint


def test_long_garbage_is_not_repeated_in_full() -> None:
    assert len(str(refusal("x" * 5000))) < 400


@pytest.mark.parametrize("command", TABLE.commands, ids=lambda c: c.name)
def test_every_command_is_described_and_its_examples_parse(command: Command) -> None:
    assert command.summary and command.examples
    assert all(a.help for a in command.arguments) and all(o.help for o in command.options)
    for example in command.examples:
        assert TABLE.parse(split(example))[0] is command


def test_the_terminal_has_no_cells() -> None:
    table = terminal_table("modelyard")
    assert "run" not in table.groups()
    with pytest.raises(InvalidInput, match="Did you mean: modelyard runs"):
        table.parse(split("run --experiment e"))


_PIECES = st.sampled_from(
    ["compute", "create", "run", "runs", "compare", "--size", "--tag", "a=b", "=", "--", "-h", "'",
     "--gpus", "endpoints", "score", "[[1]]", "--rotate", "models", "{", "\0", "é", "--experiment"]
)  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=8), max_size=8).map(" ".join))
def test_any_line_parses_or_is_refused_with_advice(line: str) -> None:
    try:
        TABLE.parse(split(line))
    except InvalidInput as error:
        assert error.message.endswith(".")

"""Splitting a line into words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.errors import InvalidInput
from modelyard.magics.words import from_argv, nearest, split


def texts(line: str) -> list[str]:
    return [word.text for word in split(line)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("  compute   list ", ["compute", "list"]),
        ("--name 'two words'", ["--name", "two words"]),
        ('--tag "a=b c"', ["--tag", "a=b c"]),
        ("--tag=a='b c'd", ["--tag=a=b cd"]),
        ("''", [""]),
        (r"C:\new 'it'", [r"C:\new", "it"]),
    ],
)
def test_split(line: str, expected: list[str]) -> None:
    assert texts(line) == expected


def test_a_word_knows_the_rest_of_its_line_as_typed() -> None:
    assert split('score bc {"data": [[1, 2]]} ')[2].rest == '{"data": [[1, 2]]}'


def test_an_open_quote_is_named() -> None:
    with pytest.raises(InvalidInput, match="'oops is not closed"):
        split("--name 'oops")


@given(st.text(max_size=80))
def test_any_line_splits_or_is_refused_with_a_sentence(line: str) -> None:
    try:
        words = split(line)
    except InvalidInput as error:
        assert "not closed" in error.message and error.hint
    else:
        assert all(line.rstrip().endswith(word.rest) for word in words)


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="'\""), min_size=1), max_size=6))
def test_words_that_a_shell_split_stay_as_they_are(argv: list[str]) -> None:
    assert [word.text for word in from_argv(argv)] == argv


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("crate", "create"),
        ("CREATE", "create"),
        ("del", "delete"),
        ("zzz", ""),
        ("", ""),
        ("sto", "stop"),
        ("rm", "delete"),
        ("describe", ""),
    ],
)
def test_nearest(word: str, expected: str) -> None:
    assert nearest(word, ["create", "delete", "list", "stop", "start"]) == expected

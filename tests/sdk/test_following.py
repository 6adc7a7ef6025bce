"""A log that is followed."""

from __future__ import annotations

from itertools import islice

import pytest

from modelyard.errors import WrongState
from modelyard.following import follow
from modelyard.schema.compute import LogText


def test_it_goes_on_where_it_was_and_begins_anew_with_another_deployment() -> None:
    logs = {"a": "one\ntwo\n", "b": "three\n"}
    asked: list[int] = []

    def read(offset: int) -> LogText:
        asked.append(offset)
        source = "a" if len(asked) == 1 else "b"
        text = logs[source][offset:]
        return LogText(text=text, offset=offset, next=offset + len(text), source=source)

    first = LogText(text="one\n", offset=0, next=4, source="a")
    assert [*islice(follow(first, read), 3)] == ["one\n", "two\n", "three\n"]
    assert asked == [4, 8, 0]


def test_a_log_whose_bytes_nobody_counts() -> None:
    with pytest.raises(WrongState, match="earlier version"):
        next(follow(LogText(text="old\n"), lambda _at: LogText(text="old\n")))

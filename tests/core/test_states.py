"""The tables of states: what the documentation shows is what the code allows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modelyard_server.compute.states import TRANSITIONS as INSTANCE
from modelyard_server.core.states import Transitions, check
from modelyard_server.serving.records import TRANSITIONS as DEPLOYMENT

_PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"


def _documented(what: str) -> dict[str, set[str]]:
    table = _PAGE.read_text().partition(f"| {what} | may become |\n")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (\w+) \| (.*) \|$", table, re.MULTILINE)
    return {state: set(after.split(", ")) for state, after in rows}


@pytest.mark.parametrize(
    ("what", "table"), [("instance", INSTANCE), ("deployment", DEPLOYMENT)], ids=str
)
def test_the_page_shows_the_table(what: str, table: Transitions) -> None:
    assert _documented(what) == {state: set(after) for state, after in table.items() if after}


def test_what_is_not_in_the_table_is_refused() -> None:
    check(INSTANCE, "running", "stopping")
    check(INSTANCE, "deleting", "deleting")
    with pytest.raises(AssertionError, match="'deleting' cannot become 'running'"):
        check(INSTANCE, "deleting", "running")

"""Tables for people."""

from __future__ import annotations

import time

import pytest

from modelyard.display import Column, Grid, Listing, ago, lasted, number, size

COLUMNS = [Column[str]("Word", lambda w: w), Column[str]("Length", lambda w: str(len(w)))]


def test_text_is_aligned_under_its_headings() -> None:
    shown = repr(Listing(["pear", "fig"], COLUMNS, empty="none"))
    assert shown.splitlines() == ["Word  Length", "----  ------", "pear  4", "fig   3"]


def test_a_listing_is_a_list_that_says_what_to_do_when_empty() -> None:
    listing = Listing(["pear"], COLUMNS, empty="none")
    assert listing == ["pear"] and listing[0] == "pear"
    empty = Listing([], COLUMNS, empty="Plant a tree.")
    assert repr(empty) == "Plant a tree." and empty._repr_html_() is None


def test_html_is_escaped_and_takes_the_themes_colours() -> None:
    shown = Grid(["<b>"], [["<script>alert(1)</script>"]])._repr_html_()
    assert "<script>" not in shown and "&lt;script&gt;" in shown and "<b>" not in shown
    assert "var(--jp-" in shown and "#" not in shown


def test_long_cells_and_line_breaks_do_not_break_the_table() -> None:
    lines = repr(Grid(["a", "b"], [["x" * 500, "one\ntwo"]])).splitlines()
    assert len(lines) == 3 and "…" in lines[2] and "one two" in lines[2]


def test_a_grid_gives_its_rows_to_programs() -> None:
    assert Grid(["a", "b"], [["1", "2"]]).info == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(0.973684), "0.9737"),
        (number("NaN"), "NaN"),
        (number(3), "3"),
        (size(0), "0 bytes"),
        (size(2 << 30), "2 GiB"),
        (size(5000 << 40), "5e+03 TiB"),
        (ago(None), ""),
        (ago(time.time() - 7200), "2 h ago"),
        (lasted(None, None), ""),
        (lasted(0.5, 2.0), "1.5 s"),
        (lasted(10.0, 135.0), "2 min 05 s"),
        (lasted(10.0, 7300.0), "2 h 01 min"),
    ],
)
def test_numbers_for_people(shown: str, expected: str) -> None:
    assert shown == expected

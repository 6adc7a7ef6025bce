"""From JSON to what a model takes, without a server around it."""

from __future__ import annotations

import math

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.score.data import Expected, Rows, parse, to_matrix
from modelyard.score.errors import BadData, ScoreError

json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["data", "input_data", "dataframe_split"]), json_values))
def test_no_body_gets_past_the_errors_of_ours(body: dict[str, object]) -> None:
    try:
        raw = orjson.dumps(body)
    except TypeError:
        return  # integers beyond 64 bits
    for expected in (Expected(features=2), Expected(features=2, names=["a", "b"])):
        try:
            matrix = to_matrix(parse(raw), expected)
        except ScoreError as error:
            assert error.message
        else:
            assert np.asarray(matrix).shape[1] == 2


def test_null_is_nan_and_true_is_one() -> None:
    matrix = to_matrix(Rows([[1, None, True]]), Expected(features=3))
    assert matrix.dtype == np.float64
    assert matrix[0, 0] == 1 and math.isnan(matrix[0, 1]) and matrix[0, 2] == 1


def test_whole_numbers_stay_whole_where_the_model_was_trained_on_them() -> None:
    expected = Expected(features=2, names=["a", "b"], dtypes=["long", "long"])
    frame = to_matrix(Rows([[1, 2]]), expected)
    assert list(frame.columns) == ["a", "b"] and frame.dtypes.unique() == [np.int64]


def test_dates_arrive_as_dates() -> None:
    expected = Expected(features=2, names=["day", "n"], dtypes=["datetime", "double"])
    frame = to_matrix(Rows([["2026-01-31", 1]]), expected)
    assert frame["day"][0] == pd.Timestamp("2026-01-31")
    with pytest.raises(BadData, match="'day'"):
        to_matrix(Rows([["soon", 1]]), expected)


def test_an_unknown_width_takes_rows_of_one_length_only() -> None:
    assert to_matrix(Rows([[1, 2], [3, 4]]), Expected()).shape == (2, 2)
    with pytest.raises(BadData, match="Row 1 has 1 features, row 0 has 2"):
        to_matrix(Rows([[1, 2], [3]]), Expected())

"""Input examples: rows as JSON, and the signature that they show."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import msgspec

ROWS = 5
"""An example is for people and for a first request: more rows tell nothing more."""

_LARGEST = 1 << 20
_TENSOR_KINDS = {"U": "str", "S": "bytes", "O": "object"}


class Example(msgspec.Struct, kw_only=True):
    """An input example in MLflow's form."""

    rows: Any
    """The rows as the model takes them, to predict with."""
    content: Any
    """What input_example.json holds."""
    info: dict[str, Any]
    """MLflow's `saved_input_example_info`."""
    frame: bool
    """Whether it is a DataFrame."""


def make_example(given: Any, features: int | None) -> Example | None:
    """The first rows of what the user gave; None (with a warning) when it cannot be written.

    Parameters
    ----------
    given: a DataFrame, an array, a list of rows, or one row.
    features: how many columns the model takes, where it says so; tells one row from a column.
    """
    try:
        example = _frame(given) if _is_frame(given) else _array(given, features)
        size = len(msgspec.json.encode(example.content))
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        warnings.warn(f"The input example was left out: {error}", stacklevel=4)
        return None
    if size > _LARGEST:
        warnings.warn(
            "The input example was left out: its first rows are larger than 1 MiB as JSON.",
            stacklevel=4,
        )
        return None
    return example


def _is_frame(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def _frame(frame: Any) -> Example:
    rows = frame.head(ROWS)
    text = rows.to_json(orient="split", index=False, date_format="iso", double_precision=15)
    return Example(
        rows=rows,
        content=msgspec.json.decode(text),
        info={
            "artifact_path": "input_example.json",
            "type": "dataframe",
            "pandas_orient": "split",
        },
        frame=True,
    )


def _array(given: Any, features: int | None) -> Example:
    numpy = sys.modules.get("numpy")
    rows = given.toarray() if hasattr(given, "toarray") else given
    if hasattr(rows, "to_numpy"):
        rows = rows.to_numpy()
    if numpy is not None:
        rows = numpy.asarray(rows)
        if rows.ndim == 0:
            raise TypeError(f"a {type(given).__name__} is not rows: give an array or a DataFrame.")
        if rows.ndim == 1 and features is not None and len(rows) == features > 1:
            rows = rows.reshape(1, -1)
    rows = rows[:ROWS]
    plain = rows.tolist() if hasattr(rows, "tolist") else rows
    return Example(
        rows=rows,
        content=_jsonable(plain),
        info={"artifact_path": "input_example.json", "type": "ndarray"},
        frame=False,
    )


def _jsonable(value: Any) -> Any:
    """NaN and infinities have no form in JSON: null, as pandas writes them."""
    return msgspec.json.decode(msgspec.json.encode(value))


def signature(example: Example, predict: Callable[[Any], Any] | None) -> dict[str, Any] | None:
    """MLflow's signature of a model: what it was given and what it answered.

    A model that cannot take its own example is saved all the same, with a warning: an hour of
    training must not be lost to a wrong example.

    Parameters
    ----------
    predict: None where there is no live model: the signature then has no outputs.
    """
    inputs = _frame_columns(example.rows) if example.frame else _tensor(example.rows)
    if inputs is None:
        return None
    outputs = _answer(example, predict) if predict is not None else None
    found = {"inputs": _text(inputs), "outputs": _text(outputs) if outputs else None}
    return {**found, "params": None}


def _answer(example: Example, predict: Callable[[Any], Any]) -> list[dict[str, Any]] | None:
    try:
        return _tensor(predict(example.rows))
    except Exception as error:  # noqa: BLE001
        # Whatever the model raises.
        warnings.warn(
            f"The model cannot predict its own input example: {type(error).__name__}: {error}",
            stacklevel=5,
        )
        return None


def _text(columns: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(columns).decode()


def _tensor(values: Any) -> list[dict[str, Any]] | None:
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    array = numpy.asarray(values)
    dtype = _TENSOR_KINDS.get(array.dtype.kind, array.dtype.name)
    shape = [-1, *array.shape[1:]]
    return [{"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}}]


def _frame_columns(frame: Any) -> list[dict[str, Any]] | None:
    columns = []
    for name, values in frame.items():
        kind = _column_type(values)
        if kind is None:
            return None
        required = not bool(values.isna().any())
        columns.append({"type": kind, "name": str(name), "required": required})
    return columns


def _column_type(values: Any) -> str | None:
    """MLflow's name of a column's type; None where it has none."""
    dtype = values.dtype
    numpy_dtype = getattr(dtype, "numpy_dtype", dtype)
    kind, width = getattr(numpy_dtype, "kind", "O"), getattr(numpy_dtype, "itemsize", 8)
    if kind in "iu":
        return "integer" if width < 4 or (width == 4 and kind == "i") else "long"
    simple = {"b": "boolean", "f": "double" if width > 4 else "float", "M": "datetime"}
    if kind in simple:
        return simple[kind]
    present = values.dropna()
    return "string" if all(isinstance(v, str) for v in present) else None

"""From the JSON of a request to rows, and from rows to what the model was trained on."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from itertools import chain
from typing import Any

import numpy as np
import orjson

from modelyard.score.errors import BadData, Malformed

EXPECTED = 'Send {"data": [[1.0, 2.0], [3.0, 4.0]]}: a list of rows, each a list of values.'

_NOT_NUMBERS = ("string", "object", "datetime", "binary", "boolean")
"""Of MLflow's column types."""

_LONG = {"long", "integer", "int64"}
_NUMBERS = {int, float, bool, type(None)}
_WHOLE = {int, bool}

_MOST_TEXT = 32 << 20
"""Characters of a column if every cell were as wide as its longest."""

_SCALE = float(np.finfo(np.float32).max)

_SHOWN = 10
"""How many column names an error lists."""


@dataclass(frozen=True)
class Expected:
    """What the model takes. `dtypes` (MLflow's names) goes with `names`, or is empty."""

    features: int | None = None
    names: list[str] = field(default_factory=list)
    dtypes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rows:
    """The rows of a request, and the names of their columns where the caller gave them."""

    values: list[Any]
    columns: list[str] | None = None


def parse(raw: bytes) -> Rows:
    """Read a request body.

    Accepted under `data` (also `input_data`, Azure's name): rows, one row, a list of records,
    columns by name; also MLflow's `dataframe_split` and `dataframe_records`.

    Raises
    ------
    Malformed: it is not JSON, or none of these.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"The body is not valid JSON: {error}.", hint=EXPECTED) from error
    if not isinstance(body, dict):
        raise Malformed(f"The body is {_kind(body)}, not an object.", hint=EXPECTED)
    for name in ("data", "input_data", "dataframe_records", "dataframe_split"):
        if name in body:
            return _rows(body[name], name)
    found = ", ".join(f"'{key}'" for key in list(body)[:_SHOWN]) or "nothing"
    raise Malformed(f"The body has no 'data' (found: {found}).", hint=EXPECTED)


def _rows(data: Any, name: str) -> Rows:
    if isinstance(data, dict):
        if isinstance(data.get("data"), list) and isinstance(data.get("columns"), list):
            rows = _rows(data["data"], f"{name}.data")
            return Rows(rows.values, [str(column) for column in data["columns"]])
        return _columns(data, name)
    if not isinstance(data, list):
        raise Malformed(f"'{name}' is {_kind(data)}, not a list of rows.", hint=EXPECTED)
    if not data:
        raise Malformed(f"'{name}' holds no rows.", hint=EXPECTED)
    if isinstance(data[0], list):
        for number, row in enumerate(data):
            if not isinstance(row, list):
                raise Malformed(
                    f"Row {number} of '{name}' is {_kind(row)}, not a list.", hint=EXPECTED
                )
        return Rows(data)
    if isinstance(data[0], dict):
        return _records(data, name)
    if any(isinstance(value, list | dict) for value in data):
        raise Malformed(f"'{name}' mixes rows and single values.", hint=EXPECTED)
    return Rows([data])


def _records(data: list[Any], name: str) -> Rows:
    columns = list(data[0])
    rows = []
    for number, record in enumerate(data):
        if not isinstance(record, dict):
            raise Malformed(f"Row {number} of '{name}' is {_kind(record)}, not an object.")
        if record.keys() != data[0].keys():
            differing = sorted(record.keys() ^ data[0].keys())
            raise BadData(
                f"Row {number} has other columns than row 0 (differing: {_some(differing)})."
            )
        rows.append([record[column] for column in columns])
    return Rows(rows, columns)


def _columns(data: dict[str, Any], name: str) -> Rows:
    if not data:
        raise Malformed(f"'{name}' holds no columns.", hint=EXPECTED)
    if not any(isinstance(values, list) for values in data.values()):
        return _records([data], name)
    lengths = {key: len(v) if isinstance(v, list) else -1 for key, v in data.items()}
    if -1 in lengths.values():
        wrong = next(key for key, length in lengths.items() if length == -1)
        raise Malformed(f"Column '{wrong}' of '{name}' is {_kind(data[wrong])}, not a list.")
    if len(set(lengths.values())) > 1:
        shown = _some([f"{key}: {length}" for key, length in lengths.items()])
        raise BadData(f"The columns have different lengths ({shown}).")
    rows = [list(row) for row in zip(*data.values(), strict=True)]
    if not rows:
        raise Malformed(f"The columns of '{name}' are empty.", hint=EXPECTED)
    return Rows(rows, list(data))


def to_matrix(rows: Rows, expected: Expected) -> Any:
    """The rows as the model wants them: a DataFrame if it knows columns by name, else an array.

    Raises
    ------
    BadData: columns are missing or unknown, their number is wrong, or a value is no number.
    """
    rows = _arranged(rows, expected)
    _check_width(rows, expected)
    text = {i for i, dtype in enumerate(expected.dtypes) if dtype in _NOT_NUMBERS}
    if not expected.names:
        return _numbers(rows, expected)
    pd = import_module("pandas")  # only models trained on a DataFrame bring it
    if not text:
        return pd.DataFrame(_numbers(rows, expected), columns=expected.names, copy=False)
    columns = list(zip(*rows.values, strict=True))
    frame = {}
    for index, name in enumerate(expected.names):
        values = list(columns[index])
        if index not in text:
            single = Expected(names=[name], dtypes=expected.dtypes[index : index + 1])
            values = _numbers(Rows([[value] for value in values]), single)[:, 0]
        else:
            _check_texts(values, name)
            if expected.dtypes[index] == "datetime":
                values = _times(pd, values, name)
        frame[name] = values
    return pd.DataFrame(frame)


def _arranged(rows: Rows, expected: Expected) -> Rows:
    """Named columns in the model's order; unnamed rows as they are."""
    if rows.columns is None or not expected.names or rows.columns == expected.names:
        return rows
    missing = [name for name in expected.names if name not in rows.columns]
    unknown = [name for name in rows.columns if name not in expected.names]
    if missing or unknown or len(rows.columns) != len(expected.names):
        parts = [f"missing: {_some(missing)}"] if missing else []
        parts += [f"unknown: {_some(unknown)}"] if unknown else []
        raise BadData(
            f"The data has {len(rows.columns)} columns that do not match the model's "
            f"{len(expected.names)} ({'; '.join(parts) or 'a name appears twice'}).",
            hint=f"The model's columns: {_some(expected.names)}.",
        )
    _check_width(rows, Expected(features=len(rows.columns)))
    order = [rows.columns.index(name) for name in expected.names]
    return Rows([[row[i] for i in order] for row in rows.values], expected.names)


def _check_width(rows: Rows, expected: Expected) -> None:
    wanted = expected.features
    if wanted is None:
        wanted = len(rows.values[0])
    for number, row in enumerate(rows.values):
        if len(row) != wanted:
            names = f" ({_some(expected.names)})" if expected.names else ""
            whose = "the model expects" if expected.features is not None else "row 0 has"
            raise BadData(f"Row {number} has {len(row)} features, {whose} {wanted}{names}.")


def _numbers(rows: Rows, expected: Expected) -> np.ndarray:
    # The types first: NumPy makes every cell as wide as the longest string among them.
    kinds = set(map(type, chain.from_iterable(rows.values)))
    if not kinds <= _NUMBERS:
        raise _no_number(rows, expected)
    if kinds <= _WHOLE and expected.dtypes and set(expected.dtypes) <= _LONG:
        matrix = np.asarray(rows.values)
        if matrix.dtype.kind == "i":  # else beyond 64 bits
            return matrix
    return np.array(rows.values, dtype=np.float64)  # None, JSON's NaN, becomes NaN


def _no_number(rows: Rows, expected: Expected) -> BadData:
    row, index = next(
        (row, index)
        for row, values in enumerate(rows.values)
        for index, value in enumerate(values)
        if type(value) not in _NUMBERS
    )
    column = expected.names[index] if index < len(expected.names) else index
    return BadData(
        f"Row {row}, column {column!r} is {_kind(rows.values[row][index])}, not a number.",
        hint="This model takes numbers only; null stands for a missing value.",
    )


def _check_texts(values: list[Any], name: str) -> None:
    """See that a column that is no number holds single values, and none that is out of measure."""
    longest = 0
    for row, value in enumerate(values):
        if isinstance(value, str):
            longest = max(longest, len(value))
        elif type(value) not in _NUMBERS:
            raise BadData(f"Row {row}, column {name!r} is {_kind(value)}, not a single value.")
    # Libraries turn a column of strings into cells as wide as the longest.
    if longest * len(values) > _MOST_TEXT:
        raise BadData(
            f"Column {name!r} holds a string of {longest} characters among {len(values)} rows.",
            hint="Send long strings in requests of fewer rows.",
        )


def is_unusual(matrix: Any) -> bool:
    """Whether data may be the cause when a model refuses it: gaps, text, or numbers off the scale.

    Parameters
    ----------
    matrix: as `to_matrix` gives it.
    """
    kinds = matrix.dtypes if hasattr(matrix, "dtypes") else [matrix.dtype]
    if any(getattr(kind, "kind", "O") not in "iufb" for kind in kinds):
        return True
    # The comparison is false for NaN; scikit-learn's trees compute with 32 bits.
    return not bool((np.abs(np.asarray(matrix, dtype=np.float64)) <= _SCALE).all())


def _times(pd: Any, values: list[Any], name: str) -> Any:
    try:
        return pd.to_datetime(values)
    except (ValueError, TypeError) as error:
        raise BadData(f"Column '{name}' holds something that is no date and time.") from error


def _kind(value: Any) -> str:
    if isinstance(value, str):
        shown = value if len(value) <= 40 else value[:37] + "..."
        return f"the string {shown!r}"
    kinds = {dict: "an object", list: "a list", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more

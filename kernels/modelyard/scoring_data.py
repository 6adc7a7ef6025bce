"""From what people have in a notebook to the body of a scoring request."""

from __future__ import annotations

from typing import Any

import msgspec

from modelyard.errors import InvalidInput


def encode(data: Any) -> bytes:
    """Rows (list, array, DataFrame) as `{"data": …}`; a dict or text as it is. NaN becomes null.

    Raises
    ------
    InvalidInput: it holds something that JSON cannot say.
    """
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return data.encode()
    if not isinstance(data, dict):
        data = {"data": _rows(data)}
    try:
        return msgspec.json.encode(data, enc_hook=_plain)
    except (TypeError, OverflowError) as error:
        raise InvalidInput(
            f"The data cannot be written as JSON: {error}.",
            hint="Give rows of numbers and strings.",
            field="data",
        ) from error


def _rows(data: Any) -> Any:
    # pandas and NumPy are the caller's own: recognised by what they can do, never imported.
    if hasattr(data, "columns") and hasattr(data, "to_numpy"):
        columns = [str(column) for column in data.columns]
        values = [data.iloc[:, index].tolist() for index in range(len(columns))]
        rows = [list(row) for row in zip(*values, strict=True)]
        return {"columns": columns, "data": [[_missing(value) for value in row] for row in rows]}
    if hasattr(data, "tolist"):
        if getattr(data, "ndim", 2) > 2:
            raise InvalidInput(
                f"The array has {data.ndim} dimensions.",
                hint="Give rows: two dimensions.",
                field="data",
            )
        return data.tolist()
    return data


def _missing(value: Any) -> Any:
    """pandas' NA and NaT, which are no floats, as null."""
    return None if type(value).__name__ in ("NAType", "NaTType") else value


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} has no JSON form")

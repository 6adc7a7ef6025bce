"""The built-in scorer: loads a registered model and predicts."""

from __future__ import annotations

import pickle
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from modelyard.score import data
from modelyard.score.errors import BadData, ModelFailed
from modelyard.score.status import one_line

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


class ModelScorer:
    """Answers `{"data": rows}` with `{"predictions": [...]}`.

    Parameters
    ----------
    directory: a model directory in MLflow's layout (`MLmodel` and the files it names).
    """

    def __init__(self, directory: Path) -> None:
        description = read_description(directory)
        self._model = load_model(directory, description)
        self.expected = expectation(self._model, description)

    def score(self, raw: bytes) -> bytes:
        """Predict for a request body.

        Raises
        ------
        ScoreError: the body or the data is wrong, or the model raised.
        """
        matrix = data.to_matrix(data.parse(raw), self.expected)
        try:
            predictions = self._model.predict(matrix)
        except Exception as error:
            if isinstance(error, ValueError) and data.is_unusual(matrix):
                raise BadData(f"The model refuses the data: {one_line(error)}.") from error
            traceback.print_exc()
            raise ModelFailed(
                f"The model failed: {one_line(error)}.", hint="The endpoint's log holds more."
            ) from error
        return to_json({"predictions": plain(predictions)})


def read_description(directory: Path) -> dict[str, Any]:
    """The `MLmodel` file; JSON as Modelyard writes it, or YAML as mlflow does."""
    text = (directory / "MLmodel").read_text()
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = import_module("yaml").safe_load(text)
    if not isinstance(found, dict) or not isinstance(found.get("flavors"), dict):
        raise ValueError("The MLmodel file describes no model.")
    return found


def load_model(directory: Path, description: dict[str, Any]) -> Any:
    """Unpickle the model: any object with `predict`."""
    flavors: dict[str, Any] = description["flavors"]
    sklearn, python = flavors.get("sklearn") or {}, flavors.get("python_function") or {}
    code = directory / (python.get("code") or "code")
    if code.is_dir():
        sys.path.insert(0, str(code))
    name = sklearn.get("pickled_model") or python.get("model_path")
    if not name:
        raise ValueError(f"No flavor of the model can be served (found: {', '.join(flavors)}).")
    written = sklearn.get("serialization_format") or _ours(description).get("format")
    model = _load_file(directory / name, str(written))
    if not callable(getattr(model, "predict", None)):
        raise TypeError(f"The model is a {type(model).__name__} without predict().")
    return model


def _load_file(file: Path, written: str) -> Any:
    if written == "skops":
        skops = import_module("skops.io")
        return skops.load(file, trusted=skops.get_untrusted_types(file=file))
    if written == "joblib":
        return import_module("joblib").load(file)
    with file.open("rb") as stream:
        return pickle.load(stream)  # noqa: S301  a scoring container exists to do this


def _ours(description: dict[str, Any]) -> dict[str, Any]:
    """What Modelyard noted besides MLflow's fields."""
    return (description.get("metadata") or {}).get("modelyard") or {}


def expectation(model: Any, description: dict[str, Any]) -> data.Expected:
    """What the model takes, by its signature and by what scikit-learn recorded on it."""
    columns = _signature_columns(description)
    names = [str(column["name"]) for column in columns if column.get("name") is not None]
    dtypes = [str(column.get("type", "")) for column in columns] if names else []
    if not names:
        known = getattr(model, "feature_names_in_", None)
        if known is None:
            known = _ours(description).get("names") or []
        names = [str(name) for name in known]
    features = len(names) or _width(columns) or _ours(description).get("features")
    return data.Expected(
        features=features or getattr(model, "n_features_in_", None), names=names, dtypes=dtypes
    )


def _signature_columns(description: dict[str, Any]) -> list[dict[str, Any]]:
    inputs = (description.get("signature") or {}).get("inputs") or "[]"
    columns = orjson.loads(inputs) if isinstance(inputs, str) else inputs
    return [column for column in columns if isinstance(column, dict)]


def _width(columns: list[dict[str, Any]]) -> int | None:
    """Features of a signature without names: columns, or one two-dimensional tensor."""
    if len(columns) != 1 or columns[0].get("type") != "tensor":
        return len(columns) or None
    shape = (columns[0].get("tensor-spec") or {}).get("shape") or []
    return int(shape[1]) if len(shape) == 2 and int(shape[1]) > 0 else None


def plain(value: Any) -> Any:
    """A prediction in a form that JSON knows; NaN becomes null."""
    if isinstance(value, np.ndarray):
        # orjson writes C-contiguous numeric arrays itself, the fastest way.
        fast = value.dtype.kind in "iufb" and value.flags.c_contiguous and value.dtype.isnative
        return value if fast and value.ndim else value.tolist()
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return value.to_dict(orient="records")
    return value.tolist() if hasattr(value, "tolist") else value


def to_json(value: Any) -> bytes:
    """Serialise what a model or script gave.

    Raises
    ------
    ModelFailed: it holds something that JSON cannot say.
    """
    try:
        return orjson.dumps(value, default=_unknown, option=_OPTIONS)
    except (orjson.JSONEncodeError, TypeError) as error:
        raise ModelFailed(f"The result cannot be written as JSON: {error}.") from error


def _unknown(value: Any) -> Any:
    found = plain(value)
    if found is value:
        if isinstance(value, set | frozenset):
            return list(value)
        raise TypeError(f"a {type(value).__name__} has no JSON form")
    return found

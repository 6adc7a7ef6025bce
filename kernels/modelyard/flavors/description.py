"""What a model directory says about itself, read without loading the model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from modelyard.errors import InvalidInput
from modelyard.flavors.packages import checked_requirements
from modelyard.schema.registry import ModelSignature
from modelyard.suggest import did_you_mean

FLAVORS = ("sklearn", "python", "custom")
"""sklearn: an estimator; python: any object with `predict`; custom: files for a user's script."""

MLMODEL = "MLmodel"
REQUIREMENTS = "requirements.txt"
EXAMPLE = "input_example.json"

_LARGEST = 8 << 20
_LARGEST_YAML = 1 << 20  # PyYAML reads 50 kB a second
_LARGEST_EXAMPLE = 1 << 20
_DEEPEST = 32
_LONGEST_TEXT = 1000
_MOST_FEATURES = 1 << 31

# MLflow's column types -> what NumPy calls them.
_DTYPES = {
    "boolean": "bool",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "string": "str",
    "binary": "bytes",
    "datetime": "datetime64[ns]",
}


def check_flavor(flavor: str) -> str:
    """Return `flavor` if there is one of that name.

    Raises
    ------
    InvalidInput: there is none; names the nearest.
    """
    if flavor not in FLAVORS:
        raise InvalidInput(
            f"There is no flavor '{flavor[:80]}'.",
            hint=did_you_mean(flavor, FLAVORS) or f"Flavors are: {', '.join(FLAVORS)}.",
            field="flavor",
        )
    return flavor


class ModelDescription(msgspec.Struct, kw_only=True):
    """What is known of a model without loading it."""

    flavor: str
    """sklearn, python or custom."""
    file: str = ""
    """The pickle, relative to the directory; empty for custom."""
    format: str = ""
    """cloudpickle, pickle, joblib or skops."""
    python: str = ""
    requirements: list[str] = []
    signature: ModelSignature | None = None
    input_example: Any = None
    """A body for the endpoint's /score: `{"data": [...]}`."""


def describe(directory: Path) -> ModelDescription:
    """Read a model directory, ours or MLflow's.

    Raises
    ------
    InvalidInput: the `MLmodel` file is damaged. Without one the flavor is custom.
    """
    file = directory / MLMODEL
    meta = _parse(file) if file.is_file() else {}
    flavors = _dict(meta, "flavors")
    pyfunc = _dict(flavors, "python_function")
    sklearn = _dict(flavors, "sklearn")
    ours = _dict(meta, "metadata", "modelyard")
    flavor = ours.get("flavor") or ("sklearn" if "sklearn" in flavors else "custom")
    if flavor not in FLAVORS:
        flavor = "custom"
    found = ModelDescription(
        flavor=flavor,
        python=_text(pyfunc.get("python_version")),
        requirements=_requirements(directory, flavor),
        signature=_signature(meta, ours),
        input_example=_example(directory, meta),
    )
    if flavor != "custom":
        found.file = _inside(sklearn.get("pickled_model") or pyfunc.get("model_path"))
        found.format = (
            _text(sklearn.get("serialization_format")) or _text(ours.get("format")) or "pickle"
        )
    return found


def _parse(file: Path) -> dict[str, Any]:
    """An `MLmodel` file: JSON as we write it, YAML as MLflow does."""
    if file.stat().st_size > _LARGEST:
        raise _damaged("it is larger than 8 MiB")
    raw = file.read_bytes()
    try:
        meta = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        meta = _yaml(raw)
    if not isinstance(meta, dict):
        raise _damaged("it is not a mapping")
    return meta


def _yaml(raw: bytes) -> Any:
    if len(raw) > _LARGEST_YAML:
        raise _damaged("it is larger than 1 MiB, and not JSON")
    # PyYAML comes with Jupyter's server, and with MLflow; the SDK alone does not need it.
    try:
        import yaml  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise InvalidInput(
            "Reading a model that MLflow saved needs PyYAML.", hint="Run: %pip install pyyaml"
        ) from error
    try:
        return yaml.safe_load(raw)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _damaged(str(error).splitlines()[0] if str(error) else "not YAML") from error


def _damaged(why: str) -> InvalidInput:
    return InvalidInput(
        f"The model's MLmodel file cannot be read: {why}.",
        hint="Log the model again with run.log_model(model, 'model').",
        field="path",
    )


def _dict(tree: Any, *keys: str) -> dict[str, Any]:
    """The mapping below `keys`; an empty one wherever there is none."""
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree if isinstance(tree, dict) else {}


def _text(value: Any) -> str:
    """A scalar as text; nothing for lists and mappings, which YAML's aliases make endless."""
    try:
        return str(value)[:_LONGEST_TEXT] if isinstance(value, str | int | float) else ""
    except ValueError:  # an integer of thousands of digits
        return ""


def _inside(path: Any) -> str:
    text = _text(path)
    if not text or text.startswith("/") or "\\" in text or ".." in text.split("/"):
        raise _damaged(f"it names no file of the model ('{text[:80]}')")
    return text


def _requirements(directory: Path, flavor: str) -> list[str]:
    file = directory / REQUIREMENTS
    if not file.is_file() or file.stat().st_size > _LARGEST_EXAMPLE:
        return []
    # Options (`--extra-index-url`) are settings of the machine that trained, not of the model.
    lines = [
        line
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
        if not line.lstrip().startswith("-")
    ]
    found = checked_requirements(lines)
    if flavor == "sklearn":
        # MLflow lists itself; an estimator loads and predicts without it.
        found = [r for r in found if not re.match(r"mlflow(-skinny)?\s*([<>=!~;\[]|$)", r)]
    return found


def _signature(meta: dict[str, Any], ours: dict[str, Any]) -> ModelSignature | None:
    names, dtypes, features = _columns(_dict(meta, "signature").get("inputs"))
    known = ours.get("names")
    if not names and isinstance(known, list):
        names = [_text(name) for name in known]
    count = ours.get("features")
    if features is None:
        features = count if isinstance(count, int) else (len(names) or None)
    if features is not None and not 0 <= features <= _MOST_FEATURES:
        raise _damaged("its number of features is out of range")
    if features is None and not names and not dtypes:
        return None
    return ModelSignature(features=features, names=names, dtypes=dtypes)


def _columns(inputs: Any) -> tuple[list[str], list[str], int | None]:
    """Names, dtypes and count out of MLflow's signature: a list as JSON in a string."""
    try:
        columns = msgspec.json.decode(inputs) if isinstance(inputs, str) else []
    except (msgspec.DecodeError, UnicodeEncodeError):
        columns = []
    except RecursionError as error:
        raise _damaged("its signature is nested too deeply") from error
    columns = [c for c in columns if isinstance(c, dict)] if isinstance(columns, list) else []
    if len(columns) == 1 and columns[0].get("type") == "tensor":
        spec = _dict(columns[0], "tensor-spec")
        shape = spec.get("shape")
        wide = isinstance(shape, list) and len(shape) == 2 and isinstance(shape[1], int)
        features = shape[1] if wide and shape[1] > 0 else None  # type: ignore[index]
        return [], [_text(spec.get("dtype"))], features
    names = [_text(c["name"]) for c in columns if c.get("name") is not None]
    kinds = [_text(c.get("type")) for c in columns]
    dtypes = [_DTYPES.get(kind, kind) for kind in kinds]
    return names, dtypes, len(columns) or None


def _example(directory: Path, meta: dict[str, Any]) -> Any:
    info = _dict(meta, "saved_input_example_info")
    file = directory / EXAMPLE
    # Only the usual name: the path in the file is not ours to trust.
    if not info or not file.is_file() or file.stat().st_size > _LARGEST_EXAMPLE:
        return None
    try:
        example = msgspec.json.decode(file.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not _is_shallow(example):
        return None
    if isinstance(example, dict) and info.get("type") == "dataframe":
        columns, rows = example.get("columns"), example.get("data")
        if isinstance(columns, list) and isinstance(rows, list):
            records = [
                dict(zip(map(str, columns), row, strict=False))
                for row in rows
                if isinstance(row, list)
            ]
            return {"data": records}
    if isinstance(example, dict) and list(example) == ["inputs"]:
        example = example["inputs"]
    return {"data": example}


def _is_shallow(example: Any) -> bool:
    """Whether it can be stored and sent: rows are two deep, and a few more do no harm."""
    level = [example]
    for _ in range(_DEEPEST):
        inner = [list(v.values()) if isinstance(v, dict) else v for v in level]
        level = [x for v in inner if isinstance(v, list) for x in v if isinstance(x, dict | list)]
    return not level

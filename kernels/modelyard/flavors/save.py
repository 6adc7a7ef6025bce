"""From a live object, or a file, to a model directory in MLflow's layout."""

from __future__ import annotations

import inspect
import platform
import shutil
import sys
import uuid
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from modelyard.errors import InvalidInput
from modelyard.flavors.description import (
    EXAMPLE,
    MLMODEL,
    REQUIREMENTS,
    ModelDescription,
    check_flavor,
    describe,
)
from modelyard.flavors.example import Example, make_example, signature
from modelyard.flavors.packages import checked_requirements, distributions, local_modules, pin
from modelyard.flavors.pickling import write_pickle
from modelyard.flavors.scan import Scan, compressed, scan_pickle

_MODEL_FILE = "model.pkl"
_CODE = "code"
_LOADER = "modelyard_loader"
_BASE = {
    "sklearn": {"scikit-learn", "numpy", "scipy", "joblib"},
    "python": set[str](),
}

_LOADER_SOURCE = '''"""Lets MLflow load this model: mlflow.pyfunc.load_model calls _load_pyfunc."""

import pickle


def _load_pyfunc(path):
    try:
        import joblib
    except ImportError:
        with open(path, "rb") as stream:
            return pickle.load(stream)
    return joblib.load(path)
'''


def save(
    model: Any,
    directory: Path | str,
    *,
    input_example: Any = None,
    requirements: Sequence[str] | str | None = None,
    code: Path | str | None = None,
) -> ModelDescription:
    """Write a model as a directory that Modelyard deploys and MLflow loads.

    Parameters
    ----------
    model: a fitted scikit-learn (or compatible) estimator, or any object with `predict`.
    directory: new or empty.
    input_example: rows that the model takes; the first five are kept, and show its signature.
    requirements: packages a scoring container needs; by default those that the model's classes
        come from, pinned to the versions here.
    code: a module's file or a folder of modules that the model imports, saved beside it. Without
        it, classes from the notebook or from local modules are saved inside the pickle.

    Raises
    ------
    InvalidInput: it has no `predict`, is not fitted, or cannot be pickled.
    """
    flavor = _flavor_of(model)
    folder = _empty(Path(directory))
    source = Path(code) if code is not None else None
    if source is not None:
        _copy_code(source, folder / _CODE)
    format, scan = write_pickle(model, folder / _MODEL_FILE, source)
    features, names = _columns_of(model)
    example = make_example(input_example, features) if input_example is not None else None
    packages = _BASE[flavor] | distributions(scan.modules)
    if format == "cloudpickle":
        packages.add("cloudpickle")
    if names or (example is not None and example.frame):
        packages.add("pandas")
    pins = pin(packages) if requirements is None else checked_requirements(requirements)
    meta = _meta(flavor, _MODEL_FILE, format, source is not None)
    meta["metadata"]["modelyard"] |= {"features": features, "names": names}
    meta["signature"] = signature(example, model.predict) if example is not None else None
    return _write(folder, meta, pins, example)


def wrap(
    file: Path | str,
    directory: Path | str,
    *,
    flavor: str = "",
    input_example: Any = None,
    requirements: Sequence[str] | str | None = None,
) -> ModelDescription:
    """Write what belongs beside a model file that exists, without loading or changing the file.

    Parameters
    ----------
    file: written by joblib, pickle or cloudpickle.
    directory: new or empty; the file itself is not copied into it.
    flavor: sklearn or python; by default sklearn where the file holds an estimator of it.
    requirements: as in `save`; by default from the packages that the file refers to.

    Raises
    ------
    InvalidInput: the file is no such file, or needs code that it does not carry.
    """
    path, folder = Path(file), _empty(Path(directory))
    if path.name in (MLMODEL, REQUIREMENTS, EXAMPLE):
        raise InvalidInput(
            f"'{path.name}' describes a model; it is not one.",
            hint="Give the directory that it lies in.",
            field="path",
        )
    scan = scan_pickle(path)
    chosen = check_flavor(flavor) if flavor else ("sklearn" if scan.sklearn else "python")
    missing = local_modules(scan.modules) | ({"__main__"} & scan.modules)
    if missing and requirements is None:
        raise InvalidInput(
            f"'{path.name}' needs code that it does not carry"
            f" ({', '.join(sorted(missing))}), and that no package here provides.",
            hint="Install the package it comes from, give requirements=, or pass the loaded "
            "model (model=), which saves the code with it.",
            field="path",
        )
    pins = _pins_of(scan, chosen) if requirements is None else checked_requirements(requirements)
    format = "joblib" if scan.raw_arrays or compressed(path) else "pickle"
    example = make_example(input_example, None) if input_example is not None else None
    meta = _meta(chosen, path.name, format, False)
    if scan.sklearn and chosen == "sklearn":
        meta["flavors"]["sklearn"]["sklearn_version"] = scan.sklearn
    meta["signature"] = signature(example, None) if example is not None else None
    return _write(folder, meta, pins, example)


def _pins_of(scan: Scan, flavor: str) -> list[str]:
    names = _BASE.get(flavor, set()) | distributions(scan.modules)
    if not scan.sklearn or scan.sklearn == _version("scikit-learn"):
        return pin(names)
    # Written by another scikit-learn than is here: the others' versions are not known either.
    warnings.warn(
        f"The file was written by scikit-learn {scan.sklearn}, here is"
        f" {_version('scikit-learn') or 'none'}; the other packages are left unpinned.",
        stacklevel=3,
    )
    return [f"scikit-learn=={scan.sklearn}", *sorted(names - {"scikit-learn"})]


def _flavor_of(model: Any) -> str:
    """sklearn or python. InvalidInput when it is not a model."""
    kind = type(model).__name__
    if inspect.isclass(model):
        raise InvalidInput(
            f"{model.__name__} is a class, not a trained model.",
            hint=f"Make one and train it: {model.__name__}(...).fit(X, y).",
            field="model",
        )
    if not callable(getattr(model, "predict", None)):
        raise InvalidInput(
            f"A {kind} has no predict() and cannot be served.",
            hint="Log an object with a method predict(X): a fitted estimator, or a class of "
            "your own that wraps what you have.",
            field="model",
        )
    base = sys.modules.get("sklearn.base")
    if base is None or not isinstance(model, base.BaseEstimator):
        return "python"
    _require_fitted(model)
    return "sklearn"


def _require_fitted(model: Any) -> None:
    if not type(model).__module__.startswith("sklearn."):
        return  # estimators of others may keep what they learned as they like
    validation = sys.modules["sklearn.utils.validation"]
    try:
        validation.check_is_fitted(model)
    except sys.modules["sklearn.exceptions"].NotFittedError as error:
        raise InvalidInput(
            f"This {type(model).__name__} is not fitted.",
            hint="Call fit(X, y) before it is saved.",
            field="model",
        ) from error


def _columns_of(model: Any) -> tuple[int | None, list[str]]:
    """How many columns it was fitted on, and their names where it knows them."""
    features = getattr(model, "n_features_in_", None)
    names = getattr(model, "feature_names_in_", None)
    return (
        int(features) if features is not None else None,
        [str(name) for name in names] if names is not None else [],
    )


def _empty(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise InvalidInput(
            f"'{folder}' is not empty.", hint="Give a new directory.", field="directory"
        )
    return folder


def _copy_code(source: Path, target: Path) -> None:
    if not source.exists():
        raise InvalidInput(f"There is no '{source}'.", field="code")
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc", ".git", ".ipynb_checkpoints")
    if source.is_file():
        target.mkdir()
        shutil.copy2(source, target / source.name)
    elif (source / "__init__.py").exists():
        shutil.copytree(source, target / source.name, ignore=ignore)
    else:
        shutil.copytree(source, target, ignore=ignore)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _meta(flavor: str, file: str, format: str, has_code: bool) -> dict[str, Any]:
    """The `MLmodel` file but for signature and example."""
    native = flavor == "sklearn" and format != "joblib"
    pyfunc: dict[str, Any] = {
        "loader_module": "mlflow.sklearn" if native else _LOADER,
        "model_path": file,
        "predict_fn": "predict",
        "python_version": platform.python_version(),
        "env": {"virtualenv": "python_env.yaml"},
    }
    if not native:
        pyfunc["data"] = file
    if has_code or not native:
        pyfunc["code"] = _CODE
    flavors: dict[str, Any] = {"python_function": pyfunc}
    if flavor == "sklearn":
        flavors["sklearn"] = {
            "pickled_model": file,
            "sklearn_version": _version("scikit-learn"),
            "serialization_format": format,
            "code": _CODE if has_code else None,
        }
    return {
        "flavors": flavors,
        "metadata": {"modelyard": {"flavor": flavor, "format": format}},
        "model_uuid": uuid.uuid4().hex,
        "utc_time_created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
    }


def _write(
    folder: Path, meta: dict[str, Any], pins: list[str], example: Example | None
) -> ModelDescription:
    if meta["flavors"]["python_function"]["loader_module"] == _LOADER:
        (folder / _CODE).mkdir(exist_ok=True)
        (folder / _CODE / f"{_LOADER}.py").write_text(_LOADER_SOURCE)
    if example is not None:
        (folder / EXAMPLE).write_bytes(msgspec.json.encode(example.content))
        meta["saved_input_example_info"] = example.info
    (folder / REQUIREMENTS).write_text("".join(f"{line}\n" for line in pins))
    python = platform.python_version()
    (folder / "python_env.yaml").write_text(
        f"python: {python}\nbuild_dependencies:\n- pip\ndependencies:\n- -r {REQUIREMENTS}\n"
    )
    meta = {key: value for key, value in meta.items() if value is not None}
    # Last: a directory without it is not a model.
    (folder / MLMODEL).write_bytes(msgspec.json.format(msgspec.json.encode(meta), indent=2))
    return describe(folder)

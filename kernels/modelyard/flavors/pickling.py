"""Writing a live object so that another machine can read it: the user's own code goes along."""

from __future__ import annotations

import importlib
import pickle
import sys
from pathlib import Path
from typing import Any

from modelyard.errors import InvalidInput
from modelyard.flavors.packages import inside, local_modules
from modelyard.flavors.scan import Scan, scan_pickle

_ROUNDS = 8
"""Pickling a module by value can bring in another one; deeper chains than this are not models."""


def write_pickle(model: Any, file: Path, code: Path | None) -> tuple[str, Scan]:
    """Pickle `model` into `file`; classes of the notebook or of local modules by value.

    Parameters
    ----------
    code: modules that lie below it travel as files and are pickled by name.

    Returns
    -------
    the format (cloudpickle or pickle) and what loading it needs.

    Raises
    ------
    InvalidInput: the object cannot be pickled.
    """
    try:
        cloudpickle = importlib.import_module("cloudpickle")
    except ModuleNotFoundError:
        return "pickle", _by_name(model, file, code)
    return "cloudpickle", _by_value(cloudpickle, model, file, code)


def _by_name(model: Any, file: Path, code: Path | None) -> Scan:
    _dump(pickle, model, file)
    scan = scan_pickle(file)
    own = _own(scan, code) | ({"__main__"} & scan.modules)
    if own:
        raise InvalidInput(
            f"The model's class is defined in {_listed(own)}, which other machines do not have.",
            hint="Run: %pip install cloudpickle - the class is then saved with the model.",
            field="model",
        )
    return scan


def _by_value(cloudpickle: Any, model: Any, file: Path, code: Path | None) -> Scan:
    registered: list[Any] = []
    own: set[str] = set()
    known = cloudpickle.list_registry_pickle_by_value()
    try:
        for _ in range(_ROUNDS):
            _dump(cloudpickle, model, file)
            scan = scan_pickle(file)
            own = _own(scan, code) - known - {module.__name__ for module in registered}
            if not own:
                return scan
            for name in sorted(own & sys.modules.keys()):
                cloudpickle.register_pickle_by_value(sys.modules[name])
                registered.append(sys.modules[name])
            if not own & sys.modules.keys():
                break
    finally:
        for module in registered:
            cloudpickle.unregister_pickle_by_value(module)
    raise InvalidInput(
        f"The model needs {_listed(own)}, which other machines do not have.",
        hint="Give the folder with that code: code='path/to/folder'.",
        field="model",
    )


def _own(scan: Scan, code: Path | None) -> set[str]:
    own = local_modules(scan.modules)
    return {m for m in own if code is None or not inside(m, code)}


def _dump(pickler: Any, model: Any, file: Path) -> None:
    try:
        with file.open("wb") as stream:
            pickler.dump(model, stream)
    except OSError:
        raise
    except Exception as error:
        # Objects raise anything from their __reduce__.
        raise InvalidInput(
            f"The model cannot be saved: {type(error).__name__}: {error}",
            hint="Remove what cannot be pickled from it (open files, locks, connections).",
            field="model",
        ) from error


def _listed(names: set[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))

"""From a model directory back to the live object."""

from __future__ import annotations

import importlib
import pickle
import sys
from pathlib import Path
from typing import Any

from modelyard.errors import InvalidInput
from modelyard.flavors.description import describe


def load(directory: Path | str) -> Any:
    """Load the model of a directory that `save` or MLflow wrote.

    Loading runs code that is in the model: load only what you trust.

    Raises
    ------
    InvalidInput: the flavor cannot be loaded here, or a package is missing.
    """
    folder = Path(directory)
    found = describe(folder)
    if found.flavor == "custom":
        raise InvalidInput(
            f"'{folder}' holds files for a scoring script, not a model that can be loaded.",
            hint="Download the files and read them the way the script does.",
        )
    code = folder / "code"
    if code.is_dir() and str(code) not in sys.path:
        sys.path.insert(0, str(code))
    try:
        return _load_file(folder / found.file, found.format)
    except ModuleNotFoundError as error:
        pins = " ".join(found.requirements)
        raise InvalidInput(
            f"The model needs '{error.name}', which is not installed here.",
            hint=f"Run: %pip install {pins}",
        ) from error


def _load_file(file: Path, format: str) -> Any:
    if format == "skops":
        skops = importlib.import_module("skops.io")
        return skops.load(file, trusted=skops.get_untrusted_types(file=file))
    if format == "joblib":
        return importlib.import_module("joblib").load(file)
    with file.open("rb") as stream:
        return pickle.load(stream)  # noqa: S301 - the caller asked for it

"""Modelyard: a managed machine-learning workspace inside JupyterLab.

    from modelyard import Workspace
    ws = Workspace()

Names are imported when they are first used: the scoring server starts as `modelyard.score` and
must not pay for the SDK.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelyard.errors import ModelyardError
    from modelyard.tracking.run import Run
    from modelyard.workspace import Workspace

__all__ = ["ModelyardError", "Run", "Workspace"]

_HOMES = {
    "Workspace": "modelyard.workspace",
    "Run": "modelyard.tracking.run",
    "ModelyardError": "modelyard.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'modelyard' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext modelyard`."""
    import_module("modelyard.magics.extension").load(ipython)

"""The version, as the installed package states it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("modelyard")
except PackageNotFoundError:
    VERSION = "0+unknown"

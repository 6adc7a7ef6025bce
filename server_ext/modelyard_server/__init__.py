"""Modelyard's Jupyter server extension."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    try:
        from modelyard_server.app import ModelyardApp  # noqa: PLC0415
    except ImportError as error:
        # `pip install modelyard` beside a Jupyter server brings the SDK only.
        raise ImportError(
            f'{error}. Modelyard in JupyterLab needs: pip install "modelyard[lab]"'
        ) from error
    return [{"module": "modelyard_server", "app": ModelyardApp}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "../../labextension/dist", "dest": "@modelyard/lab"}]

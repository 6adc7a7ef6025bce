"""An ordinary kernelspec per instance, so that every Jupyter client can use it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.resources import files
from pathlib import Path

from jupyter_core import paths as paths_of_jupyter

import modelyard
from modelyard_server.compute.workdir import WorkDir
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Engine

PREFIX = "modelyard-"
PROVISIONER = "modelyard-provisioner"


def spec_name(paths: Paths, instance: str) -> str:
    """Name of the instance's Python kernelspec; unique among the workspaces of this machine."""
    return f"{PREFIX}{paths.workspace_id[:8]}-{instance}".lower()


def _folder() -> Path:
    """Where this environment's Jupyter finds kernelspecs and we may write."""
    ours = Path(paths_of_jupyter.ENV_JUPYTER_PATH[0])
    ours_writable = os.access(ours if ours.exists() else sys.prefix, os.W_OK)
    return (ours if ours_writable else Path(paths_of_jupyter.jupyter_data_dir())) / "kernels"


def write(paths: Paths, instance: str, engine: Engine) -> str:
    """Write (or renew) the kernelspec and return its name."""
    template = json.loads((files(modelyard) / "specs/python/kernel.json").read_text())
    template["argv"][0] = engine.reach.inside(WorkDir.place(instance) / "venv" / "bin" / "python")
    template["display_name"] = f"Python 3 · {instance}"
    template["metadata"]["kernel_provisioner"] = {
        "provisioner_name": PROVISIONER,
        "config": {"workspace": str(paths.root), "instance": instance, "engine": engine.name},
    }
    name = spec_name(paths, instance)
    target = _folder() / name
    target.mkdir(parents=True, exist_ok=True)
    for logo in _logos():
        shutil.copy(logo, target / logo.name)
    draft = target / ".kernel.json"
    draft.write_text(json.dumps(template, indent=1, ensure_ascii=False))
    draft.replace(target / "kernel.json")
    return name


def remove(paths: Paths, instance: str) -> None:
    """Remove the kernelspec; silent when it is gone."""
    shutil.rmtree(_folder() / spec_name(paths, instance), ignore_errors=True)


def sweep(paths: Paths, instances: set[str]) -> None:
    """Remove specs of instances that are gone, and of workspaces that were deleted."""
    for file in _folder().glob(f"{PREFIX}*/kernel.json"):
        try:
            metadata = json.loads(file.read_text())["metadata"]["kernel_provisioner"]
            config = metadata["config"]
            home, instance = Path(config["workspace"]), config["instance"]
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not one of ours, or being written
        ours = file.parent.name.startswith(f"{PREFIX}{paths.workspace_id[:8]}-")
        if (ours and instance not in instances) or not (home / ".modelyard").exists():
            shutil.rmtree(file.parent, ignore_errors=True)


def _logos() -> list[Path]:
    folder = files("ipykernel") / "resources"
    return [Path(str(entry)) for entry in folder.iterdir() if entry.name.startswith("logo-")]

"""`modelyard doctor`: what works on this machine, and what to do about the rest."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from jupyter_core.paths import jupyter_path

from modelyard.errors import ModelyardError
from modelyard_server.cli.locate import serving, workspace_dir
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Ability, Engine
from modelyard_server.engines.choose import open_engines
from modelyard_server.engines.devices import Devices
from modelyard_server.engines.devices_choose import label
from modelyard_server.engines.devices_inventory import DeviceInventory
from modelyard_server.environments.manager import EnvironmentManager

_MARKS = {"ok": "✓", "warning": "!", "problem": "✗"}
_LOW_DISK = 10 << 30


@dataclass
class Check:
    """One finding."""

    name: str
    state: str
    """ok, warning or problem."""
    message: str
    fix: str = ""


def doctor(arguments: argparse.Namespace) -> int:
    """Check everything; the exit status is 1 when there is a problem."""
    paths = Paths(workspace_dir(arguments))
    checks = list(_checks(paths))
    if arguments.json:
        print(json.dumps([asdict(check) for check in checks]))
    else:
        for check in checks:
            print(f"{_MARKS[check.state]} {check.name}: {check.message}")
            if check.fix:
                print(f"    {check.fix}")
    return 1 if any(check.state == "problem" for check in checks) else 0


def _checks(paths: Paths) -> Iterator[Check]:
    yield _python()
    yield _lab()
    if os.getuid() == 0:
        yield _root()
    try:
        paths.make()
    except (ModelyardError, OSError) as error:
        yield Check("Workspace", "problem", str(error))
        return
    yield _workspace(paths)
    yield _disk(paths)
    engines = open_engines(paths)
    for engine in engines:
        yield _engine(engine)
        yield _gpus(engine)
        if Ability.IMAGES in engine.abilities and engine.info().available:
            yield _guarded("Base image", lambda engine=engine: _base_image(engine, paths))
    yield _packages()


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", "ok", f"{version} in {sys.prefix}")


def _root() -> Check:
    return Check(
        "User",
        "warning",
        "root. JupyterLab's own kernels and terminals can then do everything on this machine.",
        "Run it as an ordinary user who may use Docker: sudo usermod -aG docker $USER",
    )


def _lab() -> Check:
    for folder in jupyter_path("labextensions"):
        if (Path(folder) / "@modelyard" / "lab" / "package.json").exists():
            return Check("JupyterLab extension", "ok", "installed")
    return Check(
        "JupyterLab extension",
        "problem",
        "the sidebar is not installed in this environment.",
        'pip install "modelyard[lab]" (in a checkout: make lab)',
    )


def _workspace(paths: Paths) -> Check:
    info = serving(paths)
    served = f"served at {info.url}" if info else "not served now"
    if not os.access(paths.files, os.W_OK):
        return Check("Workspace", "problem", f"{paths.files} is not writable.")
    return Check("Workspace", "ok", f"{paths.root}, {served}")


def _disk(paths: Paths) -> Check:
    free = shutil.disk_usage(paths.root).free
    text = f"{free / (1 << 30):.0f} GiB free"
    if free < _LOW_DISK:
        return Check("Disk", "warning", text, "Images and environments take a few GiB.")
    return Check("Disk", "ok", text)


def _engine(engine: Engine) -> Check:
    about = engine.info()
    name = f"Engine {engine.name}"
    if not about.available:
        return Check(name, "warning", f"{about.message} No containers meanwhile.", about.hint)
    return Check(name, "ok", about.message, about.hint)


def _gpus(engine: Engine) -> Check:
    name = f"GPUs for engine {engine.name}"
    inventory = DeviceInventory()
    there = inventory.list()
    if not there:
        return Check(name, "ok", "none that a driver tells of")
    names = ", ".join(f"{label(each)} ({each.name})" for each in there)
    if len(Devices(inventory, lambda: [engine]).usable(engine)) < len(there):
        return Check(
            name,
            "warning",
            f"{names}; it cannot give them to containers.",
            "Install the NVIDIA Container Toolkit, then: sudo nvidia-ctk runtime configure "
            "--runtime=docker && sudo systemctl restart docker",
        )
    return Check(name, "ok", names)


def _base_image(engine: Engine, paths: Paths) -> Check:
    environments = EnvironmentManager(paths=paths)
    tag = environments.ensure_base(engine, lambda _progress: None)
    return Check("Base image", "ok", tag)


def _packages() -> Check:
    where = os.environ.get("PIP_INDEX_URL") or os.environ.get("UV_INDEX_URL")
    return Check("Package index", "ok", "your own" if where else "pip's configuration is used")


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except ModelyardError as error:
        return Check(name, "problem", error.message, error.hint)

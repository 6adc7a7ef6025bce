"""`modelyard up`, `down` and `status`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import modelyard_server
from modelyard.errors import EngineUnavailable, ModelyardError, WaitTimeout
from modelyard.schema.common import Progress
from modelyard_server.cli.locate import existing, serving, workspace_dir
from modelyard_server.core.lock import lock
from modelyard_server.core.paths import Paths, read_server
from modelyard_server.engines.base import Engine, image_engine
from modelyard_server.engines.choose import open_engines
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.gallery.manager import GalleryManager

_QUICKSTART = "quickstart"
_STOP_TIMEOUT = 30.0


def up(arguments: argparse.Namespace) -> int:
    """Become JupyterLab on the workspace."""
    if os.getuid() == 0:
        os.umask(0o002)
    paths = Paths(workspace_dir(arguments)).make()
    lock(paths).close()  # refuse now, with a sentence, rather than in Jupyter's log
    engines = open_engines(paths)
    wanted = engines if arguments.engine == "auto" else [engines.of(arguments.engine)]
    for engine in wanted:
        _provide_base_image(paths, engine)
    argv = [
        sys.executable,
        "-P",  # a module that lies in the current folder, where kernels write, is not ours to run
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={paths.files}",
        f"--ModelyardApp.workspace={paths.root}",
        f"--ModelyardApp.engine={arguments.engine}",
        f"--ModelyardApp.on_exit={arguments.on_exit}",
        f"--LabApp.default_url={_first_page(paths)}",
        "--ServerApp.kernel_spec_manager_class=modelyard_server.jupyter_kernels.WorkspaceKernelSpecs",
        f"--WorkspaceKernelSpecs.workspace={paths.workspace_id[:8]}",
        # Open tabs belong to the workspace, not to the user's last JupyterLab elsewhere.
        f"--LabApp.workspaces_dir={paths.layouts}",
    ]
    if arguments.no_browser:
        argv.append("--no-browser")
    if arguments.port is not None:
        argv.append(f"--ServerApp.port={arguments.port}")
        argv.append("--ServerApp.port_retries=0")
    if os.getuid() == 0:
        argv.append("--allow-root")
        argv.append("--ServerApp.contents_manager_class=modelyard_server.contents.GuardedContents")
    environment = {**os.environ, **_defaults()}
    if arguments.token is not None:
        environment["JUPYTER_TOKEN"] = arguments.token  # not an argument: `ps` shows those
    sys.stdout.flush()
    os.execve(sys.executable, argv, environment)  # noqa: S606


def _provide_base_image(paths: Paths, engine: Engine) -> None:
    """Where an engine lacks its base image: fetch one, or build it where that is possible."""
    images = image_engine(engine)
    if images is None or not engine.info().available:
        return
    environments = EnvironmentManager(paths=paths)
    if images.has_image(environments.base_image):
        return

    def report(progress: Progress) -> None:
        print(f"  {progress.message}", flush=True)

    print(f"Containers need a base image: fetching {environments.registry_image} (once) ...")
    try:
        environments.ensure_base(engine, report)
        return
    except EngineUnavailable as error:
        reason = error
    if os.getuid() == 0 and shutil.which("mmdebstrap"):
        print("No registry answers: building it from Debian's packages (a minute, once) ...")
        try:
            environments.build_base(engine, report)
            return
        except EngineUnavailable as error:
            reason = error
    print(f"{reason}\nUntil then Modelyard runs local processes.")


def _first_page(paths: Paths) -> str:
    """A new workspace opens with the quickstart; a known one where it was left."""
    if any(entry for entry in paths.files.iterdir() if not entry.name.startswith(".")):
        return "/lab"
    gallery = GalleryManager(paths=paths)
    if _QUICKSTART not in {template.name for template in gallery.list()}:
        return "/lab"
    return f"/lab/tree/{gallery.copy(_QUICKSTART).path}"


def _defaults() -> dict[str, str]:
    """Jupyter's pop-up about news is not the first thing a user should see."""
    ours = Path(modelyard_server.__file__).parent / "jupyter_config"
    known = os.environ.get("JUPYTER_CONFIG_PATH", "")
    return {"JUPYTER_CONFIG_PATH": os.pathsep.join(p for p in (known, str(ours)) if p)}


def down(arguments: argparse.Namespace) -> int:
    """Stop the server, then every container (or process) of the workspace."""
    paths = existing(arguments)
    info = serving(paths)
    if info is not None:
        os.kill(info.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_TIMEOUT
        while serving(paths) is not None:
            if time.monotonic() > deadline:
                raise WaitTimeout(
                    f"The server (process {info.pid}) does not stop.",
                    hint=f"End it with: kill -9 {info.pid}",
                )
            time.sleep(0.1)
    stopped, silent = [], []
    for engine in open_engines(paths):
        try:
            for state in engine.list(paths.workspace_id):
                if state.phase == "running":
                    engine.stop(state.container)
                    stopped.append(f"{state.kind} {state.name}")
        except EngineUnavailable as error:
            silent.append((engine.name, error))
    if arguments.json:
        print(json.dumps({"server": info is not None, "stopped": stopped}))
    else:
        print("JupyterLab stopped." if info else "JupyterLab was not running.")
        for what in stopped:
            print(f"Stopped {what}")
        known = info or read_server(paths)
        for name, error in silent:
            if known is not None and name == known.engine:
                print(f"What runs on {name} was left as it is: {error}")
        print("'modelyard up' starts again what ran.")
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Show the server and what runs."""
    paths = existing(arguments)
    info = serving(paths)
    known = info or read_server(paths)
    engines = open_engines(paths)
    default = known.engine if known else ""
    states = []
    for engine in engines:
        with suppress(ModelyardError):
            states += engine.list(paths.workspace_id)
    abouts = engines.infos()
    report = {
        "workspace": str(paths.root),
        "server": info.url if info else None,
        "engines": [
            {
                "name": about.name,
                "available": about.available,
                "message": about.message,
                "default": about.name == default,
            }
            for about in abouts
        ],
        "containers": [
            {"kind": s.kind, "name": s.name, "state": str(s.phase), "exit_code": s.exit_code}
            for s in states
        ],
    }
    if arguments.json:
        print(json.dumps(report))
        return 0
    print(f"Workspace  {paths.root}")
    print(f"Server     {info.url if info else 'not running (modelyard up)'}")
    for about in abouts:
        mark = " (default)" if about.name == default else ""
        hint = f" {about.hint}" if about.hint else ""
        print(f"Engine     {about.name}{mark}: {about.message}{hint}")
    for state in states:
        print(f"{state.kind:<10} {state.name:<30} {state.phase}")
    return 0

"""`modelyard image base` and `modelyard image clean`."""

from __future__ import annotations

import argparse
import json
import sys

from traitlets.config import LoggingConfigurable

from modelyard.display import size
from modelyard.errors import EngineUnavailable
from modelyard.schema.common import Progress
from modelyard.schema.storage import StorageClean, StorageCleaned, StorageKind
from modelyard_server.cli.locate import connect, existing, serving, workspace_dir
from modelyard_server.core.events import Events
from modelyard_server.core.lock import lock
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Ability
from modelyard_server.engines.choose import open_engines
from modelyard_server.engines.names import AUTO
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.services import build

_KINDS: list[StorageKind] = ["environments", "images"]


def image(arguments: argparse.Namespace) -> int:
    """Build the base image, or remove what nothing uses."""
    if arguments.action == "clean":
        return _clean(arguments)
    paths = Paths(workspace_dir(arguments)).make()
    engine = next(each for each in open_engines(paths) if Ability.IMAGES in each.abilities)
    about = engine.info()
    if not about.available:
        raise EngineUnavailable(f"Images need Docker. {about.message}", hint=about.hint)

    def report(progress: Progress) -> None:
        if not arguments.json:
            print(progress.message, flush=True)

    done = EnvironmentManager(paths=paths).build_base(engine, report)
    print(json.dumps([done]) if arguments.json else done)
    return 0


def _clean(arguments: argparse.Namespace) -> int:
    """Remove what the Storage page would: nothing that is used, or was asked for a moment ago.

    Raises
    ------
    NotFound: the directory is no workspace.
    """
    paths = existing(arguments)
    for engine in open_engines(paths):
        about = engine.info()
        if Ability.IMAGES in engine.abilities and not about.available:
            print(f"No image was looked at. {about.message} {about.hint}", file=sys.stderr)
    done = _cleaned(paths)
    for part in done.freed:
        if part.problem:
            print(f"{part.title}: {part.problem}", file=sys.stderr)
    names = [item.name for part in done.freed for item in part.items]
    if arguments.json:
        print(json.dumps(names))
        return 0
    for line in names:
        print(line)
    for part in done.freed:
        for item in part.kept:
            print(f"{item.name} stays: {item.why}")
    count = sum(part.count for part in done.freed)
    print(f"{count} removed: {size(done.bytes)}." if count else "Nothing to do.")
    return 0


def _cleaned(paths: Paths) -> StorageCleaned:
    """By the server, where one runs; else by its managers, of which no loop runs."""
    if serving(paths) is not None:
        return connect(paths).storage.clean(_KINDS).info
    with lock(paths):
        engines, events = open_engines(paths), Events(lambda _data: None)
        services = build(paths, engines, AUTO, events, dict, "/", LoggingConfigurable())
        try:
            return services.storage.clean(StorageClean(kinds=_KINDS))
        finally:
            services.storage.stop()
            services.db.close()

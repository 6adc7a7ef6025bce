"""`modelyard image base` and `modelyard image clean`."""

from __future__ import annotations

import argparse
import json

from modelyard.errors import EngineUnavailable
from modelyard.schema.common import Progress
from modelyard_server.cli.locate import workspace_dir
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Ability
from modelyard_server.engines.choose import open_engines
from modelyard_server.environments.manager import EnvironmentManager


def image(arguments: argparse.Namespace) -> int:
    """Build the base image, or remove what nothing uses."""
    paths = Paths(workspace_dir(arguments)).make()
    engine = next(each for each in open_engines(paths) if Ability.IMAGES in each.abilities)
    about = engine.info()
    if not about.available:
        raise EngineUnavailable(f"Images need Docker. {about.message}", hint=about.hint)
    environments = EnvironmentManager(paths=paths)

    def report(progress: Progress) -> None:
        if not arguments.json:
            print(progress.message, flush=True)

    base = arguments.action == "base"
    done = [environments.build_base(engine, report)] if base else environments.clean(engine)
    print(json.dumps(done) if arguments.json else "\n".join(done) or "Nothing to do.")
    return 0

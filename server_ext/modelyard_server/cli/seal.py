"""`modelyard secrets rotate`."""

from __future__ import annotations

import argparse
import json

from modelyard_server.cli.locate import existing
from modelyard_server.core.lock import lock
from modelyard_server.services import rotate_secrets


def secrets(arguments: argparse.Namespace) -> int:
    """Replace the key that seals the workspace's secrets.

    Raises
    ------
    Conflict: a server runs, which would go on sealing with the old key.
    """
    paths = existing(arguments)
    with lock(paths):
        rotate_secrets(paths)
    told = "All secrets are sealed with a new key; the old one is gone."
    print(json.dumps({"rotated": True}) if arguments.json else told)
    return 0

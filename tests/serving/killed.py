"""A server that kills itself: `python -m tests.serving.killed ROOT ENGINE CACHE PHASE`.

It deploys `light:1`, updates to `light:2` and deletes, until an event tells that the phase is
reached; then it is gone at once, as by an out-of-memory killer.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from modelyard.schema.common import Change
from modelyard.schema.serving import EndpointInfo
from tests.serving.bench import LIGHT, Bench

PHASES = [
    "create queued",
    "create preparing",
    "create creating",
    "create starting",
    "create running",
    "update queued",
    "update starting",
    "update draining",
    "delete deleting",
]


def seen(what: str, change: Change) -> set[str]:
    """The phases that an event tells of."""
    endpoint = change.item
    if change.domain != "endpoint" or not isinstance(endpoint, EndpointInfo):
        return set()
    found = {endpoint.state}
    for deployment in (endpoint.next, endpoint.current):
        if deployment is not None:
            found.add(deployment.state)
            if deployment.progress is not None:
                found.add(deployment.progress.phase)
    return {f"{what} {each}" for each in found}


def main(root: str, engine: str, cache: str, phase: str) -> None:
    """Go through an endpoint's life until the phase."""
    bench = Bench(Path(root), engine, Path(cache))
    doing = phase.partition(" ")[0]
    now = ["create"]

    def listen(change: Change) -> None:
        if phase in seen(now[0], change):
            os.kill(os.getpid(), signal.SIGKILL)

    bench.listen(listen)
    bench.serving.start()
    bench.deploy("bc", "light:1", script=LIGHT)
    if doing in ("update", "delete"):
        now[0] = "update"
        bench.deploy("bc", "light:2", script=LIGHT)
        now[0] = "delete"
        bench.serving.delete("bc")
        bench.gone("bc")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The states of an instance, as far as its row knows: what was last seen of it.

What is wanted of it is `desired`. Shown besides, but never stored: `unreachable`, while its engine
does not answer.
"""

from __future__ import annotations

from modelyard_server.core.states import Transitions

TRANSITIONS: Transitions = {
    "creating": ("running", "starting", "stopping", "stopped", "failed", "deleting"),
    "starting": ("running", "stopping", "stopped", "failed", "deleting"),
    "running": ("starting", "stopping", "stopped", "failed", "deleting"),
    "stopping": ("stopped", "starting", "running", "failed", "deleting"),
    "stopped": ("starting", "running", "deleting"),
    "failed": ("starting", "stopping", "stopped", "deleting"),
    "deleting": (),
}

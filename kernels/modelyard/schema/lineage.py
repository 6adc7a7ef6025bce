"""What rests on what."""

from __future__ import annotations

import msgspec

RUN = "run"
MODEL_VERSION = "model_version"
ENDPOINT = "endpoint"

LIVE = frozenset({ENDPOINT})
"""Kinds that are in use by somebody: what they rest on, however far down, is not deleted."""


class Thing(msgspec.Struct, kw_only=True, frozen=True):
    """An object of any domain."""

    kind: str
    """run, model_version or endpoint."""
    id: str
    """As its domain writes it: a run's id, `churn:3`, an endpoint's name."""


class Edge(msgspec.Struct, kw_only=True, frozen=True):
    """`thing` rests on `on`: a version on the run that made it, an endpoint on what it serves."""

    thing: Thing
    on: Thing


def version_thing(name: str, version: int) -> Thing:
    """A model version."""
    return Thing(kind=MODEL_VERSION, id=f"{name}:{version}")

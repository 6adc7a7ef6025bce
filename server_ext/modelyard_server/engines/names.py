"""Names of the engines, for whoever offers a choice of them; imports nothing that a light
installation lacks."""

from __future__ import annotations

ENGINES = ("docker", "process")
"""All of them, the preferred one first; `choose.open_engines` opens these."""

AUTO = "auto"
"""The first of them that can be used; see `Engines.decide`."""

CHOICES = (AUTO, *ENGINES)

"""What the scoring server is told through its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the model, the keys and the status file lie, and where to listen."""

    model_dir: Path
    keys: Path
    """JSON file with the SHA-256 of each valid key; read again whenever it changes."""
    status: Path
    """JSON file this server writes: how the workspace's server learns that it is ready."""
    script: Path | None = None
    """The user's scoring script; None: the built-in scorer."""
    host: str = "127.0.0.1"
    port: int = 8080

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Read `MODELYARD_MODEL_DIR`, `_KEYS`, `_STATUS`, `_SCORE_SCRIPT`, `_HOST`, `_PORT`.

        Raises
        ------
        KeyError: one of the first three is absent.
        """
        script = env.get("MODELYARD_SCORE_SCRIPT", "")
        return cls(
            model_dir=Path(env["MODELYARD_MODEL_DIR"]),
            keys=Path(env["MODELYARD_KEYS"]),
            status=Path(env["MODELYARD_STATUS"]),
            script=Path(script) if script else None,
            host=env.get("MODELYARD_HOST", "127.0.0.1"),
            port=int(env.get("MODELYARD_PORT", "8080")),
        )

"""The TypeScript types that are committed are those the Python schema generates."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_typescript_types_equal_the_python_schema(tmp_path: Path) -> None:
    script = ROOT / "labextension" / "generate_schema.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_drift_is_seen(tmp_path: Path) -> None:
    """The check fails when a type changes: it reads the schema, not a stamp."""
    kernels = tmp_path / "kernels"
    for source in (ROOT / "kernels").rglob("*.py"):
        target = kernels / source.relative_to(ROOT / "kernels")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    committed = ROOT / "labextension" / "src" / "api" / "schema.ts"
    lab = tmp_path / "labextension"
    (lab / "src" / "api").mkdir(parents=True)
    (lab / "src" / "api" / "schema.ts").write_bytes(committed.read_bytes())
    script = lab / "generate_schema.py"
    script.write_bytes((ROOT / "labextension" / "generate_schema.py").read_bytes())
    common = kernels / "modelyard" / "schema" / "common.py"
    common.write_text(common.read_text().replace("class Size(", "class Bigness("))
    done = subprocess.run(
        [sys.executable, script, "--check"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(kernels)},
    )
    assert done.returncode == 1, done.stdout + done.stderr

"""What a run keeps without being told: the installed packages and the code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from modelyard.schema.tracking import RunSource

_FILE_LIMIT = 1 << 20
"""Bytes of the largest source file that is kept."""
_TOTAL_LIMIT = 5 << 20
_FILES = 200
_LOOKED_AT = 5000
"""Entries of a script's directory that are looked at: it may be somebody's home."""
_SKIPPED = {"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env"}

_frozen: tuple[tuple[tuple[str, float], ...], str] = ((), "")


def freeze() -> str:
    """The installed packages as a requirements file; read again only after an installation."""
    global _frozen
    state = tuple(_modified(folder) for folder in sys.path)
    if _frozen[0] == state:
        return _frozen[1]
    lines = {line.lower(): line for found in metadata.distributions() if (line := _pin(found))}
    text = "".join(f"{lines[key]}\n" for key in sorted(lines))
    _frozen = (state, text)
    return text


def _modified(folder: str) -> tuple[str, float]:
    try:
        return folder, os.stat(folder or ".").st_mtime  # noqa: PTH116 - a hundred of them
    except OSError:
        return folder, 0.0


def _pin(found: metadata.Distribution) -> str:
    name = found.metadata["Name"]
    if not name:
        return ""  # a directory that a broken installation left
    try:
        origin = json.loads(found.read_text("direct_url.json") or "{}")
    except (ValueError, OSError):
        origin = {}
    commit = origin.get("vcs_info", {})
    if commit.get("commit_id"):
        return f"{name} @ {commit.get('vcs', 'git')}+{origin.get('url', '')}@{commit['commit_id']}"
    return f"{name}=={found.version}"


def shell() -> Any:
    """IPython's shell, if this code runs in one."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def find_source(cell: str | None) -> RunSource:
    """What this code is part of."""
    if cell is not None:
        return RunSource(kind="cell", name=os.environ.get("JPY_SESSION_NAME", ""))
    if shell() is not None:
        name = os.environ.get("JPY_SESSION_NAME", "")
        return RunSource(kind="notebook" if name.endswith(".ipynb") else "interactive", name=name)
    script = _script()
    return RunSource(kind="script", name=str(script)) if script else RunSource(kind="interactive")


def source_files(cell: str | None) -> Iterator[tuple[str, str]]:
    """Path below `source/` and text of each file that shows the code."""
    if cell is not None:
        yield "cell.py", cell
    history = executed_cells()
    if history:
        yield "executed.py", history
    if shell() is not None:
        yield from _notebook()
        return
    script = _script()
    if script is not None:
        yield from _script_files(script)


def executed_cells() -> str:
    """What was executed in this kernel so far; empty outside of one."""
    found = shell()
    cells = found.user_ns.get("In", []) if found is not None else []
    parts = [f"# In[{n}]\n{text.rstrip()}\n" for n, text in enumerate(cells) if text.strip()]
    return "\n".join(parts)[-_FILE_LIMIT:]


def _notebook() -> Iterator[tuple[str, str]]:
    name = os.environ.get("JPY_SESSION_NAME", "")
    if not name.endswith(".ipynb"):
        return
    roots = [os.environ.get("MODELYARD_FILES", ""), "."]
    places = [Path(name), *(Path(root) / name for root in roots if root), Path(Path(name).name)]
    for place in places:
        try:
            tree = json.loads(place.read_bytes())
            for cell in tree["cells"]:
                if cell.get("cell_type") == "code":  # outputs are large, and may be private
                    cell["outputs"], cell["execution_count"] = [], None
            text = json.dumps(tree, indent=1, ensure_ascii=False)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        if len(text) <= _TOTAL_LIMIT:
            yield place.name, text
        return


def _script() -> Path | None:
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if not file:
        return None
    path = Path(file).resolve()
    installed = "site-packages" in path.parts or path.is_relative_to(Path(sys.prefix).resolve())
    return path if path.suffix == ".py" and path.is_file() and not installed else None


def _script_files(script: Path) -> Iterator[tuple[str, str]]:
    root, total, count = script.parent, 0, 0
    for path in [script, *_python_files(root)]:
        if count and path == script:
            continue
        text = _text(path)
        if text is None or total + len(text) > _TOTAL_LIMIT or count >= _FILES:
            continue
        total, count = total + len(text), count + 1
        yield path.relative_to(root).as_posix(), text


def _python_files(root: Path) -> Iterator[Path]:
    seen = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED
            and not name.startswith(".")
            and not (Path(folder) / name / "pyvenv.cfg").exists()
        )
        seen += len(folders) + len(names)
        if seen > _LOOKED_AT:
            return
        yield from (Path(folder) / name for name in sorted(names) if name.endswith(".py"))


def _text(path: Path) -> str | None:
    try:
        if path.stat().st_size > _FILE_LIMIT:
            return None
        return path.read_text(errors="replace")
    except OSError:
        return None

"""How runs and artifacts show themselves in a notebook, in the theme's own colours."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from modelyard.display import number, size
from modelyard.schema.tracking import ArtifactInfo, RunInfo

if TYPE_CHECKING:
    from modelyard.tracking.run import Run

_SHOWN = 5


def run_line(info: RunInfo) -> str:
    """A run on one line."""
    return f"{info.name!r}, {info.status}, experiment={info.experiment!r}, id={info.id!r}"


def run_html(info: RunInfo) -> str:
    """A run as a small table."""
    rows: list[tuple[str, str]] = [
        ("Experiment", info.experiment),
        ("Status", info.status),
        ("Id", info.id),
    ]
    if info.error:
        rows.append(("Error", info.error))
    rows += [("Parameters", _pairs(info.params)), ("Metrics", _pairs(_lasts(info)))]
    rows += [("Tags", _pairs(info.tags))]
    cells = [[name, value] for name, value in rows if value]
    return f"<b>{html.escape(info.name)}</b>{_table(None, cells)}"


def _lasts(info: RunInfo) -> dict[str, Any]:
    return {key: number(metric.last) for key, metric in info.metrics.items()}


def _pairs(values: dict[str, Any]) -> str:
    shown = [f"{key}={value}" for key, value in sorted(values.items())]
    more = f", {len(shown) - 20} more" if len(shown) > 20 else ""
    return ", ".join(shown[:20]) + more


def _table(titles: Sequence[str] | None, rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(title)}</th>" for title in titles or ())
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>" if head else f"<table>{body}</table>"


class Runs(list["Run"]):
    """A list of runs that shows itself as a table."""

    def __repr__(self) -> str:
        return "\n".join(repr(run) for run in self) or "No runs."

    def _repr_html_(self) -> str | None:
        if not self:
            return None
        infos = [run._info for run in self]
        keys = list(dict.fromkeys(key for info in infos for key in info.metrics))[:_SHOWN]
        rows = [
            [info.name, info.status, info.experiment, *(_metric(info, key) for key in keys)]
            for info in infos
        ]
        return _table(["Name", "Status", "Experiment", *keys], rows)


def _metric(info: RunInfo, key: str) -> str:
    return number(info.metrics[key].last) if key in info.metrics else ""


class Artifacts(list[ArtifactInfo]):
    """A list of files that shows itself as a table."""

    def __repr__(self) -> str:
        lines = [f"{size(info.size):>10}  {info.path}{'/' * info.is_dir}" for info in self]
        return "\n".join(lines) or "No artifacts."

    def _repr_html_(self) -> str | None:
        rows = [[f"{info.path}{'/' * info.is_dir}", size(info.size)] for info in self]
        return _table(["Path", "Size"], rows) if rows else None

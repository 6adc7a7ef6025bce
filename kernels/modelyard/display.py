"""Tables for people: plain text in a terminal, HTML in JupyterLab, in the theme's colours."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

SHORT_ID = 8
"""Characters of a run's id that lists show; they are enough to name the run here."""

_WIDEST = 48
"""Characters of a cell in a plain-text table."""

_CELL = "text-align:left;padding:2px 14px 2px 0;border-bottom:1px solid var(--jp-border-color2)"
_HEAD = f"{_CELL};color:var(--jp-ui-font-color2);font-weight:600"


@dataclass(frozen=True)
class Column(Generic[T]):
    """A heading and how an item shows under it."""

    title: str
    text: Callable[[T], str]


def text_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns under underlined headings."""
    cells = [[_clip(cell) for cell in row] for row in (titles, *rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(titles))]
    cells.insert(1, ["-" * width for width in widths])
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def html_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same in HTML; every cell is escaped."""
    head = "".join(f'<th style="{_HEAD}">{html.escape(title)}</th>' for title in titles)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{html.escape(cell)}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return f'<table style="border-collapse:collapse"><tr>{head}</tr>{body}</table>'


def card(title: str, facts: Sequence[tuple[str, str]]) -> str | None:
    """One object in HTML: what it is, and its fields; None when there are none to show."""
    rows = "".join(
        f'<tr><td style="{_CELL};color:var(--jp-ui-font-color2)">{html.escape(name)}</td>'
        f'<td style="{_CELL}">{html.escape(value)}</td></tr>'
        for name, value in facts
        if value
    )
    if not rows:
        return None
    return f'<b>{html.escape(title)}</b><table style="border-collapse:collapse">{rows}</table>'


class Grid:
    """A table that shows itself."""

    def __init__(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.titles = list(titles)
        self.rows = [list(row) for row in rows]

    @property
    def info(self) -> list[dict[str, str]]:
        """The rows as mappings, for `--json`."""
        return [dict(zip(self.titles, row, strict=True)) for row in self.rows]

    def __repr__(self) -> str:
        return text_table(self.titles, self.rows)

    def _repr_html_(self) -> str:
        return html_table(self.titles, self.rows)


class Listing(list[T]):
    """A list of SDK objects that shows itself as a table.

    Parameters
    ----------
    empty: what to say instead of a table without rows; teaches the next step.
    """

    def __init__(self, items: Iterable[T], columns: Sequence[Column[T]], *, empty: str) -> None:
        super().__init__(items)
        self._columns = columns
        self._empty = empty

    def saying(self, empty: str) -> Listing[T]:
        """The same with another hint for when it is empty."""
        self._empty = empty
        return self

    @property
    def grid(self) -> Grid:
        """Its cells."""
        rows = [[column.text(item) for column in self._columns] for item in self]
        return Grid([column.title for column in self._columns], rows)

    def __repr__(self) -> str:
        return repr(self.grid) if self else self._empty

    def _repr_html_(self) -> str | None:
        # None: JupyterLab falls back to the text, which says what to do.
        return self.grid._repr_html_() if self else None


def number(value: Any) -> str:
    """A metric for people: 0.9737, 1e-07, nan."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def size(count: int) -> str:
    """Bytes for people: 97.3 MiB, 2 GiB."""
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1024
    return f"{amount:.3g} TiB"


def ago(moment: float | None) -> str:
    """How long ago a time (seconds since the epoch) was; empty when there is none."""
    if not moment:
        return ""
    seconds = max(0.0, time.time() - moment)
    for limit, divisor, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if seconds < limit:
            return f"{seconds / divisor:.0f} {unit} ago"
    return f"{seconds / 86400:.0f} d ago"


def lasted(started: float | None, ended: float | None) -> str:
    """How long something took, or has taken so far."""
    if not started:
        return ""
    seconds = max(0.0, (ended or time.time()) - started)
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def _clip(cell: str) -> str:
    flat = " ".join(cell.split())
    return flat if len(flat) <= _WIDEST else flat[: _WIDEST - 1] + "…"

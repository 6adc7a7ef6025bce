"""What rests on what, as the SDK shows it."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from modelyard.collection import Api
from modelyard.display import SHORT_ID
from modelyard.errors import InvalidInput, NotFound
from modelyard.handle import Handle
from modelyard.schema.common import valid_name
from modelyard.schema.lineage import ENDPOINT, RUN, Edge, Thing, version_thing
from modelyard.schema.registry import Model, ModelVersionInfo
from modelyard.schema.serving import EndpointInfo
from modelyard.schema.tracking import RunInfo, RunPage

_RUN_ID = re.compile(r"[0-9a-f]{32}")
_RUN_START = re.compile(r"[0-9a-f]{4,31}")
_VERSION = re.compile(r"(?P<name>.+):(?P<version>[0-9]{1,9})")
_MOST_LINES = 200
"""Of a tree that are shown."""


class Lineage:
    """Where a thing comes from, and what needs it.

    Attributes
    ----------
    thing: what was asked about.
    below: edges from it towards what it rests on, nearest first.
    above: edges towards what rests on it, nearest first.
    """

    def __init__(self, thing: Thing, below: Sequence[Edge], above: Sequence[Edge]) -> None:
        self.thing = thing
        self.below = list(below)
        self.above = list(above)

    @property
    def rests_on(self) -> list[Thing]:
        """All that it was made from, however far down; nearest first."""
        return list(dict.fromkeys(edge.on for edge in self.below))

    @property
    def used_by(self) -> list[Thing]:
        """All that would break without it, however far up; nearest first."""
        return list(dict.fromkeys(edge.thing for edge in self.above))

    @property
    def info(self) -> dict[str, Any]:
        """All of it as plain fields, for `--json`."""
        return {"thing": self.thing, "rests_on": self.below, "used_by": self.above}

    def __repr__(self) -> str:
        down: dict[Thing, list[Thing]] = defaultdict(list)
        up: dict[Thing, list[Thing]] = defaultdict(list)
        for edge in self.below:
            down[edge.thing].append(edge.on)
        for edge in self.above:
            up[edge.on].append(edge.thing)
        return "\n".join(
            [
                _label(self.thing),
                "rests on:" if self.below else "rests on nothing that is recorded",
                *_lines(_tree(self.thing, down)),
                "used by:" if self.above else "used by nothing",
                *_lines(_tree(self.thing, up)),
            ]
        )

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


class LineageApi(Api):
    """`ws.lineage`: what rests on what."""

    def of(self, thing: str | Thing | Handle[Any], *, kind: str = "") -> Lineage:
        """Where something comes from, and what needs it.

        Parameters
        ----------
        thing: a run, model version or endpoint of the SDK; or its name: 'churn:3', an endpoint's
            name, a model's (its newest version), a run's id or how that begins.
        kind: run, model_version or endpoint: says which is meant, and finds what is deleted, too.

        Raises
        ------
        NotFound: there is nothing of that name.
        InvalidInput: it fits several things, or nothing is ever recorded of such.
        """
        found = self._thing(thing, kind)
        return Lineage(found, self._edges(found, "down"), self._edges(found, "up"))

    def _edges(self, thing: Thing, direction: str) -> list[Edge]:
        return self._client.get(
            "/lineage", list[Edge], kind=thing.kind, id=thing.id, direction=direction
        )

    def _thing(self, wanted: str | Thing | Handle[Any], kind: str) -> Thing:
        if isinstance(wanted, Thing):
            return wanted
        if isinstance(wanted, Handle):
            if wanted._thing is None:
                raise InvalidInput(
                    f"Nothing rests on a {type(wanted).__name__}.",
                    hint="Ask about a run, a model version or an endpoint.",
                    field="thing",
                )
            return wanted._thing
        if not isinstance(wanted, str) or not wanted:
            raise InvalidInput(
                "Lineage is asked about a name or an object of the SDK.",
                hint="Such as ws.lineage.of('churn:3').",
                field="thing",
            )
        return Thing(kind=kind, id=wanted) if kind else self._named(wanted)

    def _named(self, name: str) -> Thing:
        version = _VERSION.fullmatch(name)
        if version is not None and valid_name(version["name"]):
            path = f"/models/{version['name']}/versions/{int(version['version'])}"
            info: ModelVersionInfo = self._client.get(path, ModelVersionInfo)
            return version_thing(info.name, info.version)
        if _RUN_ID.fullmatch(name):
            return Thing(kind=RUN, id=self._client.get(f"/runs/{name}", RunInfo).id)
        near = [*self._endpoints(name), *self._models(name)] if valid_name(name) else []
        near = near or list(self._runs(name))
        if len(near) > 1:
            raise InvalidInput(
                f"'{name}' is {' and '.join(_label(thing) for thing in near[:3])}.",
                hint="Say which: a model as NAME:VERSION, an endpoint with kind 'endpoint'.",
                field="thing",
            )
        if not near:
            raise NotFound(
                f"There is no endpoint, model or run '{name[:80]}'.",
                hint="Give NAME:VERSION of a model, an endpoint's name, or a run's id.",
                field="thing",
            )
        return near[0]

    def _endpoints(self, name: str) -> Iterator[Thing]:
        if (info := self._there(f"/endpoints/{name}", EndpointInfo)) is not None:
            yield Thing(kind=ENDPOINT, id=info.name)

    def _models(self, name: str) -> Iterator[Thing]:
        model: Model | None = self._there(f"/models/{name}", Model)
        if model is not None and model.versions:
            yield version_thing(model.name, model.versions[0].version)

    def _runs(self, start: str) -> Iterator[Thing]:
        if _RUN_START.fullmatch(start):
            page: RunPage = self._client.get("/runs", RunPage, q=start, limit=20)
            for run in page.runs:
                if run.id.startswith(start):
                    yield Thing(kind=RUN, id=run.id)

    def _there(self, path: str, kind: Any) -> Any:
        try:
            return self._client.get(path, kind)
        except NotFound:
            return None


def _label(thing: Thing) -> str:
    shown = thing.id[:SHORT_ID] if thing.kind == RUN else thing.id
    return f"{thing.kind.replace('_', ' ')} {shown}"


def _lines(tree: Iterator[tuple[int, Thing]]) -> list[str]:
    """A tree as indented lines, as many as people read."""
    lines = [f"{'  ' * depth}{_label(thing)}" for depth, thing in islice(tree, _MOST_LINES)]
    more = sum(1 for _ in tree)
    return [*lines, f"  … {more} more"] if more else lines


def _tree(root: Thing, children: dict[Thing, list[Thing]]) -> Iterator[tuple[int, Thing]]:
    """Depth and thing, from a root on; what was shown already is not unfolded again."""
    shown = {root}
    # A stack and not recursion: a chain of versions may be longer than Python's frames.
    levels = [iter(list(dict.fromkeys(children.get(root, []))))]
    while levels:
        thing = next(levels[-1], None)
        if thing is None:
            levels.pop()
            continue
        yield len(levels), thing
        if thing not in shown:
            shown.add(thing)
            levels.append(iter(list(dict.fromkeys(children.get(thing, [])))))

"""`ws.lineage` and `%ml lineage` against a real server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest
from sklearn.dummy import DummyClassifier

from modelyard import Run, Workspace
from modelyard.endpoints import Endpoint
from modelyard.errors import InvalidInput, NotFound
from modelyard.lineage import Lineage
from modelyard.magics.catalog import notebook_table
from modelyard.magics.complete import candidates
from modelyard.magics.dispatch import execute
from modelyard.magics.session import Session
from modelyard.magics.words import split
from modelyard.models import ModelVersion
from modelyard.schema.lineage import Edge, Thing, version_thing
from tests.server_support import RunningServer


@dataclass
class Chain:
    """A run, two versions made from it, and an endpoint that serves the first."""

    ws: Workspace
    run: Run
    versions: list[ModelVersion]
    endpoint: Endpoint


@pytest.fixture(scope="module")
def chain(process_server: RunningServer) -> Iterator[Chain]:
    ws = process_server.workspace()
    name = f"chain-{uuid.uuid4().hex[:6]}"
    with ws.experiment("lineage").start_run() as run:
        run.log_model(DummyClassifier().fit([[0.0], [1.0]], [0, 1]), "model")
    versions = [run.register(name), run.register(name)]
    endpoint = ws.endpoints.deploy(f"{name}-e", versions[0])
    yield Chain(ws, run, versions, endpoint)
    endpoint.delete()


def test_what_a_version_rests_on_and_what_needs_it(chain: Chain) -> None:
    found = chain.ws.lineage.of(str(chain.versions[0]))
    assert found.rests_on == [Thing(kind="run", id=chain.run.id)]
    assert found.used_by == [Thing(kind="endpoint", id=chain.endpoint.name)]
    shown = repr(found).splitlines()
    assert shown[0] == f"model version {chain.versions[0]}"
    assert f"  run {chain.run.id[:8]}" in shown and f"  endpoint {chain.endpoint.name}" in shown
    assert chain.endpoint.name in found._repr_html_()


def test_it_goes_as_far_as_there_is(chain: Chain) -> None:
    below = chain.ws.lineage.of(chain.endpoint)
    assert [thing.kind for thing in below.rests_on] == ["model_version", "run"]
    assert below.used_by == []
    assert repr(below).endswith("used by nothing")
    above = chain.ws.lineage.of(chain.run)
    assert above.rests_on == []
    assert {thing.id for thing in above.used_by} == {
        *(str(version) for version in chain.versions),
        chain.endpoint.name,
    }


def test_a_name_is_enough(chain: Chain) -> None:
    lineage = chain.ws.lineage
    model = chain.versions[0].name
    wanted = {
        chain.endpoint.name: Thing(kind="endpoint", id=chain.endpoint.name),
        model: version_thing(model, 2),
        chain.run.id: Thing(kind="run", id=chain.run.id),
        chain.run.id[:12]: Thing(kind="run", id=chain.run.id),
    }
    assert {name: lineage.of(name).thing for name in wanted} == wanted
    assert lineage.of(chain.versions[1]).used_by == []
    assert lineage.of("gone", kind="endpoint").rests_on == []


@pytest.mark.parametrize(
    "name", ["nothing-of-this-name", "a/b", "x:1", "f" * 32, "feed0000", "a:b:c"]
)
def test_what_is_not_there_is_said(chain: Chain, name: str) -> None:
    with pytest.raises(NotFound):
        chain.ws.lineage.of(name)


@pytest.mark.parametrize("thing", ["", None, 3])
def test_what_is_no_name_is_refused(chain: Chain, thing: object) -> None:
    with pytest.raises(InvalidInput, match="a name or an object"):
        chain.ws.lineage.of(thing)  # type: ignore[arg-type]


def test_the_magic_shows_and_completes(chain: Chain) -> None:
    table, session = notebook_table(), Session(lambda: chain.ws, print, input)
    version = str(chain.versions[0])
    assert repr(execute(table, session, split(f"lineage {version}"))) == repr(
        chain.ws.lineage.of(version)
    )
    assert {version, chain.endpoint.name} <= set(candidates(table, session, "lineage "))


def test_what_is_met_twice_is_unfolded_once() -> None:
    def thing(id: str) -> Thing:
        return Thing(kind="step", id=id)

    pairs = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "e"), ("e", "a")]
    edges = [Edge(thing=thing(one), on=thing(other)) for one, other in pairs]
    lines = repr(Lineage(thing("a"), edges, [])).splitlines()
    assert lines[2:-1] == [
        "  step b", "    step d", "      step e", "        step a", "  step c", "    step d",
    ]  # fmt: skip


def test_a_long_chain_is_cut_and_not_a_recursion() -> None:
    things = [Thing(kind="step", id=str(at)) for at in range(5000)]
    edges = [Edge(thing=one, on=two) for one, two in pairwise(things)]
    lines = repr(Lineage(things[0], edges, [])).splitlines()
    assert lines[-3].strip() == "step 200"
    assert lines[-2:] == ["  … 4799 more", "used by nothing"]

"""Whatever the REST reference allows is answered as it says, and never by a fault of ours.

schemathesis makes the requests from the OpenAPI document, for a real server. What is found that
way is kept by name in tests/tracking/test_hostile.py and its like.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings, strategies
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from modelyard_server.core.verbs import JSON
from modelyard_server.services import ROUTES
from modelyard_server.status.handlers import routes as status_routes
from modelyard_server.status.openapi import document
from tests.server_support import RunningServer

LONG = os.environ.get("MODELYARD_FUZZ", "")
"""How many requests an operation, other ones each time; empty: few, and always the same."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_LONGEST = 10_000
"""Of a query; tornado hangs up on a head of 64 KiB, which is this long before it is escaped."""
RUN = "0123456789abcdef" * 2
EXPERIMENT = "1"
KNOWN = {
    "/experiments/{id}": {"id": EXPERIMENT},
    "/runs/{id}": {"id": RUN, "path": "a.txt"},
    "/gallery/{name}": {"name": "quickstart"},
    "/compute/{name}": {"name": "cpu"},
}
"""Routes that begin so -> parts that name something there."""


def _operations() -> dict[str, Any]:
    made = schemathesis.openapi.from_dict(document([*status_routes, *ROUTES]))
    every = [result.ok() for result in made.get_all_operations()]
    return {f"{each.method.upper()} {each.path}": each for each in every}


def _known(path: str) -> dict[str, str]:
    return next((parts for begin, parts in KNOWN.items() if path.startswith(begin)), {})


OPERATIONS = _operations()
NARROW = [
    name
    for name, each in OPERATIONS.items()
    if each.query or any(body.media_type == JSON for body in each.body)
]
"""Those that forbid something."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the routes of a server on the process engine, whose instances fetch no packages."""
    config = tmp_path_factory.mktemp("config")
    bare = {"EnvironmentManager": {"default_packages": []}}
    (config / "jupyter_server_config.json").write_text(json.dumps(bare))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_CONFIG_DIR", str(config))
        server = RunningServer(tmp_path_factory.mktemp("fuzz") / "ws", "process")
        try:
            server.start()
            call.headers["Authorization"] = f"token {server.token}"
            yield f"{server.url}modelyard/api/v1"
        finally:
            server.sweep()


call = requests.Session()


@pytest.fixture(autouse=True)
def _something_is_there(api: str) -> None:
    """An experiment, a run of it with a metric and a file, an instance."""
    call.post(f"{api}/experiments/{EXPERIMENT}/restore")
    call.post(f"{api}/runs", json={"id": RUN, "experiment": "e"})
    call.post(f"{api}/runs/{RUN}/restore")
    call.put(f"{api}/runs/{RUN}/files/a.txt", data=b"text")
    call.post(f"{api}/compute", json={"name": "cpu"})


def _send(api: str, cases: Any, checks: list[Any]) -> None:
    @settings(
        max_examples=int(LONG or 12),
        derandomize=not LONG,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=cases, there=strategies.booleans())
    def answers(case: schemathesis.Case, there: bool) -> None:
        if there:  # else what it names is hardly ever there
            parts = {**case.path_parameters, **_known(case.path)}
            case.path_parameters.update({part: parts[part] for part in case.path_parameters})
        try:
            case.call_and_validate(base_url=api, session=call, checks=checks, timeout=30)
        except requests.ConnectionError:
            assume(len(str(case.query)) < _LONGEST)
            raise

    answers()


@pytest.mark.parametrize("name", OPERATIONS)
def test_it_answers_as_the_reference_says(api: str, name: str) -> None:
    _send(api, OPERATIONS[name].as_strategy(), CHECKS)


@pytest.mark.parametrize("name", NARROW)
def test_what_the_reference_forbids_is_no_fault_of_ours(api: str, name: str) -> None:
    wrong = OPERATIONS[name].as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
    _send(api, wrong, [not_a_server_error])

"""`ws.endpoints` against a real server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from modelyard.endpoints import Endpoint
from modelyard.errors import (
    InvalidData,
    InvalidInput,
    ModelyardError,
    NotAuthenticated,
    NotFound,
    WrongState,
)
from modelyard.workspace import Workspace
from tests.server_support import RunningServer

X = pd.DataFrame({"a": [0.0, 1.0, 0.0, 1.0], "b": [0.0, 0.0, 1.0, 1.0]})


@pytest.fixture(scope="module")
def ws(process_server: RunningServer) -> Workspace:
    return process_server.workspace()


@pytest.fixture(scope="module")
def model(ws: Workspace) -> str:
    name = f"sum-{uuid.uuid4().hex[:6]}"
    fitted = LinearRegression().fit(X, X.sum(axis=1))
    return f"{name}:{ws.models.register(name, model=fitted, input_example=X).version}"


@pytest.fixture(scope="module")
def endpoint(ws: Workspace, model: str) -> Iterator[Endpoint]:
    made = ws.endpoints.deploy(f"e-{uuid.uuid4().hex[:6]}", model, wait=True, timeout=300)
    yield made
    made.delete()
    assert made.state == "deleted"
    made.delete()


def test_whatever_holds_rows_can_be_scored(endpoint: Endpoint) -> None:
    expected = pytest.approx([0, 1, 1, 2], abs=1e-9)
    assert endpoint.score(X) == expected
    assert endpoint.score(X[["b", "a"]]) == expected
    assert endpoint.score(X.to_numpy()) == expected
    assert endpoint.score(X.to_numpy().tolist()) == expected
    assert endpoint.score(X.to_dict(orient="records")) == expected
    assert endpoint.score({"data": X.to_dict(orient="list")}) == expected
    assert endpoint.score([1, 1]) == [pytest.approx(2)]
    assert endpoint.score(np.array([1, 1])) == [pytest.approx(2)]


def test_it_is_the_same_through_the_server(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Endpoint, "_reachable", lambda _self: False)
    assert endpoint.score(X) == pytest.approx([0, 1, 1, 2], abs=1e-9)
    with pytest.raises(InvalidData, match="Row 0 has 3 features, the model expects 2"):
        endpoint.score([[1, 2, 3]])


def test_bad_data_raises_what_the_endpoint_said(endpoint: Endpoint) -> None:
    with pytest.raises(InvalidData, match="missing: b"):
        endpoint.score(X[["a"]])
    with pytest.raises(InvalidInput, match="'rows'"):
        endpoint.score({"rows": [[1, 2]]})
    with pytest.raises(InvalidInput, match="not valid JSON"):
        endpoint.score("{")
    with pytest.raises(InvalidInput, match="no JSON form"):
        endpoint.score([[object()]])


def test_keys(ws: Workspace, endpoint: Endpoint) -> None:
    old = endpoint.keys
    endpoint.score(X)
    other = ws.endpoints.get(endpoint.name)
    assert other.rotate_key("primary")[0] != old[0]
    assert len(endpoint.score(X)) == 4  # it asks for the new key by itself
    answer = httpx.post(
        f"{endpoint.url}/score",
        json={"data": [[1, 2]]},
        headers={"Authorization": f"Bearer {old[0]}"},
        trust_env=False,
    )
    assert answer.status_code == NotAuthenticated.status


def test_what_it_shows(ws: Workspace, endpoint: Endpoint, model: str) -> None:
    assert endpoint.state == "running" and endpoint.model == model
    assert "Ready" in endpoint.logs() and "Ready" in next(endpoint.follow_log())
    assert endpoint.name in [each.name for each in ws.endpoints.list()]
    assert ws.models.get(*_split(model)).endpoints == [endpoint.name]
    assert endpoint.name in repr(endpoint)
    with pytest.raises(NotFound, match="Did you mean"):
        ws.endpoints.get(f"{endpoint.name}x")
    with pytest.raises(InvalidInput, match="cannot name"):
        ws.endpoints.get("a/b")


def _split(model: str) -> tuple[str, int]:
    name, _, version = model.partition(":")
    return name, int(version)


def test_a_failing_script_raises_with_its_log(ws: Workspace, model: str, tmp_path: Path) -> None:
    script = tmp_path / "score.py"
    script.write_text("def init():\n    print('here we go')\n    1 / 0\ndef run(raw): return 1\n")
    name = f"bad-{uuid.uuid4().hex[:6]}"
    with pytest.raises(ModelyardError) as caught:
        ws.endpoints.deploy(name, model, script=script, wait=True, timeout=300)
    assert "init() failed: ZeroDivisionError" in str(caught.value)
    assert "1 / 0" in str(caught.value)
    failed = ws.endpoints.get(name)
    assert "here we go" in failed.logs()
    with pytest.raises(WrongState, match="does not answer"):
        failed.score([[1, 2]])
    failed.delete()
    with pytest.raises(InvalidInput, match="cannot be read"):
        ws.endpoints.deploy(name, model, script=tmp_path / "nowhere.py")

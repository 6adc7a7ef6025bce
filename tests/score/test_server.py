"""The scoring server over HTTP: what it answers to good and bad requests."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sklearn.datasets import load_iris

from modelyard import flavors
from tests.score import models
from tests.score.conftest import KEY, Scorer

X, _y = load_iris(return_X_y=True)
ROWS = X[[0, 60, 120]].tolist()

ANSWER = "def run(raw_data):\n    return 1\n"
"""A scoring script: it starts in no time, for tests that are not about the model."""


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scorer]:
    root = tmp_path_factory.mktemp("iris")
    server = Scorer(root / "scorer").start(models.iris(root / "model")).ready()
    yield server
    server.close()


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scorer]:
    root = tmp_path_factory.mktemp("named")
    server = Scorer(root / "scorer").start(models.named(root / "model")).ready()
    yield server
    server.close()


def test_predictions_are_the_models(iris: Scorer) -> None:
    assert iris.score({"data": ROWS}) == (200, {"predictions": [0, 1, 2]})
    assert iris.score({"data": ROWS[1]}) == (200, {"predictions": [1]})
    assert iris.score({"input_data": {"columns": [0, 1, 2, 3], "data": ROWS}})[0] == 200


def test_only_a_key_opens_it(iris: Scorer) -> None:
    for key in ("", "wrong", KEY + "x"):
        status, body, _ = iris.ask("POST", "/score", {"data": ROWS}, key)
        assert (status, body["code"]) == (401, "not_authenticated")
    assert iris.ask("POST", "/score", {"data": ROWS}, "", Authorization=f"Basic {KEY}")[0] == 401


@pytest.mark.parametrize("path", ["/", "/health", "/ready"])
def test_health_needs_no_key(iris: Scorer, path: str) -> None:
    assert iris.ask("GET", path, key="")[0] == 200


def test_swagger_tells_the_number_of_features(iris: Scorer) -> None:
    status, body, _ = iris.ask("GET", "/swagger.json", key="")
    schema = body["paths"]["/score"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert status == 200 and schema["properties"]["data"]["items"]["minItems"] == 4


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not valid JSON"),
        (b'{"data": [[1, 2', "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        ([[1, 2, 3, 4]], "not an object"),
        ({}, "no 'data'"),
        ({"rows": [[1, 2, 3, 4]]}, "'rows'"),
        ({"data": "1,2,3,4"}, "the string '1,2,3,4'"),
        ({"data": []}, "no rows"),
        ({"data": [[1, 2, 3, 4], 5]}, "Row 1"),
        ({"data": [1, 2, [3], 4]}, "mixes"),
        ({"data": {}}, "no columns"),
    ],
)
def test_malformed_bodies_are_400_and_say_why(iris: Scorer, body: object, said: str) -> None:
    status, answer = iris.score(body)
    assert (status, answer["code"]) == (400, "invalid_input")
    assert said in answer["message"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([[1, 2, 3]], "Row 0 has 3 features, the model expects 4"),
        ([[1, 2, 3, 4], [1, 2, 3, 4, 5]], "Row 1 has 5 features, the model expects 4"),
        ([[]], "Row 0 has 0 features"),
        ([[1, 2, "three", 4]], "the string 'three', not a number"),
        ([[1, 2, [3], 4]], "a list, not a number"),
        ({"a": [1, 2], "b": [1]}, "different lengths"),
    ],
)
def test_data_the_model_cannot_take_is_422(iris: Scorer, data: object, said: str) -> None:
    status, answer = iris.score({"data": data})
    assert (status, answer["code"]) == (422, "invalid_data")
    assert said in answer["message"]


@pytest.mark.parametrize("value", ["null", "1e308"])
def test_what_the_model_refuses_in_the_data_is_422_in_one_line(iris: Scorer, value: str) -> None:
    body = b'{"data": [[1, %b, 3, 4], [1, null, 3, 4]]}' % value.encode()
    status, answer = iris.score(body)
    assert (status, answer["code"]) == (422, "invalid_data")
    assert "NaN" in answer["message"] and "\n" not in answer["message"]


def test_one_long_string_makes_no_large_array(iris: Scorer) -> None:
    data = [["x" * 1_000_000, 1, 2, 3], *[[1, 2, 3, 4]] * 1000]
    before = _peak(iris)
    for _ in range(3):
        status, answer = iris.score({"data": data})
        assert status == 422 and "column 0 is the string" in answer["message"]
    assert _peak(iris) - before < 100 << 20


def test_long_strings_in_a_column_of_text_are_bounded(named: Scorer) -> None:
    rows = [[1, "x" * 1_000_000], *[[1, "a"]] * 1000]
    status, answer = named.score({"data": rows})
    assert status == 422 and "'town' holds a string of 1000000" in answer["message"]
    status, answer = named.score({"data": [[1, ["a"]]]})
    assert status == 422 and "column 'town' is a list" in answer["message"]
    status, answer = named.score({"data": [[1, "nowhere"]]})
    assert status == 422 and "unknown categories" in answer["message"]


def _peak(server: Scorer) -> int:
    """The most memory that the server ever had, in bytes."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmHWM")) << 10


def test_columns_by_name_in_any_order_and_form(named: Scorer) -> None:
    expected = {"predictions": [pytest.approx(1.0), pytest.approx(12.0)]}
    rows = [[1.0, "a"], [2.0, "b"]]
    records = [{"town": "a", "size": 1}, {"town": "b", "size": 2}]
    for data in (rows, records, {"town": ["a", "b"], "size": [1, 2]}):
        assert named.score({"data": data}) == (200, expected)
    split = {"columns": ["town", "size"], "data": [["a", 1], ["b", 2]]}
    assert named.score({"dataframe_split": split}) == (200, expected)
    assert named.score({"dataframe_records": records}) == (200, expected)
    assert named.score({"data": {"size": 1, "town": "a"}})[0] == 200


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([{"size": 1}], "missing: town"),
        ([{"size": 1, "city": "a"}], "missing: town; unknown: city"),
        ([{"size": 1, "town": "a"}, {"size": 1}], "other columns than row 0"),
        ({"size": ["big"], "town": ["a"]}, "column 'size' is the string 'big'"),
    ],
)
def test_wrong_columns_are_422_and_named(named: Scorer, data: object, said: str) -> None:
    status, answer = named.score({"data": data})
    assert status == 422 and said in answer["message"]


def test_large_bodies_are_refused_whether_announced_or_not(iris: Scorer) -> None:
    connection = iris.connect()
    connection.putrequest("POST", "/score")
    connection.putheader("Authorization", f"Bearer {KEY}")
    connection.putheader("Content-Length", str(17 << 20))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    chunks = (b"x" * (1 << 20) for _ in range(20))
    connection = iris.connect()
    try:
        connection.request(
            "POST", "/score", chunks, {"Authorization": f"Bearer {KEY}"}, encode_chunked=True
        )
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # it hung up while we were still sending: refused as well
    connection.close()
    assert iris.score({"data": ROWS})[0] == 200


def test_many_rows_at_once_and_health_meanwhile(iris: Scorer) -> None:
    status, answer = iris.score({"data": ROWS * 20_000})
    assert status == 200 and len(answer["predictions"]) == 60_000


def test_routes_and_verbs_that_do_not_exist(iris: Scorer) -> None:
    assert iris.ask("GET", "/nowhere")[0] == 404
    assert iris.ask("GET", "/score")[0] == 405
    assert iris.ask("POST", "/health")[0] == 405


def test_request_ids_come_back(iris: Scorer) -> None:
    _, _, headers = iris.ask("POST", "/score", {"data": ROWS}, x_request_id="abc-1")
    assert headers["x-request-id"] == "abc-1"
    _, _, headers = iris.ask("GET", "/health", x_ms_client_request_id="abc-2")
    assert headers["x-ms-client-request-id"] == "abc-2"


def test_keys_are_rotated_without_a_restart(scorer: Scorer, tmp_path: Path) -> None:
    scorer.start(tmp_path, ANSWER).ready()
    scorer.write_keys("new", "other")
    assert scorer.ask("POST", "/score", {"data": ROWS}, KEY)[0] == 401
    assert scorer.ask("POST", "/score", {"data": ROWS}, "new")[0] == 200
    assert scorer.ask("POST", "/score", {"data": ROWS}, "other")[0] == 200
    scorer.keys.unlink()
    assert scorer.ask("POST", "/score", {"data": ROWS}, "new")[0] == 401


def test_nan_and_infinity_become_null(scorer: Scorer, tmp_path: Path) -> None:
    flavors.save(models.Nan(), tmp_path / "model")
    scorer.start(tmp_path / "model").ready()
    assert scorer.score({"data": [[1], [2], [3]]}) == (200, {"predictions": [None, None, 1.5]})


def test_a_model_that_raises_is_500_with_one_line(scorer: Scorer, tmp_path: Path) -> None:
    flavors.save(models.Broken(), tmp_path / "model")
    scorer.start(tmp_path / "model").ready()
    status, answer = scorer.score({"data": [[1]]})
    assert status == 500
    assert answer["message"] == "The model failed: RuntimeError: no luck today."


def test_a_damaged_model_says_so_and_ends(scorer: Scorer, tmp_path: Path) -> None:
    folder = models.iris(tmp_path / "model")
    pickles = [f for f in folder.iterdir() if f.suffix in (".pkl", ".joblib", ".skops")]
    pickles[0].write_bytes(b"no pickle")
    status = scorer.start(folder).failed()
    assert "Error" in status["message"] and "Traceback" in status["detail"]


def test_a_taken_port_is_named(scorer: Scorer, tmp_path: Path) -> None:
    # SO_REUSEPORT lets servers of ours share a port, and nobody else's.
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        scorer.port = other.getsockname()[1]
        status = scorer.start(tmp_path, ANSWER).failed()
    assert f"Port {scorer.port} is taken" in status["message"]


def test_sigterm_ends_it_cleanly_after_the_last_answer(scorer: Scorer, tmp_path: Path) -> None:
    scorer.start(tmp_path, ANSWER).ready()
    assert scorer.terminate() == 0


def test_a_successor_takes_over_without_a_failed_request(tmp_path: Path) -> None:
    servers = [Scorer(tmp_path / "0").start(tmp_path, ANSWER).ready()]
    port = servers[0].port
    failures: list[str] = []
    answered = [0]
    stop = threading.Event()

    def call(keep: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while not stop.is_set():
            try:
                headers = {"Authorization": f"Bearer {KEY}"}
                connection.request("POST", "/score", b'{"data": [[1, 2, 3, 4]]}', headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    failures.append(str(answer.status))
                answered[0] += 1
            except (OSError, http.client.HTTPException) as error:
                failures.append(repr(error))
                connection.close()
            if not keep:
                connection.close()

    clients = [threading.Thread(target=call, args=(n % 2 == 0,)) for n in range(6)]
    for client in clients:
        client.start()
    try:
        for number in range(1, 4):
            servers.append(Scorer(tmp_path / str(number), port).start(tmp_path, ANSWER).ready())
            assert servers[-2].terminate() == 0
            before = answered[0]
            while answered[0] < before + 200 and not failures:
                stop.wait(0.01)
    finally:
        stop.set()
        for client in clients:
            client.join()
        for server in servers:
            server.close()
    assert failures == []
    assert answered[0] > 1000

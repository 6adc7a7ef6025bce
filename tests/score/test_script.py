"""Azure's contract: a user's script with `init()` and `run(raw_data)`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.score.conftest import Scorer

ECHO = """
import json, os
import numpy as np

def init():
    global model, started
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "weights.json")) as file:
        model = json.load(file)
    print("init was here")

def run(raw_data):
    data = json.loads(raw_data)
    what = data["want"]
    if what == "list":
        return [model["factor"] * value for value in data["data"]]
    if what == "numpy":
        return {"scores": np.array([[1.0, float("nan")]]), "n": np.int64(3)}
    if what == "text":
        return "plain text"
    if what == "none":
        return None
    if what == "object":
        return object()
    raise ValueError("cannot " + what)
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights.json").write_text(json.dumps({"factor": 10}))
    return folder


def test_the_contract(scorer: Scorer, model: Path) -> None:
    scorer.start(model, ECHO).ready()
    assert "init was here" in scorer.log.read_text()
    assert scorer.score({"want": "list", "data": [1, 2]}) == (200, [10, 20])
    assert scorer.score({"want": "numpy"}) == (200, {"scores": [[1.0, None]], "n": 3})
    assert scorer.score({"want": "text"}) == (200, "plain text")
    assert scorer.score({"want": "none"}) == (200, None)


def test_what_run_raises_or_returns_is_told_in_a_line(scorer: Scorer, model: Path) -> None:
    scorer.start(model, ECHO).ready()
    status, answer = scorer.score({"want": "dance"})
    assert status == 500
    assert answer["message"] == "run() of the scoring script failed: ValueError: cannot dance."
    assert scorer.score({"want": "object"})[0] == 500
    status, answer = scorer.score(b"{nonsense")
    assert status == 400 and "not valid JSON" in answer["message"]
    assert scorer.score(b"\xff")[0] == 400


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("def init():\n    raise RuntimeError('no weights')\ndef run(d): ...", "no weights"),
        ("import sys\ndef init():\n    sys.exit('enough')\ndef run(d): ...", "enough"),
        ("import nosuchpackage\ndef run(d): ...", "nosuchpackage"),
        ("def init(): ...", "defines no run"),
        ("def run(d:", "SyntaxError"),
    ],
)
def test_a_script_that_cannot_start_says_why(
    scorer: Scorer, model: Path, script: str, said: str
) -> None:
    status = scorer.start(model, script).failed()
    assert said in status["message"]
    assert "Traceback" in status["detail"]
    assert "Traceback" in scorer.log.read_text()


def test_a_slow_run_does_not_keep_health_from_answering(scorer: Scorer, model: Path) -> None:
    gate = model / "gate"
    script = (
        "import os, time\n"
        "def run(d):\n"
        f"    open({str(gate)!r} + '.in', 'w').close()\n"
        f"    while not os.path.exists({str(gate)!r}): time.sleep(0.01)\n"
        "    return 'done'\n"
    )
    scorer.start(model, script).ready()
    connection = scorer.connect()
    connection.request("POST", "/score", b"{}", {"Authorization": "Bearer the-primary-key"})
    while not gate.with_name("gate.in").exists():
        assert scorer.ask("GET", "/health")[0] == 200
    assert scorer.ask("GET", "/health")[0] == 200
    gate.touch()
    assert connection.getresponse().read() == b'"done"'

"""Commands on a real server: what they do, give back and show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.dummy import DummyClassifier

from modelyard.errors import InvalidInput, NotFound
from modelyard.magics.catalog import notebook_table
from modelyard.magics.dispatch import execute
from modelyard.magics.session import Session
from modelyard.magics.words import split
from modelyard.workspace import Workspace
from tests.server_support import RunningServer

TABLE = notebook_table()
Ml = Callable[[str], Any]


@pytest.fixture(scope="module")
def ws(process_server: RunningServer) -> Workspace:
    return process_server.workspace()


@pytest.fixture(scope="module")
def run_ids(ws: Workspace) -> list[str]:
    """Three runs of an experiment; the second has the best accuracy, the last a model."""
    made = []
    for name, accuracy in (("a", 0.5), ("b", 0.9), ("c", 0.7)):
        with ws.experiment("commands").start_run(name=name, params={"C": name}) as run:
            run.log("accuracy", accuracy)
            if name == "c":
                model = DummyClassifier().fit([[0.0], [1.0]], [0, 1])
                run.log_model(model, "model", input_example=[[0.0]])
        made.append(run.id)
    return made


class Asked:
    """Answers questions and keeps what was said."""

    def __init__(self) -> None:
        self.answer = "n"
        self.said: list[str] = []
        self.questions: list[str] = []

    def ask(self, question: str) -> str:
        self.questions.append(question)
        return self.answer


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def ml(ws: Workspace, asked: Asked) -> Ml:
    session = Session(lambda: ws, asked.said.append, asked.ask)
    return lambda line: execute(TABLE, session, split(line))


def test_status(ml: Ml) -> None:
    shown = repr(ml("status"))
    assert "Workspace" in shown and "Engine" in shown and "Compute instances" in shown


def test_an_empty_list_teaches_the_next_step(ml: Ml) -> None:
    empty = ml("runs list --filter 'params.C = nothing'")
    assert empty == [] and "%%ml run" in repr(empty)


def test_runs_are_listed_best_first(ml: Ml, run_ids: list[str]) -> None:
    found = ml("runs list --experiment commands --order-by metric.accuracy --limit 2")
    assert [run.name for run in found] == ["b", "c"]
    assert "accuracy 0.9" in repr(found)
    assert "<td" in found._repr_html_()
    assert [r.name for r in ml("runs list --filter 'metrics.accuracy < 0.6'")] == ["a"]


def test_a_run_is_found_by_how_its_id_begins(ml: Ml, run_ids: list[str]) -> None:
    assert ml(f"runs show {run_ids[0][:12]}").id == run_ids[0]
    assert ml(f"runs show {run_ids[0]}").id == run_ids[0]
    with pytest.raises(NotFound, match="runs list"):
        ml("runs show zzzz")


def test_runs_are_compared_side_by_side(ml: Ml, run_ids: list[str]) -> None:
    grid = ml(f"runs compare {run_ids[0]} {run_ids[1]}")
    assert ["param C", "a", "b"] in grid.rows
    assert ["metric accuracy", "0.5", "0.9"] in grid.rows
    with pytest.raises(InvalidInput, match="at least two"):
        ml(f"runs compare {run_ids[0]}")


def test_deleting_asks_first(ml: Ml, ws: Workspace, asked: Asked) -> None:
    with ws.experiment("throw-away").start_run(name="gone") as run:
        pass
    ml(f"runs delete {run.id}")
    assert "Delete run 'gone'" in asked.questions[0]
    assert asked.said == ["Nothing was changed."]
    asked.answer = "y"
    ml(f"runs delete {run.id}")
    assert "Deleted run 'gone'" in asked.said[-1]
    ml(f"runs delete {run.id} --forever")
    assert "for ever?" in asked.questions[-1]
    assert "Removed run 'gone' for ever" in asked.said[-1]
    with pytest.raises(NotFound):
        ws.runs.get(run.id)
    assert [r.id for r in ws.runs.list(experiment="throw-away")] == []


def test_a_model_from_registration_to_deletion(
    ml: Ml, run_ids: list[str], asked: Asked, tmp_path: Path
) -> None:
    version = ml(f"models register dummy --run {run_ids[2]} --tag stage=test")
    assert (version.version, version.tags) == (1, {"stage": "test"})
    assert "dummy" in [model.name for model in ml("models list")]
    assert "stage=test" in repr(ml("models show dummy"))
    ml(f"models download dummy:1 '{tmp_path}/a model'")
    assert (tmp_path / "a model" / "MLmodel").is_file()
    for wrong in ("dummy", "dummy:x"):
        with pytest.raises(InvalidInput, match="VERSION"):
            ml(f"models delete {wrong} --yes")
    ml("models delete dummy:1 --yes")
    assert asked.questions == [] and "Deleted model" in asked.said[-1]


def test_data_that_is_not_json(ml: Ml) -> None:
    with pytest.raises(InvalidInput, match="not JSON"):
        ml("endpoints score bc [[1, 2]")


def test_the_servers_refusals_come_through(ml: Ml) -> None:
    with pytest.raises(NotFound):
        ml("compute start no-such-instance")
    with pytest.raises(InvalidInput, match="size"):
        ml("compute create c-1 --size smal --no-wait")
    with pytest.raises(InvalidInput):
        ml("compute create a/b")

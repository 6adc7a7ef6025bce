"""Runs through the SDK, against a real server: by the spool it reads, and by posting."""

from __future__ import annotations

import io
import math
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from modelyard import Run, Workspace
from modelyard.errors import AlreadyExists, InvalidInput, NotFound, WrongState
from modelyard_server.core.holder import LOCAL
from tests.server_support import RunningServer


@pytest.fixture(params=["spool", "posted"])
def ws(
    request: pytest.FixtureRequest, process_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> Workspace:
    """A workspace reached from the server's machine, or from another one."""
    if request.param == "spool":
        monkeypatch.setenv("MODELYARD_SPOOL", str(process_server.paths.spool_of(LOCAL)))
    return process_server.workspace()


def test_the_whole_of_a_run(ws: Workspace, name: str, tmp_path: Path) -> None:
    (tmp_path / "roc.png").write_bytes(b"png" * 1000)
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "ü 1%.csv").write_text("a,b\n")
    with ws.experiment(name).start_run(name="logreg", tags={"team": "a"}) as run:
        assert Run.current() is run
        run.log_params({"C": 1.0, "kind": "svm", "deep": None})
        run.log_params({"C": 1.0})
        run.log("accuracy", 0.97)
        run.log("loss", 0.5)
        run.log("loss", 0.25)
        run.log("loss", 0.3, step=10)
        run.log("loss", 0.2)
        run.log_metrics({"f1": np.float32(0.5), "n": np.int64(3), "ok": True}, step=2)
        assert run.status == "running"
        assert run.metrics["loss"] == 0.2 and run.params["kind"] == "svm"
        run.set_tags({"team": None, "b": 2})
        run.log_artifact(tmp_path / "roc.png")
        run.log_artifact(tmp_path / "roc.png", "plots/again.png")
        run.log_artifacts(tmp_path / "data", "data")
        run.log_text("hi ü", "notes/a.txt")
        print("out")
        print("err", file=sys.stderr)
    assert (run.status, run.tags, run.experiment) == ("finished", {"b": "2"}, name)
    assert run.params == {"C": "1.0", "kind": "svm", "deep": "None"}
    assert run.metrics == {
        "accuracy": 0.97, "loss": 0.2, "f1": 0.5, "n": 3.0, "ok": 1.0,
    }  # fmt: skip
    loss = run.history("loss")
    assert (loss.steps, loss.values) == ([0, 1, 10, 11], [0.5, 0.25, 0.3, 0.2])
    assert list(loss.to_pandas().columns) == ["step", "value", "time"]
    assert "out\n" in run.output() and "err\n" in run.output()
    assert [a.path for a in run.artifacts()] == ["data", "notes", "plots", "roc.png"]
    assert run.download("roc.png", tmp_path / "down").read_bytes() == b"png" * 1000
    folder = run.download("", tmp_path / "all")
    assert (folder / "data" / "deep" / "ü 1%.csv").read_text() == "a,b\n"
    assert (folder / "notes" / "a.txt").read_text() == "hi ü"
    packages = run.download(".modelyard/environment/requirements.txt", tmp_path).read_text()
    assert f"numpy=={np.__version__}\n" in packages
    assert "logreg" in repr(run) and "<table>" in run._repr_html_()
    assert ws.runs.get(run.id).name == "logreg"


def test_how_runs_end(ws: Workspace, name: str) -> None:
    experiment = ws.experiment(name)
    with pytest.raises(ZeroDivisionError), experiment.start_run() as failed:
        1 / 0  # noqa: B018
    assert (failed.status, failed.error) == ("failed", "ZeroDivisionError: division by zero")
    assert "Traceback" in failed.output()
    with pytest.raises(KeyboardInterrupt), experiment.start_run() as cancelled:
        raise KeyboardInterrupt
    assert cancelled.status == "cancelled"
    with pytest.raises(SystemExit), experiment.start_run() as left:
        sys.exit(0)
    assert left.status == "finished"
    by_hand = experiment.start_run()
    by_hand.log("a", 1)
    by_hand.finish("failed", "my reason")
    by_hand.finish()
    assert (by_hand.status, by_hand.error) == ("failed", "my reason")
    with pytest.raises(WrongState, match="not open"):
        by_hand.log("a", 2)
    with pytest.raises(WrongState), by_hand:
        pass
    by_hand.set_tags({"late": 1})
    by_hand.set_note("**note**")
    by_hand.rename("other")
    by_hand.log_text("x", "late.txt")
    assert (by_hand.refresh().name, by_hand.tags) == ("other", {"late": "1"})


def test_children_and_current(ws: Workspace, name: str) -> None:
    with ws.experiment(name).start_run() as outer:
        with ws.experiment(name).start_run() as inner:
            assert Run.current() is inner
            seen: list[Run] = []
            thread = threading.Thread(target=lambda: seen.append(Run.current()))
            thread.start()
            thread.join()
            assert seen == [inner]
            print("inner line")
        assert Run.current() is outer
    assert inner.info.parent == outer.id and outer.info.parent == ""
    assert "inner line" in inner.output() and "inner line" in outer.output()


def test_streams_are_put_back(ws: Workspace, name: str) -> None:
    before = sys.stdout, sys.stderr
    one = ws.experiment(name).start_run()
    two = ws.experiment(name).start_run()
    one.finish()
    two.finish()
    print("after")
    assert sys.stdout.write.__self__ is not None
    sys.stdout, sys.stderr = before
    run = ws.experiment(name).start_run()
    mine = sys.stdout = io.StringIO()
    run.finish()
    assert sys.stdout is mine
    sys.stdout = before[0]
    assert "after" not in one.output() + two.output()


@pytest.mark.parametrize("value", ["0.5", None, [1], np.array([1, 2]), 1j, {}, object(), b"1"])
def test_what_is_no_number_is_refused(ws: Workspace, name: str, value: object) -> None:
    with ws.experiment(name).start_run() as run:
        with pytest.raises(InvalidInput, match="'acc'") as caught:
            run.log("acc", value)
        assert caught.value.field == "acc"
        with pytest.raises(InvalidInput):
            run.log_metrics({"fine": 1, "acc": value})
    assert run.metrics == {}


def test_numbers_of_all_kinds(ws: Workspace, name: str) -> None:
    values = [True, 3, 1 << 60, 0.5, np.float64(2.5), np.array(7), np.array([8.0]), math.inf,
              -math.inf, math.nan]  # fmt: skip
    with ws.experiment(name).start_run() as run:
        for value in values:
            run.log("v", value)
        for key, step in (("", None), ("x" * 251, None), ("a\nb", None), (5, None)):
            with pytest.raises(InvalidInput):
                run.log(key, 1, step)  # type: ignore[arg-type]
        for step in ("1", 1.5, 1 << 60):
            with pytest.raises(InvalidInput):
                run.log("v", 1, step)  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match="'C' is '1' already"):
            run.log_params({"C": 1})
            run.log_params({"C": 2})
        for path in ("../x", "/x", "", "a//b"):
            with pytest.raises(InvalidInput):
                run.log_text("x", path)
        with pytest.raises(InvalidInput, match="no file"):
            run.log_artifact("does-not-exist")
    got = run.history("v").values
    assert got[:9] == [1, 3, 1 << 60, 0.5, 2.5, 7, 8, math.inf, -math.inf]
    assert math.isnan(got[9])


def test_two_clients_and_many_threads(ws: Workspace, name: str) -> None:
    def work(run: Run, key: str) -> None:
        for _ in range(500):
            run.log(key, 1.0)
            run.log("shared", 2.0)

    with ws.experiment(name).start_run() as one, ws.experiment(name).start_run() as two:
        threads = [
            threading.Thread(target=work, args=(run, f"k{n}"))
            for n in range(3)
            for run in (one, two)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for run in (one, two):
        assert (
            run.history("shared").steps == list(range(1500))
            or len(set(run.history("shared").steps)) == 1500
        )
        assert all(run.history(f"k{n}").steps == list(range(500)) for n in range(3))


def test_lists_and_experiments(ws: Workspace, name: str) -> None:
    experiment = ws.experiment(name)
    with pytest.raises(NotFound):
        experiment.runs()
    for value in (1, 3, 2):
        with experiment.start_run(params={"v": value}) as run:
            run.log("acc", value)
    best = ws.runs.list(experiment=name, order_by="metric.acc", limit=2)
    assert [r.metrics["acc"] for r in best] == [3, 2]
    assert "acc" in (best._repr_html_() or "")
    assert [r.params["v"] for r in experiment.runs(q="params.v < 3")] == ["2", "1"]
    ws.runs.delete(run.id)
    assert len(experiment.runs()) == 2
    assert ws.runs.restore(run.id).id == run.id
    with pytest.raises(NotFound, match="Did you mean"):
        ws.experiment(f"{name}x").runs()
    with ws.experiment(f"{name}-other").start_run():
        pass
    with pytest.raises(AlreadyExists):
        experiment.rename(f"{name}-other")
    experiment.rename(f"{name}-new").set_note("n")
    experiment.delete()
    with pytest.raises(WrongState, match="deleted"):
        experiment.start_run()
    assert ws.experiment(f"{name}-new").restore().info.note == "n"


def test_figures(ws: Workspace, name: str, tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([1, 2])
    with ws.experiment(name).start_run() as run:
        run.log_figure(figure, "a/roc.png")
        run.log_figure(figure.axes[0], "roc.svg")
        with pytest.raises(InvalidInput):
            run.log_figure("text", "x.png")
        with pytest.raises(InvalidInput):
            run.log_figure(figure, "x.unknown")
    assert run.download("a/roc.png", tmp_path).read_bytes().startswith(b"\x89PNG")


def test_a_model_is_logged_and_registered(ws: Workspace, name: str) -> None:
    from sklearn.linear_model import LinearRegression

    rows = np.array([[0.0], [1.0]])
    model = LinearRegression().fit(rows, [0.0, 2.0])
    with ws.experiment(name).start_run() as run:
        run.log_model(model, "model", input_example=rows)
    version = run.register(name, path="model", tags={"k": "v"})
    assert (version.version, version.tags, version.run_id) == (1, {"k": "v"}, run.id)
    assert [(m.name, m.version) for m in run.refresh().models] == [(name, 1)]
    assert version.load().predict([[3.0]])[0] == pytest.approx(6.0)

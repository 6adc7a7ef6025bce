"""The rules of experiments and runs."""

from __future__ import annotations

import pytest

from modelyard.errors import (
    AlreadyExists,
    InUse,
    InvalidInput,
    ModelyardError,
    NotFound,
    WrongState,
)
from modelyard.schema.tracking import (
    ExperimentCreate,
    ExperimentUpdate,
    RunCreate,
    RunFinish,
    RunUpdate,
)
from tests.lineage_support import register, serve
from tests.tracking.conftest import Bench

BAD_NAMES = ["", " ", "x" * 201, "a\nb", "/a", "a/", " a", "\x00", "a\u202eb"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_refused_and_nothing_is_made(bench: Bench, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        bench.manager.experiments.create(ExperimentCreate(name=name))
    assert caught.value.field == "name"
    with pytest.raises(InvalidInput) as caught:
        bench.run(name)
    assert caught.value.field == "experiment"
    if name:
        with pytest.raises(InvalidInput):
            bench.run("fine", name=name)
    for texts in ({"": "x"}, {"k" * 251: "x"}, {"k": "x" * 6001}, {"a\nb": "x"}):
        with pytest.raises(InvalidInput):
            bench.run("fine", tags=texts)
        with pytest.raises(InvalidInput):
            bench.run("fine", params=texts)
    assert bench.manager.experiments.list() == []


def test_creating_twice_makes_one(bench: Bench) -> None:
    one = bench.manager.experiments.create(ExperimentCreate(name="team/exp ü", note="n"))
    two = bench.manager.experiments.create(ExperimentCreate(name="team/exp ü"))
    assert one.id == two.id and two.note == "n"
    run = bench.run("team/exp ü", name="r")
    again = bench.manager.create_run(RunCreate(id=run.id, experiment="team/exp ü", name="other"))
    assert again.name == "r"
    found = bench.manager.experiments.get(one.id)
    assert (found.runs, found.active) == (1, 1)


def test_life_of_an_experiment(bench: Bench) -> None:
    run = bench.run("a")
    id = run.experiment_id
    with pytest.raises(InUse, match="have not ended"):
        bench.manager.experiments.delete(id)
    bench.manager.finish_run(run.id, RunFinish())
    register(bench.db, "m", 1, run.id)
    serve(bench.db, "bc", ("m", 1))
    with pytest.raises(InUse, match="'bc'"):
        bench.manager.experiments.delete(id)
    serve(bench.db, "bc")
    bench.manager.experiments.delete(id)
    assert bench.manager.experiments.list() == []
    assert bench.manager.runs().runs == []
    assert [e.name for e in bench.manager.experiments.list(deleted=True)] == ["a"]
    with pytest.raises(WrongState, match="was deleted"):
        bench.run("a")
    with pytest.raises(WrongState):
        bench.manager.experiments.create(ExperimentCreate(name="a"))
    bench.manager.experiments.restore(id)
    assert [r.id for r in bench.manager.runs().runs] == [run.id]
    bench.run("b")
    with pytest.raises(AlreadyExists):
        bench.manager.experiments.update(id, ExperimentUpdate(name="b"))
    renamed = bench.manager.experiments.update(id, ExperimentUpdate(name="c", note="why"))
    assert (renamed.name, renamed.note) == ("c", "why")
    assert bench.manager.run(run.id).experiment == "c"
    for call in (bench.manager.experiments.get, bench.manager.experiments.delete):
        with pytest.raises(NotFound):
            call(999)


def test_life_of_a_run(bench: Bench) -> None:
    run = bench.run(tags={"team": "a"})
    with pytest.raises(WrongState, match="not ended"):
        bench.manager.delete_run(run.id)
    with pytest.raises(WrongState, match="0 of 50 bytes"):
        bench.manager.finish_run(run.id, RunFinish(offset=50))
    done = bench.manager.finish_run(run.id, RunFinish(status="failed", error="E: no"))
    assert (done.status, done.error, done.ended is not None) == ("failed", "E: no", True)
    assert bench.manager.finish_run(run.id, RunFinish()).status == "failed"
    change = RunUpdate(name="n", note="**why**", tags={"team": None, "b": "2"})
    changed = bench.manager.update_run(run.id, change)
    assert (changed.name, changed.note, changed.tags) == ("n", "**why**", {"b": "2"})
    bench.manager.delete_run(run.id)
    assert bench.manager.runs().runs == []
    assert [r.id for r in bench.manager.runs(deleted=True).runs] == [run.id]
    assert bench.manager.run(run.id).deleted
    with pytest.raises(WrongState):
        bench.manager.files.writer(run.id, "a")
    assert not bench.manager.restore_run(run.id).deleted
    register(bench.db, "m", 1, run.id)
    serve(bench.db, "bc", ("m", 1))
    with pytest.raises(InUse, match="'bc'"):
        bench.manager.delete_run(run.id)


def test_what_is_not_there(bench: Bench) -> None:
    missing = "0" * 32
    calls = [
        lambda: bench.manager.run(missing),
        lambda: bench.manager.ingest(missing, 0, b""),
        lambda: bench.manager.history(missing, "a"),
        lambda: bench.manager.output(missing, 0),
        lambda: bench.manager.finish_run(missing, RunFinish()),
        lambda: bench.manager.update_run(missing, RunUpdate(name="a")),
        lambda: bench.manager.delete_run(missing),
        lambda: bench.manager.restore_run(missing),
        lambda: bench.manager.files.list(missing),
        lambda: bench.manager.files.writer("../../etc", "a"),
        lambda: bench.manager.files.path("..", "modelyard.db"),
    ]
    for call in calls:
        with pytest.raises(NotFound):
            call()
    run = bench.run()
    bench.post(run, b'{"m":{"accuracy":1}}\n')
    with pytest.raises(NotFound, match="Did you mean 'accuracy'"):
        bench.manager.history(run.id, "acuracy")
    with pytest.raises(NotFound):
        bench.manager.files.list(run.id, "nothing")
    for path in ("../x", "/etc/passwd", "a/../../b", ".modelyard/log.txt", "a\\b", "x" * 300):
        with pytest.raises(InvalidInput):
            bench.manager.files.writer(run.id, path)


def many(bench: Bench) -> dict[str, str]:
    """Twelve runs, `acc` 0 to 9, one NaN, one without."""
    names: dict[str, str] = {}
    for number in range(12):
        experiment = "even" if number % 2 == 0 else "odd"
        params = {"C": str(number / 2), "kind": "svm" if number < 6 else "tree"}
        run = bench.run(
            experiment, name=f"run-{number:02}z", params=params, tags={"n": str(number)}
        )
        names[run.id] = run.name
        if number < 10:
            bench.post(run, b'{"m":{"acc":%d}}\n' % number)
        if number == 10:
            bench.post(run, b'{"m":{"acc":"NaN"}}\n')
    return names


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize(
    "order", ["created", "name", "status", "metric.acc", "param.C", "metric.x"]
)
def test_pages_show_every_run_once_in_order(bench: Bench, order: str, descending: bool) -> None:
    many(bench)
    bench.post(bench.run("odd", params={"C": "text"}), b'{"m":{"acc":3}}\n')
    whole = bench.manager.runs(order_by=order, descending=descending, limit=1000)
    assert (len(whole.runs), whole.next, whole.total) == (13, "", 13)
    seen, page = [], ""
    while True:
        found = bench.manager.runs(order_by=order, descending=descending, limit=2, page=page)
        seen += found.runs
        page = found.next
        if not page:
            break
    assert [r.id for r in seen] == [r.id for r in whole.runs]
    values = {
        "name": lambda r: r.name,
        "metric.acc": lambda r: r.metrics["acc"].last if "acc" in r.metrics else "NaN",
    }.get(order)
    if values is not None:
        shown = [value for run in seen if (value := values(run)) != "NaN"]
        assert shown == sorted(shown, reverse=descending)
    if order == "metric.acc":
        assert all(values(run) == "NaN" for run in seen[-2:])  # type: ignore[misc]
    if order == "param.C":
        assert seen[-1].params["C"] == "text"


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("", set(range(12))),
        ("metrics.acc > 7", {8, 9}),
        ("metrics.acc>=7 and metrics.acc < 9", {7, 8}),
        ("metric.acc != 0 metric.acc <= 2", {1, 2}),
        ("params.C = 1.0", {2}),
        ("params.C = 1", {2}),
        ('params.kind = "tree"', set(range(6, 12))),
        ("params.kind != tree params.C > 2", {5}),
        ("tags.n = 3", {3}),
        ("RUN- 07Z", {7}),
        ("svm", set(range(6))),
        ("status = failed", set()),
        ("status=running svm metrics.acc>4", {5}),
        ('name = "run-04z"', {4}),
        ("100% _'; DROP TABLE run", set()),
        ("metrics.never > 1", set()),
        ("metrics.`acc` = 4", {4}),
    ],
)
def test_search(bench: Bench, q: str, expected: set[int]) -> None:
    names = many(bench)
    found = bench.manager.runs(q=q, order_by="metric.acc")
    assert {int(names[run.id][4:6]) for run in found.runs} == expected
    assert found.total == len(expected)


def test_search_by_id_and_experiment(bench: Bench) -> None:
    names = many(bench)
    id = next(iter(names))
    assert [r.id for r in bench.manager.runs(q=id[:12]).runs] == [id]
    odd = next(e for e in bench.manager.experiments.list() if e.name == "odd")
    found = bench.manager.runs(experiment=odd.id, order_by="metric.acc", limit=3)
    assert [r.metrics["acc"].last for r in found.runs] == [9, 7, 5]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"q": "metrics.acc > high"}, "q"),
        ({"q": "params.C >= x"}, "q"),
        ({"q": "tags.n < 3"}, "q"),
        ({"q": "x" * 2001}, "q"),
        ({"order_by": "nothing"}, "order_by"),
        ({"order_by": "metric."}, "order_by"),
        ({"order_by": "created.x"}, "order_by"),
        ({"page": "garbage!"}, "page"),
        ({"page": "AAAA"}, "page"),
    ],
)
def test_bad_questions_name_the_argument(bench: Bench, arguments: dict, field: str) -> None:
    with pytest.raises(ModelyardError) as caught:
        bench.manager.runs(**arguments)
    assert isinstance(caught.value, InvalidInput) and caught.value.field == field


def test_events_are_few_and_tell_the_end(bench: Bench) -> None:
    run = bench.run()
    bench.changes.clear()
    for step in range(50):
        bench.post(run, b'{"m":{"a":1},"s":%d}\n' % step)
    bench.manager.step()
    bench.manager.step()
    assert [c.domain for c in bench.changes].count("run") <= 1
    bench.post(run, b'{"f":{"status":"finished"}}\n')
    last = [c for c in bench.changes if c.domain == "run"][-1]
    assert (last.id, last.item.status, last.item.metrics["a"].count) == (run.id, "finished", 50)
    assert any(c.domain == "experiment" and c.item.active == 0 for c in bench.changes)


def test_the_first_value_of_a_parameter_stays(bench: Bench) -> None:
    run = bench.run(params={"C": "1"})
    bench.post(run, b'{"p":{"C":"2","D":"3"}}\n')
    assert bench.manager.run(run.id).params == {"C": "1", "D": "3"}

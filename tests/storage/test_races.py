"""Nothing is removed that is in use, whatever happens between looking and removing."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from modelyard.errors import NotFound, WrongState
from modelyard.schema.registry import ModelRegister
from modelyard.schema.tracking import RunCreate
from modelyard_server.engines.spec import ContainerSpec
from modelyard_server.storage.content import Content, Removable
from tests.storage.conftest import DAY, HOUR, World


def _before_removing(world: World, kind: str, act: object) -> None:
    """Let `act` happen after things were listed and before the first is removed."""
    content: Content = world.storage._contents[kind]
    removable = content.removable

    def listed(measuring: object) -> list[Removable]:
        found = removable(measuring)
        assert found
        act()
        return found

    content.removable = listed


def test_a_run_that_is_restored_meanwhile_stays(world: World) -> None:
    run, gone = world.run(), world.run()
    for each in (run, gone):
        world.tracking.delete_run(each.id)
    _before_removing(world, "deleted_runs", lambda: world.tracking.restore_run(run.id))

    done = world.clean("deleted_runs")

    assert [item.name for item in done.kept] == [f"run {run.name}"]
    assert [item.name for item in done.items] == [f"run {gone.name}"]
    assert world.tracking.purging.path(run.id).is_dir()


def test_an_upload_into_what_was_an_orphan_is_not_lost(world: World) -> None:
    uid = "b" * 32
    world.upload_orphan(uid, "first.bin")
    world.aged(world.tracking.purging.path(uid), 2 * HOUR)
    _before_removing(world, "orphans", lambda: world.upload_orphan(uid, "late.bin"))

    done = world.clean("orphans")

    assert done.kept[0].why == "Somebody writes to it."
    assert world.tracking.purging.path(uid).is_dir()


def test_a_run_that_begins_with_the_id_of_an_orphan_keeps_its_files(world: World) -> None:
    uid = "a" * 32
    world.upload_orphan(uid, "old.bin")
    world.aged(world.tracking.purging.path(uid), 2 * HOUR)
    _before_removing(
        world,
        "orphans",
        lambda: world.tracking.create_run(RunCreate(id=uid, experiment="e")),
    )

    done = world.clean("orphans")

    assert done.count == 0
    assert world.tracking.purging.path(uid).is_dir()


def test_uploads_in_flight_of_runs_that_stay_lose_nothing_to_cleaning(world: World) -> None:
    runs = [world.run(size=10) for _ in range(4)]
    stop = threading.Event()

    def upload(number: int) -> int:
        done = 0
        while not stop.is_set():
            world.upload(runs[number], f"{done}.bin", 1000)
            done += 1
        return done

    with ThreadPoolExecutor(4) as pool:
        uploads = [pool.submit(upload, number) for number in range(4)]
        for _ in range(10):
            doomed = world.run(size=10)
            world.tracking.delete_run(doomed.id)
            world.cleaned("deleted_runs", "orphans", "uploads", "environments", "database")
            world.storage.collect()
        stop.set()
        counts = [each.result() for each in uploads]

    assert all(counts)
    for run, count in zip(runs, counts, strict=True):
        assert len(world.tracking.files.list(run.id)) == count + 1


def test_an_upload_that_somebody_goes_on_with_stays(world: World) -> None:
    uploads = world.services.registry.uploads
    id = uploads.open().id
    _write(world, id)
    _age_upload(world, id)
    _before_removing(world, "uploads", lambda: _write(world, id))

    assert world.clean("uploads").kept
    assert uploads.ids() == [id]


def test_an_upload_that_was_removed_is_not_registered_without_its_files(world: World) -> None:
    id = world.services.registry.uploads.open().id
    _write(world, id)
    _age_upload(world, id)

    assert world.clean("uploads").count == 1

    with pytest.raises(NotFound):
        world.services.registry.register("m", ModelRegister(upload=id))
    with pytest.raises(NotFound):
        _write(world, id)


def test_an_environment_that_is_asked_for_meanwhile_stays(world: World) -> None:
    folder = world.environment("a" * 16)
    stock = world.services.environments.stock
    _before_removing(world, "environments", lambda: stock.asked(["a" * 16]))

    done = world.clean("environments")

    assert "a moment ago" in done.kept[0].why
    assert (folder / "site" / "module.py").exists()


def test_an_environment_is_not_removed_between_asking_and_looking(world: World) -> None:
    """Whoever was told that it is there keeps it: many ask while many remove."""
    stock, name = world.services.environments.stock, "a" * 16
    folder = world.environment(name)
    lost: list[str] = []

    def ask() -> None:
        stock.asked([name])
        if not folder.is_dir():
            world.environment_again(name)
        if not folder.is_dir():
            lost.append("it went after it was asked for")

    with ThreadPoolExecutor(8) as pool:
        for _ in range(30):
            world.age_note(name, DAY)
            asks = [pool.submit(ask) for _ in range(3)]
            cleans = [pool.submit(world.clean, "environments") for _ in range(3)]
            for each in [*asks, *cleans]:
                each.result()

    assert not lost
    assert folder.is_dir()


def test_an_environment_that_a_program_uses_stays_however_old(world: World) -> None:
    used = world.environment("a" * 16, age=400 * DAY)
    idle = world.environment("b" * 16, age=400 * DAY)
    spec = ContainerSpec(
        workspace=world.paths.workspace_id,
        kind="scoring",
        name="e-1",
        command=["sleep", "60"],
        env={"PYTHONPATH": f"{used / 'site'}:/usr/lib/elsewhere"},
    )
    world.engine.create(spec)
    world.engine.start(spec.container)

    world.storage.collect()

    assert used.is_dir()
    assert not idle.is_dir()
    world.engine.remove(spec.container)
    assert world.clean("environments").count == 1


def test_an_environment_of_an_instance_stays_when_it_is_stopped(
    world: World,
) -> None:
    used = world.environment("a" * 16, age=400 * DAY)
    site = world.paths.compute / "cpu-1" / "venv" / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (site / "_modelyard.pth").write_text(f"{used / 'site'}\n")
    assert world.clean("environments", dry_run=True).count == 1  # there is no such instance

    world.instance("cpu-1")

    assert world.clean("environments").count == 0
    assert used.is_dir()


def test_two_cleanings_at_once_remove_each_thing_once(world: World) -> None:
    runs = [world.run(size=1000) for _ in range(10)]
    for run in runs:
        world.tracking.delete_run(run.id)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: world.clean("deleted_runs"), range(4)))

    assert sum(each.count for each in done) == 10
    assert not any(each.kept for each in done)


def test_an_experiment_deleted_for_ever_frees_its_runs(world: World) -> None:
    runs = [world.run(experiment="gone") for _ in range(25)]
    other = world.run(experiment="stays")
    paths = [world.tracking.purging.path(run.id) for run in runs]

    world.tracking.experiments.delete(runs[0].experiment_id, forever=True)
    world.tracking.purge_step()

    assert not any(path.exists() for path in paths)
    assert [each.name for each in world.tracking.experiments.list()] == ["stays"]
    assert world.tracking.experiments.list(deleted=True) == []
    assert world.tracking.run(other.id).id == other.id
    assert world.run(experiment="gone").experiment_id  # the name is free again


def test_an_experiment_with_a_run_that_goes_on_is_not_deleted_for_ever(world: World) -> None:
    run = world.run(experiment="busy")
    world.tracking.create_run(RunCreate(id="b" * 32, experiment="busy"))

    with pytest.raises(WrongState) as raised:
        world.tracking.purging.purge_experiment(run.experiment_id)

    assert "begun" in raised.value.message
    assert world.tracking.run("b" * 32).status == "running"


def _write(world: World, id: str) -> None:
    writer = world.services.registry.uploads.writer(id, "model.pkl")
    writer.write(b"x" * 1000)
    writer.commit()


def _age_upload(world: World, id: str) -> None:
    with world.services.db.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE upload SET touched = ? WHERE id = ?", (time.time() - 2 * DAY, id)
        )

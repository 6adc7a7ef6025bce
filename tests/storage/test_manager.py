"""What takes how much, what can go, and what goes by itself."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

import pytest

from modelyard.errors import InvalidInput, NotFound
from modelyard.schema.storage import StorageItem, StoragePart
from modelyard_server.core.measure import Measuring
from modelyard_server.db import compact
from modelyard_server.storage.content import Content, Removable
from tests.storage.conftest import DAY, HOUR, World


def test_every_kind_is_measured_and_says_when(world: World) -> None:
    (world.paths.files / "data.csv").write_bytes(b"x" * 50_000)
    world.run(size=200_000)
    before = time.time()

    files = world.part("files")

    usage = world.storage.usage()
    assert files.bytes >= 50_000
    assert files.count == 1
    runs = next(part for part in usage.parts if part.kind == "runs")
    assert runs.count == 1
    assert runs.bytes >= 200_000
    assert usage.measured is not None and usage.measured >= before
    assert usage.measuring is None
    assert all(not part.problem for part in usage.parts)
    assert {hold for disk in usage.disks for hold in disk.holds} == {"User files", "Workspace"}
    assert all(disk.total > disk.free > 0 for disk in usage.disks)
    assert world.changes[-1].domain == "storage"


def test_what_was_measured_is_kept_until_it_is_old_or_asked_for(world: World) -> None:
    world.part("files")
    first = world.storage.usage().measured
    (world.paths.files / "data.csv").write_bytes(b"x" * 50_000)

    assert world.storage.usage().measured == first
    assert world.storage.usage().measuring is None
    assert world.part("files").bytes >= 50_000


def test_who_looks_during_the_first_measurement_does_not_begin_it_anew(world: World) -> None:
    measured: list[str] = []
    contents = world.storage._contents
    for kind, content in contents.items():

        def measure(measuring: Measuring, kind: str = kind, of: Content = content) -> StoragePart:
            if len(measured) < 5 * len(contents):  # as often as a client asks meanwhile
                world.storage.usage()
            measured.append(kind)
            return type(of).measure(of, measuring)

        vars(content)["measure"] = measure

    world.part("orphans")

    assert measured == list(contents)


def test_deleted_runs_go_and_the_others_stay(world: World) -> None:
    kept, gone = world.run(), world.run(size=300_000)
    world.tracking.delete_run(gone.id)
    part = world.part("deleted_runs")
    assert (part.count, part.can_go_count) == (1, 1)
    assert part.can_go >= 300_000
    assert "30 days" in part.why

    would = world.clean("deleted_runs", dry_run=True)
    assert world.tracking.run(gone.id).deleted
    done = world.clean("deleted_runs")

    assert would.bytes == done.bytes >= 300_000
    assert [item.name for item in done.items] == [f"run {gone.name}"]
    with pytest.raises(NotFound):
        world.tracking.run(gone.id)
    assert not world.tracking.purging.path(gone.id).exists()
    assert world.tracking.run(kept.id).id == kept.id
    assert world.clean("deleted_runs").count == 0


def test_what_keeps_one_kind_from_being_cleaned_keeps_no_other(world: World) -> None:
    unused = world.environment("a" * 16)
    run = world.run()
    world.tracking.delete_run(run.id)
    busy = sqlite3.connect(world.paths.database, isolation_level=None)
    busy.execute("CREATE TABLE filler (data)")
    busy.execute("INSERT INTO filler VALUES (zeroblob(1000000))")
    busy.execute("DROP TABLE filler")

    def fail(_measuring: Measuring) -> list[Removable]:
        raise sqlite3.OperationalError("unable to open database file")

    vars(world.storage._contents["deleted_runs"])["removable"] = fail
    vars(world.storage._contents["database"])["remove"] = lambda _one: busy.execute("nonsense")
    done = world.cleaned("deleted_runs", "database", "environments")

    assert [each.count for each in done.freed] == [0, 0, 1]
    assert done.freed[0].problem.endswith("unable to open database file")
    assert "nonsense" in done.freed[1].kept[0].why
    assert not unused.exists()
    busy.close()


def test_a_cleaning_of_many_things_does_not_flood_the_browsers(world: World) -> None:
    for number in range(50):
        world.environment(f"{number:016}", size=10)
    world.changes.clear()

    assert world.clean("environments").count == 50

    assert sum(change.domain == "storage" for change in world.changes) < 25


def test_of_some_kinds_nothing_can_be_cleaned(world: World) -> None:
    with pytest.raises(InvalidInput, match="User files"):
        world.clean("files")
    assert world.cleaned().freed == []


def test_environments_that_nothing_uses_can_go(world: World) -> None:
    old = world.environment("a" * 16, size=400_000)
    young = world.environment("b" * 16, age=HOUR / 2)
    part = world.part("environments")
    assert (part.count, part.can_go_count) == (2, 1)

    done = world.clean("environments")

    assert [item.name for item in done.items] == ["a" * 16]
    assert done.bytes >= 400_000
    assert not old.exists()
    assert young.exists()
    assert world.clean("environments").count == 0


def test_long_unused_environments_go_by_themselves(world: World) -> None:
    old = world.environment("a" * 16, age=31 * DAY)
    recent = world.environment("b" * 16, age=29 * DAY)

    world.storage.collect()

    assert not old.exists()
    assert recent.exists()


def test_over_the_budget_the_least_recently_used_go_first(world: World) -> None:
    folders = [
        world.environment(letter * 16, size=1_000_000, age=age * DAY)
        for letter, age in (("a", 3), ("b", 9), ("c", 6))
    ]
    total = Measuring().of(world.paths.environments).bytes
    world.storage.environments_budget = total - 1_500_000

    world.storage.collect()

    assert [folder.exists() for folder in folders] == [True, False, False]


def test_packages_that_lie_in_a_cache_as_well_are_not_over_the_budget(
    world: World, tmp_path: Path
) -> None:
    folders = [world.environment(letter * 16, size=1_000_000) for letter in "abc"]
    for folder in folders:
        (tmp_path / folder.name).hardlink_to(folder / "site" / "module.py")
    world.storage.environments_budget = 500_000

    world.storage.collect()

    assert all(folder.exists() for folder in folders)


def test_an_upload_that_ends_after_its_run_is_gone_leaves_nothing(world: World) -> None:
    run = world.run()
    late = world.tracking.files.writer(run.id, "late.bin")
    late.write(b"x" * 50_000)
    world.tracking.delete_run(run.id, forever=True)

    with pytest.raises(NotFound):
        late.commit()

    assert not world.tracking.purging.path(run.id).exists()
    assert world.tracking.purging.problems() == []


def test_files_whose_runs_the_database_has_lost_go_only_when_they_are_named(
    world: World, tmp_path: Path
) -> None:
    run = world.run()
    folder = world.tracking.purging.path(run.id)
    world.aged(folder, 400 * DAY)
    world.services.db.close()
    for file in compact.files(world.paths.database):
        file.unlink(missing_ok=True)
    again = World(tmp_path / "ws")
    try:
        again.storage.collect()
        assert folder.is_dir()
        assert again.part("orphans").count == 1
        assert again.clean("orphans").count == 1
        assert not folder.exists()
    finally:
        again.storage.stop()
        again.services.db.close()


def test_abandoned_uploads_go_and_those_under_way_stay(world: World) -> None:
    uploads = world.services.registry.uploads
    under_way, left = uploads.open().id, "f" * 32
    writer = uploads.writer(under_way, "model.pkl")
    writer.write(b"x" * 10_000)
    writer.commit()
    stray = world.services.artifacts.writer(f"uploads/{left}/model.pkl")
    stray.write(b"x" * 10_000)
    stray.commit()

    done = world.clean("uploads")

    assert done.count == 1
    assert uploads.ids() == [under_way]


def test_kept_logs_of_deployments_that_are_gone_go_after_a_day(world: World) -> None:
    folder = world.paths.endpoints / "e" / "log"
    folder.mkdir(parents=True)
    for name, age in (("old", 2 * DAY), ("young", HOUR)):
        (folder / f"{name}.txt").write_text("it failed")
        world.aged(folder / f"{name}.txt", age)

    world.storage.collect()

    assert [file.name for file in folder.iterdir()] == ["young.txt"]


def _filled(world: World) -> int:
    """A database with many empty pages; gives its bytes."""
    with world.services.db.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE filler (data BLOB)")
        for _ in range(200):
            connection.exec_driver_sql("INSERT INTO filler VALUES (?)", (os.urandom(100_000),))
    with world.services.db.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE filler")
    return world.paths.database.stat().st_size


def test_empty_pages_of_the_database_are_given_back(world: World) -> None:
    run = world.run()
    _filled(world)
    assert compact.pages(world.services.db).incremental

    done = world.clean("database")

    assert done.bytes > 15_000_000
    assert world.paths.database.stat().st_size < 5_000_000
    assert world.tracking.run(run.id).name == run.name


def test_giving_pages_back_ends_with_the_server(world: World) -> None:
    _filled(world)
    before = compact.pages(world.services.db).free

    world.storage._usage.stopped.set()
    world.storage._contents["database"].remove(
        Removable(key="pages", item=StorageItem(name="empty pages"))
    )

    assert 0 < before - compact.pages(world.services.db).free < before / 2


def test_a_database_of_an_earlier_version_is_written_anew_once(world: World) -> None:
    raw = world.services.db.engine.raw_connection()
    raw.cursor().execute("PRAGMA auto_vacuum=NONE")
    raw.cursor().execute("VACUUM")
    raw.close()
    run = world.run()
    _filled(world)
    assert not compact.pages(world.services.db).incremental

    would = world.clean("database", dry_run=True)
    world.clean("database")

    assert "anew" in would.items[0].why
    assert compact.pages(world.services.db).incremental
    assert world.paths.database.stat().st_size < 5_000_000
    assert world.tracking.run(run.id).name == run.name


def test_others_write_while_pages_are_given_back(world: World) -> None:
    """Each turn is a transaction of its own: a writer comes in between any two."""
    _filled(world)
    turns: list[int] = []

    def write_too(_seconds: float) -> None:
        world.run(size=10)
        turns.append(compact.pages(world.services.db).free)

    compact.give_back(world.services.db, pause=write_too)

    assert len(turns) > 5
    assert turns[0] > turns[-1]

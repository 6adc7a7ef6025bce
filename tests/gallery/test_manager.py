"""Templates are listed in order, and copies never overwrite or leave User files."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from modelyard.errors import NotFound
from modelyard_server.core.paths import Paths
from modelyard_server.gallery.manager import GalleryManager

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def notebook(title: str, **about: object) -> str:
    return json.dumps(
        {
            "cells": [],
            "metadata": {"modelyard": {"title": title, **about}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "b.ipynb").write_text(notebook("Second", tags=["x"], minutes=5))
    (folder / "z.ipynb").write_text(notebook("First", rank=1, description="d"))
    (folder / "broken.ipynb").write_text("{")
    (folder / "plain.ipynb").write_text(json.dumps({"cells": [], "metadata": {}}))
    (folder / "secret.txt").write_text("not a notebook")
    return folder


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "workspace").make()


@pytest.fixture
def gallery(templates: Path, paths: Paths) -> GalleryManager:
    return GalleryManager(paths=paths, directory=str(templates))


def test_lists_templates_by_rank_and_leaves_out_what_is_none(gallery: GalleryManager) -> None:
    first, second = gallery.list()
    assert (first.name, first.title, first.description) == ("z", "First", "d")
    assert (second.name, second.tags, second.minutes) == ("b", ["x"], 5)


def test_the_gallery_of_the_product_begins_with_the_quickstart(paths: Paths) -> None:
    listed = GalleryManager(paths=paths).list()
    assert listed[0].name == "quickstart"
    assert {t.name for t in listed} == {file.stem for file in NOTEBOOKS.glob("*.ipynb")}
    assert all(t.title and t.description for t in listed)


def test_a_missing_directory_is_an_empty_gallery(paths: Paths, tmp_path: Path) -> None:
    assert GalleryManager(paths=paths, directory=str(tmp_path / "none")).list() == []


def test_copies_count_up_and_overwrite_nothing(
    gallery: GalleryManager, paths: Paths, templates: Path
) -> None:
    (paths.files / "z.ipynb").write_text("mine")
    assert gallery.copy("z").path == "z (2).ipynb"
    assert gallery.copy("z").path == "z (3).ipynb"
    assert (paths.files / "z.ipynb").read_text() == "mine"
    assert (paths.files / "z (2).ipynb").read_bytes() == (templates / "z.ipynb").read_bytes()


def test_copies_made_at_once_get_names_of_their_own(gallery: GalleryManager, paths: Paths) -> None:
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: gallery.copy("z").path, range(24)))
    assert len(set(names)) == 24
    assert {file.name for file in paths.files.iterdir()} == set(names)


def test_the_copy_is_writable_by_the_group_of_user_files(
    gallery: GalleryManager, paths: Paths
) -> None:
    made = (paths.files / gallery.copy("z").path).stat()
    assert stat.S_IMODE(made.st_mode) == 0o664
    assert made.st_gid == paths.files.stat().st_gid


@pytest.mark.parametrize(
    "name", ["../z", "secret", "/etc/passwd", "", ".", "z.ipynb", "z\0", "x" * 5000, "*"]
)
def test_only_templates_can_be_copied(gallery: GalleryManager, paths: Paths, name: str) -> None:
    with pytest.raises(NotFound):
        gallery.copy(name)
    assert list(paths.files.iterdir()) == []


def test_a_mistyped_name_is_answered_with_the_nearest(paths: Paths) -> None:
    with pytest.raises(NotFound, match="quickstart"):
        GalleryManager(paths=paths).copy("quikstart")


def test_a_folder_of_that_name_is_no_obstacle(gallery: GalleryManager, paths: Paths) -> None:
    (paths.files / "z.ipynb").mkdir()
    assert gallery.copy("z").path == "z (2).ipynb"
    assert sorted(file.name for file in paths.files.iterdir()) == ["z (2).ipynb", "z.ipynb"]


@pytest.mark.parametrize("file", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda f: f.stem)
def test_templates_are_valid_and_clean(file: Path) -> None:
    found = nbformat.read(file, as_version=4)
    nbformat.validate(found)
    assert found.metadata.kernelspec.name == "python3"
    for cell in found.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None

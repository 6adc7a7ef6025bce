"""A root server's file access follows no link that an instance's program planted."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nbformat
import pytest
from tornado.web import HTTPError

from modelyard_server.contents import GuardedContents

NOBODY = 65534

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can plant another's link")


def _plant(link: Path, target: Path, owner: int) -> None:
    link.symlink_to(target)
    os.lchown(link, owner, owner)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious.txt").write_text("precious")
    return tmp_path / "files"


def _model(text: str) -> dict[str, str]:
    return {"type": "file", "format": "text", "content": text}


async def test_planted_links_are_refused(files: Path) -> None:
    contents = GuardedContents(root_dir=str(files))
    outside = files.parent / "outside"
    _plant(files / "note.txt", outside / "precious.txt", NOBODY)
    _plant(files / "folder", outside, NOBODY)
    for path in ("note.txt", "folder/precious.txt", "folder/new.txt"):
        with pytest.raises(HTTPError) as caught:
            await contents.save(_model("owned"), path)
        assert caught.value.status_code == 403
    assert [file.read_text() for file in outside.iterdir()] == ["precious"]


async def test_a_planted_checkpoint_folder_is_refused(files: Path) -> None:
    contents = GuardedContents(root_dir=str(files))
    notebook = {"type": "notebook", "content": nbformat.v4.new_notebook()}
    await contents.save(notebook, "a.ipynb")
    shutil.rmtree(files / ".ipynb_checkpoints", ignore_errors=True)
    _plant(files / ".ipynb_checkpoints", files.parent / "outside", NOBODY)
    with pytest.raises(HTTPError):
        await contents.create_checkpoint("a.ipynb")
    assert len(list((files.parent / "outside").iterdir())) == 1


async def test_ordinary_files_and_roots_own_links_work(files: Path) -> None:
    contents = GuardedContents(root_dir=str(files))
    await contents.save(_model("x"), "plain.txt")
    _plant(files / "inner.txt", files / "plain.txt", NOBODY)
    _plant(files / "data", files.parent / "outside", 0)
    assert (await contents.get("inner.txt"))["content"] == "x"
    assert (await contents.get("data/precious.txt"))["content"] == "precious"
    await contents.create_checkpoint("plain.txt")

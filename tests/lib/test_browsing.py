"""Folders for looking through faces: what lies in them, and what was deleted there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from faceswap.lib.browsing import deleted_in, write_browsing
from faceswap.lib.errors import OutputError, StoreError

FACES = [f"{number:020x}" for number in range(12)]


@pytest.fixture
def faceset(tmp_path: Path) -> Path:
    for name in FACES:
        file = tmp_path / "faces" / "crops" / name[:2] / f"{name}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())
    return tmp_path / "faces"


def listed(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.jpg"))


@pytest.mark.parametrize("copy", [True, False])
def test_faces_lie_numbered_in_their_order_and_deletions_are_found(faceset: Path, tmp_path: Path, copy: bool) -> None:
    look = tmp_path / "look"
    write_browsing(faceset, look, {"": [(name, f"yaw-{place}") for place, name in enumerate(FACES)]}, copy)
    files = listed(look)
    assert files[0] == f"01_yaw-0_{FACES[0]}.jpg" and files[-1] == f"12_yaw-11_{FACES[11]}.jpg"
    for name, file in zip(FACES, files, strict=True):
        assert (look / file).read_bytes() == name.encode() and (look / file).is_symlink() is not copy
    assert deleted_in(faceset, look) == []
    for place in (3, 7):
        (look / files[place]).unlink()
    (look / files[0]).rename(look / f"again{files[0]}")  # A name may get something before it.
    (look / "notes.txt").write_text("mine")
    assert deleted_in(faceset, look) == [FACES[3], FACES[7]]
    assert (faceset / "crops" / "00" / f"{FACES[3]}.jpg").exists()


def test_whole_subfolders_may_be_deleted_and_pictures_moved(faceset: Path, tmp_path: Path) -> None:
    look = tmp_path / "look"
    write_browsing(faceset, look, {"left": [(name, "a") for name in FACES[:5]], "right": [(FACES[9], "b")]})
    shutil.rmtree(look / "left")
    (look / "right" / f"1_b_{FACES[9]}.jpg").rename(look / f"1_b_{FACES[9]}.jpg")
    assert deleted_in(faceset, look) == FACES[:5]


def test_what_cannot_be_meant_is_refused(faceset: Path, tmp_path: Path) -> None:
    look = tmp_path / "look"
    with pytest.raises(StoreError, match="was not made by"):
        deleted_in(faceset, tmp_path)
    write_browsing(faceset, look, {"": [(FACES[0], "a")]})
    with pytest.raises(OutputError, match="exists already"):
        write_browsing(faceset, look, {"": []})
    with pytest.raises(StoreError, match="shows the faceset"):
        deleted_in(tmp_path / "other", look)
    for file in look.glob("*.jpg"):
        file.unlink()
    with pytest.raises(StoreError, match="holds no face any more"):
        deleted_in(faceset, look)
    with pytest.raises(OutputError, match="does not exist"):
        write_browsing(faceset, tmp_path / "missing" / "look", {"": []})
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["faces", "look"]

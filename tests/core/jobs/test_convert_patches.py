"""The faces of a conversion as files, and the documentation's way to lay them over the frames."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from conversion_scene import (
    COLOR,
    FACELESS,
    HEIGHT,
    TIMES,
    WIDTH,
    Painter,
    face_at,
    landmarks_at,
    pictures,
    redone,
    stop_after_one_chunk,
    write_faceset,
)

from faceswap.core.contract import CropSpec
from faceswap.core.errors import OutputError
from faceswap.core.host import PluginChoice
from faceswap.lib import media
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import crop_matrix
from faceswap.lib.provenance.checking import State, check_path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "conversion.md"
SHOWN = [number for number, time in enumerate(TIMES) if time not in FACELESS]
SOFT = (PluginChoice(name="feather"), PluginChoice(name="alpha"))


def index_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "patches.jsonl").read_text().splitlines()]


@pytest.fixture
def composite() -> Callable[..., np.ndarray]:
    """The function that the documentation shows."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    module: dict[str, Any] = {}
    exec(code, module)
    return module["composite"]


class Rainbow(Painter):
    """Answers with a picture whose every pixel has another color."""

    def swap(self, crops: np.ndarray, identity: str = "source") -> tuple[np.ndarray, np.ndarray | None]:
        across = np.linspace(0.1, 0.9, crops.shape[1], dtype=np.float32)
        face = np.stack([*np.meshgrid(across, across), np.full((len(across), len(across)), 0.5)], axis=-1)
        return np.repeat(face[None].astype(np.float32), len(crops), axis=0), None


@pytest.mark.parametrize(("form", "apart"), [("png", 1.5), ("tiff16", 1.01)])
def test_the_documentation_s_way_gives_what_the_conversion_gives(scene, composite, form, apart):
    """To the rounding of the output to 8 bits, and with `png` that of the patch too."""
    scene.model = Rainbow()
    scene.model.spec = CropSpec(64, "full")
    folder, patches = scene.folder / "photos", scene.folder / "patches"
    folder.mkdir()
    noise = np.random.default_rng(3).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    media.write_image(folder / "a.png", cv2.GaussianBlur(noise, (0, 0), 3))
    write_faceset(scene.folder / "photo faces", folder, lambda index: [face_at(90, 60, 110), face_at(160, 70, 120)])
    settings = {"faceset": scene.folder / "photo faces", "blenders": SOFT, "patch_format": form}
    scene.convert("images", media=folder, patch=patches, **settings)
    frame = cv2.imread(str(folder / "a.png")).astype(np.float32) / 255
    records = index_of(patches)
    for record in records:
        frame = composite(frame, patches, record)
    expected = cv2.imread(str(scene.folder / "images" / "a.png")).astype(np.float32)
    assert len(records) == 2 and np.abs(frame * 255 - expected).max() < apart
    assert np.abs(frame * 255 - cv2.imread(str(folder / "a.png"))).max() > 50


def test_the_index_says_where_each_face_lies(scene):
    patches = scene.folder / "patches"
    report, _ = scene.convert(patch=patches)
    assert f"patches: {patches}" in report.lines()
    records = index_of(patches)
    assert [record["frame"] for record in records] == SHOWN
    assert [record["pts"] for record in records] == [20 * TIMES[number] for number in SHOWN]
    for number, record in zip(SHOWN, records, strict=True):
        matrix = crop_matrix(landmarks_at(number)[0], "ibug68", "full", 128)
        np.testing.assert_allclose(record["matrix"], matrix, atol=1e-4)
        assert record["seconds"] == pytest.approx(TIMES[number] / 50)
        assert (record["source"], record["width"], record["height"]) == ("in.mkv", WIDTH, HEIGHT)
        assert record["track"] == -1 and "person" not in record and "place" not in record
    written = {path.name for path in patches.iterdir()}
    assert written == {record[name] for record in records for name in ("patch", "mask")} | {"patches.jsonl"}


@pytest.mark.parametrize(
    ("form", "dtype", "most"),
    [("png", np.uint8, 255), ("png16", np.uint16, 65535), ("tiff", np.uint8, 255), ("tiff16", np.uint16, 65535)],
)
def test_files_have_the_depth_that_was_asked_for(scene, form, dtype, most):
    patches = scene.folder / "patches"
    scene.convert(patch=patches, patch_format=form, frames="0-0")
    (record,) = index_of(patches)
    patch, mask = (cv2.imread(str(patches / record[name]), cv2.IMREAD_UNCHANGED) for name in ("patch", "mask"))
    assert (patch.dtype, patch.shape, mask.dtype, mask.shape) == (dtype, (128, 128, 3), dtype, (128, 128))
    assert np.abs(patch[64, 64, ::-1] / most - COLOR).max() < 1 / most
    assert (mask.min(), mask.max()) == (0, most)
    assert record["patch"].endswith(f".{form.removesuffix('16')}")


def test_a_person_of_a_map_is_named(scene):
    with FacesetWriter.open(scene.faceset) as faceset:
        faceset.note_people({face.id: 1 for face in faceset.faces()})
    scene.convert(patch=scene.folder / "patches", model_dir=None, map=(f"1={scene.model_dir}",))
    assert {record["person"] for record in index_of(scene.folder / "patches")} == {"1"}


def test_a_stopped_run_goes_on_and_its_index_is_whole(scene):
    scene.convert("whole.mkv", patch=scene.folder / "whole")
    settings = {"patch": scene.folder / "patches"}
    stop_after_one_chunk(scene, **settings)
    assert not (scene.folder / "patches" / "patches.jsonl").exists()
    anew, _ = redone(scene, **settings)
    assert not anew
    assert index_of(scene.folder / "patches") == index_of(scene.folder / "whole")


def test_a_lost_patch_is_made_anew(scene):
    settings = {"patch": scene.folder / "patches"}
    stop_after_one_chunk(scene, **settings)
    first = sorted((scene.folder / "patches").glob("*_0.png"))[0]
    first.unlink()
    scene.convert(**settings)
    assert first.exists() and len(index_of(scene.folder / "patches")) == len(SHOWN)


def test_patches_that_are_asked_for_later_are_all_written(scene):
    stop_after_one_chunk(scene)
    scene.convert(patch=scene.folder / "patches")
    assert len(index_of(scene.folder / "patches")) == len(SHOWN)


def test_patches_say_what_they_are(scene):
    scene.convert(patch=scene.folder / "patches", frames="0-1")
    findings = [each for each in check_path(scene.folder / "patches") if each.path.suffix == ".png"]
    assert [each.state for each in findings] == [State.INTACT] * 4


def test_a_folder_that_holds_other_images_is_refused(scene):
    folder = scene.folder / "photos"
    folder.mkdir()
    for picture in pictures(scene.footage)[:1]:
        media.write_image(folder / "a.png", picture)
    (scene.folder / "file").touch()
    for patch, message in (("photos", "holds other images"), ("out", "holds other images"), ("file", "is in the way")):
        with pytest.raises(OutputError, match=message):
            scene.convert("out", media=folder, patch=scene.folder / patch)

"""A preview: frames against chains in one picture, each tile what a conversion makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conversion_scene import COLOR, TIMES, Painter, Scene, face_at, pictures, write_faceset
from pydantic import ValidationError

from faceswap.core import events
from faceswap.core.errors import MediaError, OptionError, OutputError, PluginError
from faceswap.core.jobs.extract import ExtractJob
from faceswap.core.jobs.job import run_job
from faceswap.core.jobs.preview import PreviewJob, PreviewReport
from faceswap.core.training import saved_model
from faceswap.lib import media
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import crop_matrix
from faceswap.lib.provenance.checking import State, check_path
from faceswap.lib.warp import cut

TILE, LEFT = 64, 120


def preview(scene: Scene, output: str = "grid.png", **settings: Any) -> tuple[PreviewReport, list[Any]]:
    """Runs the job with small tiles."""
    told: list[Any] = []
    given = {"model_dir": scene.model_dir, "faceset": scene.faceset, "tile": TILE, **settings}
    job = PreviewJob(**{"media": scene.footage, "output": scene.folder / output, **given})
    return run_job(job, told.append), told


def tiles(path: Path, rows: int, columns: int) -> np.ndarray:
    """The tiles of a grid, `[rows columns size size 3]`."""
    grid = media.read_image(path)
    top = grid.shape[0] - rows * (TILE + 4)
    assert grid.shape[1] == LEFT + columns * (TILE + 4) - 4
    return np.stack(
        [
            [grid[top + row * (TILE + 4) :, LEFT + column * (TILE + 4) :][:TILE, :TILE] for column in range(columns)]
            for row in range(rows)
        ]
    )


def tile_of(picture: np.ndarray, index: int) -> np.ndarray:
    """The part of a frame that a tile shows: 0.8 of the head's crop."""
    points = face_at(40 + 2 * index, 30 + index, 36)
    return cut(picture, crop_matrix(points, "ibug68", "head", TILE, 0.8), TILE, "zero")


def test_each_tile_shows_what_a_conversion_makes_of_its_frame(scene):
    report, _ = preview(scene, at="0,5,0:00.5", chain=("overlay", "feather alpha"))
    assert report.frames == (0, 5, 13) and TIMES[13] == 25
    shown = tiles(scene.folder / "grid.png", 3, 3)
    scene.convert("hard.mkv")
    scene.convert("soft.mkv", blenders=[{"name": "feather"}, {"name": "alpha"}])
    ways = [pictures(scene.footage), pictures(scene.folder / "hard.mkv"), pictures(scene.folder / "soft.mkv")]
    for row, index in enumerate(report.frames):
        for column, frames in enumerate(ways):
            apart = np.abs(shown[row, column].astype(int) - tile_of(frames[index], index))
            # A conversion writes chroma at half the resolution; a preview works on what is shown.
            assert np.mean(apart) < (0 if column == 0 else 4) or not apart.any()
    assert np.abs(shown[0, 1, TILE // 2, TILE // 2] / 255 - COLOR).max() < 0.02


def test_the_report_tells_what_is_shown(scene):
    report, told = preview(scene, at="1", chain=("overlay",))
    (shown,) = [event for event in told if isinstance(event, events.Preview)]
    assert shown.path == str(scene.folder / "grid.png")
    lines = [f"output: {scene.folder / 'grid.png'}", "frames: 1", "model steps: 7", "chain: overlay"]
    assert report.lines()[:4] == lines and report.lines()[4].startswith("provenance: signed by")


def test_without_more_it_shows_frames_that_differ_and_the_usual_chain_with_other_composites(scene):
    report, _ = preview(scene, count=3)
    assert len(report.frames) == 3 and len(report.chains) > 1
    assert len({chain.rpartition(" ")[0] for chain in report.chains}) == 1


def test_what_lies_beyond_the_frame_is_black(scene):
    write_faceset(scene.folder / "edge", scene.footage, lambda index: [face_at(-18, 40, 40)])
    preview(scene, at="0", chain=("overlay",), faceset=scene.folder / "edge")
    for tile in tiles(scene.folder / "grid.png", 1, 2)[0]:
        assert (tile[:, :12] == 0).all() and tile[:, TILE // 2 :].mean() > 50


def test_several_checkpoints_stand_side_by_side(scene, monkeypatch):
    def load(folder: Path, together_with: Sequence[Any] = (), which: str = "newest") -> saved_model.TrainedModel:
        scene.model = Painter(color=COLOR if which == "7" else 1 - COLOR)
        scene.save_model("weights", int(which))
        return replace(scene.load(folder), step=int(which))

    monkeypatch.setattr(saved_model, "load_trained_model", load)
    report, _ = preview(scene, at="0", chain=("overlay",), checkpoint="7,9,7")
    assert report.model_steps == (7, 9)
    middle = tiles(scene.folder / "grid.png", 1, 3)[0, 1:, TILE // 2, TILE // 2] / 255
    assert np.abs(middle - [COLOR, 1 - COLOR]).max() < 0.02
    (found,) = check_path(scene.folder / "grid.png")
    assert [each["model"]["step"] for each in found.made_with["models"]] == [7, 9]


def test_it_says_what_it_is(scene):
    preview(scene, at="0", chain=("overlay", "feather alpha"))
    (found,) = check_path(scene.folder / "grid.png")
    assert found.state == State.INTACT and found.marked
    assert [each["plugin"] for each in found.made_with["blenders"]] == ["overlay", "feather", "alpha"]


NEIGHBORS = """
from dataclasses import replace
from faceswap import CropBlender, hookimpl

FACESWAP_CONTRACT = 1


class Counts(CropBlender):
    context = 2

    def blend(self, patch):
        seen = sum(3.0 ** (offset + 2) for offset in patch.neighbors[0].offsets)
        return replace(patch, faces=patch.faces * 0 + seen / 120)


@hookimpl
def faceswap_blender():
    return Counts
"""


def test_blenders_see_the_neighbors_that_they_see_in_a_conversion(scene, install_plugin):
    """The color tells which neighbors a face has; 5 and 14 have the same."""
    install_plugin("blender", "counts", NEIGHBORS)
    with FacesetWriter.open(scene.faceset) as faceset:
        faceset.note_tracks({face.id: 1 for face in faceset.faces()})
    preview(scene, at="15,14,0,4,5", chain=("counts overlay",), smooth=0)
    scene.convert(blenders=[{"name": "counts"}, {"name": "overlay"}], smooth=0)
    shown = tiles(scene.folder / "grid.png", 5, 2)[:, 1, TILE // 2, TILE // 2]
    frames = pictures(scene.folder / "out.mkv")
    expected = [tile_of(frames[index], index)[TILE // 2, TILE // 2] for index in (0, 4, 5, 14, 15)]
    assert np.abs(shown.astype(int) - expected).max() < 4
    assert len({tuple(color) for color in shown.tolist()}) == 4


def test_a_frame_without_a_face_is_told(scene):
    with pytest.raises(OptionError, match="has no face that would be swapped; choose another --at"):
        preview(scene, at="2", chain=("overlay",))


def test_of_several_faces_the_nearest_is_shown(scene):
    near, far = face_at(90, 50, 40), face_at(20, 20, 20)
    write_faceset(scene.folder / "two", scene.footage, lambda index: [far, near])
    preview(scene, at="0", chain=("overlay",), faceset=scene.folder / "two")
    expected = cut(pictures(scene.footage)[0], crop_matrix(near, "ibug68", "head", TILE, 0.8), TILE, "zero")
    np.testing.assert_array_equal(tiles(scene.folder / "grid.png", 1, 2)[0, 0], expected)


def test_images_are_previewed_by_their_positions(scene):
    folder = scene.folder / "photos"
    folder.mkdir()
    for name in "abc":
        media.write_image(folder / f"{name}.png", pictures(scene.footage)[0])
    write_faceset(scene.folder / "photo faces", folder, lambda index: [face_at(50, 30, 40)] if index else [])
    report, _ = preview(scene, media=folder, faceset=scene.folder / "photo faces", chain=("overlay",), count=9)
    assert set(report.frames) <= {1, 2}
    assert preview(scene, media=folder, faceset=scene.folder / "photo faces", chain=("overlay",), at=2)[0].frames == (
        2,
    )


DARK = "manual brightness=-50 overlay"


def shots_file(scene: Scene, *stretches: str) -> Path:
    path = scene.folder / "shots.yaml"
    path.write_text("".join(f"- {{frames: {frames}, blenders: {DARK}}}\n" for frames in stretches))
    return path


def test_the_last_column_shows_what_a_file_of_shots_makes(scene):
    shots = shots_file(scene, "4-5", "0:00.46-")
    assert TIMES[11] == 23
    report, _ = preview(scene, at="1,4,5,12", chain=("overlay", DARK), shots=shots)
    middle = tiles(scene.folder / "grid.png", 4, 4)[:, 1:, TILE // 2, TILE // 2].mean(axis=2) / 255
    usual, dark = middle[:, 0], middle[:, 1]
    assert (dark < usual - 0.2).all()
    np.testing.assert_allclose(middle[:, 2], [usual[0], *dark[1:]], atol=0.01)
    assert report.shots == (f"4-5, {DARK}", f"0:00.46-, {DARK}")
    lines = [f"chain: {DARK}", f"shot 1: 4-5, {DARK}", f"shot 2: 0:00.46-, {DARK}"]
    assert report.lines()[4:7] == lines


def test_frames_of_each_shot_are_shown_beside_the_usual_chain(scene):
    report, _ = preview(scene, count=2, shots=shots_file(scene, "10-", "0-5"))
    assert len(report.chains) == 1
    tiles(scene.folder / "grid.png", 4, 3)
    assert [number <= 5 for number in report.frames] == [True, True, False, False]
    assert all(number <= 5 or number >= 10 for number in report.frames)
    (found,) = check_path(scene.folder / "grid.png")
    assert {"manual", "overlay"} <= {each["plugin"] for each in found.made_with["blenders"]}


def test_without_a_faceset_only_frames_that_may_be_shown_are_extracted(scene, extraction):
    run_job(ExtractJob(media=(scene.footage,), faceset=scene.folder / "apart", workers=1, **extraction.plugins))
    with Faceset.open(scene.folder / "apart") as faceset:
        times = sorted({face.pts for face in faceset.faces()})
    chosen = tuple(index for index, time in enumerate(TIMES) if 20 * time in times)[:2]
    extraction.seen()
    report, _ = preview(scene, at=chosen, chain=("overlay",), **extraction.fly())
    assert report.frames == chosen and len(extraction.seen()) == 2
    shown = tiles(scene.folder / "grid.png", 2, 2)
    preview(scene, at=chosen, chain=("overlay",), faceset=scene.folder / "apart", smooth=0)
    np.testing.assert_array_equal(shown, tiles(scene.folder / "grid.png", 2, 2))
    shots = shots_file(scene, f"{chosen[0]}-{chosen[0] + 4}")
    report, _ = preview(scene, count=1, shots=shots, **extraction.fly())
    assert chosen[0] <= report.frames[0] <= chosen[0] + 4 and len(extraction.seen()) == 5


def test_footage_in_which_no_face_is_found_is_told_with_what_to_do(scene, extraction):
    with pytest.raises(MediaError, match=r"no face was found in 8 frames of .*name frames that show one with --at"):
        preview(scene, count=1, **extraction.fly(min_face=500))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"faceset": None}, ValidationError, "either --faceset or --on-the-fly"),
        ({"chain": ("feather",)}, PluginError, "composites in the frame"),
        ({"chain": ("feather blur=x alpha",)}, OptionError, "blur"),
        ({"chain": ("blur=5",)}, ValidationError, "must begin with a blender"),
        ({"output": "grid.txt"}, OutputError, "unknown ending"),
        ({"output": "none/grid.png"}, OutputError, "none"),
        ({"at": "99"}, OptionError, "has no frame 99"),
        ({"identity": "nobody"}, OptionError, "knows no identity"),
    ],
)
def test_what_cannot_be_shown_is_refused(scene, settings, error, message):
    with pytest.raises(error, match=message):
        preview(scene, **settings)
    assert not scene.model.calls

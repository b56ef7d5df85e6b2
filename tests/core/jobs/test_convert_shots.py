"""Stretches of frames that are blended otherwise, by a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from conversion_scene import (
    COLOR,
    FACELESS,
    TIMES,
    Scene,
    face_at,
    landmarks_at,
    pictures,
    redone,
    stop_after_one_chunk,
    write_faceset,
)

from faceswap.core.errors import FaceswapError, OptionError, PluginError
from faceswap.lib import media
from faceswap.lib.provenance.checking import check_path

OVERLAY = "{frames: 1-2, blenders: overlay}"
DARK = "manual brightness=-50 overlay"


def write(scene: Scene, text: str) -> Path:
    path = scene.folder / "shots.yaml"
    path.write_text(text)
    return path


def brightness(path: Path) -> dict[int, float]:
    """The mean of each face's middle in the frames that have one, by their numbers."""
    found = {}
    for index, picture in enumerate(pictures(path)):
        for points in landmarks_at(index):
            x, y = points[30].round().astype(int)
            found[index] = float(picture[y - 2 : y + 3, x - 2 : x + 3].mean() / 255)
    return found


@pytest.mark.parametrize(
    "text",
    [
        f"- frames: 4-6\n  blenders: {DARK}\n- frames: 0:00.46-\n  blenders: {DARK}\n",
        "- frames: 11-\n  blenders: [{name: manual, brightness: -50}, overlay]\n"
        "- {frames: 4-6, blenders: [{name: manual, brightness: -50}, overlay]}\n",
    ],
)
def test_each_stretch_has_its_own_chain(scene, text):
    scene.convert(shots=write(scene, text))
    apart = {4, 5, 6, *range(11, 16)}
    assert TIMES[11] == 23
    usual = COLOR.mean()
    for index, found in brightness(scene.folder / "out.mkv").items():
        assert (found < usual - 0.2) == (index in apart), index
        assert index in apart or abs(found - usual) < 0.02


def test_frames_that_are_not_swapped_stay_so(scene):
    scene.convert(shots=write(scene, f"- frames: 0-9\n  blenders: {DARK}\n"), frames="4-5")
    before, after = brightness(scene.footage), brightness(scene.folder / "out.mkv")
    assert {index for index in after if abs(after[index] - before[index]) > 0.01} <= {4, 5}
    assert after[4] < COLOR.mean() - 0.2


def test_images_are_counted_by_their_positions(scene):
    folder = scene.folder / "photos"
    folder.mkdir()
    for index, picture in enumerate(pictures(scene.footage)[:3]):
        media.write_image(folder / f"{index}.png", picture)
    write_faceset(scene.folder / "photo faces", folder, lambda index: [face_at(40, 30, 36)])
    settings = {"media": folder, "faceset": scene.folder / "photo faces"}
    with pytest.raises(OptionError, match="entry 1: images have no times"):
        scene.convert("images", shots=write(scene, f"- frames: 0:01-\n  blenders: {DARK}\n"), **settings)
    report, _ = scene.convert("images", shots=write(scene, f"- frames: 1-1\n  blenders: {DARK}\n"), **settings)
    shown = [media.read_image(scene.folder / "images" / f"{index}.png") for index in range(3)]
    middles = [shown[index][52, 58].mean() / 255 for index in range(3)]
    assert report.frames_swapped == 3 and middles[1] < middles[0] - 0.2 and abs(middles[0] - middles[2]) < 0.02


def test_what_is_written_names_all_blenders(scene):
    scene.convert(shots=write(scene, f"- frames: 4-6\n  blenders: {DARK}\n"))
    (found,) = check_path(scene.folder / "out.mkv")
    assert [each["plugin"] for each in found.made_with["blenders"]] == ["overlay", "manual"]


@pytest.mark.parametrize(
    ("text", "begins_anew"),
    [
        ("# The same.\n- {frames: 0:00.16-0:00.18, blenders: " + DARK + "}\n", False),
        (f"- frames: 4-6\n  blenders: {DARK}\n", True),
        ("- frames: 4-5\n  blenders: manual brightness=-40 overlay\n", True),
        ("- frames: 4-5\n  blenders: overlay\n", True),
    ],
)
def test_parts_are_used_only_for_the_same_shots(scene, text, begins_anew):
    """What counts is what the file says, not how."""
    assert (TIMES[4], TIMES[5]) == (8, 9) and not FACELESS & {8, 9}
    stop_after_one_chunk(scene, shots=write(scene, f"- frames: 4-5\n  blenders: {DARK}\n"))
    anew, _ = redone(scene, shots=write(scene, text))
    assert anew == begins_anew


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("frames: 1-2", OptionError, "must be a list of entries"),
        ("[]", OptionError, "must be a list of entries"),
        ("- 3", OptionError, "entry 1 must have `frames`"),
        ("- frames: 1-2", OptionError, "entry 1 must have `frames`"),
        ("- {frames: 1-2, blenders: []}", OptionError, "entry 1 must have `frames`"),
        ("- {frames: 1-2, blenders: overlay, blur: 3}", OptionError, "entry 1: there is no setting 'blur'"),
        ("- {frames: some, blenders: overlay}", OptionError, "entry 1: must be two frame numbers"),
        ("- {frames: 9-2, blenders: overlay}", OptionError, "entry 1: must not end before it begins"),
        ("- {frames: 1-2, blenders: feather}", PluginError, "entry 1: None of the blenders"),
        (
            "- {frames: 1-2, blenders: overlay}\n- {frames: 3-4, blenders: [nothing]}",
            PluginError,
            "entry 2: .*'nothing'",
        ),
        ("- {frames: 1-2, blenders: [3]}", OptionError, "entry 1: blenders: expected a plugin name"),
        ("- {frames: 1-2, blenders: manual brightness=x overlay}", OptionError, "entry 1: blender 'manual' option"),
        ("- {frames: 1-2, blenders: [{name: feather, blurr: 2}, overlay]}", OptionError, "Did you mean 'blur'"),
        ("- {frames: 99-, blenders: overlay}", OptionError, "entry 1: .* has no frame in 99-; it has 16"),
        (
            "- {frames: 1-5, blenders: overlay}\n- {frames: 0:00.18-, blenders: overlay}",
            OptionError,
            "a frame has one chain",
        ),
        ("- [", FaceswapError, "is not valid YAML: line 1"),
    ],
)
def test_a_file_that_cannot_be_followed_is_refused_before_anything_runs(scene, text, error, message):
    with pytest.raises(error, match=message):
        scene.convert(shots=write(scene, text))
    assert not scene.model.calls and not (scene.folder / "out.mkv.parts").exists()


def test_a_file_that_is_not_there_is_told(scene):
    with pytest.raises(FaceswapError, match=r"The list of shots .*none\.yaml cannot be read"):
        scene.convert(shots=scene.folder / "none.yaml")

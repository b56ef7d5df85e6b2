"""Conversion from end to end, with a model of three lines on footage of a few frames, compared sample by sample."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conversion_scene import (
    COLOR,
    FACELESS,
    HEIGHT,
    OVERLAY,
    TIMES,
    WIDTH,
    Scene,
    face_at,
    grown,
    hull_of,
    landmarks_at,
    pictures,
    planes,
    sound,
    warnings_of,
    write_faceset,
)
from pydantic import ValidationError

from faceswap.core import events
from faceswap.core.contract import CropSpec
from faceswap.core.errors import MediaError, OptionError, OutputError, PluginError, StoreError
from faceswap.core.host import PluginChoice, default_chain
from faceswap.core.jobs.convert import ConvertJob
from faceswap.core.jobs.job import run_job
from faceswap.core.training import saved_model
from faceswap.lib import media
from faceswap.lib.crops import crop_path
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import mean_face_landmarks


def test_the_face_takes_the_model_s_color_and_nothing_else_changes(scene):
    report, _ = scene.convert()
    before, after = planes(scene.footage), planes(scene.folder / "out.mkv")
    for index, ((_, old), (_, new), picture) in enumerate(
        zip(before, after, pictures(scene.folder / "out.mkv"), strict=True)
    ):
        touched = np.zeros((HEIGHT, WIDTH), bool)
        for points in landmarks_at(index):
            touched |= grown(hull_of(points) > 0, 6)
            inner = ~grown(hull_of(points) < 1, 4)
            assert inner.sum() > 400
            assert np.abs(picture[inner] / 255 - COLOR).max() < 0.02
        np.testing.assert_array_equal(old[0][~touched], new[0][~touched])
        spared = ~touched.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).any(axis=(1, 3))
        for plane in (1, 2):
            np.testing.assert_array_equal(old[plane][spared], new[plane][spared])
    assert (report.frames, report.frames_swapped, report.faces) == (16, 13, 13)


def test_times_and_sound_are_the_footage_s_own(scene):
    scene.convert()
    original = media.probe(scene.footage)
    converted = media.probe(scene.folder / "out.mkv")
    seconds = [float(frame.time) for frame in media.read_frames(converted)]
    assert seconds == pytest.approx([float(frame.time) for frame in media.read_frames(original)], abs=1e-9)
    assert sound(scene.folder / "out.mkv") == sound(scene.footage)


def test_the_model_is_given_the_aligned_crop(scene):
    """A white dot on a mouth corner lies where the mean face has it, to half a pixel of the frame."""
    path = scene.folder / "dot.png"
    points = face_at(50, 35, 40)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    x, y = np.rint(points[48]).astype(int)
    image[y - 1 : y + 2, x - 1 : x + 2] = 255
    media.write_image(path, image)
    write_faceset(scene.folder / "dots", path, lambda index: [points])
    scene.model.spec = CropSpec(32, "full", 0.8)
    scene.convert("images", media=path, faceset=scene.folder / "dots")
    crop = scene.model.calls[0][0].astype(float).sum(axis=2)
    assert crop.shape == (32, 32)
    rows, columns = np.mgrid[:32, :32]
    found = np.array([(crop * columns).sum(), (crop * rows).sum()]) / crop.sum()
    np.testing.assert_allclose(found, mean_face_landmarks("ibug68", "full", 32, 0.8)[48], atol=0.5)


def test_batches_reach_across_frames_but_not_across_chunks(scene):
    scene.convert(batch_size=4)
    assert [len(crops) for crops in scene.model.calls] == [4, 1, 4, 4]
    scene.convert("small.mkv", batch_size=1)
    assert {len(crops) for crops in scene.model.calls[4:]} == {1}


def test_a_frame_with_more_faces_than_a_batch_is_split(scene):
    crowd = [face_at(10 + 30 * k, 40, 20) for k in range(4)]
    write_faceset(scene.folder / "crowd", scene.footage, lambda index: crowd if index < 3 else [])
    report, _ = scene.convert(faceset=scene.folder / "crowd", batch_size=3)
    assert {len(crops) for crops in scene.model.calls} == {3, 1}
    assert report.faces == 12


def test_near_faces_cover_far_ones_whatever_their_order(scene):
    near, far = face_at(50, 25, 50), face_at(58, 40, 24)
    x, y = far.mean(axis=0).astype(int)

    def swap(crops: np.ndarray, identity: str = "source") -> tuple[np.ndarray, None]:
        brightness = crops.astype(np.float32).mean(axis=(1, 2, 3), keepdims=True) / 255
        return np.ones(crops.shape, np.float32) * brightness, None

    def color(name: str, *faces: np.ndarray) -> np.ndarray:
        write_faceset(scene.folder / name, scene.footage, lambda index: [] if index else list(faces))
        scene.convert(f"{name}.mkv", faceset=scene.folder / name)
        return pictures(scene.folder / f"{name}.mkv")[0][y, x].astype(int)

    scene.model.swap = swap
    alone = color("near", near)
    assert np.abs(alone - color("far", far)).max() > 1
    np.testing.assert_array_equal(color("near first", near, far), alone)
    np.testing.assert_array_equal(color("far first", far, near), alone)


def test_a_face_may_leave_the_frame(scene):
    places = [face_at(-20, 30, 50), face_at(130, 90, 50), face_at(500, 500, 50), np.full((68, 2), 9, np.float32)]
    write_faceset(scene.folder / "edge", scene.footage, lambda index: [] if index else places)
    report, _ = scene.convert(faceset=scene.folder / "edge")
    assert report.faces == 2
    picture = pictures(scene.folder / "out.mkv")[0]
    assert np.abs(picture[55, 2] / 255 - COLOR).max() < 0.02


def test_default_chain_changes_the_face_softly_and_nothing_beyond(scene):
    default = default_chain("blender")
    assert [choice.name for choice in default] == ["reinhard@faceswap", "feather@faceswap", "alpha@faceswap"]
    assert ConvertJob.model_fields["blenders"].default == default
    scene.convert(blenders=default, check=True)
    before, after = planes(scene.footage)[0][1][0], planes(scene.folder / "out.mkv")[0][1][0]
    hull = hull_of(landmarks_at(0)[0])
    changed = before != after
    assert changed[hull == 1].mean() > 0.9
    assert not (changed & ~grown(hull > 0, 6)).any()


def test_blenders_are_given_the_part_of_the_frame_that_is_replaced(scene):
    """The mean color of the footage's gradient under the hull tells whether the target was cut in the right place."""
    scene.convert(blenders=(PluginChoice(name="mean-color"), *OVERLAY))
    hull = hull_of(landmarks_at(0)[0]) == 1
    means = [pictures(path)[0][hull].mean(axis=0) for path in (scene.footage, scene.folder / "out.mkv")]
    np.testing.assert_allclose(*means, atol=2.5)


class TestMasks:
    """Which mask says where the face goes."""

    def inked(self, scene: Scene, **settings: Any) -> float:
        """The number of changed pixels of the first frame, as a share of the hull's."""
        scene.convert(**settings)
        before, after = planes(scene.footage)[0][1][0], planes(scene.folder / "out.mkv")[0][1][0]
        return (before != after).sum() / (hull_of(landmarks_at(0)[0]) > 0.5).sum()

    def test_the_stored_mask_where_the_model_gives_none(self, scene):
        assert 0.85 < self.inked(scene) < 1.25

    def test_the_model_s_mask_where_it_gives_one(self, scene):
        scene.model.masks = 1.0
        assert self.inked(scene) > 1.5  # The whole crop.

    def test_the_model_s_mask_ends_with_the_crop(self, scene):
        """A turned crop is smaller than the box around it."""
        scene.model.masks = 1.0
        points = face_at(62, 42, 36)
        turn = np.float32([[0.8, -0.6], [0.6, 0.8]])
        turned = (points - points.mean(axis=0)) @ turn.T + points.mean(axis=0)
        write_faceset(scene.folder / "turned", scene.footage, lambda index: [] if index else [turned])
        share = self.inked(scene, faceset=scene.folder / "turned")
        crop = (36 * (1 + 2 * np.sqrt(2) * 0.2109375)) ** 2
        assert share * (hull_of(landmarks_at(0)[0]) > 0.5).sum() == pytest.approx(crop, rel=0.1)

    def test_the_stored_mask_where_it_is_named(self, scene):
        scene.model.masks = 1.0
        assert 0.85 < self.inked(scene, mask="hull") < 1.25

    def test_an_empty_mask_leaves_every_frame_alone(self, scene):
        scene.model.masks = 0.0
        assert self.inked(scene) == 0

    def test_a_mask_that_is_not_there_is_named(self, scene):
        with pytest.raises(OptionError, match=r"has no mask 'hul', only .*hull.*--masker hul"):
            scene.convert(mask="hul")

    def test_a_model_without_mask_is_told(self, scene):
        with pytest.raises(PluginError, match="model 'painter' gives no mask"):
            scene.convert(mask="model")

    def test_no_mask_at_all_is_told(self, scene):
        write_faceset(scene.folder / "bare", scene.footage, masks=())
        with pytest.raises(StoreError, match="extract it with a masker"):
            scene.convert(faceset=scene.folder / "bare")


def test_a_folder_takes_an_image_for_each_frame(scene):
    scene.convert("whole.mkv")
    report, _ = scene.convert("images")
    assert report.frames == 16 and not (scene.folder / "images.parts").exists()
    names = sorted(path.name for path in (scene.folder / "images").glob("*.png"))
    assert len(names) == 16 and names[0] == f"in_{0:09d}.png"
    for name, picture in zip(names, pictures(scene.folder / "whole.mkv"), strict=True):
        np.testing.assert_array_equal(media.read_image(scene.folder / "images" / name), picture)


def test_images_keep_their_names_and_those_without_a_face_their_bytes(scene):
    folder = scene.folder / "photos"
    folder.mkdir()
    for index in range(3):
        media.write_image(folder / f"p{index}.png", np.full((HEIGHT, WIDTH, 3), 60 + index, np.uint8))
    write_faceset(scene.folder / "photo faces", folder, lambda index: [face_at(50, 30, 40)] if index == 1 else [])
    report, _ = scene.convert("swapped", media=folder, faceset=scene.folder / "photo faces", chunk_frames=2)
    assert (report.frames, report.frames_swapped) == (3, 1)
    same = [
        (scene.folder / "swapped" / f"p{k}.png").read_bytes() == (folder / f"p{k}.png").read_bytes() for k in range(3)
    ]
    assert same == [True, False, True]


def test_a_preview_shows_target_and_swap(scene):
    report, told = scene.convert()
    (preview,) = [event for event in told if isinstance(event, events.Preview)]
    assert f"preview: {preview.path}" in report.lines()
    shown = media.read_image(preview.path)
    assert shown.shape == (HEIGHT, 2 * WIDTH, 3)
    original = pictures(scene.footage)
    index = next(index for index, picture in enumerate(original) if np.array_equal(picture, shown[:, :WIDTH]))
    np.testing.assert_array_equal(shown[:, WIDTH:], pictures(scene.folder / "out.mkv")[index])


def test_the_job_s_dump_reproduces_it_and_its_run_is_recorded(scene):
    job = scene.job()
    assert ConvertJob.model_validate_json(job.model_dump_json()) == job
    run_job(job)
    (record,) = (scene.model_dir / "runs").glob("*.json")
    content = json.loads(record.read_text())
    assert content["plugins"].keys() == {"blender overlay"} and content["report"]["model_step"] == 7


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "None of the blenders"),
        (("reinhard", "feather"), r"None of the blenders \(reinhard, feather\)"),
        (("alpha", "overlay"), "Several of the blenders composite in the frame: alpha, overlay"),
        (("alpha", "feather"), "blender 'alpha' composites in the frame, so it must come last"),
        (("feathers", "alpha"), "There is no blender 'feathers'. Did you mean 'feather'?"),
    ],
)
def test_a_chain_that_cannot_work_is_refused_before_anything_runs(scene, names, message):
    with pytest.raises(PluginError, match=message):
        scene.convert(blenders=tuple(PluginChoice(name=name) for name in names))
    assert not (scene.folder / "out.mkv.parts").exists()


def test_a_faceset_of_other_footage_is_refused_by_name(scene):
    other = scene.footage.rename(scene.footage.with_name("renamed.mkv"))
    with pytest.raises(StoreError, match=r"faces holds no frame of .*renamed\.mkv, it is of in\.mkv"):
        scene.convert(media=other)


def test_a_faceset_of_other_footage_of_the_same_name_is_refused(scene):
    with FacesetWriter.open(scene.folder / "faces") as faceset:
        faceset.note_sources(media.fingerprints(media.probe(scene.footage)))
    scene.convert()
    with scene.footage.open("ab") as file:
        file.write(b"another ending")
    with pytest.raises(StoreError, match=r"faces was extracted from another in\.mkv, of other content"):
        scene.convert()


def test_landmarks_that_the_model_cannot_use_are_refused(scene):
    write_faceset(scene.folder / "five", scene.footage, scheme="five")
    scene.model.schemes = frozenset({"ibug68"})
    with pytest.raises(PluginError, match=r"model 'painter' needs landmarks of ibug68, faceset .* has five"):
        scene.convert(faceset=scene.folder / "five")


def test_an_unknown_identity_is_refused(scene):
    with pytest.raises(OptionError, match="Did you mean 'source'"):
        scene.convert(identity="sourc")


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("missing/out.mkv", "does not exist"),
        ("out.xyz", "unknown ending '.xyz'"),
        ("in.mkv", "is the footage itself"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused(scene, output, message):
    with pytest.raises(OutputError, match=message):
        scene.convert(output)


def test_images_do_not_become_a_video(scene):
    path = scene.folder / "one.png"
    media.write_image(path, np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    with pytest.raises(OutputError, match="name a folder"):
        scene.convert(media=path)


def test_a_failing_model_is_named_and_its_chunk_is_not_kept(scene):
    def fail(call: int) -> None:
        if call == 2:
            raise RuntimeError("out of\nsorts")

    scene.model.before = fail
    with pytest.raises(PluginError, match="model 'painter' failed: RuntimeError: out of sorts"):
        scene.convert()
    names = {path.name for path in (scene.folder / "out.mkv.parts").iterdir() if path.suffix in (".nut", ".json")}
    assert names == {"manifest.json", "000000.nut", "000000.json"}


def test_a_failing_blender_is_named(scene, monkeypatch):
    from faceswap.plugins.convert.overlay import OverlayBlender

    monkeypatch.setattr(OverlayBlender, "composite", lambda self, patch: 1 / 0)
    with pytest.raises(PluginError, match="blender 'overlay' failed: ZeroDivisionError"):
        scene.convert()


def test_many_frames_that_show_the_original_are_told(scene):
    report, told = scene.convert()
    *_, warning = [event.message for event in told if isinstance(event, events.Warned)]
    assert warning.startswith(f"{report.frames - report.frames_swapped} of {report.frames} frames show the original")
    assert warning.endswith("has no face in them; another --detector or its options may find more.")


def test_faces_that_were_taken_out_explain_frames_that_show_the_original(scene):
    with FacesetWriter.open(scene.faceset) as faceset:
        taken = [face.id for face in faceset.faces()][:3]
        faceset.remove(taken[:2])
        crop_path(scene.faceset, taken[2]).unlink()
    _, told = scene.convert()
    *_, warning = [event.message for event in told if isinstance(event, events.Warned)]
    assert "show the original" in warning
    assert "; 3 faces were taken out of it: `faceswap faceset restore` brings back those" in warning


def test_frames_that_were_never_extracted_stay_as_they_are_and_are_told(scene):
    every = [frame.key.pts for frame in media.read_frames(media.probe(scene.footage))]
    shutil.rmtree(scene.faceset)
    write_faceset(scene.faceset, scene.footage, wanted=lambda index: index % 3 == 1)
    report, told = scene.convert()
    known = {pts for index, pts in enumerate(every) if index % 3 == 1}
    assert report.frames_not_extracted == len(every) - len(known) == 11
    for (pts, old), (_, new) in zip(planes(scene.footage), planes(scene.folder / "out.mkv"), strict=True):
        if pts not in known:
            assert all(np.array_equal(*pair) for pair in zip(old, new, strict=True))
    warned = [event.message for event in told if isinstance(event, events.Warned)]
    before = told[: next(place for place, event in enumerate(told) if isinstance(event, events.Progress))]
    early = [event.message for event in before if isinstance(event, events.Warned)]
    assert [message for message in early if message.startswith("11 of 16 frames were never extracted")]
    assert not [message for message in warned if "another --detector" in message and not message.startswith("1 of ")]


def test_error_a_stretch_of_which_nothing_was_extracted_ends_before_the_work(scene):
    shutil.rmtree(scene.faceset)
    write_faceset(scene.faceset, scene.footage, wanted=lambda index: index < 4)
    with pytest.raises(MediaError, match="none of the frames that are asked for was extracted"):
        scene.convert(frames="8-11", keep_unswapped="no")


def test_a_damaged_checkpoint_is_told(scene, monkeypatch):
    load = scene.load

    def skipping(folder: Path, together_with: Sequence[Any] = (), which: str = "newest") -> Any:
        return SimpleNamespace(**{**vars(load(folder)), "skipped": ("checkpoint 9: weights.safetensors is damaged",)})

    monkeypatch.setattr(saved_model, "load_trained_model", skipping)
    _, told = scene.convert()
    (warning,) = warnings_of(told)
    assert warning == "checkpoint 9: weights.safetensors is damaged; the weights of step 7 are used"


def test_the_choices_of_codec_and_preset_are_the_encoder_s(scene):
    for codec in media.CODECS:
        scene.job(codec=codec)
    for preset in media.PRESETS:
        scene.job(preset=preset)
    for wrong in ({"codec": "divx"}, {"preset": "quick"}, {"crf": 101}, {"batch_size": 0}, {"speed": 1}):
        with pytest.raises(ValidationError):
            scene.job(**wrong)


def test_listeners_hear_of_every_frame_and_of_the_preview(scene, recording):
    report, _ = scene.convert(listeners=(recording.choice,))
    told = recording.told("frame_converted")
    written = [frame.key.pts for frame in media.read_frames(media.probe(scene.footage))]
    assert [said["pts"] for said in told] == written
    assert [said["seconds"] for said in told] == pytest.approx([shown / 50 for shown in TIMES], abs=1e-3)
    assert [said["faces"] for said in told] == [int(shown not in FACELESS) for shown in TIMES]
    assert {said["source"] for said in told} == {scene.footage.name}
    assert sum(said["faces"] for said in told) == report.faces
    assert [Path(said["path"]).name for said in recording.told("preview_made")] == ["out.png"]

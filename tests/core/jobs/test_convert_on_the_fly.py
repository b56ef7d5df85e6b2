"""Faces that are extracted while converting: the same as extraction and conversion apart, resumed, and bounded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conversion_scene import TIMES, Scene, assert_same, pictures, planes, redone, stop_after_one_chunk, warnings_of
from pydantic import ValidationError
from watched_extraction import DETECTOR

from faceswap.core import events
from faceswap.core.errors import OptionError, PluginError
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.extract import ExtractJob
from faceswap.core.jobs.job import run_job
from faceswap.lib import media


def swapped(path: Path, scene: Scene) -> int:
    """In how many frames anything was changed."""
    pairs = zip(planes(path), planes(scene.footage), strict=True)
    return sum(any((one != other).any() for one, other in zip(new, old, strict=True)) for (_, new), (_, old) in pairs)


def test_it_equals_extraction_and_conversion_apart(scene, extraction):
    faceset = scene.folder / "extracted"
    run_job(ExtractJob(media=(scene.footage,), faceset=faceset, fill_gaps=0, workers=1, **extraction.plugins))
    apart, _ = scene.convert("apart.mkv", faceset=faceset, smooth=0)
    report, told = scene.convert(**extraction.fly(workers=2))
    assert_same(scene.folder / "out.mkv", scene.folder / "apart.mkv")
    assert 0 < report.frames_swapped == apart.frames_swapped == swapped(scene.folder / "out.mkv", scene) < len(TIMES)
    assert (report.faces, report.frames_not_extracted) == (apart.faces, 0)
    assert warnings_of(told) == []
    faceless = len(TIMES) - report.frames_swapped
    said = [event.message for event in told if isinstance(event, events.Warned)]
    assert f"{faceless} of 16 frames show the original, since no face was found in them; another --detector" in said[0]
    assert {event.stage for event in told if isinstance(event, events.Progress)} == {"converting"}
    assert not (scene.folder / "out.mkv.parts").exists()


def test_of_images_too_only_the_frames_that_are_asked_for_are_extracted(scene, extraction):
    folder = scene.folder / "photos"
    folder.mkdir()
    for index, picture in enumerate(pictures(scene.footage)[:5]):
        media.write_image(folder / f"{index}.png", picture)
    report, _ = scene.convert("images", media=folder, frames="1-3", **extraction.fly())
    assert len(extraction.seen()) == 3
    written = [media.read_image(scene.folder / "images" / f"{index}.png") for index in range(5)]
    changed = [(new != media.read_image(folder / f"{index}.png")).any() for index, new in enumerate(written)]
    assert sum(changed) == report.frames_swapped > 0 and not changed[0] and not changed[4]


def test_a_stopped_run_goes_on_with_the_faces_that_it_had(scene, extraction):
    scene.convert("whole.mkv", **extraction.fly())
    assert len(extraction.seen()) == len(TIMES)
    settings = extraction.fly()
    stop_after_one_chunk(scene, batch_size=32, **settings)
    before = extraction.seen()
    anew, _ = redone(scene, batch_size=32, **settings)
    assert not anew
    after = extraction.seen()
    assert len(before) + len(after) >= len(TIMES) and len(after) < len(TIMES)
    assert_same(scene.folder / "out.mkv", scene.folder / "whole.mkv")
    stop_after_one_chunk(scene, batch_size=32, **settings)
    extraction.seen()
    anew, _ = redone(scene, batch_size=32, **extraction.fly(min_face=10))
    assert anew and len(extraction.seen()) == len(TIMES)


@pytest.mark.slow
def test_a_frame_on_which_a_worker_dies_costs_that_frame(scene, extraction):
    scene.convert("whole.mkv", **extraction.fly())
    fatal = extraction.seen()[3]
    options = {**extraction.detector.options, "fatal": int(fatal)}
    extraction.detector = extraction.detector.model_copy(update={"options": options})
    report, told = scene.convert(**extraction.fly())
    assert report.frames == len(TIMES)
    (warning,) = [message for message in warnings_of(told) if "could not be extracted" in message]
    assert f"in.mkv {20 * TIMES[3]}" in warning
    for place, (new, old) in enumerate(
        zip(planes(scene.folder / "out.mkv"), planes(scene.folder / "whole.mkv"), strict=True)
    ):
        if place != 3:
            assert all((one == other).all() for one, other in zip(new[1], old[1], strict=True))


def test_a_failing_detector_is_named_and_the_workers_end(scene, extraction, install_plugin):
    broken = install_plugin("detector", "broken", DETECTOR.replace("left = 20.0", "left = 1 / 0 +"))
    broken = broken.model_copy(update={"options": extraction.detector.options})
    with pytest.raises(PluginError, match=r"detector 'broken' failed on frame in\.mkv 0: ZeroDivisionError"):
        scene.convert(**extraction.fly(detector=broken))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"on_the_fly": True}, "either --faceset or --on-the-fly"),
        ({"faceset": None}, "either --faceset or --on-the-fly"),
        ({"faceset": None, "on_the_fly": True, "person": ("anna",)}, "need people, who are known in a faceset"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(scene, settings, message):
    with pytest.raises(ValidationError, match=message):
        scene.job(**settings)


def test_settings_of_extraction_are_told_to_be_unused_beside_a_faceset(scene):
    """Variables may hold them for all runs; parts do not depend on them."""
    stop_after_one_chunk(scene)
    settings: dict[str, Any] = {"refeed": 3, "detector": PluginChoice(name="mtcnn"), "maskers": ()}
    anew, warned = redone(scene, **settings)
    assert not anew
    assert warned == [f"--refeed, --detector, --masker: not used, since the faces come from {scene.faceset}."]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"mask": "grabcut"}, OptionError, "--mask grabcut needs --masker grabcut"),
        ({"only": ("anna.png",)}, OptionError, "needs a recognizer"),
        ({"aligner": PluginChoice(name="dlib-5")}, PluginError, "hull"),
    ],
)
def test_what_extraction_would_refuse_is_refused_before_anything_runs(scene, extraction, settings, error, message):
    with pytest.raises(error, match=message):
        scene.convert(**extraction.fly(**settings))
    assert not extraction.seen() and not (scene.folder / "out.mkv.parts").exists()


def test_landmarks_that_the_model_cannot_use_are_refused(scene, extraction):
    scene.model.schemes = frozenset({"five"})
    with pytest.raises(PluginError, match="of five, aligner 'mean' gives ibug68; choose another --aligner"):
        scene.convert(**extraction.fly())

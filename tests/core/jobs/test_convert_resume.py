"""A conversion that was stopped or killed is continued, with what is finished and still holds."""

from __future__ import annotations

import os
import signal
from typing import Any

import conversion_scene
import pytest
from conversion_scene import (
    OVERLAY,
    TIMES,
    assert_same,
    redone,
    stop_after_one_chunk,
    warnings_of,
)

from faceswap.core import events
from faceswap.core.errors import FaceswapError, OutputError, PluginError
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.context import JobContext
from faceswap.lib.faceset_writer import FacesetWriter


def test_a_stopped_run_goes_on_where_it_stopped(scene):
    scene.convert("whole.mkv")
    stop_after_one_chunk(scene)
    assert not (scene.folder / "out.mkv").exists()
    calls = len(scene.model.calls)
    report, told = scene.convert()
    first = next(event for event in told if isinstance(event, events.Progress))
    assert first.done >= 6 and first.total == 16
    assert (report.frames, report.faces) == (16, 13)
    assert len(scene.model.calls) == calls + 2  # Those of the second and third chunk.
    assert_same(scene.folder / "out.mkv", scene.folder / "whole.mkv")
    assert not (scene.folder / "out.mkv.parts").exists()


@pytest.mark.parametrize("call", [2, pytest.param(0, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_a_killed_run_s_result_equals_an_uninterrupted_one(scene, fresh_python, call):
    scene.convert("whole.mkv", codec="h264")
    script = "import runpy, sys; runpy.run_path(sys.argv[1])['convert_and_die'](sys.argv[2], int(sys.argv[3]))"
    killed = fresh_python("-c", script, conversion_scene.__file__, str(scene.folder), str(call))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (scene.folder / "out.mkv").exists()
    scene.convert(codec="h264")
    assert_same(scene.folder / "out.mkv", scene.folder / "whole.mkv")
    left = {entry.name for entry in scene.folder.iterdir()}
    assert left == {"in.mkv", "faces", "model", "whole.mkv", "whole.c2pa", "out.mkv", "out.c2pa"}


@pytest.mark.parametrize("change", ["settings", "blender option", "weights", "footage", "faceset"])
def test_parts_of_another_run_are_not_used(scene, change):
    settings: dict[str, Any] = {"blenders": (PluginChoice(name="feather"), *OVERLAY)}
    stop_after_one_chunk(scene, **settings)
    if change == "settings":
        settings["codec"] = "h264"
    elif change == "blender option":
        settings["blenders"] = (PluginChoice(name="feather", options={"blur": 4}), *OVERLAY)
    elif change == "weights":
        scene.save_model("others")
    elif change == "footage":
        os.utime(scene.footage, ns=(1, 1))
    else:
        next(iter((scene.faceset / "crops").rglob("*.jpg"))).unlink()
        with FacesetWriter.open(scene.faceset) as faceset:
            faceset.sync()
    anew, warnings = redone(scene, **settings)
    assert anew
    assert any("out.mkv.parts was begun with other settings" in warning for warning in warnings)


def test_parts_of_the_same_run_are_used_without_a_word(scene):
    stop_after_one_chunk(scene)
    anew, warnings = redone(scene, check=True)  # Checking changes no pixel.
    assert not anew and not warnings


def test_a_folder_of_parts_that_is_somebody_else_s_is_left_alone(scene):
    folder = scene.folder / "out.mkv.parts"
    folder.mkdir()
    (folder / "diary.txt").write_text("mine")
    with pytest.raises(OutputError, match="in the way"):
        scene.convert()
    assert (folder / "diary.txt").read_text() == "mine"


def test_two_runs_cannot_write_the_same_output(scene):
    other: list[Exception] = []

    def also_convert(call: int) -> None:
        scene.model.before = lambda call: None
        try:
            scene.job().run(JobContext(lambda event: None, scene.model_dir))
        except FaceswapError as error:
            other.append(error)

    scene.model.before = also_convert
    scene.convert()
    assert len(other) == 1 and "is being written by" in str(other[0])


def test_a_stopped_folder_keeps_finished_chunks_and_makes_lost_images_anew(scene):
    stop_after_one_chunk(scene, "images")
    first = scene.folder / "images" / f"in_{0:09d}.png"
    first_time = first.stat().st_mtime_ns
    calls = len(scene.model.calls)
    scene.convert("images")
    assert first.stat().st_mtime_ns == first_time
    assert len(scene.model.calls) - calls == 2  # Those of the second and third chunk.
    stop_after_one_chunk(scene, "again")
    (scene.folder / "again" / f"in_{0:09d}.png").unlink()
    scene.convert("again")
    assert len(list((scene.folder / "again").glob("*.png"))) == 16


def test_other_listeners_do_not_begin_a_conversion_anew(scene, recording):
    """What is finished fits, whoever listens."""

    def stop(call: int) -> None:
        if call == 2:
            raise RuntimeError("a fault of the model")

    scene.model.before = stop
    with pytest.raises(PluginError):
        scene.convert(chunk_frames=4)
    assert list((scene.folder / "out.mkv.parts").iterdir())
    scene.model.before = lambda call: None
    _, told = scene.convert(chunk_frames=4, listeners=(recording.choice,))
    assert warnings_of(told) == []
    assert 0 < len(recording.told("frame_converted")) < len(TIMES)

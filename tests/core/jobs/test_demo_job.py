"""The demo, small: the whole main job from rendered footage to a measured swap, and going on with it."""

from __future__ import annotations

import json

import cv2
import pytest

from faceswap.core.errors import FaceswapError
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.demo import DemoJob
from faceswap.core.jobs.job import run_job
from faceswap.core.jobs.swap import SwapJob
from faceswap.lib.media import probe


@pytest.mark.slow
def test_the_demo_swaps_measures_and_goes_on(tmp_path):
    job = DemoJob(workspace=tmp_path / "demo", seconds=1, iterations=4)
    report = run_job(job)

    assert (report.frames, report.iterations) == (25, 4)
    assert report.source_faces >= 24
    assert report.frames_swapped == report.target_faces >= 24
    assert json.loads((job.workspace / "report.json").read_text())["psnr_swap"] == report.psnr_swap
    assert report.identity_to_source is None  # Four steps make no face that a detector finds.
    assert 5 < report.psnr_swap < 20
    assert 13 < report.psnr_unswapped < 17
    assert report.ssim_unswapped < 1
    assert probe(report.video).has_audio
    comparison = cv2.imread(str(report.comparison))
    assert comparison.shape[0] > comparison.shape[1] > 3 * 256

    again = run_job(job.model_copy(update={"iterations": 6}))
    assert again.iterations == 6
    assert again.psnr_unswapped == report.psnr_unswapped


def test_a_workspace_of_other_footage_is_refused(tmp_path):
    (tmp_path / "footage.json").write_text('{"seed": 1, "frames": 200}')
    with pytest.raises(FaceswapError, match=r"--workspace.*--seed"):
        run_job(DemoJob(workspace=tmp_path, seed=2))


def test_the_stages_that_run_apart_are_given_the_listeners(tmp_path):
    chosen = (PluginChoice(name="history"), PluginChoice(name="mine", options={"word": "a"}))
    for job in (DemoJob(workspace=tmp_path, listeners=chosen).swap(), _swap(tmp_path, listeners=chosen)):
        assert job.training().listeners == job.conversion().listeners == chosen
        # Its frames are told by the job that it is a part of.
        assert job.extraction(job.source, "source").listeners == ()
    assert [choice.name for choice in _swap(tmp_path).training().listeners] == ["history@faceswap"]


def _swap(folder, **settings):
    return SwapJob(source=folder / "a.mp4", target=folder / "b.mp4", output=folder / "c.mp4", **settings)

"""The job `swap` around its three stages, which have tests of their own; the demo's tests run it whole."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from skimage.data import astronaut

from faceswap.core.errors import MediaError, OptionError, StoreError
from faceswap.core.jobs.swap import SwapJob
from faceswap.lib.face_records import FrameRecord
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.media import fingerprints, probe, write_image

GUARDLESS = """
import sys
from pathlib import Path
from faceswap.core.errors import FaceswapError
from faceswap.core.jobs.context import JobContext
from faceswap.core.jobs.isolated import run_isolated
from faceswap.core.jobs.train import TrainJob

folder = Path(sys.argv[1])
print("the script runs")
try:
    run_isolated(TrainJob(model_dir=folder / "m", source=folder / "a", target=folder / "b"), JobContext(print, folder))
except FaceswapError as error:
    print(error)
"""


@pytest.fixture
def media(tmp_path):
    """Two pictures and, as a swap of them would leave it, the faceset of the first."""
    for name in ("anna.png", "berta.png"):
        write_image(tmp_path / name, astronaut()[:64, :64])
    (tmp_path / "out.swap").mkdir()
    with FacesetWriter.create_or_open(tmp_path / "out.swap" / "source") as faceset:
        faceset.note_sources(fingerprints(probe(tmp_path / "anna.png")))
        faceset.add_chunk("anna.png", 0, [FrameRecord("anna.png", 0, 0.0, 64, 64)])
    return tmp_path


def job(folder, source, **settings):
    return SwapJob(source=folder / source, target=folder / "berta.png", output=folder / "out", **settings)


def test_error_workspace_of_another_source(media):
    with pytest.raises(StoreError, match=r"a swap whose source is anna\.png, not .*berta\.png; choose another OUTPUT"):
        job(media, "berta.png").preflight()


def test_feature_workspace_of_the_same_source_goes_on(media):
    job(media, "anna.png").preflight()


def test_feature_those_who_are_asked_for_are_trained_on_and_swapped(media):
    asked = job(media, "anna.png", source_person=("2",), target_only=(media / "berta.png",), target_not=("a.png",))
    assert (asked.training().source_person, asked.training().target_only) == (("2",), (media / "berta.png",))
    conversion = asked.conversion()
    assert (conversion.person, conversion.only) == ((), (media / "berta.png",))
    assert [path.name for path in conversion.not_] == ["a.png"]


def test_error_a_reference_without_a_recognizer(media):
    with pytest.raises(OptionError, match="needs a recognizer; add --recognizer dlib-resnet"):
        job(media, "anna.png", target_only=(media / "berta.png",)).preflight()


@pytest.mark.slow
def test_feature_scripts_need_no_guard(tmp_path, fresh_python):
    script = tmp_path / "script.py"
    script.write_text(GUARDLESS)
    ran = fresh_python(str(script), str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[0] == "the script runs"
    assert "is not a faceset" in ran.stdout.splitlines()[-1]
    assert ran.stdout.count("the script runs") == 1


def test_feature_frames_are_those_of_the_target_and_every_nth_is_of_the_source(media):
    asked = job(media, "anna.png", every=5, frames="10-20")
    source, target = (asked.extraction(getattr(asked, person), person) for person in ("source", "target"))
    assert (source.every, source.frames) == (5, None)
    assert (target.every, target.frames) == (1, "10-20")
    assert asked.conversion().frames == "10-20"
    with pytest.raises(ValidationError, match="must be two frame numbers"):
        job(media, "anna.png", frames="ten")


def test_error_frames_past_the_end_are_told_before_any_work(media):
    with pytest.raises(MediaError, match="has no frame in --frames 10-20; it has 1 frame"):
        job(media, "anna.png", frames="10-20").preflight()

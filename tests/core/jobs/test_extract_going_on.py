"""Extraction that goes on: after a kill, a stop, an end, and what people took out meanwhile."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from head_films import FRAMES, KILLED, QUICK, content, extract, film

from faceswap.core.errors import Cancelled, StoreError
from faceswap.core.jobs.context import JobContext
from faceswap.core.jobs.extract import ExtractJob
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_writer import FacesetWriter


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_killed_run_goes_on_to_the_same_result(movie, tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    chance, committed = random.Random(7), 0
    for _ in range(3):
        command = [sys.executable, "-c", KILLED, str(movie), str(killed)]
        with subprocess.Popen(command, env=environment) as process:
            wait_for(lambda: frames_in(killed) > committed or process.poll() is not None)  # noqa: B023
            time.sleep(chance.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
        held = frames_in(killed)
        assert held > committed
        committed = held
        if committed == FRAMES:  # The last kill came too late.
            break
    report = extract(movie, killed, workers=1, chunk_frames=5)
    assert report.frames_extracted == FRAMES - committed
    extract(movie, whole, workers=1)
    assert content(killed) == content(whole)


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def frames_in(folder):
    try:
        with Faceset.open(folder) as faceset:
            return len(list(faceset.frames()))
    except (StoreError, sqlite3.Error):
        return 0


def test_finished_faceset_is_left_alone(movie, tmp_path):
    extract(movie, tmp_path / "faces", workers=1)
    report = extract(movie, tmp_path / "faces")
    assert (report.frames, report.frames_extracted, report.workers) == (FRAMES, 0, 0)


@pytest.mark.usefixtures("stopped_on_time")
def test_stopped_run_keeps_its_chunks_and_goes_on(movie, tmp_path):
    job = ExtractJob(media=movie, faceset=tmp_path / "faces", workers=1, chunk_frames=1, **QUICK)
    context = JobContext(lambda event: stop(event), tmp_path)

    def stop(event):
        if event.type == "progress" and event.done >= 1:
            context.stop()

    with pytest.raises(Cancelled):
        job.run(context)
    assert frames_in(tmp_path / "faces") == 1
    assert extract(movie, tmp_path / "faces").frames_extracted == FRAMES - 1


def test_faces_whose_crop_a_person_deleted_stay_away(movie, tmp_path):
    extract(movie, tmp_path / "faces")
    with Faceset.open(tmp_path / "faces") as faceset:
        next(faceset.faces()).crop.unlink()
    assert extract(movie, tmp_path / "faces").faces == FRAMES - 1
    with Faceset.open(tmp_path / "faces") as faceset:
        assert (len(faceset), faceset.info().deleted) == (FRAMES - 1, 1)


def test_other_footage_of_the_same_name_is_refused(movie, tmp_path):
    extract(movie, tmp_path / "faces")
    other = film(tmp_path / movie.name, frames=FRAMES + 1)
    with pytest.raises(StoreError, match=r"frames of another head\.mp4.*rename the file or choose another folder"):
        extract(other, tmp_path / "faces")
    copied = tmp_path / "copy" / movie.name
    copied.parent.mkdir()
    copied.write_bytes(movie.read_bytes())
    assert extract(copied, tmp_path / "faces").frames_extracted == 0


@pytest.mark.parametrize("settings", [{"rotations": (90,)}, {"realign": True}, {"min_face": 20}])
def test_a_faceset_that_was_searched_otherwise_is_refused(settings, movie, tmp_path):
    extract(movie, tmp_path / "faces", workers=1)
    with pytest.raises(StoreError, match="aligner" if "realign" in settings else "detector"):
        extract(movie, tmp_path / "faces", **settings)


def test_the_report_tells_this_run_from_the_faceset_and_what_was_taken_out(movie, tmp_path):
    extract(movie, tmp_path / "faces", workers=1, frames="0-7")
    with FacesetWriter.open(tmp_path / "faces") as faceset:
        faces = list(faceset.faces())
        faceset.remove([faces[2].id])
        faces[5].crop.unlink()
    report = extract(movie, tmp_path / "faces", workers=1)
    lines = report.lines()
    run, whole = lines[: lines.index("the faceset now:")], lines[lines.index("the faceset now:") :]
    assert run[0] == "this run:" and f"  frames extracted: {FRAMES - 8}" in run
    assert whole[1:] == [
        f"  frames: {FRAMES}",
        f"  faces: {FRAMES - 2}",
        "  frames without face: 2",
        "  faces taken out: 2",
        "  tracks: 1",
    ]
    assert sorted(line.split(":")[0].strip() for line in (*run[1:], *whole[1:])) == sorted(
        name.replace("_", " ") for name in type(report).model_fields if name != "warnings"
    )

"""Extraction of several media, of chosen frames, and of media that are damaged or kill who reads them."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from head_films import FRAMES, content, extract, film, picture
from pydantic import ValidationError

from faceswap.core.errors import (
    FaceswapError,
    MediaError,
    OptionError,
    OutputError,
    PluginError,
    StoreError,
    WeightsError,
)
from faceswap.core.host import PluginChoice
from faceswap.lib.faceset import Faceset
from faceswap.lib.media import VideoWriter, probe, read_frames, write_image


def clips(folder):
    """Two films of eight frames and two images, one of them in a folder of its own with a space in its name."""
    inner = folder / "a b ü"
    inner.mkdir()
    film(folder / "one.mp4", 8)
    with VideoWriter(inner / "zwei ü.mp4", 340, 300, 25) as writer:
        for number in range(8):
            writer.write(picture(40 - 3 * number))
    for name, shift in (("x.png", 6), ("y.png", 12)):
        write_image(inner / name, picture(shift))
    return folder / "one.mp4", inner


@pytest.mark.slow
def test_several_media_and_chosen_frames_with_one_worker_and_with_two(tmp_path):
    media = clips(tmp_path)
    for workers in (1, 2):
        events = []
        faceset = tmp_path / f"faces {workers}"
        report = extract(media, faceset, events.append, workers=workers, chunk_frames=2, every=3, frames="1-7")
        # Of each film the frames 1, 4 and 7, of the two images the second one.
        assert (report.media, report.frames, report.frames_extracted, report.frames_missing) == (3, 7, 7, 0)
        told = [event for event in events if event.type == "progress"]
        assert (told[0].done, told[-1].done, told[-1].total, told[-1].stage) == (0, 7, 7, "extract 3 media")
    assert content(tmp_path / "faces 1") == content(tmp_path / "faces 2")
    with Faceset.open(tmp_path / "faces 1") as faceset:
        found = [(frame.source, round(frame.time * 25)) for frame in faceset.frames()]
    assert found == [
        *(("one.mp4", place) for place in (1, 4, 7)),
        ("y.png", 25),
        *(("zwei ü.mp4", n) for n in (1, 4, 7)),
    ]
    # The rest is added to what is there; the result is that of one run over all.
    assert extract(media, tmp_path / "faces 1", workers=1, chunk_frames=3).frames_extracted == 18 - 7
    extract(media[::-1], tmp_path / "whole", workers=2, chunk_frames=5)
    assert content(tmp_path / "faces 1") == content(tmp_path / "whole")


def test_media_that_are_whole_are_not_opened_again(tmp_path, monkeypatch):
    from faceswap.core.jobs import extract_run as job_module

    media, faceset, opened = clips(tmp_path), tmp_path / "faces", []
    extract(media[0], faceset, workers=1, every=4)
    look = job_module.look

    def note(media, *more):
        opened.extend(each.path.name for each in media if not each.images)
        return look(media, *more)

    monkeypatch.setattr(job_module, "look", note)

    def run(**settings):
        opened.clear()
        return extract(media, faceset, workers=1, skip_existing=True, **settings)

    report = run(every=4)
    assert opened == ["zwei ü.mp4"]
    assert (report.media, report.media_skipped, report.frames) == (3, 1, 2 + 2 + 1)
    assert (run(every=4).media_skipped, opened) == (3, [])
    assert (run().media_skipped, len(opened)) == (0, 2)  # More frames are wanted now than then.
    report = run(frames="2-5")
    assert (report.media_skipped, report.frames, report.frames_extracted, report.workers) == (3, 18, 0, 0)
    media[0].unlink()
    film(media[0], 9)
    with pytest.raises(StoreError, match=r"frames of another one\.mp4"):
        run()


def test_names_collide_only_where_the_content_differs(tmp_path):
    for folder in ("a", "b", "c"):
        (tmp_path / folder).mkdir()
    film(tmp_path / "a" / "clip.mp4", 2)
    (tmp_path / "b" / "clip.mp4").write_bytes((tmp_path / "a" / "clip.mp4").read_bytes())
    film(tmp_path / "c" / "clip.mp4", 3)
    report = extract([tmp_path / "a", tmp_path / "b" / "clip.mp4"], tmp_path / "faces", workers=1)
    assert (report.media, report.frames) == (1, 2)
    with pytest.raises(StoreError, match=r"clip\.mp4 of .* have the same name and other content; .*rename one"):
        extract([tmp_path / "a", tmp_path / "c"], tmp_path / "other")


def test_a_medium_that_cannot_be_read_does_not_stop_the_others(movie, tmp_path):
    (tmp_path / "text.mp4").write_text("no film")
    report = extract([tmp_path / "text.mp4", movie], tmp_path / "faces", workers=1, every=6)
    assert (report.frames, report.media, len(report.warnings)) == (2, 2, 1)
    assert "text.mp4 as a video" in report.warnings[0] and report.warnings[0].endswith("it is left out")
    with pytest.raises(MediaError, match=r"text\.mp4 as a video"):
        extract(tmp_path / "text.mp4", tmp_path / "none")


def test_a_broken_image_is_named_and_tried_again(tmp_path):
    media = tmp_path / "images"
    media.mkdir()
    write_image(media / "a.png", picture())
    (media / "b.png").write_bytes(b"broken")
    for _ in range(2):
        report = extract(media, tmp_path / "faces", workers=1, skip_existing=True)
        assert (report.frames, report.frames_missing, report.media_skipped) == (1, 1, 0)
        assert "1 of 2 frames could be decoded; missing: b.png: cannot read" in report.warnings[0]
    write_image(media / "b.png", picture(4))
    assert extract(media, tmp_path / "faces", workers=1).frames_extracted == 1
    (tmp_path / "alone.png").write_bytes(b"broken")
    with pytest.raises(MediaError, match=r"alone\.png as an image"):
        extract(tmp_path / "alone.png", tmp_path / "none", workers=1)


MINEFIELD = """
import os, time
import numpy as np
from faceswap import Detections, Detector, hookimpl

FACESWAP_CONTRACT = 1


class Minefield(Detector):
    def detect(self, images):
        red, green, _ = images[0][0, 0]
        if red == 255:
            os.abort()
        if green == 255:
            time.sleep(600)
        return [Detections(np.float32([[30, 30, 90, 90]]), np.ones(1, np.float32)) for _ in images]


@hookimpl
def faceswap_detector():
    return Minefield
"""


@pytest.fixture
def minefield(tmp_path, install_plugin):
    """Images some of which kill or block a detector; returns the folder and the detector."""
    media = tmp_path / "images"
    media.mkdir()
    for number in range(8):
        image = np.full((120, 120, 3), 90 + number, np.uint8)
        image[0, 0] = {2: (255, 0, 0), 5: (0, 255, 0)}.get(number, (1, 1, 1))
        write_image(media / f"{number}.png", image)
    return media, install_plugin("detector", "minefield", MINEFIELD)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_frame_that_kills_or_blocks_a_worker_costs_itself_alone(tmp_path, minefield):
    media, detector = minefield
    for workers in (1, 2):
        told = []
        report = extract(
            media,
            tmp_path / f"faces {workers}",
            told.append,
            detector=detector,
            workers=workers,
            chunk_frames=4,
            frame_seconds=4,
        )
        assert (report.frames, report.faces, report.frames_missing) == (6, 6, 2)
        crashed, hung = sorted(report.warnings)
        assert crashed.startswith("2.png could not be extracted, since the worker ended by signal 6")
        assert hung == "5.png could not be extracted, since there was no progress on it for 4 s."
        assert sorted(event.message for event in told if event.type == "warning") == [crashed, hung]
        assert [event for event in told if event.type == "progress"][-1].done == 6
    assert content(tmp_path / "faces 1") == content(tmp_path / "faces 2")


def test_what_cannot_be_decoded_is_lost_up_to_the_next_keyframe_and_a_file_of_mines_is_given_up():
    from faceswap.core.extracting.mending import Mender
    from faceswap.core.extracting.messages import ChunkTask

    mender = Mender()
    task = ChunkTask(index=0, medium=1, wanted=tuple(range(0, 80, 10)), keys=(30, 60)).model_dump(mode="json")

    def die(task, stage, place):
        again = mender.mend(task, [stage, place], "of it")
        assert (again["wanted"], again["suspect"]) == (task["wanted"], place)
        return mender.mend(again, [stage, place], "of it")

    task = die(task, "decode", 40)
    assert task["wanted"] == [0, 10, 20, 30, 60, 70]
    task = die(task, "faces", 10)
    assert task["wanted"] == [0, 20, 30, 60, 70]
    task = die(task, "decode", 60)
    assert task["wanted"] == [0, 20, 30]
    assert [failure["places"] for failure in task["failures"]] == [[40, 50], [10], [60, 70]]
    assert mender.prepare(task) is task
    for place in (0, 20):
        task = die(task, "faces", place)
    other = ChunkTask(index=1, medium=1, wanted=(90, 91)).model_dump(mode="json")
    assert mender.prepare(other)["wanted"] == []
    assert "nothing more of this file was tried" in mender.prepare(other)["failures"][0]["reason"]
    mender.succeeded(1)
    assert mender.prepare(other) is other


def test_truncated_film_gives_what_can_be_decoded(movie, tmp_path):
    import av

    # A container that keeps its index in front, as a download that broke off would have it.
    with (
        av.open(str(movie)) as source,
        av.open(str(tmp_path / "fast.mp4"), "w", options={"movflags": "faststart"}) as out,
    ):
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    whole = (tmp_path / "fast.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: int(len(whole) * 0.8)])
    warnings = []
    report = extract(tmp_path / "cut.mp4", tmp_path / "faces", lambda event: warnings.append(event), workers=1)
    assert 0 < report.frames < FRAMES
    assert len(report.warnings) == 1
    assert f"{report.frames} of {FRAMES} frames" in report.warnings[0]
    assert [event.message for event in warnings if event.type == "warning"] == list(report.warnings)


def test_times_do_not_choose_among_images(tmp_path):
    write_image(tmp_path / "a.png", picture())
    with pytest.raises(OptionError, match=r"--frames gives times, which the images of .*a\.png do not have"):
        extract(tmp_path / "a.png", tmp_path / "faces", frames="0:01-0:02")


@pytest.mark.parametrize(
    "settings, error, words",
    [
        ({"detector": PluginChoice(name="dlib-hgo")}, PluginError, "Did you mean 'dlib-hog'"),
        ({"detector": PluginChoice(name="dlib-hog", options={"upsampel": 1})}, OptionError, "Did you mean 'upsample'"),
        ({"media": "missing.mp4"}, MediaError, "missing.mp4"),
        ({"media": ()}, ValidationError, "at least one video, image or folder"),
        ({"every": 0}, ValidationError, "greater than or equal to 1"),
        ({"frames": "5"}, ValidationError, "must be two frame numbers such as 100-200"),
        (
            {"frames": "100-200"},
            MediaError,
            "in --frames 100-200; it has 12 frames, the last at 0:00.44$",
        ),
        ({"faceset": "no/such/folder"}, OutputError, "does not exist"),
    ],
)
def test_bad_input_is_told(movie, tmp_path, monkeypatch, settings, error, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=words):
        extract(**{"media": movie, "faceset": tmp_path / "faces", **settings})


def test_what_is_not_wanted_is_told_once(movie, tmp_path):
    write_image(tmp_path / "still.png", picture(3))
    told = []
    with pytest.raises(MediaError, match="none of these 2 media has frames to extract"):
        extract((movie, tmp_path / "still.png"), tmp_path / "faces", told.append, frames="100-200")
    assert [event.message.rpartition("/")[2] for event in told if event.type == "warning"] == [
        "head.mp4 has no frame in --frames 100-200; it has 12 frames, the last at 0:00.44; it is left out",
        "still.png has no frame in --frames 100-200; it has 1 frame; it is left out",
    ]


def test_missing_weights_are_told_before_anything_is_made(movie, tmp_path, monkeypatch):
    monkeypatch.setenv("FACESWAP_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match="run `faceswap weights fetch face_detection_yunet"):
        extract(movie, tmp_path / "faces", detector=PluginChoice(name="yunet"))
    assert not (tmp_path / "faces").exists()
    mine = PluginChoice(name="yunet", options={"file": str(tmp_path / "mine.onnx")})
    with pytest.raises(FaceswapError, match=r"mine\.onnx cannot be read"):
        extract(movie, tmp_path / "faces", detector=mine)


def test_frames_read_on_are_those_read_anew(movie):
    """Neighboring chunks, one read after the other, and each read from its keyframe, hold the same pictures."""
    from faceswap.core.extracting.reel import Reel
    from faceswap.lib.media import Gathered, scan

    medium = probe(movie)
    every = [(frame.key, frame.image().tobytes()) for frame in read_frames(medium)]
    times = scan(medium).times
    chunks = [(index, times[5 * index : 5 * index + 5]) for index in range(3)]
    for order in (chunks, chunks[::-1], [chunks[0], chunks[2], chunks[1]]):
        reel = Reel(Gathered(movie))
        parts = {
            index: [(frame.key, frame.image().tobytes()) for _, frame in reel.frames(index, wanted)]
            for index, wanted in order
        }
        assert [frame for index in sorted(parts) for frame in parts[index]] == every
        assert reel.missing == {}

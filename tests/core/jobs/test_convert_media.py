"""The medium that a conversion makes: kept as it was where it can be, refused or told where it cannot."""

from __future__ import annotations

import errno
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from conversion_scene import FACELESS, HEIGHT, TIMES, WIDTH, Scene, planes, sound, warnings_of, write_faceset

from faceswap.core import events
from faceswap.core.errors import FaceswapError, OutputError
from faceswap.core.jobs.assemble import AssembleJob
from faceswap.core.jobs.frames import FramesJob
from faceswap.core.jobs.job import run_job
from faceswap.lib import media
from faceswap.lib.hashes import hash_of
from faceswap.lib.provenance.checking import State, check_path


def deep_footage(scene: Scene) -> Path:
    """Footage of 10 bits in which nobody was found."""
    path = scene.folder / "deep.mkv"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=50)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv422p10le"
        for index in range(6):
            ramp = np.linspace(100 + index, 900, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH)
            frame = av.VideoFrame(WIDTH, HEIGHT, "yuv422p10le")
            for plane, values in zip(frame.planes, (ramp, ramp[:, ::2], ramp[::-1, ::2]), strict=True):
                lines = np.zeros((plane.height, plane.line_size // 2), np.uint16)
                lines[:, : plane.width] = 512 + (values - 512) * (1 if plane.width == WIDTH else 0.2)
                plane.update(lines)
            frame.pts, frame.time_base = index, Fraction(1, 50)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    write_faceset(scene.folder / "nobody", path, lambda index: [])
    return path


def test_lossless_keeps_each_sample_that_no_swap_changes(scene):
    scene.convert("out.mp4", codec=None, lossless=True)
    before, after = planes(scene.footage), planes(scene.folder / "out.mp4")
    equal = [all(map(np.array_equal, old, new)) for (_, old), (_, new) in zip(before, after, strict=True)]
    assert equal == [shown in FACELESS for shown in TIMES]


def test_no_face_in_any_frame_is_told_and_nothing_is_lost(scene):
    deep = deep_footage(scene)
    settings = {"media": deep, "faceset": scene.folder / "nobody", "codec": "hevc", "lossless": True}
    report, told = scene.convert("out.mp4", **settings)
    assert (report.frames, report.faces) == (6, 0)
    warned = [event.message for event in told if isinstance(event, events.Warned)]
    assert any("6 of 6 frames show the original" in message for message in warned)
    for (_, old), (_, new) in zip(planes(deep), planes(scene.folder / "out.mp4"), strict=True):
        assert all(map(np.array_equal, old, new))
    assert media.probe(scene.folder / "out.mp4").pixel_format == "yuv422p10le"


@pytest.mark.parametrize("image_format", ["png", "tiff", "jpg"])
def test_a_folder_has_the_depth_of_the_footage_where_its_format_can(scene, image_format):
    deep = deep_footage(scene)
    scene.convert("images", media=deep, faceset=scene.folder / "nobody", image_format=image_format)
    written = sorted((scene.folder / "images").glob(f"*.{image_format}"))
    assert len(written) == 6
    frame = next(iter(media.read_frames(media.probe(deep))))
    got = cv2.imread(str(written[0]), cv2.IMREAD_UNCHANGED)[:, :, ::-1]
    wanted = frame.read_box(0, 0, WIDTH, HEIGHT)
    assert got.dtype == (np.uint8 if image_format == "jpg" else np.uint16)
    assert np.abs(got / np.iinfo(got.dtype).max - wanted).max() < (0.02 if image_format == "jpg" else 1e-5)


def test_what_a_codec_cannot_hold_is_told(scene):
    deep = deep_footage(scene)
    _, told = scene.convert("out.webm", media=deep, faceset=scene.folder / "nobody", codec=None)
    assert warnings_of(told) == ["pictures of yuv422p10le become yuv422p, which vp9 can hold"]


@pytest.mark.parametrize(("output", "shown"), [("out.mkv", (80, 60)), ("images", (80, 60)), ("out.gif", (80, 60))])
def test_scale(scene, output, shown):
    scene.convert(output, codec=None, scale=0.5)
    medium = media.probe(scene.folder / output)
    assert (medium.width, medium.height, medium.frames or 16) == (*shown, 16)


@pytest.mark.parametrize("output", ["out.gif", "out.webp"])
def test_animations_are_sealed(scene, output):
    scene.convert(output, codec=None)
    (finding,) = check_path(scene.folder / output)
    assert finding.state == State.INTACT


@pytest.mark.parametrize(
    ("output", "settings", "message"),
    [
        ("out.mp4", {"codec": "av1", "lossless": True}, "`lossless` needs a codec that can be"),
        ("out.mkv", {"codec": "h264", "crf": 60}, r"`crf` must lie in 0\.\.51 for h264"),
        ("out.mkv", {"codec": "h264", "pixel_format": "nv12"}, "`pixel_format` must be one of"),
        ("out.webm", {"codec": "ffv1"}, r"\.webm cannot hold ffv1, .* holds vp9, av1"),
        ("images", {"codec": None, "lossless": True}, "without loss: images of RGB"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_before_any_work(scene, output, settings, message):
    with pytest.raises(FaceswapError, match=message):
        scene.convert(output, **settings)
    assert not scene.model.calls


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_the_footage_is_not_written_over_by_another_name(scene, link):
    link(scene.footage, scene.folder / "other.mkv")
    content = scene.footage.read_bytes()
    with pytest.raises(OutputError, match="is the footage itself"):
        scene.convert("other.mkv")
    assert scene.footage.read_bytes() == content


def test_images_are_not_written_over(scene):
    photos, link = scene.folder / "photos", scene.folder / "link"
    photos.mkdir()
    link.symlink_to(photos)
    media.write_image(photos / "one.png", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    for footage, output in ((photos, "photos"), (photos / "one.png", "photos"), (photos, "link")):
        with pytest.raises(OutputError, match="is the footage itself"):
            scene.convert(output, media=footage)


@pytest.mark.parametrize("output", ["out.mkv", "images"])
def test_a_full_disk_is_told_and_the_same_command_goes_on(scene, output, file_size_limit):
    """A limit on the size of files stands for the full disk; the system reports both alike."""
    scene.convert(f"whole {output}", codec="h264", crf=0)
    with (
        file_size_limit(20_000),
        pytest.raises(OutputError, match=r"the disk is full .*run the same command again"),
    ):
        scene.convert(output, codec="h264", crf=0)
    scene.convert(output, codec="h264", crf=0)
    whole, again = (media.read_frames(media.probe(scene.folder / name)) for name in (f"whole {output}", output))
    assert all(np.array_equal(one.image(), other.image()) for one, other in zip(whole, again, strict=True))
    assert not (scene.folder / f"{output}.parts").exists()


@pytest.mark.parametrize(("output", "method"), [("out.mkv", "mkdir"), ("images", "mkdir")])
def test_a_read_only_disk_is_told_in_one_line(scene, output, method, monkeypatch):
    def refuse(path: Path, *arguments: Any, **settings: Any) -> None:
        if path.name.startswith(output):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), "")
        made(*arguments, **settings)

    made = getattr(Path, method)
    monkeypatch.setattr(Path, method, refuse)
    with pytest.raises(OutputError, match="the disk is read-only"):
        scene.convert(output)


def test_times_lie_beside_the_images_of_a_video(scene):
    scene.convert("images")
    timing = media.Timing.read(scene.folder / "images")
    medium = media.probe(scene.footage)
    written = sorted(path.stem for path in (scene.folder / "images").glob("*.png"))
    assert dict(timing.times) == dict(zip(written, media.scan(medium).times, strict=True))
    assert (timing.time_base, timing.pixel_format) == (medium.time_base, "yuv420p")


def test_the_last_frame_stays_as_long_as_before(scene):
    held = scene.folder / "held.mp4"
    with av.open(str(scene.footage)) as footage, av.open(str(held), "w") as container:
        copy = container.add_stream_from_template(footage.streams.video[0], opaque=True)
        packets = [packet for packet in footage.demux(video=0) if packet.size]
        packets[-1].duration *= 40
        for packet in packets:
            packet.stream = copy
            container.mux(packet)
    write_faceset(scene.folder / "held faces", held, lambda index: [])
    scene.convert("out.mp4", codec=None, media=held, faceset=scene.folder / "held faces")
    with av.open(str(held)) as footage, av.open(str(scene.folder / "out.mp4")) as converted:
        before, after = (
            video.streams.video[0].duration * video.streams.video[0].time_base for video in (footage, converted)
        )
        assert before == after > 1


def test_frames_that_were_taken_out_are_not_written_over(scene):
    run_job(FramesJob(video=scene.footage, folder=scene.folder / "frames"))
    before = hash_of(next((scene.folder / "frames").glob("*.png")))
    with pytest.raises(OutputError, match="holds the images that `faceswap frames` made"):
        scene.convert("frames", codec=None)
    assert hash_of(next((scene.folder / "frames").glob("*.png"))) == before


def test_images_of_a_video_stay_with_their_times(scene):
    """frames, convert, assemble: the classical way."""
    run_job(FramesJob(video=scene.footage, folder=scene.folder / "frames"))
    write_faceset(scene.folder / "frame faces", scene.folder / "frames")
    scene.convert("swapped", codec=None, media=scene.folder / "frames", faceset=scene.folder / "frame faces")
    run_job(AssembleJob(folder=scene.folder / "swapped", video=scene.folder / "out.mkv", audio_from=scene.footage))
    assert [pts for pts, _ in planes(scene.folder / "out.mkv")] == [pts for pts, _ in planes(scene.footage)]
    assert sound(scene.folder / "out.mkv") == sound(scene.footage)
    (finding,) = check_path(scene.folder / "out.mkv")
    assert finding.state == State.INTACT

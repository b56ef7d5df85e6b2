"""A video into images and images into a video: the way there and back loses nothing, other ways are told."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from faceswap.core import events
from faceswap.core.errors import Cancelled, FaceswapError
from faceswap.core.jobs import assemble as assemble_module
from faceswap.core.jobs import frames as frames_module
from faceswap.core.jobs.assemble import AssembleJob, AssembleReport
from faceswap.core.jobs.context import request_cancel
from faceswap.core.jobs.frames import FramesJob, FramesReport
from faceswap.core.jobs.job import run_job
from faceswap.lib.media import TIMING_NAME, probe, write_image
from faceswap.lib.provenance.checking import State, check_path
from faceswap.lib.provenance.keys import user_key
from faceswap.lib.provenance.signing import Sealer
from faceswap.lib.provenance.xmp import packet

TIMES = [0, 400, 1000, 1400, 3000, 3100, 3200, 9000, 9400, 9800, 10200, 10300]
"""Presentation times, in 1/12000 s: no steady rate."""
FAST = {"preset": "ultrafast"}


def write_video(path: Path, pixel_format: str = "yuv420p") -> Path:
    """Smooth pictures whose colors RGB can hold, with sound, tags, a rotation and pixels that are no squares."""
    with av.open(str(path), "w", container_options={"movie_timescale": "12000"}) as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"qp": "0", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixel_format
        context = stream.codec_context
        context.time_base = stream.time_base = Fraction(1, 12000)
        context.sample_aspect_ratio, context.max_b_frames = Fraction(4, 3), 0
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = 9, 16, 9, 1
        stream.set_display_rotation(90)
        sound: Any = container.add_stream("aac", rate=44100, layout="stereo")
        y, x = np.mgrid[0:48, 0:64]
        for index, time in enumerate(TIMES):
            picture = np.stack([128 + 60 * np.sin((x + y * k + 7 * index) / 30) for k in range(3)], -1)
            frame = av.VideoFrame.from_ndarray(np.uint8(picture), "rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = time, Fraction(1, 12000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        tone = np.int16(8000 * np.sin(np.arange(44100) / 20))
        samples = av.AudioFrame.from_ndarray(np.repeat(tone, 2)[None], "s16", "stereo")
        samples.sample_rate, samples.pts, samples.time_base = 44100, 0, Fraction(1, 44100)
        container.mux(sound.encode(samples))
        container.mux(sound.encode(None))
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_video(tmp_path / "clip.mp4")


def decoded(path: Path) -> list[tuple[int, np.ndarray]]:
    """Times and samples, as PyAV alone decodes them."""
    with av.open(str(path)) as container:
        return [(frame.pts, frame.to_ndarray()) for frame in container.decode(video=0)]


def packets(path: Path) -> list[tuple[int, bytes]]:
    with av.open(str(path)) as container:
        return [(packet.pts, bytes(packet)) for packet in container.demux(audio=0) if packet.size]


def frames(video: Path, folder: Path, **settings: Any) -> FramesReport:
    report: FramesReport = run_job(FramesJob(video=video, folder=folder, **settings))
    return report


def assemble(folder: Path, video: Path, told: Callable[[Any], None] | None = None, **settings: Any) -> AssembleReport:
    job = AssembleJob(**{"folder": folder, "video": video, **FAST, **settings})
    report: AssembleReport = run_job(job, told)
    return report


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "yuv422p10le", "yuv420p10le"])
@pytest.mark.parametrize("image_format", ["png", "tiff"])
def test_there_and_back_nothing_is_lost(tmp_path: Path, pixel_format: str, image_format: str) -> None:
    clip = write_video(tmp_path / "clip.mp4", pixel_format)
    assert frames(clip, tmp_path / "images", image_format=image_format).frames == len(TIMES)
    written = sorted((tmp_path / "images").glob(f"*.{image_format}"))
    shown = cv2.imread(str(written[0]), cv2.IMREAD_UNCHANGED)
    assert (len(written), shown.shape) == (len(TIMES), (64, 48, 3))
    assert shown.dtype == (np.uint16 if "10" in pixel_format else np.uint8)
    assemble(tmp_path / "images", tmp_path / "again.mp4", audio_from=clip, lossless=True)
    before, after = decoded(clip), decoded(tmp_path / "again.mp4")
    assert [time for time, _ in after] == TIMES
    for (_, old), (_, new) in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)
    assert packets(tmp_path / "again.mp4") == packets(clip)
    one, other = probe(clip), probe(tmp_path / "again.mp4")
    assert (one.color, one.sample_aspect, one.display_matrix) == (
        other.color,
        other.sample_aspect,
        other.display_matrix,
    )
    with av.open(str(clip)) as first, av.open(str(tmp_path / "again.mp4")) as second:
        assert first.streams.video[0].duration == second.streams.video[0].duration


def test_frames_stand_upright_as_an_independent_reader_sees_them(clip: Path, tmp_path: Path) -> None:
    frames(clip, tmp_path / "images")
    written = sorted((tmp_path / "images").glob("*.png"))
    with av.open(str(clip)) as container:
        for path, frame in zip(written, container.decode(video=0), strict=True):
            assert path.name == f"clip_{frame.pts:09d}.png"
            wanted = np.rot90(frame.to_ndarray(format="rgb24", src_colorspace="bt2020"), 1)
            assert np.abs(cv2.imread(str(path))[:, :, ::-1].astype(int) - wanted).max() <= 4


def test_jpg_and_its_quality(clip: Path, tmp_path: Path) -> None:
    frames(clip, tmp_path / "good", image_format="jpg")
    frames(clip, tmp_path / "small", image_format="jpg", quality=20)
    good, small = (sum(path.stat().st_size for path in (tmp_path / name).glob("*.jpg")) for name in ("good", "small"))
    assert good > 1.5 * small


@pytest.mark.parametrize("ending", [".mkv", ".webm", ".mov", ".gif"])
def test_other_containers(clip: Path, tmp_path: Path, ending: str) -> None:
    frames(clip, tmp_path / "images")
    assemble(tmp_path / "images", tmp_path / f"out{ending}", audio_from=clip)
    unit = Fraction(1, 100) if ending == ".gif" else Fraction(1, 1000)
    with av.open(str(tmp_path / f"out{ending}")) as container:
        times = [frame.pts * frame.time_base for frame in container.decode(video=0)]
    wanted = [Fraction(time, 12000) for time in TIMES]
    assert len(times) in (len(wanted), len({round(time / unit) for time in wanted}))
    assert max(min(abs(time - each) for each in wanted) for time in times) <= unit / 2


def images_of_elsewhere(folder: Path, count: int = 11, dtype: type = np.uint8) -> Path:
    """Noise in files whose names sort as people count."""
    folder.mkdir()
    noise = np.random.default_rng(0)
    for index in range(count):
        pixels = noise.integers(0, np.iinfo(dtype).max, (48, 64, 3), endpoint=True).astype(dtype)
        write_image(folder / f"shot {index}.png", pixels)
    return folder


def test_images_of_elsewhere_at_a_rate_without_loss(tmp_path: Path) -> None:
    folder = images_of_elsewhere(tmp_path / "shots")
    assemble(folder, tmp_path / "out.mkv", fps="30000/1001", codec="ffv1", lossless=True)
    with av.open(str(tmp_path / "out.mkv")) as container:
        for index, frame in enumerate(container.decode(video=0)):
            assert float(frame.pts * frame.time_base) == pytest.approx(index * 1001 / 30000, abs=0.00051)
            wanted = cv2.imread(str(folder / f"shot {index}.png"))[:, :, ::-1]
            assert frame.format.name == "gbrp10le"  # FFmpeg's ffv1 has no RGB of 8 bits in planes.
            green, blue, red = (np.frombuffer(plane, "<u2").reshape(48, -1)[:, :64] for plane in frame.planes)
            np.testing.assert_array_equal(np.rint(np.stack([red, green, blue], -1) * (255 / 1023)), wanted)
    assert index == 10


@pytest.mark.parametrize(
    ("dtype", "settings", "pixel_format"),
    [
        (np.uint8, {}, "yuv420p"),
        (np.uint16, {}, "yuv420p10le"),
        (np.uint8, {"pixel_format": "yuv444p"}, "yuv444p"),
        (np.uint16, {"codec": "ffv1", "lossless": True}, "gbrp12le"),
    ],
)
def test_the_pixel_format_of_images_of_elsewhere(
    tmp_path: Path, dtype: type, settings: dict[str, Any], pixel_format: str
) -> None:
    folder = images_of_elsewhere(tmp_path / "shots", 2, dtype)
    assemble(folder, tmp_path / "out.mkv", fps="25", **settings)
    assert probe(tmp_path / "out.mkv").pixel_format == pixel_format


def test_a_rate_goes_before_the_times_and_tags_stay(clip: Path, tmp_path: Path) -> None:
    frames(clip, tmp_path / "images")
    assemble(tmp_path / "images", tmp_path / "out.mp4", fps="12.5")
    assert [time for time, _ in decoded(tmp_path / "out.mp4")][:3] == [0, 2, 4]
    assert probe(tmp_path / "out.mp4").time_base == Fraction(1, 25)
    assert (probe(tmp_path / "out.mp4").color, probe(tmp_path / "out.mp4").rotation) == (probe(clip).color, 90)


def test_images_that_came_or_went_are_told(clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    frames(clip, folder)
    (folder / f"clip_{400:09d}.png").unlink()
    shutil.copy(folder / f"clip_{0:09d}.png", folder / "another.png")
    told: list[Any] = []
    assemble(folder, tmp_path / "out.mp4", told.append)
    assert [event.message for event in told if isinstance(event, events.Warned)] == [
        "1 images that timing.json names are not there; others stay longer.",
        "1 images that timing.json does not name are left out.",
    ]
    assert [time for time, _ in decoded(tmp_path / "out.mp4")] == [time for time in TIMES if time != 400]


def _stopped(job: FramesJob | AssembleJob, after: int) -> list[int]:
    """Runs a job until so many frames are done, and stops it; returns the counts that were told."""
    counts: list[int] = []

    def listen(event: Any) -> None:
        if isinstance(event, events.Progress):
            counts.append(event.done)
            if event.done >= after:
                request_cancel(job.home(), event.job)

    with pytest.raises(Cancelled, match="the same command continues"):
        run_job(job, listen)
    return counts


@pytest.fixture
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of three frames, and progress after each frame."""
    monkeypatch.setattr("faceswap.core.jobs.context._PROGRESS_INTERVAL", 0)
    for module in (frames_module, assemble_module):
        monkeypatch.setattr(module, "CHUNK_FRAMES", 3)


def test_a_stopped_run_goes_on_and_equals_a_whole_one(clip: Path, tmp_path: Path, told_at_once: None) -> None:
    whole, folder, begun = tmp_path / "whole", tmp_path / "images", []
    frames(clip, whole)
    _stopped(FramesJob(video=clip, folder=folder), 7)
    assert not (folder / TIMING_NAME).exists()
    run_job(FramesJob(video=clip, folder=folder), begun.append)
    assert next(event for event in begun if isinstance(event, events.Progress)).done == 6
    for path in [*whole.glob("*.png"), whole / TIMING_NAME]:
        assert (folder / path.name).read_bytes() == path.read_bytes()
    job = AssembleJob(folder=folder, video=tmp_path / "out.mp4", audio_from=clip, preset="ultrafast")
    _stopped(job, 7)
    assert not (tmp_path / "out.mp4").exists()
    begun.clear()
    run_job(job, begun.append)
    assert next(event for event in begun if isinstance(event, events.Progress)).done == 6
    assemble(folder, tmp_path / "at once.mp4", audio_from=clip)
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "at once.mp4").read_bytes()
    assert not list(tmp_path.glob("*.parts"))


def test_a_full_disk_is_told_and_the_same_command_goes_on(
    clip: Path, tmp_path: Path, file_size_limit: Callable[[int], Any]
) -> None:
    with file_size_limit(2000), pytest.raises(FaceswapError, match="the disk is full"):
        frames(clip, tmp_path / "images")
    frames(clip, tmp_path / "images")
    with file_size_limit(2000), pytest.raises(FaceswapError, match="the disk is full"):
        assemble(tmp_path / "images", tmp_path / "out.mp4", crf=0)
    assert not (tmp_path / "out.mp4").exists()
    assemble(tmp_path / "images", tmp_path / "out.mp4", crf=0)
    assert len(decoded(tmp_path / "out.mp4")) == len(TIMES)


@pytest.mark.parametrize("ending", [".png", ".tif", ".bmp"])
def test_images_that_show_swapped_faces_make_a_video_that_says_so(tmp_path: Path, ending: str) -> None:
    folder = images_of_elsewhere(tmp_path / "shots", 3)
    assert assemble(folder, tmp_path / "plain.mp4", fps="25").provenance is None
    assert [finding.state for finding in check_path(tmp_path / "plain.mp4")] == [State.NOTHING]
    if ending == ".png":
        write_image(folder / "shot 1.png", np.zeros((48, 64, 3), np.uint8), xmp=packet())
    else:
        (folder / "shot 1.png").rename(tmp_path / "original.png")
        seal = partial(Sealer(user_key(), "1", {}).seal, original=tmp_path / "original.png")
        write_image(folder / f"shot 1{ending}", np.zeros((48, 64, 3), np.uint8), finish=seal)
    assert "signed by" in (assemble(folder, tmp_path / "out.mp4", fps="25").provenance or "")
    (finding,) = check_path(tmp_path / "out.mp4")
    assert finding.state == State.INTACT and finding.source_type.endswith("/compositeWithTrainedAlgorithmicMedia")
    report = assemble(folder, tmp_path / "unsigned.mp4", fps="25", provenance=False)
    assert "--no-provenance" in (report.provenance or "")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "holds no timing.json, .* give the images per second with --fps"),
        ({"fps": "0"}, "--fps must be above 0"),
        ({"fps": "25/0"}, "--fps must be above 0"),
        ({"fps": "fast"}, "--fps must be a number such as 25"),
        ({"fps": "25", "video": "out.xyz"}, "unknown ending '.xyz'"),
        ({"fps": "25", "video": "out.mp4", "codec": "prores"}, r"\.mp4 cannot hold prores"),
        ({"fps": "25", "video": "absent/out.mp4"}, "does not exist"),
        ({"fps": "25", "lossless": True}, "h264 cannot hold pictures of gbrp, 64x48, without loss"),
        ({"fps": "25", "audio_from": "absent.mp4"}, "there is no file"),
    ],
)
def test_error_settings_of_assemble(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    folder = images_of_elsewhere(tmp_path / "shots", 2)
    paths = {name: tmp_path / settings[name] for name in ("video", "audio_from") if name in settings}
    with pytest.raises(FaceswapError, match=message):
        assemble(folder, **{"video": tmp_path / "out.mp4", **settings, **paths})
    assert not list(tmp_path.glob("*.parts"))


def test_error_images_that_do_not_go_together(tmp_path: Path) -> None:
    folder = images_of_elsewhere(tmp_path / "shots", 3)
    write_image(folder / "shot 1.png", np.zeros((50, 64, 3), np.uint8))
    with pytest.raises(FaceswapError, match=r"shot 1\.png has 64x50 pixels, the first image 64x48"):
        assemble(folder, tmp_path / "out.mp4", fps="25")
    write_image(folder / "shot 1.jpg", np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(FaceswapError, match="differ in more than their endings"):
        assemble(folder, tmp_path / "out.mp4", fps="25")


@pytest.mark.parametrize(
    "damage",
    [
        b"{",
        b"[]",
        b"{}",
        {"timing": 2},
        {"time_base": "0"},
        {"time_base": "1/0"},
        {"pixel_format": "nv12"},
        {"display_matrix": [1, 2]},
        {"color": {"hue": 1}},
        {"times": {"a": "soon"}},
    ],
)
def test_error_damaged_times(clip: Path, tmp_path: Path, damage: Any) -> None:
    folder = tmp_path / "images"
    frames(clip, folder)
    path = folder / TIMING_NAME
    path.write_bytes(
        damage if isinstance(damage, bytes) else json.dumps({**json.loads(path.read_text()), **damage}).encode()
    )
    with pytest.raises(FaceswapError, match=r"timing\.json cannot be used .*--fps"):
        assemble(folder, tmp_path / "out.mp4")


def test_error_the_sound_s_video_is_not_written_over(clip: Path, tmp_path: Path) -> None:
    frames(clip, tmp_path / "images")
    os.link(clip, tmp_path / "link.mp4")
    content = clip.read_bytes()
    for output in (clip, tmp_path / "link.mp4"):
        with pytest.raises(FaceswapError, match="is the video that the sound comes from"):
            assemble(tmp_path / "images", output, audio_from=clip)
    assert clip.read_bytes() == content


def test_error_frames_of_what_is_no_video(tmp_path: Path) -> None:
    folder = images_of_elsewhere(tmp_path / "shots", 1)
    with pytest.raises(FaceswapError, match="is no video"):
        frames(folder, tmp_path / "images")
    with pytest.raises(FaceswapError, match="there is no file"):
        frames(tmp_path / "absent.mp4", tmp_path / "images")
    with pytest.raises(FaceswapError, match="holds no images"):
        (tmp_path / "empty").mkdir()
        assemble(tmp_path / "empty", tmp_path / "out.mp4", fps="25")


def test_error_a_folder_on_a_read_only_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = images_of_elsewhere(tmp_path / "shots", 1)
    unlink = Path.unlink

    def refuse(self: Path, missing_ok: bool = False) -> None:
        if folder in self.parents:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    monkeypatch.setattr(os, "access", lambda path, mode: path != folder)
    with pytest.raises(FaceswapError, match=r"cannot record the run in .*shots: there is no permission"):
        assemble(folder, tmp_path / "out.mp4", fps="25")

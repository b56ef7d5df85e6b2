"""Videos written anew: same pictures, same colors, same times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from rewriting import (
    FFV1,
    LOSSLESS,
    MakeVideo,
    arrays_of,
    assert_same_sound,
    assert_same_video,
    convert,
    decoded,
    packets,
)

from faceswap.lib.media import (
    ColorTags,
    Encoding,
    SegmentWriter,
    join,
    lost_streams,
    probe,
    read_frames,
)
from faceswap.lib.media.frame import VideoPicture


@pytest.mark.parametrize(
    "source",
    [
        {"times": [0, 1, 5, 6, 7, 30, 31, 90, 91, 92, 93, 200, 210, 211, 240], "time_base": Fraction(1, 90000)},
        {"times": range(1000, 1030), "b_frames": 3, "audio": "aac"},
        {"times": range(1001, 31 * 1001, 1001), "time_base": Fraction(1, 30000), "audio": "aac"},
        {"name": "clip.ts", "b_frames": 2},
        {"name": "clip.ts", "times": range(1001, 31 * 1001, 1001), "time_base": Fraction(1, 30000), "audio": "mp3"},
        {"name": "clip.mov", "pixel_format": "yuv422p10le", "audio": "pcm_s16le"},
        {"name": "clip.mov", "audio": "alac", "audio_start": 353, "container_options": {"movie_timescale": "44100"}},
        {"name": "clip.mkv", "codec": "ffv1", "pixel_format": "yuv444p", "audio": "mp3"},
        {"pixel_format": "yuvj420p"},
        {"pixel_format": "gray"},
        {"name": "clip.avi", "codec": "mpeg4", "audio": "mp3"},
        {"name": "clip.avi", "codec": "mpeg4", "time_base": Fraction(1001, 30000)},
    ],
    ids=lambda source: " ".join(f"{key}" for key in source),
)
def test_roundtrip_unchanged_frames_are_bit_exact(
    make_video: MakeVideo, tmp_path: Path, source: dict[str, Any]
) -> None:
    medium = probe(make_video(**source))
    output = tmp_path / "out.mov"
    assert lost_streams(medium.path, output) == []
    convert(medium, output)
    assert_same_video(medium.path, output)
    assert_same_sound(medium.path, output)
    assert probe(output).time_base == medium.time_base or medium.time_base.numerator != 1


@pytest.mark.parametrize("encoding", [FFV1, Encoding("hevc", crf=0, preset="ultrafast")])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le", "yuv444p"])
def test_roundtrip_other_codecs(make_video: MakeVideo, tmp_path: Path, encoding: Encoding, pixel_format: str) -> None:
    medium = probe(make_video("clip.mkv", times=9, pixel_format=pixel_format, audio="flac"))
    convert(medium, tmp_path / "out.mkv", encoding)
    assert_same_video(medium.path, tmp_path / "out.mkv")
    assert packets(tmp_path / "out.mkv", "audio") == packets(medium.path, "audio")


def test_roundtrip_odd_sizes_keep_their_size(make_video: MakeVideo, tmp_path: Path) -> None:
    """H.264 cannot sample chroma at odd sizes; a finer sampling takes its place."""
    medium = probe(make_video("clip.mkv", codec="ffv1", size=(63, 47)))
    assert (medium.pixel_format, Encoding().format_for("yuv420p", 63, 47)) == ("yuv420p", "yuv444p")
    convert(medium, tmp_path / "out.mp4")
    for before, after in zip(read_frames(medium), read_frames(probe(tmp_path / "out.mp4")), strict=True):
        np.testing.assert_array_equal(planes(before)[0], planes(after)[0])
        assert np.abs(before.image().astype(int) - after.image()).mean() < 2


def test_colors_of_rgb_footage_survive(make_video: MakeVideo, tmp_path: Path) -> None:
    """H.264 holds no RGB here: the colors become BT.709, and the file says so."""
    medium = probe(make_video("clip.gif", codec="gif", pixel_format="rgb8", time_base=Fraction(1, 100)))
    assert Encoding().format_for("gbrp", 64, 48) == "yuv444p"
    convert(medium, tmp_path / "out.mp4")
    result = probe(tmp_path / "out.mp4")
    assert (result.color.matrix, result.color.range) == (1, 1)
    for before, after in zip(read_frames(medium), read_frames(result), strict=True):
        assert before.time == pytest.approx(after.time)
        assert np.abs(before.image().astype(int) - after.image()).max() <= 2
        bare = after.picture.video.reformat(format="rgb24", src_colorspace="itu709").to_ndarray()
        assert np.abs(bare.astype(int) - after.image()).max() <= 3


@pytest.mark.parametrize(("stored", "worked_on"), [("yuv411p", "yuv422p"), ("gray16le", "gray12le"), ("bgra", "gbrp")])
def test_formats_that_are_not_worked_on_become_the_nearest(
    make_video: MakeVideo, tmp_path: Path, stored: str, worked_on: str
) -> None:
    medium = probe(make_video("clip.mkv", codec="ffv1", pixel_format=stored))
    with av.open(str(medium.path)) as container:
        wanted = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    frames = list(read_frames(medium))
    assert medium.pixel_format == stored and frames[0].picture.video.format.name == worked_on
    for picture, frame in zip(wanted, frames, strict=True):
        assert np.abs(picture.astype(int) - frame.image()).mean() < 2
    convert(medium, tmp_path / "out.mkv", LOSSLESS)
    assert len(list(read_frames(probe(tmp_path / "out.mkv")))) == 20


def planes(frame: Any) -> list[np.ndarray]:
    return list(frame.picture.samples().planes)


@pytest.mark.parametrize(
    ("ending", "encoding"), [(".mp4", LOSSLESS), (".mov", LOSSLESS), (".mkv", LOSSLESS), (".mkv", FFV1)]
)
@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_rotation_and_tags_are_kept(
    make_video: MakeVideo, tmp_path: Path, ending: str, encoding: Encoding, rotation: int
) -> None:
    color = {"color_primaries": 9, "color_trc": 16, "colorspace": 9, "color_range": 2}
    color["sample_aspect_ratio"] = Fraction(4, 3)
    medium = probe(make_video(rotation=rotation, color=color, audio="aac"))
    assert (medium.color.primaries, medium.color.transfer, medium.color.matrix, medium.color.range) == (9, 16, 9, 2)
    convert(medium, tmp_path / f"out{ending}", encoding)
    result = probe(tmp_path / f"out{ending}")
    assert medium.sample_aspect == Fraction(4, 3)
    assert result.sample_aspect == medium.sample_aspect
    assert (result.color, result.rotation, result.orientation) == (medium.color, medium.rotation, medium.orientation)
    assert (result.width, result.height, result.rate) == (48, 64, 25) if rotation != 180 else (64, 48, 25)
    for before, after in zip(read_frames(medium), read_frames(result), strict=True):
        np.testing.assert_array_equal(before.image(), after.image())


def test_the_last_frame_is_shown_as_long_as_before(make_video: MakeVideo, tmp_path: Path) -> None:
    source = tmp_path / "held.mp4"
    with av.open(str(make_video(times=10))) as bare, av.open(str(source), "w") as container:
        copy = container.add_stream_from_template(bare.streams.video[0], opaque=True)
        for packet in [packet for packet in bare.demux(video=0) if packet.size]:
            packet.duration = packet.duration * 30 if packet.pts == 9 * 512 else packet.duration
            packet.stream = copy
            container.mux(packet)
    medium = probe(source)
    convert(medium, tmp_path / "out.mp4")
    for path in (source, tmp_path / "out.mp4"):
        with av.open(str(path)) as container:
            assert container.streams.video[0].duration == (9 + 30) * 512


def test_writing_leaves_the_decoders_own_pictures_alone(make_video: MakeVideo) -> None:
    """A frame that is given out is what the next ones are predicted from."""
    path = make_video(times=10, gop=10, options={"x264-params": "ref=1", "tune": "zerolatency"})
    clean = [picture for _, picture in decoded(path)]
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for index, video in enumerate(container.decode(video=0)):
            for one, other in zip(arrays_of(video), clean[index], strict=True):
                np.testing.assert_array_equal(one, other)
            samples = VideoPicture(video, ColorTags()).samples(writable=True)
            samples.write(0, 0, np.ones((48, 64, 3), np.float32), np.ones((48, 64), bool))


def test_a_written_box_arrives_and_the_rest_stays(make_video: MakeVideo, tmp_path: Path) -> None:
    """Frames that a decoder still refers to are written to: neither their surroundings nor later frames change."""
    medium = probe(make_video(times=30, b_frames=2, rotation=90))
    with SegmentWriter(tmp_path / "a.nut", medium, LOSSLESS) as writer:
        for frame in read_frames(medium):
            if frame.key.pts % 3 == 0:
                frame.write_box(8, 10, np.ones((12, 16, 3), np.float32), np.ones((12, 16), bool))
            writer.write(frame)
    join([tmp_path / "a.nut"], tmp_path / "out.mp4", medium)
    for before, after in zip(read_frames(medium), read_frames(probe(tmp_path / "out.mp4")), strict=True):
        wanted = before.image().copy()
        if before.key.pts % 3 == 0:
            wanted[10:22, 8:24] = 255
        np.testing.assert_array_equal(after.image(), wanted)

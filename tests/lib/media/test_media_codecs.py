"""Every codec in every container that it goes with: times, tags, depth and shape kept, or a line tells what is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from faceswap.lib.errors import MediaError, OutputError
from faceswap.lib.media import (
    CODECS,
    PRESETS,
    Beside,
    Encoding,
    Medium,
    SegmentWriter,
    animate,
    built_in,
    codec_for,
    join,
    lost_streams,
    probe,
    read_chunk,
    read_frames,
    require_video_output,
    scan,
    split,
)
from faceswap.lib.media import codecs as codecs_module
from faceswap.lib.media.matroska import set_sample_aspect

MakeVideo = Callable[..., Path]
Picture = Callable[[int, int, int], np.ndarray]
FAST = "ultrafast"
UNEVEN = [0, 1000, 5000, 6000, 7000, 30000, 31000, 90000]
TAGS = {"color_primaries": 9, "color_trc": 16, "colorspace": 9, "sample_aspect_ratio": Fraction(4, 3)}
PAIRS = [
    (codec, ending)
    for codec, known in CODECS.items()
    for ending in known.endings
    if not known.animation and ending != ".m4v"
]


def convert(medium: Medium, output: Path, encoding: Encoding, size: int = 5) -> Path:
    """Every frame through segments into one file."""
    segments = []
    for chunk in split(medium, size):
        segments.append(output.parent / f"{chunk.index}{encoding.segment_ending}")
        with SegmentWriter(segments[-1], medium, encoding) as writer:
            for frame in read_chunk(medium, chunk):
                writer.write(frame)
    if encoding.kind.animation:
        animate(segments, output, medium, encoding)
    else:
        join(segments, output, medium, Beside(medium.path, end=scan(medium).end))
    return output


def bare(path: Path) -> list[tuple[float, np.ndarray]]:
    """Times in seconds and samples, as PyAV alone decodes them."""
    with av.open(str(path)) as container:
        return [(float(frame.pts * frame.time_base), frame.to_ndarray()) for frame in container.decode(video=0)]


def test_all_codecs_of_the_table_are_built_in() -> None:
    assert built_in() == tuple(CODECS)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le"])
@pytest.mark.parametrize(("codec", "ending"), PAIRS)
def test_times_tags_depth_and_shape_are_kept(
    make_video: MakeVideo, tmp_path: Path, codec: str, ending: str, pixel_format: str
) -> None:
    time_base = Fraction(1, 90000)
    source = make_video(
        times=UNEVEN, time_base=time_base, pixel_format=pixel_format, rotation=90, color=TAGS, options={"qp": "0"}
    )
    encoding = Encoding(codec, preset=FAST)
    result = probe(convert(probe(source), tmp_path / f"out{ending}", encoding))
    exact = ending in (".mp4", ".mov")
    times = [time for time, _ in bare(result.path)]
    assert times == pytest.approx([time / 90000 for time in UNEVEN], abs=1e-9 if exact else 0.00051)
    assert result.time_base == (time_base if exact else Fraction(1, 1000))
    assert (result.color.primaries, result.color.transfer, result.color.matrix) == (9, 16, 9)
    assert (result.sample_aspect, result.rotation) == (Fraction(4, 3), 90)
    bits = av.VideoFormat(result.pixel_format).components[0].bits
    assert bits == (8 if codec == "vp9" or (pixel_format == "yuv420p" and codec != "prores") else 10)
    for before, after in zip(read_frames(probe(source)), read_frames(result), strict=True):
        assert np.abs(after.image().astype(int) - before.image()).mean() < 4


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "yuv420p10le"])
@pytest.mark.parametrize(("codec", "ending"), [("h264", ".mp4"), ("hevc", ".mkv"), ("ffv1", ".mkv"), ("vp9", ".webm")])
def test_lossless_gives_back_every_sample(
    make_video: MakeVideo, tmp_path: Path, codec: str, ending: str, pixel_format: str
) -> None:
    medium = probe(make_video("clip.mkv", times=12, codec="ffv1", pixel_format=pixel_format, size=(64, 48)))
    encoding = Encoding(codec, preset=FAST, lossless=True)
    if codec == "vp9" and "10" in pixel_format:
        with pytest.raises(
            OutputError, match="vp9 cannot hold pictures of yuv420p10le, 64x48, without loss; h264, hevc, ffv1 can"
        ):
            encoding.format_of(medium)
        return
    result = convert(medium, tmp_path / f"out{ending}", encoding)
    for (_, before), (_, after) in zip(bare(medium.path), bare(result), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"codec": "av1"},
            "needs a codec that can be: h264, hevc, vp9, ffv1, all of which go into .mkv. Received: av1; name",
        ),
        ({"codec": "prores"}, "needs a codec"),
        ({"crf": 18}, "leaves no quality to choose. Received: crf=18"),
        ({"scale": 0.5}, "keeps the size"),
        ({"pixel_format": "yuv420p"}, "keeps the frames' own pixel format"),
    ],
)
def test_error_lossless_with_what_cannot_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Encoding(**{"codec": "h264", **settings}, lossless=True)


def test_error_lossless_of_pictures_that_are_worked_on_in_another_format(make_video: MakeVideo) -> None:
    medium = probe(make_video("clip.mkv", codec="ffv1", pixel_format="yuva420p"))
    with pytest.raises(OutputError, match="has pictures of yuva420p, which are worked on as yuv420p"):
        Encoding("ffv1", lossless=True).format_of(medium)
    assert Encoding("ffv1").format_of(medium) == "yuv420p"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"codec": "av1", "crf": 64}, r"0\.\.63 for av1"),
        ({"codec": "h264", "crf": 52}, r"0\.\.51 for h264"),
        ({"codec": "prores", "crf": 3}, "prores has no `crf`"),
        ({"codec": "av1", "pixel_format": "yuv444p"}, "must be one of yuv420p, yuv420p10le"),
        ({"scale": 0}, "above 0"),
    ],
)
def test_error_settings_that_a_codec_does_not_have(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Encoding(**settings)


def test_error_a_codec_that_is_not_built_in_lists_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {name for name in av.codecs_available if name not in ("libsvtav1", "prores_ks")}
    monkeypatch.setattr(codecs_module.av, "codecs_available", there)
    built_in.cache_clear()
    try:
        with pytest.raises(OutputError, match=r"av1 is not built into .*; those that are: h264, hevc, vp9, ffv1, gif"):
            Encoding("av1")
    finally:
        built_in.cache_clear()


@pytest.mark.parametrize(
    ("ending", "codec"), [(".webm", "h264"), (".mov", "av1"), (".gif", "h264"), (".mp4", "prores")]
)
def test_error_codecs_in_containers_that_do_not_hold_them(tmp_path: Path, ending: str, codec: str) -> None:
    with pytest.raises(OutputError, match=f"{ending} cannot hold {codec}, which goes with"):
        require_video_output(tmp_path / f"out{ending}", Encoding(codec))


def test_each_ending_has_a_codec_of_its_own() -> None:
    chosen = {ending: codec_for(ending) for ending in (".mp4", ".mov", ".mkv", ".webm", ".gif", ".webp", "")}
    assert chosen == {
        ".mp4": "h264", ".mov": "h264", ".mkv": "h264", ".webm": "vp9", ".gif": "gif", ".webp": "webp", "": "h264"
    }  # fmt: skip


@pytest.mark.parametrize("codec", ["av1", "vp9"])
def test_presets_of_encoders_that_count(make_video: MakeVideo, tmp_path: Path, codec: str) -> None:
    """The slowest makes no larger a file than the fastest."""
    medium = probe(make_video(times=12))
    sizes = [
        convert(medium, tmp_path / "o.mkv", Encoding(codec, preset=p)).stat().st_size
        for p in PRESETS[:: len(PRESETS) - 1]
    ]
    assert sizes[0] > sizes[1]


@pytest.mark.parametrize("codec", ["av1", "vp9", "prores"])
def test_the_same_frames_give_the_same_segment(make_video: MakeVideo, tmp_path: Path, codec: str) -> None:
    medium = probe(make_video(times=12))
    frames, written = list(read_frames(medium)), []
    for _ in range(2):
        with SegmentWriter(tmp_path / "a", medium, Encoding(codec, preset=FAST)) as writer:
            for frame in frames:
                writer.write(frame)
        written.append((tmp_path / "a").read_bytes())
    assert written[0] == written[1]


def test_hevc_bears_the_name_that_all_players_know(make_video: MakeVideo, tmp_path: Path) -> None:
    medium = probe(make_video(times=6))
    with av.open(str(convert(medium, tmp_path / "out.mp4", Encoding("hevc", preset=FAST)))) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"
        assert len(list(container.decode(video=0))) == 6


def test_prores_takes_limited_range_alone(make_video: MakeVideo, tmp_path: Path) -> None:
    """ITU-T H.273: a luma code of full range, c of 1023, becomes 64 + 876 c / 1023."""
    medium = probe(make_video(times=2, pixel_format="yuv422p10le", options={"qp": "0"}, color={"color_range": 2}))
    result = convert(medium, tmp_path / "out.mov", Encoding("prores"))
    before, after = (next(iter(read_frames(probe(path)))).picture.samples().planes[0] for path in (medium.path, result))
    assert np.abs(64 + 876 * before.astype(float) / 1023 - after).mean() < 2
    assert probe(result).color.range == 1


def test_what_a_codec_cannot_hold_is_told(make_video: MakeVideo) -> None:
    deep, plain = probe(make_video("deep.mkv", pixel_format="yuv422p10le")), probe(make_video())
    assert Encoding("vp9").losses(deep) == ["pictures of yuv422p10le become yuv422p, which vp9 can hold"]
    assert Encoding("av1").losses(deep) == ["pictures of yuv422p10le become yuv420p10le, which av1 can hold"]
    (line,) = Encoding("gif").losses(plain)
    assert line.startswith("gif holds pictures of RGB at 8 bits")
    for codec in ("h264", "hevc", "prores", "ffv1"):
        assert Encoding(codec).losses(deep) == Encoding(codec).losses(plain) == []


def test_sound_that_begins_before_the_pictures_moves_nothing(make_video: MakeVideo, tmp_path: Path) -> None:
    """AAC begins a frame early, which Matroska answers by moving all times unless it is told not to."""
    medium = probe(make_video(times=20, audio="aac"))
    result = convert(medium, tmp_path / "out.mkv", Encoding(preset=FAST))
    starts = []
    for path in (medium.path, result):
        with av.open(str(path)) as container:
            packets = [packet for packet in container.demux(audio=0) if packet.size]
            starts.append([float(packet.pts * packet.time_base) for packet in packets])
    assert starts[0][0] < -0.02
    assert starts[1] == pytest.approx(starts[0], abs=0.00051)
    assert [time for time, _ in bare(result)] == pytest.approx([index / 25 for index in range(20)])


@pytest.mark.parametrize(("scale", "size"), [(0.5, (32, 24)), (0.26, (16, 12)), (2, (128, 96)), (0.001, (2, 2))])
def test_scale(make_video: MakeVideo, tmp_path: Path, scale: float, size: tuple[int, int]) -> None:
    medium = probe(make_video(times=3, options={"qp": "0"}))
    result = probe(convert(medium, tmp_path / "out.mkv", Encoding("ffv1", scale=scale)))
    assert (result.width, result.height, result.pixel_format) == (*size, "yuv420p")
    if min(size) > 2:
        kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LANCZOS4
        for before, after in zip(read_frames(medium), read_frames(result), strict=True):
            old, new = (frame.picture.samples().planes[0].copy() for frame in (before, after))
            apart = np.abs(cv2.resize(old, size, interpolation=kind).astype(int) - new)
            assert apart.mean() < (0.1 if scale < 1 else 1)


@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(3, 4), Fraction(16, 15), Fraction(59, 54)])
@pytest.mark.parametrize("ending", [".mkv", ".webm"])
def test_shape_of_pixels_in_matroska(make_video: MakeVideo, tmp_path: Path, ending: str, aspect: Fraction) -> None:
    """Read by FFmpeg, which also finds its way by the index of the file as before."""
    medium = probe(make_video(times=30, color={"sample_aspect_ratio": aspect}, audio="aac"))
    result = convert(medium, tmp_path / f"out{ending}", Encoding("vp9", preset=FAST))
    assert probe(result).sample_aspect == aspect
    with av.open(str(result)) as container:
        container.seek(1000, stream=container.streams.video[0])
        first = next(packet for packet in container.demux(video=0))
        assert (float(first.pts * first.time_base), first.is_keyframe) == (0.96, True)


def test_the_index_of_matroska_still_leads_to_its_elements(make_video: MakeVideo, tmp_path: Path) -> None:
    """Each entry of the index holds an element's name, 53AB, and its place in the segment, 53AC."""
    medium = probe(make_video(times=9, color={"sample_aspect_ratio": Fraction(4, 3)}))
    data = convert(medium, tmp_path / "out.mkv", Encoding(preset=FAST)).read_bytes()
    begin = data.index(b"\x18\x53\x80\x67") + 12
    entries = re.findall(rb"\x53\xab\x84(....)\x53\xac(\x01.{7}|[\x81-\x88])", data[:400], re.DOTALL)
    assert len(entries) == 4
    for name, size in entries:
        length = int.from_bytes(size, "big") & (0x7F if len(size) == 1 else (1 << 56) - 1)
        start = data.index(b"\x53\xab\x84" + name + b"\x53\xac" + size) + 9 + len(size)
        place = begin + int.from_bytes(data[start : start + length], "big")
        assert data[place : place + 4] == name


def test_error_shape_of_pixels_in_something_else(tmp_path: Path) -> None:
    path = tmp_path / "other.mkv"
    path.write_bytes(b"\x1a\x45\xdf\xa3\x84abcd" + bytes(50))
    with pytest.raises(MediaError, match="has not the expected form"):
        set_sample_aspect(path, Fraction(4, 3))
    assert path.read_bytes() == b"\x1a\x45\xdf\xa3\x84abcd" + bytes(50)


@pytest.mark.parametrize(("ending", "unit"), [(".gif", 10), (".webp", 1)])
def test_animations(make_video: MakeVideo, made_picture: Picture, tmp_path: Path, ending: str, unit: int) -> None:
    """As Pillow sees them: times, upright pictures with square pixels, endless repetition."""
    times = [50, 53, 57, 62, 80, 81, 110]  # The first picture begins it, whenever it was shown.
    color = {"sample_aspect_ratio": Fraction(4, 3)}
    source = make_video(
        times=times, time_base=Fraction(1, 50), rotation=90, color=color, options={"qp": "0"}, audio="aac"
    )
    medium = probe(source)
    result = convert(medium, tmp_path / f"out{ending}", Encoding(codec_for(ending)), size=3)
    durations = []
    with Image.open(result) as image:
        assert (image.n_frames, image.info["loop"], image.size) == (7, 0, (48 * 3 // 4, 64))
        for index in range(image.n_frames):
            image.seek(index)
            image.load()
            durations.append(image.info["duration"])
            wanted = cv2.resize(np.rot90(made_picture(index, 64, 48)), (36, 64), interpolation=cv2.INTER_AREA)
            assert np.abs(np.asarray(image.convert("RGB")).astype(int) - wanted).mean() < 9
    assert durations[:-1] == [20 * step for step in np.diff(times)]
    assert [line.partition(":")[0] for line in lost_streams(medium.path, result)] == [
        "audio stream 1 (aac) will be left out"
    ]


def test_a_webp_without_loss(make_video: MakeVideo, tmp_path: Path) -> None:
    medium = probe(make_video("clip.mkv", times=3, codec="ffv1", pixel_format="gbrp10le"))
    result = convert(medium, tmp_path / "out.webp", Encoding("webp", crf=0))
    with Image.open(result) as image:
        for index, frame in enumerate(read_frames(medium)):
            image.seek(index)
            np.testing.assert_array_equal(np.asarray(image.convert("RGB")), frame.image())


def test_frames_that_a_gif_cannot_tell_apart_are_one(make_video: MakeVideo, tmp_path: Path) -> None:
    medium = probe(make_video(times=[0, 1, 2, 30, 60], time_base=Fraction(1, 1000)))
    with Image.open(convert(medium, tmp_path / "out.gif", Encoding("gif"))) as image:
        assert image.n_frames == 3

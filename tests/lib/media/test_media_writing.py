"""Segments and joining: same pictures, same times, same sound, or a clear line and no half file."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.stream import Disposition

from faceswap.lib.errors import MediaError, OutputError
from faceswap.lib.media import (
    Beside,
    ColorTags,
    Encoding,
    ImageFolder,
    Medium,
    SegmentWriter,
    VideoWriter,
    join,
    lost_streams,
    probe,
    read_chunk,
    read_frames,
    read_image,
    require_video_output,
    scan,
    split,
    write_image,
)
from faceswap.lib.media.frame import VideoPicture

MakeVideo = Callable[..., Path]
LOSSLESS = Encoding(crf=0, preset="ultrafast")
FFV1 = Encoding("ffv1")


def convert(medium: Medium, output: Path, encoding: Encoding = LOSSLESS, size: int = 7) -> None:
    """Every frame through segments into one file, unchanged."""
    segments = []
    for chunk in split(medium, size):
        segments.append(output.parent / f"{chunk.index}.nut")
        with SegmentWriter(segments[-1], medium, encoding) as writer:
            for frame in read_chunk(medium, chunk):
                writer.write(frame)
    join(segments, output, medium, Beside(medium.path, end=scan(medium).end))


def packets(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """Times in seconds and contents of a kind of stream, as PyAV alone reads them."""
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        demuxed = container.demux(streams) if streams else ()
        return [(packet.pts * packet.time_base, bytes(packet)) for packet in demuxed if packet.size]


def decoded(path: Path) -> list[tuple[Fraction, list[np.ndarray]]]:
    """Times in seconds and planes of frames, as PyAV alone decodes them."""
    with av.open(str(path)) as container:
        return [(frame.pts * frame.time_base, _planes(frame)) for frame in container.decode(video=0)]


def _planes(frame: Any) -> list[np.ndarray]:
    arrays = []
    for plane in frame.planes:
        used = plane.width * ((frame.format.components[0].bits + 7) // 8) * (3 if len(frame.planes) == 1 else 1)
        arrays.append(np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, :used].copy())
    return arrays


def assert_same_video(first: Path, second: Path) -> None:
    before, after = decoded(first), decoded(second)
    assert [time for time, _ in before] == [time for time, _ in after]
    for (_, old), (_, new) in zip(before, after, strict=True):
        for one, other in zip(old, new, strict=True):
            np.testing.assert_array_equal(one, other)


def assert_same_sound(first: Path, second: Path) -> None:
    """Packets bit for bit; their times to the sample where the first counts in something else than samples."""
    before, after = packets(first, "audio"), packets(second, "audio")
    assert [content for _, content in before] == [content for _, content in after]
    limit = Fraction(1, 44100) if first.suffix in (".mkv", ".ts") else 0
    assert all(abs(old - new) <= limit for (old, _), (new, _) in zip(before, after, strict=True))


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


def test_the_encoder_chooses_its_own_keyframes(make_video: MakeVideo, tmp_path: Path) -> None:
    """Decoded frames say of what type they were; a copy of that would make every frame a keyframe here."""
    medium = probe(make_video(gop=1))
    convert(medium, tmp_path / "out.mp4", size=10)
    for path, count in ((medium.path, 20), (tmp_path / "out.mp4", 2)):
        with av.open(str(path)) as container:
            assert sum(packet.is_keyframe for packet in container.demux(video=0)) == count


def test_sound_of_a_truncated_video(make_video: MakeVideo, tmp_path: Path) -> None:
    path = make_video(times=60, size=(128, 96), audio="aac", container_options={"movflags": "+faststart"})
    whole = [content for _, content in packets(path, "audio")]
    data = path.read_bytes()
    for percent in (60, 70, 80):
        path.write_bytes(data[: len(data) * percent // 100])
        convert(probe(path), tmp_path / "out.mp4", size=100)
        rest = [content for _, content in packets(tmp_path / "out.mp4", "audio")]
        assert 0 < len(rest) < len(whole) and rest == whole[: len(rest)]


def test_titles_chapters_and_languages_are_kept(make_video: MakeVideo, tmp_path: Path) -> None:
    source = tmp_path / "titled.mkv"
    with av.open(str(make_video(audio="aac"))) as bare, av.open(str(source), "w") as container:
        copies = {stream.index: container.add_stream_from_template(stream, opaque=True) for stream in bare.streams}
        copies[1].metadata["language"] = "fra"
        copies[1].disposition = Disposition.hearing_impaired
        container.metadata.update(bare.metadata)
        container.metadata["title"] = "A title"
        chapter = {"id": 1, "start": 0, "end": 500, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}}
        container.set_chapters([chapter])
        for packet in bare.demux():
            if packet.size:
                packet.stream = copies[packet.stream_index]
                container.mux(packet)
    convert(probe(source), tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as result:
        assert result.metadata["title"] == "A title"
        assert not [key for key in result.metadata if "brand" in key.lower()]
        assert result.streams.audio[0].language == "fra"
        assert result.streams.audio[0].disposition == Disposition.hearing_impaired
        assert [entry["metadata"]["title"] for entry in result.chapters()] == ["One"]


def test_subtitles_are_copied_or_reported(tmp_path: Path, make_video: MakeVideo) -> None:
    source = tmp_path / "subtitled.mkv"
    with av.open(str(make_video())) as bare, av.open(str(source), "w") as container:
        video = container.add_stream_from_template(bare.streams.video[0], opaque=True)
        titles = container.add_mux_stream("subrip")
        packet = av.Packet(b"Hello")
        packet.stream, packet.time_base, packet.pts, packet.dts, packet.duration = (
            titles,
            Fraction(1, 1000),
            100,
            100,
            300,
        )
        for picture in bare.demux(video=0):
            if picture.size:
                picture.stream = video
                container.mux(picture)
        container.mux(packet)
    medium = probe(source)
    assert lost_streams(medium.path, tmp_path / "out.mkv") == []
    convert(medium, tmp_path / "out.mkv")
    assert [content for _, content in packets(tmp_path / "out.mkv", "subtitle")] == [b"Hello"]
    (lost,) = lost_streams(medium.path, tmp_path / "out.mp4")
    assert "subtitle" in lost and ".mp4" in lost
    convert(medium, tmp_path / "out.mp4")
    assert_same_video(source, tmp_path / "out.mp4")


def test_sound_that_a_container_cannot_hold_is_reported(make_video: MakeVideo, tmp_path: Path) -> None:
    medium = probe(make_video("clip.mkv", audio="flac"))
    (lost,) = lost_streams(medium.path, tmp_path / "out.mov")
    assert "audio" in lost and "flac" in lost and ".mov" in lost
    convert(medium, tmp_path / "out.mov")
    assert not probe(tmp_path / "out.mov").has_audio


def test_sound_of_a_transport_stream_is_the_same_to_the_ear(make_video: MakeVideo, tmp_path: Path) -> None:
    """Its packets carry headers that other containers keep elsewhere; the samples are what counts."""
    medium = probe(make_video("clip.ts", audio="aac"))
    convert(medium, tmp_path / "out.mp4")
    samples = []
    for path in (medium.path, tmp_path / "out.mp4"):
        with av.open(str(path)) as container:
            samples.append(np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1))
    np.testing.assert_array_equal(samples[1], samples[0])


def test_edit_lists_do_not_bring_frames_back(make_video: MakeVideo, tmp_path: Path) -> None:
    """A cut without encoding hides the frames before the cut; they must stay hidden."""
    source = tmp_path / "cut.mp4"
    with av.open(str(make_video(times=40, gop=20))) as bare, av.open(str(source), "w") as container:
        copy = container.add_stream_from_template(bare.streams.video[0], opaque=True)
        for packet in bare.demux(video=0):
            if packet.size:
                for name in ("pts", "dts"):
                    setattr(packet, name, getattr(packet, name) - round(Fraction(10, 25) / packet.time_base))
                packet.stream = copy
                container.mux(packet)
    medium = probe(source)
    wanted = len(decoded(source))
    assert wanted == 30
    reader = read_frames(medium)
    assert (len(list(reader)), reader.missing) == (wanted, 0)
    assert sum(chunk.count for chunk in split(medium, 8)) == wanted
    convert(medium, tmp_path / "out.mp4")
    assert_same_video(source, tmp_path / "out.mp4")


def test_the_same_frames_give_the_same_segment(make_video: MakeVideo, tmp_path: Path) -> None:
    medium = probe(make_video(times=30, size=(160, 128)))
    for name in ("a.nut", "b.nut"):
        with SegmentWriter(tmp_path / name, medium) as writer:
            for frame in read_frames(medium):
                writer.write(frame)
    assert (tmp_path / "a.nut").read_bytes() == (tmp_path / "b.nut").read_bytes()


def test_segments_do_not_depend_on_the_cpu(
    make_video: MakeVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resumed conversion may go on elsewhere; x264 is told to use what every x86-64 has."""
    medium = probe(make_video("clip.mkv", codec="ffv1"))
    results = []
    for extra in ("", ":asm=SSE2", ":asm=0"):
        options = Encoding().options()
        options["x264-params"] += extra
        monkeypatch.setattr(Encoding, "options", lambda encoding, options=options: options)
        with SegmentWriter(tmp_path / "a.nut", medium) as writer:
            for frame in read_frames(medium):
                writer.write(frame)
        results.append((tmp_path / "a.nut").read_bytes())
        monkeypatch.undo()
    assert results[0] == results[1] == results[2]


def test_the_number_of_threads_is_fixed(make_video: MakeVideo, tmp_path: Path) -> None:
    medium = probe(make_video(size=(320, 240)))
    for threads in (1, 3):
        with SegmentWriter(tmp_path / "a.nut", medium, Encoding(threads=threads)) as writer:
            for frame in read_frames(medium):
                writer.write(frame)
        settings = (tmp_path / "a.nut").read_bytes()  # x264 notes them.
        assert f" threads={threads} ".encode() in settings and b" sliced_threads=0 " in settings


def test_writing_leaves_the_decoders_own_pictures_alone(make_video: MakeVideo) -> None:
    """A frame that is given out is what the next ones are predicted from."""
    path = make_video(times=10, gop=10, options={"x264-params": "ref=1", "tune": "zerolatency"})
    clean = [picture for _, picture in decoded(path)]
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for index, video in enumerate(container.decode(video=0)):
            for one, other in zip(_planes(video), clean[index], strict=True):
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


def test_segments_without_frames_are_passed_over(make_video: MakeVideo, tmp_path: Path) -> None:
    medium = probe(make_video())
    with SegmentWriter(tmp_path / "empty.nut", medium):
        pass
    assert (tmp_path / "empty.nut").stat().st_size == 0
    with pytest.raises(MediaError, match="no frames"):
        join([tmp_path / "empty.nut"], tmp_path / "out.mp4", medium)
    with SegmentWriter(tmp_path / "full.nut", medium, LOSSLESS) as writer:
        for frame in read_frames(medium):
            writer.write(frame)
    join([tmp_path / "empty.nut", tmp_path / "full.nut"], tmp_path / "out.mp4", medium)
    assert_same_video(medium.path, tmp_path / "out.mp4")


def test_segments_of_different_encodings_are_not_joined(make_video: MakeVideo, tmp_path: Path) -> None:
    medium = probe(make_video())
    first, second, *_ = split(medium, 8)
    for name, chunk, encoding in (("a.nut", first, LOSSLESS), ("b.nut", second, Encoding(pixel_format="yuv444p"))):
        with SegmentWriter(tmp_path / name, medium, encoding) as writer:
            for frame in read_chunk(medium, chunk):
                writer.write(frame)
    with pytest.raises(MediaError, match="another way"):
        join([tmp_path / "a.nut", tmp_path / "b.nut"], tmp_path / "out.mp4", medium)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nut", "b.nut", "clip.mp4"]


def test_a_broken_off_writer_leaves_nothing(make_video: MakeVideo, tmp_path: Path) -> None:
    medium = probe(make_video())
    frames = list(read_frames(medium))
    with pytest.raises(RuntimeError), SegmentWriter(tmp_path / "a.nut", medium) as writer:
        writer.write(frames[0])
        raise RuntimeError
    with pytest.raises(ValueError, match="in order"), SegmentWriter(tmp_path / "b.nut", medium) as writer:
        writer.write(frames[1])
        writer.write(frames[0])
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_error_outputs(tmp_path: Path) -> None:
    require_video_output(tmp_path / "out.mp4", Encoding())
    assert list(tmp_path.iterdir()) == []
    for name, encoding, reason in (
        ("absent/out.mp4", Encoding(), "does not exist"),
        ("out.xyz", Encoding(), "unknown ending '.xyz'; use one of .mp4"),
        ("out", Encoding(), r"unknown ending '\(none\)'"),
        ("out.mov", FFV1, "cannot hold ffv1"),
    ):
        with pytest.raises(OutputError, match=reason):
            require_video_output(tmp_path / name, encoding)
    with pytest.raises(OutputError, match="does not exist"):
        VideoWriter(tmp_path / "absent" / "out.mp4", 64, 48, 25)
    with pytest.raises(OutputError, match="unknown ending"):
        write_image(tmp_path / "out.xyz", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(OutputError, match="does not exist"):
        ImageFolder(tmp_path / "absent" / "folder")


@pytest.mark.parametrize(
    "fields",
    [
        {"codec": "h263"},
        {"codec": "libx264"},
        {"crf": -1},
        {"preset": "quick"},
        {"threads": 0},
        {"pixel_format": "nv12"},
    ],
)
def test_error_encodings(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        Encoding(**fields)


FULL_DISK = """
import resource, sys
import numpy as np
from faceswap.lib.errors import OutputError
from faceswap.lib.media import Encoding, SegmentWriter, VideoWriter, join, probe, read_frames, write_image
source, folder = sys.argv[1:]
medium = probe(source)
with SegmentWriter(folder + "/whole.nut", medium, Encoding(crf=0)) as writer:
    for frame in read_frames(medium):
        writer.write(frame)
noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3)).astype(np.uint8)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))

def segment():
    with SegmentWriter(folder + "/part.nut", medium, Encoding(crf=0)) as writer:
        for frame in read_frames(medium):
            writer.write(frame)

def video():
    with VideoWriter(folder + "/made.mp4", 128, 96, 25) as writer:
        for _ in range(20):
            writer.write(noise)

for write in (segment, video, lambda: join([folder + "/whole.nut"], folder + "/out.mp4", medium),
              lambda: write_image(folder + "/noise.png", noise)):
    try:
        write()
    except OutputError as error:
        print("the disk is full" in str(error), str(error).count("\\n"))
"""


def test_a_full_disk_is_told_and_leaves_no_half_file(
    make_video: MakeVideo, tmp_path: Path, fresh_python: Callable[..., Any]
) -> None:
    """A limit on the size of files stands for the full disk; the system reports both on the same way."""
    pytest.importorskip("resource")
    source = make_video("source.mp4", times=60, size=(128, 96), options={"qp": "0"})
    (tmp_path / "out").mkdir()
    done = fresh_python("-c", FULL_DISK, str(source), str(tmp_path / "out"))
    assert done.stdout.split("\n")[:-1] == ["True 0"] * 4, done.stdout + done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["whole.nut"]


@pytest.mark.parametrize(("ending", "codec"), [(".mp4", "aac"), (".mkv", "flac")])
def test_new_footage_with_sound(tmp_path: Path, ending: str, codec: str) -> None:
    path = tmp_path / f"new{ending}"
    rng = np.random.default_rng(2)
    tone = np.int16(9000 * np.sin(np.arange(44100) * 2 * np.pi * 440 / 44100))
    flat = [np.full((48, 64, 3), rng.integers(30, 220, 3), np.uint8) for _ in range(25)]
    with VideoWriter(path, 64, 48, 25, audio_rate=44100, audio_codec=codec) as writer:
        for index, picture in enumerate(flat):
            writer.write(picture)
            writer.write_audio(np.stack([tone, -tone], 1)[index * 1764 : (index + 1) * 1764])
    medium = probe(path)
    assert (medium.frames in (25, 0), medium.rate, medium.has_audio, medium.color.matrix) == (True, 25, True, 1)
    frames = list(read_frames(medium))
    assert [frame.time for frame in frames] == pytest.approx(np.arange(25) / 25)
    for picture, frame in zip(flat, frames, strict=True):
        assert np.abs(frame.image().astype(int) - picture).max() <= 3
    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray().astype(np.float64) for frame in container.decode(audio=0)], axis=1)
    left, right = (sound[0], sound[1]) if codec == "aac" else (sound[0, ::2] / 32768, sound[0, 1::2] / 32768)
    assert left[5000:40000].std() == pytest.approx(9000 / 32768 / np.sqrt(2), rel=0.02)
    assert np.corrcoef(left[5000:40000], right[5000:40000])[0, 1] < -0.99


@pytest.mark.parametrize(
    "encoding",
    [Encoding("ffv1", pixel_format="gbrp10le"), Encoding("hevc", crf=0, preset="ultrafast", pixel_format="gbrp")],
)
def test_new_footage_without_loss_is_exact(tmp_path: Path, encoding: Encoding) -> None:
    pictures = np.random.default_rng(4).integers(0, 256, (5, 48, 64, 3)).astype(np.uint8)
    with VideoWriter(tmp_path / "new.mkv", 64, 48, Fraction(30000, 1001), encoding) as writer:
        for picture in pictures:
            writer.write(picture)
    medium = probe(tmp_path / "new.mkv")
    np.testing.assert_array_equal([frame.image() for frame in read_frames(medium)], pictures)
    assert (medium.color.matrix, medium.color.range) == (0, 2)


def test_error_pictures_of_another_shape(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"uint8 \[48 64 3\]"), VideoWriter(tmp_path / "a.mp4", 64, 48, 25) as writer:
        writer.write(np.zeros((64, 48, 3), np.uint8))
    with pytest.raises(ValueError, match="audio_rate"), VideoWriter(tmp_path / "a.mp4", 64, 48, 25) as writer:
        writer.write_audio(np.zeros((10, 2), np.int16))


def test_video_frames_as_images(make_video: MakeVideo, tmp_path: Path) -> None:
    medium = probe(make_video(times=[0, 7], time_base=Fraction(1, 12800)))
    folder = ImageFolder(tmp_path / "frames")
    for frame in read_frames(medium):
        np.testing.assert_array_equal(read_image(folder.write(frame)), frame.image())
    assert sorted(path.name for path in folder.folder.iterdir()) == ["clip_000000000.png", "clip_000000007.png"]


def test_images_keep_their_names_and_unchanged_ones_their_bytes(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    pixels = np.random.default_rng(0).integers(0, 65536, (8, 9, 3)).astype(np.uint16)
    cv2.imwrite(str(source / "1.png"), pixels[:, :, ::-1])
    cv2.imwrite(str(source / "2.jpg"), np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8))
    first, second = read_frames(probe(source))
    first.write_box(0, 0, np.ones((2, 3, 3), np.float32), np.ones((2, 3), bool))
    folder = ImageFolder(tmp_path / "out")
    folder.write(first)
    assert folder.write(second).read_bytes() == (source / "2.jpg").read_bytes()
    pixels[:2, :3] = 65535
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "out/1.png"), cv2.IMREAD_UNCHANGED)[:, :, ::-1], pixels)
    assert ImageFolder(tmp_path / "out", ".webp").write(second).name == "2.webp"


def test_images_gray_alpha_and_sixteen_bits(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    gray, alpha = rng.integers(0, 256, (6, 7), np.uint8), rng.integers(0, 256, (6, 7, 4), np.uint8)
    deep = rng.integers(0, 65536, (6, 7, 3)).astype(np.uint16)
    for name, array in (("gray", gray), ("alpha", alpha), ("deep", deep)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), array)
    np.testing.assert_array_equal(read_image(tmp_path / "gray.png"), np.repeat(gray[:, :, None], 3, 2))
    np.testing.assert_array_equal(read_image(tmp_path / "alpha.png"), alpha[:, :, 2::-1])
    assert np.abs(read_image(tmp_path / "deep.png") - deep[:, :, ::-1] / 257).max() <= 0.5


def test_images_are_turned_as_exif_asks(tmp_path: Path) -> None:
    """Orientation 6: the stored picture has to be turned a quarter clockwise."""
    pixels = cv2.resize(np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8), (64, 48))
    data = cv2.imencode(".jpg", pixels[:, :, ::-1])[1].tobytes()
    tag = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    marked = data[:2] + b"\xff\xe1" + (len(tag) + 2).to_bytes(2, "big") + tag + data[2:]
    (tmp_path / "turned.jpg").write_bytes(marked)
    (tmp_path / "plain.jpg").write_bytes(data)
    wanted = np.rot90(read_image(tmp_path / "plain.jpg"), -1)
    np.testing.assert_array_equal(read_image(tmp_path / "turned.jpg"), wanted)
    assert probe(tmp_path / "turned.jpg").width == 48


def test_image_names_of_any_script(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    write_image(tmp_path / "лицо 顔.png", pixels)
    np.testing.assert_array_equal(read_image(tmp_path / "лицо 顔.png"), pixels)


def test_real_footage_keeps_sound_and_times(footage: Path, tmp_path: Path) -> None:
    medium = probe(footage / "stage_clip.mp4")
    convert(medium, tmp_path / "out.mp4", LOSSLESS, 64)
    assert packets(tmp_path / "out.mp4", "audio") == packets(medium.path, "audio")
    assert_same_video(medium.path, tmp_path / "out.mp4")

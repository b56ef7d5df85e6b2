"""Probing, chunks and reading: every frame once, the same frames whichever way they are reached."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from fractions import Fraction
from hashlib import sha256
from itertools import chain, product
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.stream import Disposition

from faceswap.lib.errors import MediaError
from faceswap.lib.media import Chunk, Medium, Orientation, list_images, probe, read_chunk, read_frames, scan, split

MakeVideo = Callable[..., Path]
Named = tuple[int, str]

VIDEOS = {
    "short groups": {},
    "one long group": {"gop": 250, "times": 60},
    "b-frames": {"b_frames": 3, "gop": 16, "times": 50},
    "pyramid of b-frames": {"b_frames": 4, "gop": 25, "times": 50, "options": {"x264-params": "b-pyramid=normal"}},
    "open groups": {"b_frames": 3, "gop": 10, "times": 50, "options": {"x264-params": "open-gop=1:scenecut=0"}},
    "late start": {"times": range(1000, 1040), "b_frames": 2},
    "variable rate": {"times": [0, 1, 5, 6, 7, 30, 31, 90, 91, 92, 93, 200], "time_base": Fraction(1, 90000)},
    "matroska": {"name": "clip.mkv", "b_frames": 2, "times": 40},
    "transport stream": {"name": "clip.ts", "b_frames": 2, "times": 60, "gop": 12},
    "transport stream, long": {"name": "clip.ts", "b_frames": 2, "times": 60, "gop": 250},
    "avi without times": {"name": "clip.avi", "codec": "mpeg4", "times": 40},
    "avi with b-frames": {"name": "clip.avi", "codec": "mpeg4", "b_frames": 2, "times": 40},
    "avi with b-frames of h.264": {"name": "clip.avi", "b_frames": 2, "times": 40},
    "webm": {"name": "clip.webm", "codec": "libvpx-vp9", "options": {"deadline": "realtime"}},
    "hevc, open groups": {
        "codec": "libx265",
        "times": 50,
        "options": {"x265-params": "open-gop=1:keyint=12:bframes=4:log-level=none", "preset": "ultrafast"},
    },
    "av1": {"codec": "libsvtav1", "size": (128, 96), "options": {"preset": "12"}},
    "webm, vp8": {
        "name": "clip.webm",
        "codec": "libvpx",
        "times": 60,
        "options": {"auto-alt-ref": "1", "lag-in-frames": "16", "deadline": "good"},
    },
    "gif": {"name": "clip.gif", "codec": "gif", "pixel_format": "rgb8", "time_base": Fraction(1, 100)},
}


def named(frames: object) -> list[Named]:
    """Times and fingerprints of frames."""
    return [(frame.key.pts, sha256(frame.image()).hexdigest()) for frame in frames]


def bare(path: Path) -> list[int]:
    """The times of frames as PyAV alone finds them."""
    with av.open(str(path)) as container:
        return [frame.pts for frame in container.decode(video=0)]


def test_probe_tells_what_a_video_is(make_video: MakeVideo) -> None:
    color = {"color_primaries": 1, "color_trc": 1, "colorspace": 1, "color_range": 1}
    medium = probe(make_video(times=12, audio="aac", color=color))
    assert (medium.kind, medium.width, medium.height, medium.frames) == ("video", 64, 48, 12)
    assert (medium.codec, medium.pixel_format, medium.rate, medium.has_audio) == ("h264", "yuv420p", 25, True)
    assert dataclasses.astuple(medium.color) == (1, 1, 1, 1)
    assert medium.rotation == 0 and medium.orientation == Orientation()


@pytest.mark.parametrize("name", VIDEOS)
def test_chunks_read_what_reading_whole_reads(make_video: MakeVideo, name: str) -> None:
    path = make_video(**VIDEOS[name])
    medium = probe(path)
    reader = read_frames(medium)
    whole = named(reader)
    assert reader.missing == 0
    assert [time for time, _ in whole] == sorted(bare(path))
    assert len(whole) == len({time for time, _ in whole}) == len({picture for _, picture in whole})
    for size in (1, 7, 16, 1000):
        chunks = split(medium, size)
        pieces = [read_chunk(medium, chunk) for chunk in chunks]
        found = [named(piece) for piece in pieces]
        assert [len(part) for part in found] == [chunk.count for chunk in chunks]
        assert list(chain(*found)) == whole
        assert all(piece.missing == 0 for piece in pieces)


def test_chunks_begin_at_keyframes_that_are_near(make_video: MakeVideo) -> None:
    medium = probe(make_video(times=40, gop=9, options={"x264-params": "scenecut=0"}))
    unit = medium.time_base.denominator // 25
    assert [chunk.first // unit for chunk in split(medium, 8)] == [0, 9, 18, 27, 36]
    assert [chunk.first // unit for chunk in split(medium, 16)] == [0, 18, 36]
    assert [chunk.first // unit for chunk in split(medium, 3)][:4] == [0, 3, 6, 9]


def test_chunks_travel_as_json(make_video: MakeVideo) -> None:
    chunks = split(probe(make_video()), 6)
    text = json.dumps([dataclasses.asdict(chunk) for chunk in chunks])
    assert [Chunk(**fields) for fields in json.loads(text)] == chunks


def test_a_chunk_size_of_none_is_refused(make_video: MakeVideo) -> None:
    with pytest.raises(ValueError, match="frames_per_chunk"):
        split(probe(make_video()), 0)


def test_frames_know_their_second(make_video: MakeVideo) -> None:
    medium = probe(make_video(times=[0, 3, 4], time_base=Fraction(1, 10)))
    assert [frame.time for frame in read_frames(medium)] == pytest.approx([0, 0.3, 0.4])
    assert {frame.key.source for frame in read_frames(medium)} == {"clip.mp4"}


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts"])
@pytest.mark.parametrize("percent", [50, 55, 60, 75])
def test_a_truncated_video_gives_what_is_decodable(make_video: MakeVideo, name: str, percent: int) -> None:
    options = {"movflags": "+faststart"} if name.endswith("mp4") else {}
    path = make_video(name, times=60, size=(128, 96), gop=20, container_options=options)
    whole = named(read_frames(probe(path)))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * percent // 100])
    medium = probe(path)
    reader = read_frames(medium)
    rest = named(reader)
    assert 15 < len(rest) < 60
    assert rest == whole[: len(rest)]
    timeline = scan(medium)
    assert sum(chunk.count for chunk in timeline.chunks(10)) == len(timeline.times)
    assert [pair for chunk in timeline.chunks(10) for pair in named(read_chunk(medium, chunk))] == rest
    if name == "clip.mp4":  # The others do not say how many frames there should be.
        assert reader.missing == timeline.missing == 60 - len(rest)


def test_a_damaged_middle_costs_only_some_frames(make_video: MakeVideo) -> None:
    path = make_video(times=60, size=(128, 96), gop=10, container_options={"movflags": "+faststart"})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(2000)
    path.write_bytes(data)
    reader = read_frames(probe(path))
    count = len(list(reader))
    assert 30 < count <= 60
    assert reader.missing == 60 - count


def test_errors_of_one_line(tmp_path: Path, make_video: MakeVideo) -> None:
    (tmp_path / "text.mp4").write_text("this is no video\n" * 100)
    (tmp_path / "text.jpg").write_text("this is no image\n" * 100)
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("no image")
    (tmp_path / "list.mp4").write_text(f"#EXTM3U\n#EXTINF:1,\nfile://{make_video()}\n#EXT-X-ENDLIST\n")
    (tmp_path / "list2.mp4").write_text(f"ffconcat version 1.0\nfile {make_video()}\n")
    (tmp_path / "image.mp4").write_bytes(cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1])
    cases = [
        "image.mp4",
        "text.mp4",
        "text.jpg",
        "empty.mp4",
        "empty.png",
        "folder",
        "list.mp4",
        "list2.mp4",
        "absent.mp4",
    ]
    for name in [*cases, "absent.png"]:
        with pytest.raises(MediaError) as caught:
            probe(tmp_path / name)
        assert name in str(caught.value) and "\n" not in str(caught.value)


def test_urls_are_not_opened() -> None:
    for url in ("http://localhost:9/clip.mp4", "concat:a.mp4|b.mp4", "file:clip.mp4"):
        with pytest.raises(MediaError, match="there is no file"):
            probe(url)


def test_names_that_look_like_urls(make_video: MakeVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_video("clip.mp4").rename(tmp_path / "concat:clip.mp4")
    monkeypatch.chdir(tmp_path)
    assert probe("concat:clip.mp4").frames == 20


def test_frames_of_equal_times_are_given_once(make_video: MakeVideo) -> None:
    """Matroska counts milliseconds, so that frames closer to each other than that fall together."""
    medium = probe(make_video("clip.mkv", times=[0, 20, 4000, 8000, 8010, 12000], time_base=Fraction(1, 90000)))
    assert bare(medium.path) == [0, 0, 44, 89, 89, 133]
    reader = read_frames(medium)
    assert [frame.key.pts for frame in reader] == [0, 44, 89, 133]
    assert reader.missing == 2
    assert [chunk.count for chunk in split(medium, 2)] == [2, 2]


def test_a_video_without_frames_is_named(tmp_path: Path) -> None:
    for name in ("none.mp4", "none.mkv"):
        with av.open(str(tmp_path / name), "w") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height = 64, 48
            container.start_encoding()
        with pytest.raises(MediaError, match=name):
            probe(tmp_path / name)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8820), np.int16), "s16", "stereo")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(MediaError, match="no video stream"):
        probe(path)


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "covered.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=44100, layout="stereo")
        cover = container.add_mux_stream("png", width=32, height=32)
        cover.disposition = Disposition.attached_pic
        art = av.Packet(cv2.imencode(".png", np.zeros((32, 32, 3), np.uint8))[1].tobytes())
        art.stream, art.pts, art.dts, art.time_base = cover, 0, 0, Fraction(1, 25)
        container.mux(art)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8820), np.int16), "s16", "stereo")
        frame.sample_rate = 44100
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    with av.open(str(path)) as container:
        assert len(container.streams.video) == 1
    with pytest.raises(MediaError, match="no video stream"):
        probe(path)


@pytest.mark.parametrize(("rotation", "quarter_turns"), [(90, 1), (180, 2), (-90, 3)])
def test_rotated_video_comes_upright(make_video: MakeVideo, rotation: int, quarter_turns: int) -> None:
    stored = probe(make_video("stored.mp4"))
    turned = probe(make_video("turned.mp4", rotation=rotation))
    assert turned.rotation in (rotation, rotation - 360, rotation + 360)
    for before, after in zip(read_frames(stored), read_frames(turned), strict=True):
        wanted = np.rot90(before.image(), quarter_turns)  # Both count counterclockwise.
        assert (after.width, after.height) == wanted.shape[1::-1] == (turned.width, turned.height)
        np.testing.assert_array_equal(after.image(), wanted)
        box = after.read_box(5, 7, 30, 28)
        np.testing.assert_allclose(box * 255, wanted[7:28, 5:30].astype(float), atol=1)


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("flip_x", [False, True])
@pytest.mark.parametrize("flip_y", [False, True])
def test_orientation_boxes_follow_pictures(transpose: bool, flip_x: bool, flip_y: bool) -> None:
    stored = np.arange(7 * 11).reshape(7, 11)
    orientation = Orientation(transpose, flip_x, flip_y)
    upright = orientation.upright(stored)
    np.testing.assert_array_equal(orientation.stored(upright), stored)
    height, width = upright.shape
    assert orientation.size(11, 7) == (width, height)
    left, top, right, bottom = orientation.stored_box((1, 2, 5, 6), width, height)
    np.testing.assert_array_equal(orientation.upright(stored[top:bottom, left:right]), upright[2:6, 1:5])


def test_orientation_of_the_eight_display_matrices() -> None:
    """Each matrix, applied to the four corners as its formula says, must agree with the picture that is made."""
    stored = np.arange(6).reshape(2, 3)
    signs = list(product((-1, 1), repeat=2))
    for a, b, c, d in [(a, 0, 0, d) for a, d in signs] + [(0, b, c, 0) for b, c in signs]:
        matrix = [value << 16 for value in (a, b, 0, c, d, 0, 0, 0, 1 << 14)]
        points = {(a * x + c * y, b * x + d * y): stored[y, x] for y in range(2) for x in range(3)}
        left, top = min(x for x, _ in points), min(y for _, y in points)
        upright = Orientation.from_display_matrix(matrix).upright(stored)
        for (x, y), value in points.items():
            assert upright[y - top, x - left] == value


def test_folder_in_natural_order(tmp_path: Path) -> None:
    for name in ("10.png", "2.png", "1.png", "B3.JPG", "a20.jpg", "a3.jpg", ".hidden.png", "notes.txt"):
        Path(tmp_path / name).write_bytes(cv2.imencode(".png", np.full((4, 5, 3), len(name), np.uint8))[1])
    assert list_images(tmp_path) == ["1.png", "2.png", "10.png", "a3.jpg", "a20.jpg", "B3.JPG"]
    medium = probe(tmp_path)
    assert (medium.kind, medium.width, medium.height, medium.frames) == ("folder", 5, 4, 6)
    keys = [frame.key for chunk in split(medium, 4) for frame in read_chunk(medium, chunk)]
    assert [key.source for key in keys] == list(medium.images)
    assert {key.pts for key in keys} == {0}


def test_an_image_alone_is_a_medium(tmp_path: Path) -> None:
    pixels = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    cv2.imwrite(str(tmp_path / "one.png"), pixels[:, :, ::-1])
    medium = probe(tmp_path / "one.png")
    (frame,) = read_frames(medium)
    assert (medium.kind, frame.key.source, frame.width, frame.height) == ("image", "one.png", 8, 6)
    np.testing.assert_array_equal(frame.image(), pixels)
    np.testing.assert_allclose(frame.read_box(2, 1, 7, 5), pixels[1:5, 2:7] / 255, atol=1e-6)


def test_a_broken_image_in_a_folder_is_counted(tmp_path: Path) -> None:
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "1.png").write_bytes(b"broken")
    reader = read_frames(probe(tmp_path))
    assert [frame.key.source for frame in reader] == ["0.png", "2.png"]
    assert reader.missing == 1


def test_real_footage(footage: Path) -> None:
    for name, frames in (("stage_clip.mp4", 275), ("portrait_painting.mp4", 91)):
        medium: Medium = probe(footage / name)
        assert len(scan(medium).times) == medium.frames == frames
        assert [frame.key.pts for frame in read_frames(medium)] == bare(footage / name)

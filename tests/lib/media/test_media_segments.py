"""Segments: the same wherever they are written, joined, or a clear line."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from rewriting import (
    LOSSLESS,
    MakeVideo,
    assert_same_video,
    convert,
)

from faceswap.lib.errors import MediaError
from faceswap.lib.media import (
    Encoding,
    SegmentWriter,
    join,
    probe,
    read_chunk,
    read_frames,
    split,
)


def test_the_encoder_chooses_its_own_keyframes(make_video: MakeVideo, tmp_path: Path) -> None:
    """Decoded frames say of what type they were; a copy of that would make every frame a keyframe here."""
    medium = probe(make_video(gop=1))
    convert(medium, tmp_path / "out.mp4", size=10)
    for path, count in ((medium.path, 20), (tmp_path / "out.mp4", 2)):
        with av.open(str(path)) as container:
            assert sum(packet.is_keyframe for packet in container.demux(video=0)) == count


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

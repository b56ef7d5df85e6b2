"""What travels with the pictures: sound, subtitles, titles, chapters."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from rewriting import (
    LOSSLESS,
    MakeVideo,
    assert_same_video,
    convert,
    decoded,
    packets,
)

from faceswap.lib.media import (
    Beside,
    Chunk,
    SegmentWriter,
    Span,
    join,
    lost_streams,
    probe,
    read_chunk,
    read_frames,
    split,
)


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


def test_a_part_has_the_chapters_that_reach_into_it(make_video: MakeVideo, tmp_path: Path) -> None:
    """Of 20 frames at 25 a second those from 0.2 to 0.6 s; in the units of either chapter."""
    source, millisecond = tmp_path / "titled.mkv", Fraction(1, 1000)
    with av.open(str(make_video())) as bare, av.open(str(source), "w") as container:
        copy = container.add_stream_from_template(bare.streams[0], opaque=True)
        ends = [(0, 200), (200, 350), (350, 700), (700, 800)]
        chapters = [
            {"id": number, "start": start, "end": end, "time_base": millisecond, "metadata": {"title": f"{number}"}}
            for number, (start, end) in enumerate(ends, start=1)
        ]
        container.set_chapters(chapters)
        for packet in bare.demux():
            if packet.size:
                packet.stream = copy
                container.mux(packet)
    medium, segment = probe(source), tmp_path / "segment.nut"
    with SegmentWriter(segment, medium, LOSSLESS) as writer:
        for frame in read_chunk(medium, Chunk(0, 200, 560, 10)):
            writer.write(frame)
    for ending in ("mkv", "mp4"):
        join([segment], tmp_path / f"part.{ending}", medium, Beside(source, Span(Fraction(1, 5), Fraction(3, 5))))
        with av.open(str(tmp_path / f"part.{ending}")) as part:
            found = [
                (each["metadata"]["title"], each["start"] * each["time_base"], each["end"] * each["time_base"])
                for each in part.chapters()
            ]
        assert found == [("2", 0, Fraction(15, 100)), ("3", Fraction(15, 100), Fraction(4, 10))]


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


def test_real_footage_keeps_sound_and_times(footage: Path, tmp_path: Path) -> None:
    medium = probe(footage / "stage_clip.mp4")
    convert(medium, tmp_path / "out.mp4", LOSSLESS, 64)
    assert packets(tmp_path / "out.mp4", "audio") == packets(medium.path, "audio")
    assert_same_video(medium.path, tmp_path / "out.mp4")

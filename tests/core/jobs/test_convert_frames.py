"""Which frames of the footage are swapped, which are written, and the other direction of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from conversion_scene import (
    COLOR,
    FACELESS,
    TIMES,
    WIDTH,
    Painter,
    assert_same,
    hull_of,
    landmarks_at,
    pictures,
    planes,
    redone,
    sound,
    stop_after_one_chunk,
    warnings_of,
)
from pydantic import ValidationError

from faceswap.core.errors import MediaError, OptionError
from faceswap.lib import media

SHOWN = [time for time in TIMES if time not in FACELESS]


def frames_of(path: Path) -> list[tuple[int, tuple[np.ndarray, ...]]]:
    """Each frame's time in 1/50 s, and its planes; Matroska counts milliseconds."""
    return [(pts // 20, samples) for pts, samples in planes(path)]


def shows_face(path: Path) -> list[int]:
    """The times of the frames that show the model's color where the face is."""
    found = []
    for (time, _), picture in zip(frames_of(path), pictures(path), strict=True):
        points = landmarks_at(TIMES.index(time))
        x, y = (points[0] if points else np.full((68, 2), 60.0))[30].round().astype(int)
        if np.abs(picture[y, x] / 255 - COLOR).max() < 0.02:
            found.append(time)
    return found


@pytest.mark.parametrize(
    ("frames", "wanted"),
    [("4-8", TIMES[4:9]), ("9-", TIMES[9:]), ("-2", TIMES[:3]), ("0:00.30-0:00.40", [15, 16, 17, 20])],
)
def test_faces_are_swapped_in_the_frames_that_are_asked_for(scene, frames, wanted):
    report, told = scene.convert(frames=frames)
    swapped = sorted(set(wanted) - FACELESS)
    assert shows_face(scene.folder / "out.mkv") == swapped
    assert (report.frames, report.frames_swapped, report.frames_left_out) == (16, len(swapped), 0)
    assert warnings_of(told) == []
    assert not any(line.startswith(("frames left out", "frames not extracted")) for line in report.lines())


def test_the_other_frames_keep_their_samples(scene):
    scene.convert(frames="4-8")
    for (time, old), (_, new) in zip(frames_of(scene.footage), frames_of(scene.folder / "out.mkv"), strict=True):
        if time not in TIMES[4:9]:
            for plane, expected in zip(new, old, strict=True):
                np.testing.assert_array_equal(plane, expected)


def test_frames_without_a_swap_can_be_left_out(scene):
    report, told = scene.convert(keep_unswapped="no")
    output = scene.folder / "out.mkv"
    assert [time for time, _ in frames_of(output)] == SHOWN
    assert shows_face(output) == SHOWN
    assert sound(output) == sound(scene.footage)
    assert (report.frames, report.frames_swapped, report.frames_left_out) == (13, 13, 3)
    assert "frames left out: 3" in report.lines()
    assert any("3 of 16 frames are left out, since" in event.message for event in told if hasattr(event, "message"))


def test_a_stretch_alone_becomes_a_video_of_its_own_with_its_sound(scene):
    """Of the sound, the packets that begin in the stretch, moved as its frames are."""
    scene.convert("whole.mkv")
    report, _ = scene.convert("part.mkv", frames="9-13", keep_unswapped="no")
    part = scene.folder / "part.mkv"
    moved = [time - TIMES[9] for time in TIMES[9:14]]
    assert [round(frame.time * 50) for frame in media.read_frames(media.probe(part))] == moved
    first, end = 20 * TIMES[9], 20 * TIMES[14]
    kept = [(pts - first, packet) for pts, packet in sound(scene.footage) if first <= pts < end]
    assert sound(part) == kept and 0 < len(kept) < len(sound(scene.footage))
    assert report.frames == 5
    for (_, mine), (_, theirs) in zip(planes(part), planes(scene.folder / "whole.mkv")[9:14], strict=True):
        for plane, expected in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(plane, expected)


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4"])
@pytest.mark.parametrize(("frames", "times"), [(None, [*SHOWN, 32]), ("9-13", [17, 20, 23, 24, 25, 30])])
def test_a_frame_before_a_gap_stays_up_to_the_next_and_the_last_up_to_the_end(scene, name, frames, times):
    scene.convert(name, codec="h264", frames=frames, keep_unswapped="no")
    with av.open(str(scene.folder / name)) as container:
        packets = [packet for packet in container.demux(container.streams.video[0]) if packet.size]
    begin = TIMES[9] if frames else 0
    shown = [round(packet.pts * packet.time_base * 50) + begin for packet in packets]
    ends = [at + round(packet.duration * packet.time_base * 50) for at, packet in zip(shown, packets, strict=True)]
    assert [*shown, ends[-1]] == times and ends == times[1:]


def test_images_are_chosen_by_their_positions(scene):
    scene.convert("images", frames="2-5", keep_unswapped="no")
    names = [path.name for path in sorted((scene.folder / "images").glob("*.png"))]
    assert names == [f"in_{20 * time:09d}.png" for time in TIMES[2:6] if time not in FACELESS]


def test_a_stopped_stretch_goes_on_and_another_begins_anew(scene):
    settings: dict[str, Any] = {"frames": "1-", "keep_unswapped": "no"}
    scene.convert("whole.mkv", **settings)
    stop_after_one_chunk(scene, **settings)
    anew, _ = redone(scene, **settings)
    assert not anew
    assert_same(scene.folder / "out.mkv", scene.folder / "whole.mkv")
    stop_after_one_chunk(scene, **settings)
    anew, _ = redone(scene, frames="1-")
    assert anew


def test_frames_that_are_not_there_are_told(scene):
    with pytest.raises(OptionError, match=r"has no frame in --frames 99-; it has 16"):
        scene.convert(frames="99-")
    with pytest.raises(ValidationError, match="must be two frame numbers"):
        scene.job(frames="some")


def test_times_do_not_choose_among_images(scene):
    folder = scene.folder / "photos"
    folder.mkdir()
    media.write_image(folder / "a.png", np.zeros((20, WIDTH, 3), np.uint8))
    with pytest.raises(OptionError, match="give frame numbers such as 0-99"):
        scene.convert("swapped", media=folder, frames="0:01-0:02")


def test_nothing_left_to_write_is_told(scene):
    with pytest.raises(MediaError, match="--keep-unswapped no leaves all other frames out"):
        scene.convert(frames="2-2", keep_unswapped="no")
    assert not (scene.folder / "out.mkv").exists()


@pytest.mark.parametrize(("given", "kept"), [(True, "yes"), (False, "no"), ("no", "no")])
def test_yaml_s_yes_and_no_are_understood(scene, given, kept):
    assert scene.job(keep_unswapped=given).keep_unswapped == kept


class TwoFaced(Painter):
    """Answers the target with another color."""

    identities = ("source", "target")

    def swap(self, crops: np.ndarray, identity: str = "source") -> tuple[np.ndarray, np.ndarray | None]:
        faces, masks = super().swap(crops, identity)
        return (faces if identity == "source" else 1 - faces), masks


def test_the_other_direction_puts_the_target_s_face_on(scene):
    scene.model = TwoFaced()
    scene.convert()
    scene.convert("back.mkv", identity="target")
    points = landmarks_at(0)[0]
    inner = hull_of(points) == 1
    for name, color in (("out.mkv", COLOR), ("back.mkv", 1 - COLOR)):
        picture = pictures(scene.folder / name)[0] / 255
        assert np.abs(np.median(picture[inner], axis=0) - color).max() < 0.02

"""Blenders that look at the frames around: the same result whatever the chunks, and after a stop."""

from __future__ import annotations

import numpy as np
import pytest
from conversion_scene import FACELESS, OVERLAY, TIMES, assert_same, landmarks_at, planes, stop_after_one_chunk

from faceswap.core.host import PluginChoice
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.plugins.convert.sharpen import SharpenBlender

STEADY = (PluginChoice(name="mean-color", options={"temporal": 3}), *OVERLAY)


@pytest.fixture
def tracked(scene):
    """The scene, whose one face is followed."""
    with FacesetWriter.open(scene.faceset) as writer:
        writer.note_tracks({face.id: 0 for face in writer.faces()})
    return scene


def test_a_blender_is_shown_the_faces_around(tracked, monkeypatch):
    patches = {}

    def blend(self, patch):
        patches[round(patch.time[0] * 50)] = patch
        return patch

    monkeypatch.setattr(SharpenBlender, "blend", blend)
    monkeypatch.setattr(SharpenBlender, "context", 2)
    tracked.convert(blenders=(PluginChoice(name="sharpen"), *OVERLAY), smooth=0, chunk_frames=5)
    shown = [index for index, time in enumerate(TIMES) if time not in FACELESS]
    assert sorted(patches) == [TIMES[index] for index in shown]
    for index in shown:
        (neighbors,) = patches[TIMES[index]].neighbors
        near = [other for other in shown if 0 < abs(other - index) <= 2]
        assert neighbors.offsets == tuple(other - index for other in near)
        np.testing.assert_allclose(neighbors.times, [TIMES[other] / 50 for other in near])
        for landmarks, other in zip(neighbors.landmarks, near, strict=True):
            np.testing.assert_allclose(landmarks, landmarks_at(other)[0], atol=1e-4)
        for target, matrix, other in zip(neighbors.targets, neighbors.matrices, near, strict=True):
            np.testing.assert_array_equal(target, patches[TIMES[other]].targets[0])
            np.testing.assert_array_equal(matrix, patches[TIMES[other]].matrix[0])


def test_a_blender_that_asks_for_none_is_shown_none(tracked, monkeypatch):
    seen = []
    monkeypatch.setattr(SharpenBlender, "blend", lambda self, patch: seen.append(patch.neighbors) or patch)
    tracked.convert(blenders=(PluginChoice(name="sharpen"), *STEADY))
    assert set(seen) == {()}


def test_chunks_do_not_matter(tracked):
    for frames in (16, 6, 1):
        tracked.convert(f"{frames}.mkv", blenders=STEADY, chunk_frames=frames)
    assert_same(tracked.folder / "16.mkv", tracked.folder / "6.mkv")
    assert_same(tracked.folder / "16.mkv", tracked.folder / "1.mkv")


def test_a_stopped_run_gives_what_an_uninterrupted_one_gives(tracked):
    tracked.convert("whole.mkv", blenders=STEADY)
    stop_after_one_chunk(tracked, blenders=STEADY)
    tracked.convert(blenders=STEADY)
    assert_same(tracked.folder / "out.mkv", tracked.folder / "whole.mkv")


def test_neighbors_do_matter(tracked):
    tracked.convert("steady.mkv", blenders=STEADY)
    tracked.convert("plain.mkv", blenders=(PluginChoice(name="mean-color"), *OVERLAY))
    with pytest.raises(AssertionError):
        assert_same(tracked.folder / "steady.mkv", tracked.folder / "plain.mkv")


@pytest.mark.parametrize("keep", ["yes", "no"])
@pytest.mark.parametrize("chunk_frames", [2, 6])
def test_a_stretch_is_like_the_same_frames_of_the_whole(tracked, keep, chunk_frames):
    """Its first and its last frames see the faces outside of it, in which nothing is swapped."""
    tracked.convert("whole.mkv", blenders=STEADY)
    calls = len(tracked.model.calls)
    tracked.convert(blenders=STEADY, frames="5-11", keep_unswapped=keep, chunk_frames=chunk_frames)
    assert sum(len(crops) for crops in tracked.model.calls[calls:]) == 5  # Of seven frames two show nobody.
    whole, part = planes(tracked.folder / "whole.mkv"), planes(tracked.folder / "out.mkv")
    stretch = [frame for frame in range(5, 12) if keep == "yes" or TIMES[frame] not in FACELESS]
    mine = [part[frame] for frame in stretch] if keep == "yes" else part
    assert len(mine) == len(stretch)
    for (_, planes_of_part), frame in zip(mine, stretch, strict=True):
        for plane, expected in zip(planes_of_part, whole[frame][1], strict=True):
            np.testing.assert_array_equal(plane, expected)
    if keep == "yes":
        untouched = planes(tracked.footage)
        for frame in {*range(16)} - {*range(5, 12)}:
            for plane, expected in zip(part[frame][1], untouched[frame][1], strict=True):
                np.testing.assert_array_equal(plane, expected)

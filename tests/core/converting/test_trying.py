"""What a preview shows: chains as people write them, and frames that are given or chosen because they differ."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from faceswap.core.converting.trying import (
    chain_in_words,
    default_chains,
    differing_faces,
    parse_chain,
    places_at,
    spread_places,
)
from faceswap.core.errors import OptionError
from faceswap.core.host import PluginChoice, default_chain, prepare
from faceswap.core.kinds import CropBlender, FrameBlender
from faceswap.core.registry import discover
from faceswap.lib.face_table import CHOSEN_COLUMNS, FaceTable
from faceswap.lib.media import Medium, Timeline


def test_a_chain_is_names_with_options_behind_them():
    chain = parse_chain("reinhard feather blur=5 grow-more=2 alpha")
    assert chain == (
        PluginChoice(name="reinhard"),
        PluginChoice(name="feather", options={"blur": "5", "grow_more": "2"}),
        PluginChoice(name="alpha"),
    )
    assert chain_in_words(chain) == "reinhard feather blur=5 grow_more=2 alpha"
    assert parse_chain(chain_in_words(chain)) == chain


@pytest.mark.parametrize(("text", "message"), [("", "must name blenders"), ("blur=5 alpha", "option of none")])
def test_what_is_no_chain_is_told(text, message):
    with pytest.raises(ValueError, match=message):
        parse_chain(text)


def test_the_default_chains_are_the_usual_one_and_it_with_each_other_composite():
    names = [found.name for found in discover("blender")]
    classes = {name: type(prepare("blender", PluginChoice(name=name)).plugin) for name in names}
    usual, *others = default_chains()
    assert usual == default_chain("blender")
    last = {chain[-1].name.partition("@")[0] for chain in (usual, *others)}
    assert last == {name for name, plugin in classes.items() if issubclass(plugin, FrameBlender)}
    assert all(chain[:-1] == usual[:-1] for chain in others) and len(last) == len(others) + 1
    assert issubclass(classes[usual[0].name.partition("@")[0]], CropBlender)


PASTE = """
from faceswap import FrameBlender, hookimpl

FACESWAP_CONTRACT = 1


class Paste(FrameBlender):
    def composite(self, patch):
        return patch.face


@hookimpl
def faceswap_blender():
    return Paste
"""


@pytest.mark.parametrize(("source", "more"), [(PASTE, ["paste@package-paste"]), ("raise RuntimeError\n", [])])
def test_another_package_s_composite_is_tried_too_but_not_a_broken_one(install_plugin, source, more):
    before = default_chains()
    install_plugin("blender", "paste", source)
    assert [chain[-1].name for chain in default_chains() if chain not in before] == more


VIDEO = Medium(Path("a.mp4"), "video", 8, 8, "h264", "yuv420p", 5, time_base=Fraction(1, 50))
TIMELINE = Timeline((10, 12, 20, 21, 60), (10,))


@pytest.mark.parametrize(("word", "place"), [("0", 10), ("4", 60), ("0:00.04", 12), ("0:00.10", 20), ("0:01", 60)])
def test_a_frame_is_given_by_number_or_by_time_from_the_beginning(word, place):
    assert places_at(VIDEO, TIMELINE, [word]) == [place]


@pytest.mark.parametrize(
    ("word", "message"),
    [("5", "has no frame 5; it has 5"), ("0:02", "has no frame 0:02"), ("x", "takes frame numbers")],
)
def test_a_frame_that_is_not_there_is_told(word, message):
    with pytest.raises(OptionError, match=message):
        places_at(VIDEO, TIMELINE, [word])


def test_times_do_not_choose_images():
    with pytest.raises(OptionError, match="images do not have"):
        places_at(Medium(Path(), "folder", 8, 8, "png", "rgb24", 5), TIMELINE, ["0:01"])


def table(yaw: list[float], **columns: list[float]) -> FaceTable:
    """Faces that differ in these columns alone."""
    count = len(yaw)
    given = {"yaw": yaw, "size": [100.0] * count, **columns}
    filled = {name: np.array(given.get(name, [0.0] * count)) for name in ("ids", *CHOSEN_COLUMNS)}
    return FaceTable(sources=("a.mp4",), **filled)


def test_faces_are_chosen_that_differ():
    """The two that look aside, and one of the many that look ahead."""
    chosen = differing_faces(table([0, 1, -1, 0, 60, 0, 1, -70, 0]), 3)
    assert {4, 7} < set(chosen.tolist()) and len(chosen) == 3
    np.testing.assert_array_equal(chosen, np.sort(chosen))


def test_faces_that_were_not_measured_are_spread_over_time():
    unknown = [np.nan] * 101
    chosen = differing_faces(table(unknown, size=unknown, brightness=unknown, time=list(range(101))), 3)
    assert chosen.tolist() == [0, 50, 100]


def test_no_face_is_chosen_twice():
    assert len(differing_faces(table([5.0, 5.0]), 4)) == 1


def test_places_are_spread_in_even_steps_with_both_ends():
    assert spread_places(range(0, 50, 5), 4) == [0, 15, 30, 45]
    assert spread_places([3, 4, 9], 8) == [3, 4, 9]
    assert spread_places([3, 4, 9], 1) == [3]
    assert spread_places([], 4) == []

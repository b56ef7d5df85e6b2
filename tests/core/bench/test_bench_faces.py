"""The figures of `bench faces`, for a detector that misses and invents faces as each picture tells it to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceswap.core.bench import faces_work
from faceswap.core.bench.faces import Footage, figures, installed_detectors, measure, measure_on, performers, row
from faceswap.core.host import PluginChoice
from faceswap.lib.media import Gathered, probe, write_image
from faceswap.lib.performers import BEARDED, SITTER, Script, Take

Install = Callable[[str, str, str], PluginChoice]

TOLD = """
import numpy as np
from faceswap import Detections, Detector, hookimpl

FACESWAP_CONTRACT = 1
{weights}
TRUE, OTHER = [15.0, 15, 50, 50], [60.0, 60, 90, 90]
ANSWERS = [], [TRUE], [TRUE, OTHER], [OTHER]


class Told(Detector):
    class Options(Detector.Options):
        mute: bool = False

    def detect(self, images):
        return [self.answer([] if self.options.mute else ANSWERS[image[0, 0, 0] // 10]) for image in images]

    def answer(self, boxes):
        scores = np.full(len(boxes), 0.5, np.float32)
        return Detections(np.array(boxes, np.float32).reshape(-1, 4), scores)


@hookimpl
def faceswap_detector():
    return Told
"""

NOTHING, TRUE, BOTH, OTHER = range(4)
PICTURES = (TRUE, TRUE, BOTH, BOTH, NOTHING, OTHER, TRUE, BOTH, NOTHING, TRUE)
TRUTH = [12.0, 12.0, 52.0, 52.0]
"""Its intersection over union with the box that is found is 35^2 / 40^2."""


@pytest.fixture
def footage(tmp_path: Path) -> Footage:
    """Pictures whose first pixel says what the detector is to answer."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    for number, answer in enumerate(PICTURES):
        noise[0, 0] = 10 * answer
        write_image(folder / f"{number}.png", noise)
    names = tuple(f"{number}.png" for number in range(len(PICTURES)))
    return Footage("pictures", Gathered(folder, names), [TRUTH] * len(PICTURES))


def test_feature_misses_and_false_faces_are_counted(install_plugin: Install, footage: Footage) -> None:
    told = install_plugin("detector", "told", TOLD.format(weights=""))
    (measured,) = measure_on([footage], told, frames=100, repeats=2)
    assert (measured.detector, measured.footage, measured.frames) == ("told", "pictures", 10)
    assert (measured.missed, measured.false) == (30, 40)
    assert (measured.faces, measured.with_face) == (1.1, 80)
    assert 0 < measured.job_rate < measured.rate and len(measured.ratios) == 2
    assert 0 < measured.store < 100 and 0 < measured.store_waiting < 100
    (mute,) = measure_on([footage], told.model_copy(update={"options": {"mute": True}}), frames=5, repeats=1)
    assert (mute.detector, mute.frames, mute.missed, mute.faces) == ("told mute=True", 5, 100, 0)
    # Other footage is looked at in the same way; nobody knows what is true there.
    (other,) = measure([told], [footage.medium.path], sides=(), frames=4, repeats=1)
    assert (other.frames, other.faces, other.missed, other.false) == (4, 1.5, None, None)
    assert other.cells()[:7] == ("told", "pictures", "4", "1.50", "100.0", "", "")


def test_feature_a_face_is_found_once_and_by_its_place() -> None:
    tally, truth = faces_work.Tally(), np.array([0.0, 0, 100, 100])
    tally.add(np.array([[0.0, 0, 100, 100], [5, 0, 105, 100]]), truth)  # The face twice.
    tally.add(np.array([[0.0, 0, 100, 41]]), truth)  # 0.41 of it.
    tally.add(np.array([[0.0, 0, 100, 39]]), truth)  # 0.39 of it.
    assert vars(tally) == {"frames": 3, "faces": 4, "with_face": 3, "missed": 1, "false": 2}


def test_feature_ratios_and_shares_come_from_the_clocks() -> None:
    answer: dict[str, Any] = {
        **{"frames": 50, "faces": 50, "with_face": 50, "missed": 0, "false": 0, "timed": 3},
        **{"bare": [1.0, 2.0, 1.0], "host": [1.2, 2.1, 1.1]},
        **{"job": {"wall": 30.0, "cores": 20.0}, "store": {"wall": 3.0, "cores": 0.5}},
    }
    measured = row("some", Footage("clip", Gathered(Path("clip.mp4"))), answer)
    assert (measured.ratios, measured.host) == ((1.2, 1.05, 1.1), 1.1)
    assert measured.rate == pytest.approx(3 / 1.2) and measured.job_rate == 2.5
    assert (measured.store, measured.store_waiting) == (2.5, 10)
    host, store = figures([measured])
    assert host.kept and not store.kept


def test_feature_the_truth_of_the_performers(tmp_path: Path) -> None:
    footage = performers(tmp_path, 64, 3)
    assert probe(footage.medium.path).frames == 3 and footage.truth is not None
    takes = [Take(performer, Script(seed), size=64) for performer, seed in ((SITTER, 23), (BEARDED, 24))]
    points = [takes[0].landmarks(0), takes[1].landmarks(0), takes[1].landmarks(1)]
    # Boxes lie on pixel edges, landmarks on pixel centers.
    expected = [[*(each.min(axis=0) + 0.5), *(each.max(axis=0) + 0.5)] for each in points]
    np.testing.assert_allclose(footage.truth, expected)


@pytest.mark.parametrize("there", [True, False])
def test_feature_detectors_without_their_weights_are_left_out(there: bool, install_plugin: Install) -> None:
    declared = f'WEIGHTS = ({{"name": "no-such.bin", "sha256": "{"0" * 64}", "size": 1}},)'
    install_plugin("detector", "told", TOLD.format(weights="" if there else declared))
    assert (PluginChoice(name="told@package-told") in installed_detectors()) is there

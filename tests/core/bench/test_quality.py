"""How good swaps are: the measures on performers, whose pose and landmarks are known; and the stages, small."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from faceswap.core.bench.head_pose import head_shape
from faceswap.core.bench.quality import Contestant, Quality
from faceswap.core.bench.quality_report import Entry, QualityReport
from faceswap.core.bench.timed_training import Trained
from faceswap.core.errors import FaceswapError
from faceswap.core.host import PluginChoice
from faceswap.lib.head_pose import expression_error, fit_turn
from faceswap.lib.performers import BEARDED, SITTER, Script, Take, Truth
from faceswap.lib.quality import unlike_change

TAKE = Take(BEARDED, Script(1))


@pytest.mark.parametrize("performer", [SITTER, BEARDED])
def test_feature_the_turn_of_a_performer_is_found(performer) -> None:
    take, shape = Take(performer, Script(3)), head_shape(performer)
    poses = [take.pose(index) for index in range(0, 400, 40)]
    assert np.ptp([pose.yaw for pose in poses]) > 5
    for index, pose in zip(range(0, 400, 40), poses, strict=True):
        turn = fit_turn(shape, take.landmarks(index))
        assert turn == pytest.approx((pose.yaw, pose.pitch, pose.roll), abs=0.01)


def test_feature_expression_is_told_apart_from_the_rigid_part() -> None:
    truth = Truth(SITTER, TAKE)
    true = truth.landmarks(10)
    angle = np.radians(20)
    turned = 1.3 * true @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + (7, -3)
    assert expression_error(turned, true) == pytest.approx(0, abs=1e-6)
    moved = true.copy()
    moved[48:68, 1] += 4.0
    eyes = np.linalg.norm(true[42:48].mean(axis=0) - true[36:42].mean(axis=0))
    # Twenty of 51 points lie 4 px off; some of that is taken for a rigid move.
    assert 0.3 * 100 * 4 * 20 / 51 / eyes < expression_error(moved, true) < 100 * 4 / eyes


def test_feature_flicker_is_the_change_that_the_truth_does_not_have() -> None:
    generator = np.random.default_rng(0)
    truth = tuple(generator.integers(20, 200, (2, 8, 8, 3)).astype(np.uint8))
    inside = np.zeros((8, 8), np.float32)
    inside[2:5] = 1
    steady = tuple(picture + np.uint8(9) for picture in truth)
    assert unlike_change(steady, truth, inside) == 0
    flickering = truth[0], truth[1].copy()
    flickering[1][2:5] += np.uint8(6)
    flickering[1][6:] += np.uint8(50)  # Outside.
    assert unlike_change(flickering, truth, inside) == 6


def test_feature_the_report_has_a_row_for_each(tmp_path: Path) -> None:
    entries = (Entry("no swap"), Entry("mini", Trained(2.0, 300, 55.5, "jax")))
    report = QualityReport(400, entries)
    pictures = {"target": [np.zeros((64, 64, 3), np.uint8)] * 2, "mini": [np.zeros((64, 64, 3), np.uint8)] * 2}
    report.write(tmp_path, pictures, 32)
    told = json.loads((tmp_path / "report.json").read_text())
    assert told["rows"][1] == {
        "name": "mini",
        "minutes": 2.0,
        "iterations": 300,
        "faces_per_second": 55.5,
        "backend": "jax",
    }
    lines = (tmp_path / "report.md").read_text().splitlines()
    assert len(lines) == 4 and lines[3].startswith("| mini | jax | 2.0 | 300 | 55.5 | - |")
    assert (tmp_path / "comparison.png").exists()


def test_error_stages_that_miss_something_say_so(tmp_path: Path) -> None:
    quality = Quality(tmp_path, [Contestant.of(PluginChoice(name="mini"))], minutes=1, seconds=1)
    with pytest.raises(FaceswapError, match="train and convert mini first"):
        quality.run(["measure"], print)
    with pytest.raises(FaceswapError, match="other footage"):
        Quality(tmp_path, [], minutes=1, seconds=2).run(["measure"], print)


@pytest.mark.slow
def test_the_stages_run_apart_and_train_on(tmp_path: Path) -> None:
    model = PluginChoice(name="mini", options={"width": 0.1})

    def quality(minutes: float) -> Quality:
        return Quality(tmp_path / "work", [Contestant.of(model)], minutes=minutes, seconds=0.4, batch_size=2)

    assert quality(0.02).run(["prepare", "train"], lambda event: None) is None
    first = json.loads((tmp_path / "work" / "mini-width-0.1" / "trained.json").read_text())
    report = quality(0.04).run(["train", "convert", "measure"], lambda event: None)
    unswapped, trained, truth = report.entries
    assert [entry.name for entry in report.entries] == ["no swap", "mini width=0.1", "truth"]
    assert trained.trained.minutes == 0.04 and trained.trained.iterations > first["iterations"] > 0
    assert 5 < trained.likeness.psnr < 20 and 12 < unswapped.likeness.psnr < 18
    # The detector's own error is the least that a swap can have.
    assert truth.acting.found == 1 and truth.acting.expression < unswapped.acting.expression
    assert truth.identity.identity_to_source < unswapped.identity.identity_to_source

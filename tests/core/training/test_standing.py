from __future__ import annotations

import json

import pytest

from faceswap.core.errors import CheckpointError
from faceswap.core.training.standing import LEAST_GAIN, Standing


def _run(scores: list[float], standing: Standing | None = None, first: int = 1) -> Standing:
    standing = standing or Standing()
    for step, score in enumerate(scores, start=first):
        standing = standing.after(step, {"ssim_source": score}, score)
    return standing


def test_feature_the_best_step_is_that_of_the_highest_score() -> None:
    standing = _run([0.1, 0.5, 0.3, 0.5])
    assert (standing.best_step, standing.best_score) == (2, 0.5)
    assert standing.best_figures == {"ssim_source": 0.5}


def test_feature_flat_when_the_mean_of_three_has_not_risen_for_so_long() -> None:
    """The means are 0.5, 0.55, 0.6 and then 0.6 four times."""
    scores = [0.5, 0.6, 0.7, 0.5, 0.6, 0.7, 0.5]
    assert [_run(scores[: count + 1]).waited for count in range(len(scores))] == [0, 0, 0, 1, 2, 3, 4]
    assert not _run(scores[:6]).flat(4) and _run(scores).flat(4)


def test_feature_a_gain_too_small_is_none_until_it_adds_up() -> None:
    tiny = LEAST_GAIN * 0.4
    waited = [_run([0.5 + tiny * number for number in range(count)]).waited for count in range(1, 12)]
    assert max(waited) > 0  # One such step is no gain,
    assert waited[-4:].count(0) >= 1  # but several are.


def test_feature_a_single_outlier_upwards_does_not_count_as_a_level() -> None:
    """The mean of three is compared: one lucky validation of six does not set a mark that is never reached again."""
    assert _run([0.5, 0.5, 0.53, 0.5, 0.5, 0.52, 0.53, 0.54]).waited == 0


def test_roundtrip_a_run_that_is_stopped_stands_as_one_that_is_not() -> None:
    scores = [0.1, 0.2, 0.25, 0.24, 0.26, 0.25, 0.25]
    before = json.loads(json.dumps(_run(scores[:4]).info()))
    assert _run(scores[4:], Standing.of(before, "checkpoint"), first=5) == _run(scores)


def test_feature_a_checkpoint_without_validations_says_nothing_of_them() -> None:
    assert Standing().info() == {} and Standing.of({"seed": 1}, "checkpoint") == Standing()


def test_feature_other_figures_begin_anew() -> None:
    standing = _run([0.9, 0.9, 0.9, 0.9]).after(5, {"ssim_source": 0.9, "identity": 0.5}, 0.4)
    assert (standing.best_step, standing.best_score, standing.waited, standing.recent) == (5, 0.4, 0, (0.4,))


def test_error_what_cannot_be_understood() -> None:
    with pytest.raises(CheckpointError, match="checkpoint 7 says of validations what this program cannot read"):
        Standing.of({"validation": {"waited": "long"}}, "checkpoint 7")

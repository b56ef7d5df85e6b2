"""`bench blenders` and the costs of `bench convert`: what they find good is good."""

from __future__ import annotations

import numpy as np
import pytest

from faceswap.core.bench.blender_costs import _relit, measure_costs
from faceswap.core.bench.blender_scene import Scene
from faceswap.core.bench.blenders import Row, _figures, chains, markdown, measure, name_of, ranked, write
from faceswap.core.names import BUILT_IN
from faceswap.lib.media.images import read_pixels


def _row(chain: str, psnr: float, ssim: float, seam: float, color: float, flicker: float, cost: float) -> Row:
    return Row(chain, psnr, ssim, seam, color, flicker, cost)


def test_the_winner_has_the_least_mean_rank_and_among_equals_costs_less():
    rows = [
        _row("dear", 30, 0.9, 1, 1, 1, 9),
        _row("cheap", 30, 0.9, 1, 1, 1, 3),
        _row("seamy", 31, 0.91, 5, 2, 2, 1),
        _row("dark", 20, 0.5, 2, 9, 3, 1),
    ]
    best = ranked(rows)
    assert [row.chain for row in best] == ["cheap", "dear", "seamy", "dark"]
    assert [row.mean_rank for row in best] == [1.4, 1.4, 2.4, 3.8]
    assert markdown(best).splitlines()[2].startswith("| cheap | 30.00 | 0.9000 | 1.00 |")


def test_every_color_meets_every_composite():
    made = [name_of(chain) for chain in chains(["none", "mkl"], ["alpha", "poisson"], [0, 2])]
    assert made == ["alpha", "poisson", "mkl + alpha", "mkl + poisson", "mkl 2 + alpha", "mkl 2 + poisson"]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(3, 256)


@pytest.mark.slow
def test_the_truth_is_perfect_and_each_fault_shows_in_its_own_figure(scene):
    moment = scene.moments[1]
    assert _figures(moment.truth, moment) == (np.inf, pytest.approx(1), 0, 0)
    bright = (moment.truth.astype(int) + 8 * (moment.inside > 0)[..., None]).clip(0, 255).astype(np.uint8)
    _, _, seam, color = _figures(bright, moment)
    assert color > 1 and seam > 0.3
    even = (moment.truth // 2 + 20).astype(np.uint8), moment.truth // 2 + 28
    moment_of_half = type(moment)(**{**vars(moment), "truth": even[0]})
    assert _figures(even[1], moment_of_half)[2] == 0  # An even shade has no seam.


@pytest.mark.slow
def test_color_transfer_helps_and_a_hard_edge_shows(scene, tmp_path):
    rows = {row.chain: row for row in measure(scene, chains(["none", "reinhard"], ["alpha", "overlay"], [0]))}
    assert rows["reinhard + alpha"].color < 0.3 * rows["alpha"].color
    assert rows["reinhard + alpha"].psnr > rows["alpha"].psnr + 3
    assert rows["alpha"].seam < 0.7 * rows["overlay"].seam
    write(tmp_path / "work", ranked(list(rows.values())), scene, 1)
    assert {path.name for path in (tmp_path / "work").iterdir()} == {"report.json", "report.md", "blenders.jpg"}
    assert (tmp_path / "work" / "report.md").read_text().count("\n") == 6
    assert read_pixels(tmp_path / "work" / "blenders.jpg").ndim == 3


@pytest.mark.slow
def test_each_blender_has_a_cost():
    rows = list(measure_costs(1, sizes=(24, 32)))
    assert [row.blender for row in rows] == sorted(BUILT_IN["blender"])
    assert all(value > 0 for row in rows for value in row.milliseconds.values())
    assert {tuple(row.milliseconds) for row in rows} == {(24, 32)} and all(len(row.cells()) == 3 for row in rows)


def test_a_bar_lies_before_the_face_and_out_of_the_mask():
    plain, barred = (_relit(64, barred) for barred in (False, True))
    hidden = barred.frame[..., 1] - barred.frame[..., 0] > 0.5
    assert hidden.any() and not barred.mask[hidden].any() and plain.mask[hidden].any()

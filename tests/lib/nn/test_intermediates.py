from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

from faceswap.lib.nn import intermediates
from faceswap.lib.nn.autoencoder import Plan

PLAN = Plan(size=16, encoder=(3, 5), bottleneck=6, grid=4, grid_channels=7, code=2, picture=(4,), mask=(3,))
MIXTURES = {"ann": ("own", "all", "all"), "bob": ("all", "all", "all"), "eve": ("all", "own", "own")}


@pytest.fixture
def pictures() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.random((2, 16, 16, 3)).astype(np.float32) for name in MIXTURES}


def test_shape_networks() -> None:
    networks = intermediates.build(PLAN, MIXTURES)
    assert list(networks) == ["encoder", "own", "all", "decoder"]
    assert networks["encoder"].output_shape == (None, 4 * 4 * 5)
    assert networks["own"].output_shape == (None, 8, 8, 2)
    assert networks["decoder"].input_shape == (None, 8, 8, 6)
    assert networks["decoder"].output_shape == [(None, 16, 16, 3), (None, 16, 16, 1)]


def test_shape_code_without_a_doubling() -> None:
    plan = Plan(size=16, encoder=(3, 5), bottleneck=6, grid_channels=7, code=0, picture=(4, 4)).scaled(0.5)
    networks = intermediates.build(plan, {"ann": ("own", "all")})
    assert plan.code == 0
    assert networks["own"].output_shape == (None, 4, 4, 4)
    assert networks["decoder"].input_shape == (None, 4, 4, 8)
    assert networks["decoder"].output_shape == (None, 16, 16, 3)


def test_feature_every_identity_takes_its_codes_in_order(pictures: dict[str, np.ndarray]) -> None:
    networks = intermediates.build(PLAN, MIXTURES)
    answers = intermediates.reconstruct(networks, pictures, MIXTURES)
    assert list(answers) == list(MIXTURES)
    for name, mixture in MIXTURES.items():
        features = networks["encoder"](pictures[name])
        code = np.concatenate([np.asarray(networks[part](features)) for part in mixture], axis=-1)
        expected = [np.asarray(part) for part in networks["decoder"](code)]
        swapped = intermediates.swap_path(networks, name, MIXTURES)(pictures[name])
        for got, way, wanted in zip(answers[name], swapped, expected, strict=True):
            assert np.asarray(got) == pytest.approx(wanted, abs=1e-5)
            assert np.asarray(way) == pytest.approx(wanted, abs=1e-5)


def test_error_mixtures_of_different_lengths() -> None:
    with pytest.raises(ValueError, match=r"equally many intermediates for all\. Received: .*'bob': \('all',\)"):
        intermediates.build(PLAN, {"ann": ("own", "all"), "bob": ("all",)})

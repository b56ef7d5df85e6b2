from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

import keras

from faceswap.lib.nn import adversarial_losses
from faceswap.lib.nn.adversarial_losses import mixture_shares, seen_through, told_apart
from faceswap.lib.nn.keys import RandomKey

KEY = RandomKey(np.array([3, 4], np.int32))
SHARES = np.array([0.1, 0.9, 0.4, 0.7], np.float32).reshape(4, 1, 1, 1)


def _pictures(count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(0).uniform(-1, 1, (count, 2, 4, 4, 3)).astype(np.float32))


def _discriminator() -> Any:
    """Twice the mean of the face's channels, and once that of the warped face's."""
    pair = keras.Input((4, 4, 6))
    conv = keras.layers.Conv2D(1, 1, use_bias=False)
    network = keras.Model(pair, conv(pair))
    conv.kernel.assign(np.array([2, 2, 2, 1, 1, 1]).reshape(1, 1, 6, 1) / 3)
    return network


def _verdicts(faces: np.ndarray, warped: np.ndarray) -> np.ndarray:
    return 2 * faces.astype(np.float64).mean(-1, keepdims=True) + warped.astype(np.float64).mean(-1, keepdims=True)


def test_feature_the_discriminator_should_tell_the_share_of_each_mixture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adversarial_losses, "mixture_shares", lambda *given: SHARES)
    real, composite, raw, warped = _pictures(4)
    expected = 0.0
    for made, shares in ((composite, SHARES[:2]), (raw, SHARES[2:])):
        mixture = shares * real + (1 - shares) * made
        expected += ((_verdicts(mixture, warped) - shares) ** 2).mean()
    got = told_apart(_discriminator(), real, (composite, raw), warped, 0.2, KEY)
    assert float(got) == pytest.approx(expected, rel=1e-5)


def test_feature_the_maker_wants_to_be_taken_for_real() -> None:
    composite, raw, warped = _pictures(3)
    expected = sum(((_verdicts(made, warped) - 1) ** 2).mean() for made in (composite, raw))
    assert float(seen_through(_discriminator(), (composite, raw), warped)) == pytest.approx(expected, rel=1e-5)


def test_feature_shares_are_drawn_from_the_beta_distribution() -> None:
    shares = np.asarray(mixture_shares(np.zeros((20_000, 1, 1, 3), np.float32), 0.2, KEY))
    assert shares.shape == (20_000, 1, 1, 1) and np.isfinite(shares).all()
    # Mean and variance of Beta(a, a) are 1/2 and 1 / (4 (2 a + 1)).
    assert shares.mean() == pytest.approx(0.5, abs=0.02)
    assert shares.var() == pytest.approx(1 / (4 * 1.4), abs=0.01)

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

import keras
import tensorflow as tf
from keras import ops

from faceswap.lib.nn.keys import RandomKey
from faceswap.lib.nn.scalars import Scalars
from faceswap.lib.nn.stylegan2_game import CHANCE, PATH_LENGTH, SIGNS, Game, build_state
from faceswap.lib.nn.stylegan2_networks import Figures, draw_noises

FIGURES = Figures(8, base=64, most=4, latent=5)
SLOPE = np.random.default_rng(0).normal(size=(8, 8, 3)).astype(np.float32)


def _gradient(function: Any, inputs: Any) -> Any:
    inputs = tf.convert_to_tensor(inputs)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = function(inputs)
    return tape.gradient(value, inputs)


def _step(number: int = 0) -> Any:
    key = RandomKey(np.array([1, 2], np.int32))
    return SimpleNamespace(key=key, number=ops.convert_to_tensor(number, "int32"), gradient=_gradient)


def _linear(pictures: Any) -> Any:
    """A discriminator whose slope is known."""
    return ops.sum(pictures * SLOPE, axis=(1, 2, 3))[:, None]


def _mapping(latents: Any, training: bool = False) -> Any:
    return latents


def _even(inputs: list[Any]) -> Any:
    """A synthesis network that paints the sum of each face's styles times 3 everywhere."""
    styles, *_ = inputs
    return ops.sum(styles, axis=(1, 2))[:, None, None, None] * 3 * ops.ones((1, 8, 8, 3))


def _game(mixing: float = 0.0, target: float = 0.0, discriminator: Any = _linear) -> Game:
    networks = {"mapping": _mapping, "synthesis": _even, "discriminator": discriminator, "state": build_state()}
    return Game(networks, FIGURES, mixing, target, speed=1.0)


def test_feature_r1_of_a_plane_is_half_of_its_slope_squared() -> None:
    pictures = np.random.default_rng(1).normal(size=(4, 8, 8, 3)).astype(np.float32)
    assert float(_game().r1(pictures, _step())) == pytest.approx(np.square(np.float64(SLOPE)).sum() / 2, rel=1e-5)


def test_feature_path_length_of_a_plane() -> None:
    """All entries of a style have one slope, 3 * sum(y) / size: its length over 5 of them is sqrt(5) times that."""
    game, mean = _game(), 0.0
    for _ in range(2):
        loss, again = float(game.path_length(6, _step())), _step().key
        # The same key draws the same directions, after the styles and the noises.
        game._styles(6, again)
        draw_noises(FIGURES, 6, again)
        directions = np.asarray(keras.random.normal((6, 8, 8, 3), seed=again), np.float64) / 8
        lengths = np.abs(3 * directions.sum(axis=(1, 2, 3))) * np.sqrt(5)
        mean += 0.01 * (lengths.mean() - mean)
        assert loss == pytest.approx(np.square(lengths - mean).mean(), rel=1e-4)
        assert float(game.networks["state"][PATH_LENGTH]) == pytest.approx(mean, rel=1e-4)


def test_feature_players_lose_by_the_verdicts() -> None:
    """Softplus in numpy, on a discriminator that answers the mean of a picture."""
    game = _game(discriminator=lambda pictures: ops.mean(pictures, axis=(1, 2, 3))[:, None])
    real = np.full((6, 8, 8, 3), 0.7, np.float32)
    styles = np.asarray(game._styles(6, _step().key), np.float64)
    made = 3 * styles.sum(axis=(1, 2))
    assert float(game.generator(6, _step())) == pytest.approx(np.log1p(np.exp(-made)).mean(), rel=1e-4)
    expected = np.log1p(np.exp(made)).mean() + np.log1p(np.exp(-0.7))
    assert float(game.discriminator(real, _step())) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("mixing", "mixed"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])
def test_feature_styles_are_mixed_from_some_layer_on(mixing: float, mixed: float) -> None:
    styles = np.asarray(_game(mixing)._styles(4000, _step().key))[..., 0]
    assert styles.shape == (4000, FIGURES.layers)
    changes = np.diff(styles, axis=1) != 0
    assert (changes.sum(axis=1) <= 1).all()
    assert changes.any(axis=1).mean() == pytest.approx(mixed, abs=0.04)
    if mixing:
        # Each layer but the first may be the one.
        share = changes[changes.any(axis=1)].mean(axis=0)
        assert share == pytest.approx(np.full(FIGURES.layers - 1, 1 / (FIGURES.layers - 1)), abs=0.05)


@pytest.mark.parametrize(("verdict", "way"), [(1.0, 1), (-1.0, -1)])
def test_feature_the_chance_of_changes_follows_the_verdicts_every_fourth_step(verdict: float, way: int) -> None:
    """Always sure is above the target, never sure below it; 4 steps of 6 faces are 24 of 1,000."""
    game = _game(target=0.6, discriminator=lambda pictures: verdict + 0.0 * ops.sum(pictures, axis=(1, 2, 3))[:, None])
    state: Scalars = game.networks["state"]
    state.assign(CHANCE, 0.5)
    real = np.zeros((6, 8, 8, 3), np.float32)
    for number in range(8):
        game.discriminator(real, _step(number))
        assert float(state[CHANCE]) == pytest.approx(0.5 + way * 0.024 * ((number + 1) // 4), abs=1e-5)
        assert float(state[SIGNS]) == pytest.approx(verdict * ((number + 1) % 4))


def test_feature_a_chance_stays_between_never_and_always() -> None:
    game = _game(target=0.6, discriminator=lambda pictures: -1 + 0.0 * ops.sum(pictures, axis=(1, 2, 3))[:, None])
    for number in range(4):
        game.discriminator(np.zeros((6, 8, 8, 3), np.float32), _step(number))
    assert float(game.networks["state"][CHANCE]) == 0

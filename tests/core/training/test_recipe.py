from __future__ import annotations

import math

import pytest

from faceswap.core.errors import OptionError, PluginError
from faceswap.core.training.recipe import Recipe, computing_in


@pytest.mark.parametrize(
    ("settings", "step", "rate"),
    [
        ({}, 99, 1.0),
        ({"warm_up": 4}, 0, 0.25),
        ({"warm_up": 4}, 3, 1.0),
        ({"warm_up": 4}, 50, 1.0),
        ({"schedule": "linear"}, 0, 1.0),
        ({"schedule": "linear"}, 75, 0.25),
        ({"schedule": "linear"}, 120, 0.0),
        ({"schedule": "cosine"}, 50, 0.5),
        ({"schedule": "cosine"}, 25, (2 + math.sqrt(2)) / 4),
        ({"schedule": "linear", "warm_up": 100}, 49, 0.5 * 0.51),
    ],
)
def test_feature_rate(settings: dict[str, object], step: int, rate: float) -> None:
    assert Recipe(**settings).rate(step, 100) == pytest.approx(rate, abs=1e-12)  # type: ignore[arg-type]


def test_error_frozen_networks_that_are_not_there() -> None:
    with pytest.raises(OptionError, match=r"--freeze names no network of the model: encodr\. Did you mean 'encoder'"):
        Recipe(freeze=("encodr",)).check_networks(("encoder", "decoder"))
    with pytest.raises(OptionError, match=r"Known: a, b"):
        Recipe(freeze=("xyz",)).check_networks(("b", "a"))
    with pytest.raises(OptionError, match="all networks"):
        Recipe(freeze=("a", "b")).check_networks(("b", "a"))


def test_error_a_schedule_of_the_plugin() -> None:
    import keras

    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    with pytest.raises(PluginError, match="player `one` must be given a number as learning rate"):
        Recipe().prepare(keras.optimizers.SGD(schedule), "player `one`")


def test_feature_precision_is_that_of_the_layers_made_inside() -> None:
    import keras

    with computing_in("bfloat16"):
        inside = keras.layers.Dense(1)
        inside.build((None, 1))
    outside = keras.layers.Dense(1)
    assert (inside.compute_dtype, inside.kernel.dtype, outside.compute_dtype) == ("bfloat16", "float32", "float32")

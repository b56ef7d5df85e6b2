"""Operations of training steps: hand counts of single layers and of a small game, and the known figures of models."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from faceswap.core.bench.flops import layer_flops, move_flops, step_flops
from faceswap.core.host import PluginChoice, prepare
from faceswap.core.training.step import Player


def test_feature_layers_cost_two_operations_a_multiply_add() -> None:
    conv = SimpleNamespace(kernel_size=(5, 5), kernel=SimpleNamespace(shape=(5, 5, 3, 8)))
    # 16 output pixels of 8 channels; each sums 5 * 5 * 3 products.
    assert layer_flops(conv, (1, 8, 8, 3), (1, 4, 4, 8)) == 2 * 16 * 8 * 75
    assert layer_flops(SimpleNamespace(), (4, 10), (4, 7)) == 2 * 4 * 10 * 7


def test_feature_a_transposed_convolution_is_counted_by_its_input() -> None:
    class Conv2DTranspose(SimpleNamespace):
        pass

    layer = Conv2DTranspose(kernel_size=(4, 4), kernel=SimpleNamespace(shape=(4, 4, 6, 5)))
    # Each of the 9 input pixels of 5 channels is spread over 4 * 4 pixels of 6 channels.
    assert layer_flops(layer, (1, 3, 3, 5), (1, 6, 6, 6)) == 2 * 9 * 5 * 16 * 6


class Game:
    """A generator and a critic of one dense layer each, on two values a pixel of a picture of one pixel."""

    identities = ("only",)
    crop = SimpleNamespace(size=1)

    def __init__(self) -> None:
        import keras

        def dense(name: str, inputs: int, outputs: int) -> object:
            return keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(outputs)], name=name)

        self.networks = {"first": dense("first", 3, 4), "last": dense("last", 4, 3), "critic": dense("critic", 3, 1)}

    def losses(self, player: str, batch: dict, step: object) -> dict:
        from keras import ops

        faces = ops.reshape(batch["only"].input, (1, 3))
        made = self.networks["last"](self.networks["first"](faces))
        return {"loss": ops.mean(self.networks["critic"](made))}


def test_feature_backward_is_counted_where_gradients_are_needed() -> None:
    first, last, critic = 2 * 3 * 4, 2 * 4 * 3, 2 * 3 * 1
    game = Game()
    # The first layer needs no gradient of its input, the critic none of its weights.
    assert move_flops(game, Player("maker", ("first", "last"), None)) == 2 * first + 3 * last + 2 * critic
    # The critic's input does not depend on its own weights; what made it is only called.
    assert move_flops(game, Player("critic", ("critic",), None)) == first + last + 2 * critic
    players = [Player("maker", ("first", "last"), None), Player("critic", ("critic",), None, interval=2)]
    assert step_flops(game, players) == 2 * first + 3 * last + 2 * critic + (first + last + 2 * critic) / 2


@pytest.mark.parametrize(("name", "giga"), [("mini", 3.8), pytest.param("original", 22.8, marks=pytest.mark.slow)])
def test_feature_models_cost_what_is_known_of_them(name: str, giga: float) -> None:
    model = prepare("model", PluginChoice(name=name)).load()
    kept = [weight.numpy().copy() for weight in model.networks["encoder"].trainable_variables]
    assert step_flops(model, model.players()) / 1e9 == pytest.approx(giga, abs=0.05)
    for weight, before in zip(model.networks["encoder"].trainable_variables, kept, strict=True):
        assert (weight.numpy() == before).all()


@pytest.mark.slow
def test_feature_h128_costs_what_is_known_of_it() -> None:
    model = prepare("model", PluginChoice(name="h128")).load()
    assert step_flops(model, model.players()) / 1e9 == pytest.approx(331, abs=0.5)
